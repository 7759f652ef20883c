package pgtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tables puts rows into the service's tables of one schema and takes them out,
// for a storetest.Harness.
type Tables struct {
	// Pool finds the tables without their schema.
	Pool *pgxpool.Pool

	// writer is a pool whose sessions check no references. The setting is the
	// session's, since each change of it drops the plans of the session; only the
	// workers of a cluster know it from each transaction.
	writer  *pgxpool.Pool
	onCitus bool

	columns map[string][]column // by table
}

type column struct {
	name, kind string
	notNull    bool
}

// NewTables returns the tables in the schema of the database at the URL.
func NewTables(tb testing.TB, url, schema string) *Tables {
	tb.Helper()
	fail := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("pgtest: the tables of %s: %v", schema, err)
		}
	}
	open := func(parameters map[string]string) *pgxpool.Pool {
		config, err := pgxpool.ParseConfig(url)
		fail(err)
		maps.Copy(config.ConnConfig.RuntimeParams, parameters)
		config.ConnConfig.RuntimeParams["search_path"] = pgx.Identifier{schema}.Sanitize()
		pool, err := pgxpool.NewWithConfig(tb.Context(), config)
		fail(err)
		tb.Cleanup(pool.Close)
		return pool
	}
	unchecked := map[string]string{"session_replication_role": "replica"}
	onCitus := started(tb).citus != nil
	if onCitus {
		unchecked["citus.propagate_set_commands"] = "local"
	}
	t := &Tables{Pool: open(nil), writer: open(unchecked), onCitus: onCitus, columns: map[string][]column{}}
	rows, err := t.Pool.Query(tb.Context(), `
		select c.relname::text, a.attname::text, format_type(a.atttypid, null), a.attnotnull
		from   pg_class c
		join   pg_namespace n on n.oid = c.relnamespace
		join   pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where  n.nspname = $1 and c.relkind = 'r' and c.relname !~ '^passport_'
		order  by 1, a.attnum`, schema)
	fail(err)
	var table string
	var c column
	_, err = pgx.ForEachRow(rows, []any{&table, &c.name, &c.kind, &c.notNull}, func() error {
		t.columns[table] = append(t.columns[table], c)
		return nil
	})
	fail(err)
	if len(t.columns) == 0 {
		tb.Fatalf("pgtest: no table in %s", schema)
	}
	return t
}

// Empty deletes all rows, but of registry_humanpointsconfig: a fresh schema has
// rows there. Deleting a few rows is faster than truncating that many tables.
func (t *Tables) Empty(ctx context.Context) error {
	batch := &pgx.Batch{}
	for table := range t.columns {
		if table != "registry_humanpointsconfig" {
			batch.Queue("delete from " + table)
		}
	}
	return t.write(ctx, batch)
}

// write runs the batch as one transaction, in which no references are checked.
func (t *Tables) write(ctx context.Context, batch *pgx.Batch) error {
	return pgx.BeginFunc(ctx, t.writer, func(tx pgx.Tx) error {
		if t.onCitus {
			for _, set := range []string{"session_replication_role = replica", "citus.multi_shard_modify_mode = sequential"} {
				if _, err := tx.Exec(ctx, "set local "+set); err != nil {
					return err
				}
			}
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}

// Seed replaces the rows of each table that the JSON document names. References
// are not checked: a case seeds the tables that it is about.
func (t *Tables) Seed(ctx context.Context, document []byte) error {
	var tables map[string][]map[string]json.RawMessage
	if err := json.Unmarshal(document, &tables); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		batch.Queue("delete from " + table)
		if len(tables[table]) == 0 {
			continue
		}
		for columns, rows := range alike(tables[table]) {
			text, err := json.Marshal(rows)
			if err != nil {
				return err
			}
			batch.Queue(t.insert(table, columns), string(text))
		}
		if t.numbered(table) {
			batch.Queue(fmt.Sprintf(renumber, table))
		}
	}
	return t.write(ctx, batch)
}

// renumber has the next row of the table get the number behind the last. It is
// two statements: a cluster would run one on the worker that has the rows,
// where the sequence has another range.
const renumber = `
do $$
declare
    next bigint;
begin
    select max(id) + 1 into next from %[1]s;
    perform setval(pg_get_serial_sequence('%[1]s', 'id'), next, false);
end
$$`

// alike returns the rows by their columns, which are separated by commas.
func alike(rows []map[string]json.RawMessage) map[string][]map[string]json.RawMessage {
	all := map[string][]map[string]json.RawMessage{}
	for _, r := range rows {
		columns := strings.Join(slices.Sorted(maps.Keys(r)), ",")
		all[columns] = append(all[columns], r)
	}
	return all
}

// insert returns the statement that adds rows with those columns, and with the
// zero of the type for each other column that must not be NULL.
func (t *Tables) insert(table, given string) string {
	has := strings.Split(given, ",")
	var columns, values []string
	for _, c := range t.columns[table] {
		switch {
		case slices.Contains(has, c.name) && c.notNull && c.kind == "jsonb": // the null of JSON
			columns, values = append(columns, c.name), append(values, "coalesce(row."+c.name+", 'null')")
		case slices.Contains(has, c.name):
			columns, values = append(columns, c.name), append(values, "row."+c.name)
		case c.notNull && (c.name != "id" || !isInteger(c.kind)):
			columns, values = append(columns, c.name), append(values, zeroOf(c.kind))
		}
	}
	return fmt.Sprintf("insert into %[1]s (%[2]s) select %[3]s from jsonb_populate_recordset(null::%[1]s, $1::jsonb) as row",
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

// numbered reports whether the database numbers the rows of the table.
func (t *Tables) numbered(table string) bool {
	return slices.ContainsFunc(t.columns[table], func(c column) bool { return c.name == "id" && isInteger(c.kind) })
}

func isInteger(kind string) bool { return kind == "bigint" || kind == "integer" }

// Rows returns all rows as a JSON document, read in one statement. It reads
// each table by itself: a cluster refuses the union of tables that lie apart.
func (t *Tables) Rows(ctx context.Context) ([]byte, error) {
	var parts, pairs []string
	for _, table := range slices.Sorted(maps.Keys(t.columns)) {
		parts = append(parts, fmt.Sprintf("%[1]s_rows (list) as materialized "+
			"(select coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t) -> 'id'), '[]') from %[1]s t)", table))
		pairs = append(pairs, fmt.Sprintf("('%[1]s', (select list from %[1]s_rows))", table))
	}
	var document string
	err := t.Pool.QueryRow(ctx, "with "+strings.Join(parts, ", ")+
		" select jsonb_object_agg(name, list)::text from (values "+strings.Join(pairs, ", ")+") as all_rows (name, list)").
		Scan(&document)
	return []byte(document), err
}
