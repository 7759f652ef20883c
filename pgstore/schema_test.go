package pgstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// hostile is a name of a schema in which everything needs quoting.
const hostile = `We"ird {schema} Schéma.x'; drop table "y`

// notMade are the service's tables that Migrate does not make. Nothing that
// scores, takes credentials in or checks keys looks at them.
var notMade = []string{
	"registry_batchmodelscoringrequest", // bulk analyses
	"registry_batchmodelscoringrequestitem",
	"registry_weightconfiguration", // where an administrator uploads weights
	"registry_weightconfigurationitem",
	"scorer_weighted_rescorerequest", // progress of the service's own bulk rescoring
}

// ours are the indexes that the service does not have.
var ours = map[string][]namedFacts{
	"account_walletgroupcommunityclaim": {{
		Name: "passport_group_wallets",
		Definition: "CREATE INDEX passport_group_wallets ON account_walletgroupcommunityclaim " +
			"USING gin (string_to_array(group_key, ','::text)) WITH (fastupdate=off)",
	}},
}

// tableFacts is a table as the service has it.
type tableFacts struct {
	Columns     []columnFacts `json:"columns"`
	Constraints []namedFacts  `json:"constraints"`
	Indexes     []namedFacts  `json:"indexes"`
}

type columnFacts struct {
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	Nullable bool    `json:"nullable"`
	Default  *string `json:"default"`
	Identity string  `json:"identity"`
}

type namedFacts struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Definition string `json:"definition"`
}

func TestMigrate_ServiceSchema(t *testing.T) {
	t.Parallel()
	want := serviceFacts(t)
	for _, table := range notMade {
		require.Contains(t, want, table)
		delete(want, table)
	}
	for name, migrate := range someOf(waysToMigrate(), "pgx, cache statement", "pgx, simple protocol", "database/sql, lib/pq") {
		for _, schema := range []string{"public", hostile} {
			t.Run(name+" "+schema, func(t *testing.T) {
				url := pgtest.NewEmpty(t)
				migrate(t, url, pgstore.WithSchema(schema))

				got := liveFacts(t, url, schema)
				require.Contains(t, got, "passport_schema_version")
				delete(got, "passport_schema_version")
				assert.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
				for table := range want {
					assert.Equal(t, want[table].Columns, got[table].Columns, table)
					assert.ElementsMatch(t, want[table].Constraints, got[table].Constraints, table)
					assert.ElementsMatch(t, slices.Concat(want[table].Indexes, ours[table]), got[table].Indexes, table)
				}
			})
		}
	}
}

// waysToMigrate are all drivers, and all exec modes of pgx.
func waysToMigrate() map[string]func(t *testing.T, url string, options ...pgstore.Option) {
	overPgx := func(mode pgx.QueryExecMode) func(*testing.T, string, ...pgstore.Option) {
		return func(t *testing.T, url string, options ...pgstore.Option) {
			pool := openPool(t, url, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
			require.NoError(t, pgstore.Migrate(t.Context(), pool, options...))
			require.NoError(t, pgstore.CheckSchema(t.Context(), pool, options...))
		}
	}
	overSQL := func(driver string) func(*testing.T, string, ...pgstore.Option) {
		return func(t *testing.T, url string, options ...pgstore.Option) {
			db := openSQL(t, driver, url)
			require.NoError(t, pgstore.Migrate(t.Context(), db, options...))
			require.NoError(t, pgstore.CheckSchema(t.Context(), db, options...))
		}
	}
	return map[string]func(*testing.T, string, ...pgstore.Option){
		"pgx, cache statement": overPgx(pgx.QueryExecModeCacheStatement),
		"pgx, cache describe":  overPgx(pgx.QueryExecModeCacheDescribe),
		"pgx, describe exec":   overPgx(pgx.QueryExecModeDescribeExec),
		"pgx, exec":            overPgx(pgx.QueryExecModeExec),
		"pgx, simple protocol": overPgx(pgx.QueryExecModeSimpleProtocol),
		"database/sql, pgx":    overSQL("pgx"),
		"database/sql, lib/pq": overSQL("postgres"),
	}
}

func serviceFacts(t *testing.T) map[string]tableFacts {
	t.Helper()
	text, err := os.ReadFile("testdata/django-schema.json")
	require.NoError(t, err)
	var facts map[string]tableFacts
	require.NoError(t, json.Unmarshal(text, &facts))
	return facts
}

// liveFacts reads from the catalog what there is in a schema, in the words of
// the facts: names stand without their schema.
func liveFacts(t *testing.T, url, schema string) map[string]tableFacts {
	t.Helper()
	pool := openPool(t, url)
	var text []byte
	require.NoError(t, pool.QueryRow(t.Context(), `
select json_object_agg(c.relname, json_build_object(
    'columns', (
        select json_agg(json_build_object(
                 'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
                 'default', pg_get_expr(d.adbin, d.adrelid),
                 'identity', case a.attidentity when 'd' then 'BY DEFAULT' when 'a' then 'ALWAYS' else '' end
               ) order by a.attnum)
        from   pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where  a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ),
    'constraints', (
        select json_agg(json_build_object(
                 'name', k.conname,
                 'kind', case k.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key' else k.contype::text end,
                 'definition', replace(pg_get_constraintdef(k.oid), quote_ident($1) || '.', '')
               ))
        from   pg_constraint k
        where  k.conrelid = c.oid and k.contype <> 'n' -- NOT NULL, which is a constraint from Postgres 18 on
    ),
    'indexes', (
        select json_agg(json_build_object(
                 'name', i.relname, 'definition', replace(pg_get_indexdef(i.oid), quote_ident($1) || '.', '')
               ))
        from   pg_index x join pg_class i on i.oid = x.indexrelid
        where  x.indrelid = c.oid
        and    not exists (select from pg_constraint k where k.conindid = i.oid and k.contype <> 'f')
    )
))
from   pg_class c
where  c.relnamespace = (select oid from pg_namespace where nspname = $1)
and    c.relkind in ('r', 'p')`, schema).Scan(&text))
	var facts map[string]tableFacts
	require.NoError(t, json.Unmarshal(text, &facts))
	return facts
}

func openPool(t testing.TB, url string, configure ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	pool, err := pgstore.OpenPool(context.Background(), url, configure...)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func openSQL(t testing.TB, driver, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
