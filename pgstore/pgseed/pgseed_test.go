package pgseed_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/pgstore/pgseed"
	"github.com/passport-sdk/passport-go/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func newPool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgstore.OpenPool(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// value returns the one value of the query, as text.
func value(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) string {
	t.Helper()
	var text string
	require.NoError(t, pool.QueryRow(t.Context(), "select coalesce(("+sql+")::text, '')", args...).Scan(&text), sql)
	return text
}

// indexesOf returns the indexes and constraints of the schema.
func indexesOf(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	return value(t, pool, `select string_agg(line, E'\n' order by line) from (
		select indexdef from pg_indexes where schemaname = 'seeded'
		union all select conrelid::regclass || conname || pg_get_constraintdef(oid) from pg_constraint where connamespace = 'seeded'::regnamespace) as of (line)`)
}

// A seeded database has wallets that pass, and fillers that look like them.
func TestFill(t *testing.T) {
	t.Parallel()
	pool := newPool(t, pgtest.NewEmpty(t))
	require.NoError(t, pgstore.Migrate(t.Context(), pool, pgstore.WithSchema("seeded")))
	schema := indexesOf(t, pool)
	var progress []pgseed.Progress
	plan := pgseed.Plan{
		Seed: "test", Community: 7, Wallets: 201, Stamps: 14, Fillers: 450, Scored: true, Schema: "seeded",
		Progress: func(p pgseed.Progress) { progress = append(progress, p) },
	}
	require.NoError(t, pgseed.Fill(t.Context(), pool, plan))
	indexes := len(progress) - 7
	assert.Equal(t, []pgseed.Progress{
		{Stage: pgseed.Signing, Done: 200, Total: 201},
		{Stage: pgseed.Signing, Done: 201, Total: 201},
		{Stage: pgseed.Scoring, Done: 200, Total: 201},
		{Stage: pgseed.Scoring, Done: 201, Total: 201},
		{Stage: pgseed.Filling, Done: 200, Total: 450},
		{Stage: pgseed.Filling, Done: 400, Total: 450},
		{Stage: pgseed.Filling, Done: 450, Total: 450},
		{Stage: pgseed.Indexing, Done: 1, Total: indexes},
	}, progress[:8])
	assert.Equal(t, pgseed.Progress{Stage: pgseed.Indexing, Done: indexes, Total: indexes}, progress[len(progress)-1])
	assert.Equal(t, schema, indexesOf(t, pool))
	require.NoError(t, pgstore.CheckSchema(t.Context(), pool, pgstore.WithSchema("seeded")))

	s := pgstore.New(pool, pgstore.WithSchema("seeded"))
	engine, err := passport.New(s, passport.WithTrustedIssuers(plan.Issuer().DID()))
	require.NoError(t, err)
	addresses := slices.Collect(plan.Addresses())
	require.Len(t, addresses, 201)
	result, err := engine.Score(t.Context(), 7, addresses[200])
	require.NoError(t, err)
	assert.True(t, result.Passing)
	assert.Equal(t, "21.0", result.Score.String())

	for table, perWallet := range map[string]string{
		"ceramic_cache_ceramiccache": "14", "registry_stamp": "14", "registry_hashscorerlink": "14",
		"registry_passport": "1", "registry_score": "1", "registry_event": "1",
	} {
		of := map[string]string{
			"registry_stamp": "join seeded.registry_passport p on p.id = t.passport_id",
			"registry_score": "join seeded.registry_passport p on p.id = t.passport_id",
		}[table]
		per := `select string_agg(distinct n::text, ',') || ' of ' || count(*) from (select count(*) as n from seeded.` + table + ` t ` + of + `
			where address <> $1 group by address) as of`
		assert.Equal(t, perWallet+" of 650", value(t, pool, per, addresses[200]), table)
	}
	assert.Equal(t, "true", value(t, pool, `select min(n) = max(n) from
		(select sum(length(stamp::text)) as n from seeded.ceramic_cache_ceramiccache group by address) as of`), "all wallets are of one size")

	filler := value(t, pool, `select address from seeded.registry_passport where community_id = 8 order by id desc limit 1`)
	last, err := engine.Latest(t.Context(), 8, filler)
	require.NoError(t, err)
	assert.True(t, last.Passing)
	events, err := s.ListEvents(t.Context(), 8, store.Address(filler), store.Page{Limit: 2})
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "true", value(t, pool, `select (e.data -> 'pk')::bigint = s.id and (e.data #> '{fields,passport}')::bigint = p.id
		from seeded.registry_event e join seeded.registry_passport p on p.address = e.address and p.community_id = 8
		join seeded.registry_score s on s.passport_id = p.id where e.address = $1`, filler))
	scored, err := engine.Score(t.Context(), 8, filler)
	require.NoError(t, err)
	assert.False(t, scored.Passing, "its credentials are copies")
}

