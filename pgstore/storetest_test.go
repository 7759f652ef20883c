package pgstore_test

import (
	"flag"
	"net/url"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// harness is a store on a database whose tables are emptied for each case.
type harness struct {
	*pgstore.Store
	*pgtest.Tables
}

// openStore is a way to reach a database.
type openStore func(t *testing.T, url string, options ...pgstore.Option) *pgstore.Store

// newHarness returns harnesses on one database, reached in the mode.
func newHarness(t *testing.T, open openStore) storetest.NewHarness {
	t.Helper()
	url := pgtest.New(t)
	return harnesses(t, url, "public", open(t, url))
}

// harnesses returns harnesses for a store on a database that holds the tables
// in the schema. Only the connections that put rows in and take them out find
// tables without it.
func harnesses(t *testing.T, url, schema string, under *pgstore.Store) storetest.NewHarness {
	t.Helper()
	tables := pgtest.NewTables(t, url, schema)
	return func(t testing.TB) storetest.Harness {
		t.Helper()
		require.NoError(t, tables.Empty(t.Context()))
		return &harness{under, tables}
	}
}

// storeModes are the ways to reach a database that the suite is run in.
func storeModes() map[string]openStore {
	return map[string]openStore{
		"pgx":                  onPool(pgx.QueryExecModeCacheStatement),
		"pgx exec":             onPool(pgx.QueryExecModeExec),
		"pgx simple":           onPool(pgx.QueryExecModeSimpleProtocol),
		"database/sql, pgx":    onDB("pgx"),
		"database/sql, lib/pq": onDB("postgres"),
	}
}

func onPool(mode pgx.QueryExecMode) openStore {
	return func(t *testing.T, url string, options ...pgstore.Option) *pgstore.Store {
		t.Helper()
		config, err := pgxpool.ParseConfig(url)
		require.NoError(t, err)
		config.ConnConfig.DefaultQueryExecMode = mode
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return pgstore.New(pool, options...)
	}
}

// onDB opens with a driver, and with parameters that are added to the URL, each
// a name and a value.
func onDB(driver string, parameters ...string) openStore {
	return func(t *testing.T, address string, options ...pgstore.Option) *pgstore.Store {
		t.Helper()
		db := openSQL(t, driver, withParameters(t, address, parameters...))
		db.SetMaxOpenConns(8)
		return pgstore.NewDB(db, options...)
	}
}

func withParameters(t *testing.T, address string, parameters ...string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	values := parsed.Query()
	for pair := range slices.Chunk(parameters, 2) {
		values.Set(pair[0], pair[1])
	}
	parsed.RawQuery = values.Encode()
	return parsed.String()
}

// inEveryMode is set by CI. Without it the suite runs in one mode, the scenarios
// in all of them, and both in one of the host's transactions.
var inEveryMode = flag.Bool("all", false, "the suite in every mode and in every isolation of a host's transaction")

func TestStore(t *testing.T) {
	for name, open := range storeModes() {
		if name == "pgx" || *inEveryMode {
			t.Run(name, func(t *testing.T) { storetest.Run(t, newHarness(t, open)) })
		}
	}
}

func TestScenarios(t *testing.T) {
	for name, open := range storeModes() {
		t.Run(name, func(t *testing.T) { storetest.Scenarios(t, newHarness(t, open)) })
	}
}

// In a schema of another name nothing is looked for elsewhere, whatever the
// search path says.
func TestTheStoreIsAtHomeInASchemaOfAnyName(t *testing.T) {
	for name, open := range storeModes() {
		t.Run(name, func(t *testing.T) {
			address := pgtest.NewEmpty(t)
			db := openPool(t, address)
			inHostile := pgstore.WithSchema(hostile)
			require.NoError(t, pgstore.Migrate(t.Context(), db, inHostile))
			newHarness := harnesses(t, address, hostile, open(t, address, inHostile))
			storetest.Scenarios(t, newHarness)
			if *inEveryMode && (name == "pgx" || name == "database/sql, lib/pq") { // one for each executor
				storetest.Run(t, newHarness)
			}
			assert.Empty(t, rows(t, db, `select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace`))
			assert.Equal(t, []string{`"$user", public`}, rows(t, db, `show search_path`))
		})
	}
}
