package pgstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
)

// A migration may alter a column while statements are prepared. Every statement
// must still work in the same session, whichever column of its tables is
// altered.
func TestStatements_AlteredColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("select setval(pg_get_serial_sequence('auth_user', 'id'), 10), setval(pg_get_serial_sequence('account_account', 'id'), 10)")
	statements := preparedStatements(t, w)
	alterations := alterations(t, w, statements)
	require.Greater(t, len(alterations), 150)

	pool := w.newPool(func(c *pgxpool.Config) { c.MaxConns = 1 })
	db, err := sql.Open("pgx", w.url)
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)

	for name, begin := range someOf(map[string]func() (run func(sql string, args ...any) error, undo func() error){
		"pgx": func() (func(string, ...any) error, func() error) {
			tx, err := pool.Begin(t.Context())
			require.NoError(t, err)
			run := func(sql string, args ...any) error { _, err := tx.Exec(t.Context(), sql, args...); return err }
			return run, func() error { return tx.Rollback(context.Background()) }
		},
		"database/sql": func() (func(string, ...any) error, func() error) {
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			run := func(sql string, args ...any) error { _, err := tx.ExecContext(t.Context(), sql, args...); return err }
			return run, tx.Rollback
		},
	}, "pgx") {
		t.Run(name, func(t *testing.T) {
			after := func(a alteration) {
				run, undo := begin()
				defer func() { require.NoError(t, undo()) }()
				require.NoError(t, run(`select set_config('passport.search_path', 'public', true)`))
				if a.sql != "" {
					require.NoError(t, run(a.sql), a.sql)
				}
				for _, s := range statements {
					if (a.table == "" || s.tables[a.table]) && !assert.NoError(t, run(s.sql, s.args...), "%s after %s", s.name, a.sql) {
						return // the transaction has failed
					}
				}
			}
			after(alteration{}) // prepares all
			for _, a := range alterations {
				after(a)
			}
		})
	}
}

// preparedStatement is a statement with arguments of the types that it takes.
type preparedStatement struct {
	name, sql string
	args      []any
	tables    map[string]bool
}

func preparedStatements(t *testing.T, w *world) (all []preparedStatement) {
	t.Helper()
	require.NoError(t, pgstore.NewLimiter(w.pool).Migrate(t.Context()))
	conn, err := pgx.Connect(t.Context(), w.url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	values := map[uint32]any{
		pgtype.Int8OID: int64(1), pgtype.TextOID: "1", pgtype.BoolOID: false, pgtype.TimestamptzOID: noon, pgtype.TextArrayOID: []string{},
	}
	table := regexp.MustCompile(`"public"\.(\w+)`)
	for name, text := range pgstore.Texts() {
		described, err := conn.Prepare(t.Context(), "", text)
		require.NoError(t, err, name)
		s := preparedStatement{name: name, sql: text, tables: map[string]bool{}}
		for _, oid := range described.ParamOIDs {
			require.Contains(t, values, oid, name)
			s.args = append(s.args, values[oid])
		}
		for _, match := range table.FindAllStringSubmatch(text, -1) {
			s.tables[match[1]] = true
		}
		all = append(all, s)
	}
	return all
}

// alteration is what a migration may do to a column of a table.
type alteration struct{ table, sql string }

// alterations returns those of every column that a statement names: texts
// become longer, unbounded or bounded, numbers wider or, as ids of older tables
// are, narrower, and times coarser.
func alterations(t *testing.T, w *world, statements []preparedStatement) (all []alteration) {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), `
		select c.relname::text, a.attname::text, kind.altered
		from   pg_class c
		join   pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		cross  join lateral unnest(case a.atttypid
		         when 'varchar'::regtype     then array['text', 'varchar(1000)']
		         when 'text'::regtype        then array['varchar(1000)']
		         when 'int4'::regtype        then array['bigint']
		         when 'int8'::regtype        then array['integer']
		         when 'numeric'::regtype     then array['numeric(40,20)']
		         when 'timestamptz'::regtype then array['timestamptz(3)']
		       end) as kind (altered)
		where  c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname !~ '^passport_'
		order  by 1, 2, 3`)
	require.NoError(t, err)
	for rows.Next() {
		var table, column, kind string
		require.NoError(t, rows.Scan(&table, &column, &kind))
		word := regexp.MustCompile(`\b` + column + `\b`)
		if slices.ContainsFunc(statements, func(s preparedStatement) bool { return s.tables[table] && word.MatchString(s.sql) }) {
			all = append(all, alteration{table, fmt.Sprintf("alter table %s alter column %s type %s", table, column, kind)})
		}
	}
	require.NoError(t, rows.Err())
	return all
}