func TestFill_SameSeed(t *testing.T) {
	t.Parallel()
	content := `select md5(string_agg(address || provider || stamp::text || proof_value, ',' order by id)) from ceramic_cache_ceramiccache`
	var contents []string
	for _, seed := range []string{"a", "a", "b"} {
		pool := newPool(t, pgtest.New(t))
		require.NoError(t, pgseed.Fill(t.Context(), pool, pgseed.Plan{Seed: seed, Wallets: 3, Stamps: 2, Fillers: 5}))
		assert.Equal(t, "16", value(t, pool, "select count(*) from ceramic_cache_ceramiccache"))
		for _, table := range []string{"registry_passport", "registry_score", "registry_hashscorerlink", "registry_stamp", "registry_event"} {
			assert.Equal(t, "0", value(t, pool, "select count(*) from "+table), "%s without scores", table)
		}
		contents = append(contents, value(t, pool, content))
	}
	assert.Equal(t, contents[0], contents[1])
	assert.NotEqual(t, contents[0], contents[2])
}

func TestFill_Fillers(t *testing.T) {
	t.Parallel()
	pool := newPool(t, pgtest.New(t))
	plan := pgseed.Plan{Wallets: 1, Stamps: 14, Fillers: 40, Scored: true, Bare: true, Events: 3}
	require.NoError(t, pgseed.Fill(t.Context(), pool, plan))
	for query, want := range map[string]string{
		"select count(*) from ceramic_cache_ceramiccache where stamp <> '{}'":        "14",
		"select count(*) from registry_stamp where credential <> '{}'":               "14",
		"select count(*) from registry_event where community_id = 2":                 "120",
		"select count(distinct date_trunc('month', created_at)) from registry_event": "3",
		`select count(distinct c.address) || ' of ' || count(*) from ceramic_cache_revocation r
			join ceramic_cache_ceramiccache c on c.id = r.ceramic_cache_id and c.proof_value = r.proof_value`: "4 of 4",
	} {
		assert.Equal(t, want, value(t, pool, query), query)
	}
	plan = pgseed.Plan{Seed: "b", Community: 3, Wallets: 1, Stamps: 14, Fillers: 10, Scored: true, Force: true}
	require.NoError(t, pgseed.Fill(t.Context(), pool, plan))
	assert.Equal(t, "10", value(t, pool, "select count(*) from registry_event where community_id = 4"))
}

func TestFill_Refused(t *testing.T) {
	t.Parallel()
	pool := newPool(t, pgtest.New(t))
	fill := func(plan pgseed.Plan) error { return pgseed.Fill(t.Context(), pool, plan) }
	for _, plan := range []pgseed.Plan{
		{},
		{Wallets: 1},
		{Stamps: 1},
		{Wallets: 1, Stamps: 101},
		{Wallets: 1, Stamps: 1, Fillers: -1},
		{Wallets: 1, Stamps: 1, Events: -1},
		{Wallets: 1, Stamps: 1, Community: -1},
		{Wallets: 1, Stamps: 1, Seed: string(make([]byte, 51))},
	} {
		require.ErrorIs(t, fill(plan), store.ErrInvalid, "%+v", plan)
	}
	first := pgseed.Plan{Seed: "first", Wallets: 1, Stamps: 1}
	require.NoError(t, fill(first))
	second := pgseed.Plan{Seed: "second", Community: 2, Wallets: 1, Stamps: 1}
	require.ErrorIs(t, fill(second), pgseed.ErrNotEmpty)
	second.Force = true
	require.ErrorIs(t, fill(second), store.ErrInvalid, "community 2 is that of the first fillers")
	assert.Equal(t, "Seeded first, fillers", value(t, pool, "select name from account_community where id = 2"))
	second.Community, second.Fillers = 3, 2
	require.NoError(t, fill(second))
	assert.Equal(t, "4", value(t, pool, "select count(*) from ceramic_cache_ceramiccache"))
	first.Community, first.Force = 5, true
	require.ErrorContains(t, fill(first), "duplicate key", "the wallets are there")
}

func TestFill_Context(t *testing.T) {
	t.Parallel()
	for _, stage := range []pgseed.Stage{pgseed.Signing, pgseed.Scoring, pgseed.Filling, pgseed.Indexing} {
		pool := newPool(t, pgtest.New(t))
		ctx, cancel := context.WithCancel(t.Context())
		plan := pgseed.Plan{Wallets: 250, Stamps: 1, Fillers: 450, Scored: true, Progress: func(p pgseed.Progress) {
			if p.Stage == stage {
				cancel()
			}
		}}
		require.ErrorIs(t, pgseed.Fill(ctx, pool, plan), context.Canceled, stage)
		assert.NotEqual(t, "700", value(t, pool, "select count(*) from ceramic_cache_ceramiccache"), stage)
		require.NoError(t, pgstore.CheckSchema(t.Context(), pool), stage)
		cancel()
	}
}

// BenchmarkFill reports how long a filler of 20 stamps takes, among 1,000, with
// its part of the indexes.
func BenchmarkFill(b *testing.B) {
	const fillers = 1000
	for b.Loop() {
		b.StopTimer()
		pool, err := pgstore.OpenPool(b.Context(), pgtest.New(b))
		require.NoError(b, err)
		plan := pgseed.Plan{Wallets: 1, Stamps: 20, Fillers: fillers, Scored: true}
		plan.Progress = func(p pgseed.Progress) {
			if p.Stage == pgseed.Scoring {
				b.StartTimer()
			}
		}
		require.NoError(b, pgseed.Fill(b.Context(), pool, plan))
		pool.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*fillers), "µs/filler")
}
