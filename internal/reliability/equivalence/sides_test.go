package equivalence

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// roles is everything that a store can do.
type roles interface {
	store.Store
	store.Credentials
	store.Communities
	store.History
	store.Keys
	store.Uses
	store.Points
}

// side is one of the two stores, with an engine on it.
type side struct {
	roles

	name   string
	engine *passport.Engine
	rows   func(ctx context.Context) ([]byte, error)
	// book names the rows that are there, as of the last reading.
	book *book
	// read is the snapshot that the last Load answered with, and later changes
	// rest on.
	read *store.Snapshot
}

// database is the one that all sequences share; each begins by emptying it.
type database struct {
	pool *pgxpool.Pool
	// columns are those of each table that must not be NULL, with their type.
	columns map[string]map[string]string
	empty   string
	read    string
}

func openDatabase(t *testing.T) *database {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.New(t))
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["timezone"] = "UTC" // for to_jsonb
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() {
		pool.Close()
		goleak.VerifyNone(t)
	})
	d := &database{pool: pool, columns: map[string]map[string]string{}}
	rows, err := pool.Query(t.Context(), `
		select c.relname::text, a.attname::text, format_type(a.atttypid, null), a.attnotnull
		from   pg_class c
		join   pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where  c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname !~ '^passport_'`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var table, column, kind string
		var required bool
		require.NoError(t, rows.Scan(&table, &column, &kind, &required))
		if d.columns[table] == nil {
			d.columns[table] = map[string]string{}
		}
		if required {
			d.columns[table][column] = kind
		}
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, d.columns)

	empty, read := []string{"set local session_replication_role = replica"}, []string{}
	for _, table := range slices.Sorted(maps.Keys(d.columns)) {
		empty = append(empty, "delete from "+table)
		read = append(read, fmt.Sprintf("select '%[1]s', coalesce(jsonb_agg(to_jsonb(t)), '[]') from %[1]s t", table))
	}
	d.empty = strings.Join(empty, ";")
	d.read = "select jsonb_object_agg(name, rows)::text from (" + strings.Join(read, " union all ") + ") as tables (name, rows)"
	return d
}

// rows returns all rows as JSON.
func (d *database) rows(ctx context.Context) ([]byte, error) {
	var document string
	err := d.pool.QueryRow(ctx, d.read).Scan(&document)
	return []byte(document), err
}

// hold makes the tables hold exactly the rows of the JSON document.
func (d *database) hold(ctx context.Context, document []byte) error {
	var tables map[string][]map[string]json.RawMessage
	if err := json.Unmarshal(document, &tables); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, d.empty, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		for _, table := range slices.Sorted(maps.Keys(tables)) {
			for _, row := range tables[table] {
				text, err := json.Marshal(row)
				if err != nil {
					return err
				}
				columns := strings.Join(slices.Sorted(maps.Keys(row)), ", ")
				if _, err := tx.Exec(ctx, fmt.Sprintf("insert into %[1]s (%[2]s) select %[2]s from jsonb_populate_record(null::%[1]s, $1::jsonb)",
					table, columns), string(text)); err != nil {
					return fmt.Errorf("table %s: %w", table, err)
				}
			}
			if kind := d.columns[table]["id"]; (kind == "bigint" || kind == "integer") && len(tables[table]) > 0 {
				if _, err := tx.Exec(ctx, fmt.Sprintf("select setval(pg_get_serial_sequence('%[1]s', 'id'), max(id)) from %[1]s", table)); err != nil {
					return fmt.Errorf("table %s: %w", table, err)
				}
			}
		}
		return nil
	})
}

// newSides returns the two stores, both holding those rows. The document is read
// by memstore, and what it made of it is what Postgres gets: so no column is left
// out.
func newSides(ctx context.Context, on *database, document []byte, made func(mem roles) roles, options []passport.Option) ([2]*side, error) {
	mem := memstore.New()
	if err := mem.ReadRows(bytes.NewReader(document)); err != nil {
		return [2]*side{}, err
	}
	rows := func(context.Context) ([]byte, error) {
		var text bytes.Buffer
		err := mem.WriteRows(&text)
		return text.Bytes(), err
	}
	held, err := rows(ctx)
	if err != nil {
		return [2]*side{}, err
	}
	if err := on.hold(ctx, held); err != nil {
		return [2]*side{}, err
	}
	pg := pgstore.New(on.pool)
	under := made(mem)
	engine, err := passport.New(under, options...)
	if err != nil {
		return [2]*side{}, err
	}
	return [2]*side{
		{roles: under, name: "memstore", engine: engine, rows: rows},
		{roles: pg, name: "pgstore", engine: engine.On(pg), rows: on.rows},
	}, nil
}
