package pgstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
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

	pool   *pgxpool.Pool
	tables map[string][]tableColumn
}

type tableColumn struct {
	name, kind string
	notNull    bool
}

// Seed implements [storetest.Harness]. References are not checked: a case
// seeds the tables that it is about.
func (h *harness) Seed(ctx context.Context, document []byte) error {
	var tables map[string][]map[string]json.RawMessage
	if err := json.Unmarshal(document, &tables); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, h.pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue("set local session_replication_role = replica")
		for _, table := range slices.Sorted(maps.Keys(tables)) {
			batch.Queue("delete from " + table)
			for _, r := range tables[table] {
				text, err := json.Marshal(r)
				if err != nil {
					return err
				}
				batch.Queue(h.insert(table, r), string(text))
			}
			if h.hasID(table) {
				batch.Queue(fmt.Sprintf(
					"select setval(pg_get_serial_sequence('%[1]s', 'id'), coalesce(max(id), 0) + 1, false) from %[1]s where $1 <> ''", table), table)
			}
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}

// insert returns the statement that adds the row, with the zero of the type
// for each column that must not be NULL and is left out.
func (h *harness) insert(table string, r map[string]json.RawMessage) string {
	var columns, values []string
	for _, c := range h.tables[table] {
		_, given := r[c.name]
		switch {
		case given:
			columns, values = append(columns, c.name), append(values, "row."+c.name)
		case c.notNull && (c.name != "id" || c.kind != "bigint"):
			columns, values = append(columns, c.name), append(values, zeroOf(c.kind))
		}
	}
	return fmt.Sprintf("insert into %[1]s (%[2]s) select %[3]s from jsonb_populate_record(null::%[1]s, $1::jsonb) as row",
		table, strings.Join(columns, ", "), strings.Join(values, ", "))
}

func zeroOf(kind string) string {
	switch kind {
	case "boolean":
		return "false"
	case "timestamp with time zone":
		return "now()"
	case "jsonb":
		return "'{}'"
	case "character varying", "text":
		return "''"
	}
	return "0"
}

func (h *harness) hasID(table string) bool {
	return slices.ContainsFunc(h.tables[table], func(c tableColumn) bool { return c.name == "id" && c.kind == "bigint" })
}

// Rows implements [storetest.Harness], in one statement.
func (h *harness) Rows(ctx context.Context) ([]byte, error) {
	var parts []string
	for _, table := range slices.Sorted(maps.Keys(h.tables)) {
		parts = append(parts, fmt.Sprintf(
			"select '%[1]s', coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t) -> 'id'), '[]') from %[1]s t", table))
	}
	var document string
	err := h.pool.QueryRow(ctx, "select jsonb_object_agg(name, rows)::text from ("+strings.Join(parts, " union all ")+") as all_rows (name, rows)").
		Scan(&document)
	return []byte(document), err
}

// tablesIn returns the service's tables in the schema, and their columns.
func tablesIn(t testing.TB, pool *pgxpool.Pool, schema string) map[string][]tableColumn {
	t.Helper()
	rows, err := pool.Query(t.Context(), `
		select c.relname::text, a.attname::text, format_type(a.atttypid, null), a.attnotnull
		from   pg_class c
		join   pg_namespace n on n.oid = c.relnamespace
		join   pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where  n.nspname = $1 and c.relkind = 'r' and c.relname !~ '^passport_'
		order  by 1, a.attnum`, schema)
	require.NoError(t, err)
	defer rows.Close()
	tables := map[string][]tableColumn{}
	for rows.Next() {
		var table string
		var c tableColumn
		require.NoError(t, rows.Scan(&table, &c.name, &c.kind, &c.notNull))
		tables[table] = append(tables[table], c)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, tables)
	return tables
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
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["search_path"] = pgx.Identifier{schema}.Sanitize()
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	tables := tablesIn(t, pool, schema)
	// Deleting a few rows is faster than truncating that many tables.
	empty := []string{"set local session_replication_role = replica"}
	for table := range tables {
		if table != "registry_humanpointsconfig" { // a fresh schema has rows there
			empty = append(empty, "delete from "+table)
		}
	}
	return func(t testing.TB) storetest.Harness {
		t.Helper()
		_, err := pool.Exec(t.Context(), strings.Join(empty, ";"), pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
		return &harness{Store: under, pool: pool, tables: tables}
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

func TestStore(t *testing.T) {
	for name, open := range storeModes() {
		t.Run(name, func(t *testing.T) { storetest.Run(t, newHarness(t, open)) })
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
			if name == "pgx" || name == "database/sql, lib/pq" { // one for each executor
				storetest.Run(t, newHarness)
			}
			assert.Empty(t, rows(t, db, `select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace`))
			assert.Equal(t, []string{`"$user", public`}, rows(t, db, `show search_path`))
		})
	}
}
