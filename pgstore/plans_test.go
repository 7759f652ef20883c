package pgstore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A plan stays in use while its tables grow. So none of a scoring may read all
// revocations while they are few, as the planner likes to do for an EXISTS in a
// list of columns.
func TestStatements_Revocations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`insert into ceramic_cache_ceramiccache (address, provider, stamp, updated_at, created_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
		select $1, 'Provider' || n, '{}', now(), now(), 1, 'pending', '', '' from generate_series(1, 500) n`, alice)
	w.exec(`insert into ceramic_cache_revocation (proof_value, ceramic_cache_id) select '', id from ceramic_cache_ceramiccache limit 5`)
	w.exec("analyze")
	pool := w.newPool(func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
		c.ConnConfig.RuntimeParams["enable_hashjoin"] = "off"
		c.ConnConfig.RuntimeParams["enable_mergejoin"] = "off"
	})
	explain := func(sql string, args ...any) string {
		rows, err := pool.Query(t.Context(), "explain (costs off) "+sql, args...)
		require.NoError(t, err, sql)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err, sql)
		return strings.Join(lines, "\n")
	}
	readsAll := func(plan string) bool {
		return slices.ContainsFunc(strings.Split(plan, " on ceramic_cache_revocation ")[1:], func(after string) bool {
			_, next, _ := strings.Cut(after, "\n")
			return !strings.HasPrefix(strings.TrimSpace(next), "Index Cond")
		})
	}
	looked := 0
	for _, s := range preparedStatements(t, w) {
		if slices.Contains([]string{"load_wallets", "load_ceramic_cache", "upsert_score"}, s.name) {
			looked++
			plan := explain(s.sql, s.args...)
			assert.Contains(t, plan, " on ceramic_cache_revocation ", s.name)
			assert.False(t, readsAll(plan), s.name)
		}
	}
	assert.Equal(t, 3, looked)
	const bad = `select exists (select from ceramic_cache_revocation r where r.ceramic_cache_id = c.id) from ceramic_cache_ceramiccache c where address = $1`
	assert.True(t, readsAll(explain(bad, alice)), "the planner no longer likes it")
}
