package pgstore_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/internal/limittest"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// limiterModes are the ways to reach a database, those of storeModes.
func limiterModes() map[string]func(t testing.TB, url string, options ...pgstore.Option) *pgstore.Limiter {
	overPgx := func(mode pgx.QueryExecMode) func(testing.TB, string, ...pgstore.Option) *pgstore.Limiter {
		return func(t testing.TB, url string, options ...pgstore.Option) *pgstore.Limiter {
			t.Helper()
			return pgstore.NewLimiter(openPool(t, url, execMode(mode)), options...)
		}
	}
	overSQL := func(driver string) func(testing.TB, string, ...pgstore.Option) *pgstore.Limiter {
		return func(t testing.TB, url string, options ...pgstore.Option) *pgstore.Limiter {
			t.Helper()
			db := openSQL(t, driver, url)
			db.SetMaxOpenConns(5)
			return pgstore.NewLimiter(db, options...)
		}
	}
	return map[string]func(testing.TB, string, ...pgstore.Option) *pgstore.Limiter{
		"pgx":                  overPgx(pgx.QueryExecModeCacheStatement),
		"pgx exec":             overPgx(pgx.QueryExecModeExec),
		"pgx simple":           overPgx(pgx.QueryExecModeSimpleProtocol),
		"database/sql, pgx":    overSQL("pgx"),
		"database/sql, lib/pq": overSQL("postgres"),
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	for mode, open := range limiterModes() {
		t.Run(mode, func(t *testing.T) {
			url := pgtest.NewEmpty(t)
			l := open(t, url)
			require.NoError(t, l.Migrate(t.Context()))
			limittest.Run(t, l)
			limittest.RunTogether(t, l, open(t, url), open(t, url))
			assert.Empty(t, rows(t, openPool(t, url), `select deadlocks::text from pg_stat_database where datname = current_database() and deadlocks > 0`))
		})
	}
}

// Calls that meet are repeated where the database's default is stricter.
func TestLimiter_Serializable(t *testing.T) {
	t.Parallel()
	for _, isolation := range []string{"repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			url := pgtest.NewEmpty(t)
			exec(t, openPool(t, url), `do $$ begin execute format('alter database %I set default_transaction_isolation = '''||
				'`+isolation+`''', current_database()); end $$`)
			l := pgstore.NewLimiter(openPool(t, url))
			require.NoError(t, l.Migrate(t.Context()))
			limittest.RunTogether(t, l, pgstore.NewLimiter(openPool(t, url)), pgstore.NewLimiter(openSQL(t, "postgres", url)))
		})
	}
}

func TestLimiter_AgainstMemory(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	exec(t, db, `create table now as select now() as at`)
	l := pgstore.NewLimiter(db)
	require.NoError(t, l.Migrate(t.Context()))
	l.SetClock(`(select at from public.now)`)
	limittest.AgainstMemory(t, l, func(at time.Time) { exec(t, db, `update now set at = $1`, at) })
}

// Nothing is looked for along the search path, and nothing but the table is
// made.
func TestLimiter_SearchPath(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	admin := openPool(t, url)
	exec(t, admin, `create schema `+pgx.Identifier{hostile}.Sanitize())
	withTwins(t, url)
	for mode, open := range someOf(limiterModes(), "pgx", "database/sql, lib/pq") {
		t.Run(mode, func(t *testing.T) {
			l := open(t, twinsFirst(t, url), pgstore.WithSchema(hostile))
			require.NoError(t, l.Migrate(t.Context()))
			require.NoError(t, l.Check(t.Context()))
			limittest.Run(t, l)
			_, err := l.Purge(t.Context())
			require.NoError(t, err)
		})
	}
	assert.Equal(t, []string{hostile + " passport_rate_limits u"}, rows(t, admin, `
		select n.nspname || ' ' || c.relname || ' ' || c.relpersistence::text
		from   pg_class c join pg_namespace n on n.oid = c.relnamespace
		where  c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname <> 'pg_catalog'`))
}

func TestLimiter_RoundTrips(t *testing.T) {
	t.Parallel()
	w := &world{tb: t, url: pgtest.NewEmpty(t)}
	require.NoError(t, pgstore.NewLimiter(openPool(t, w.url)).Migrate(t.Context()))
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			var trips atomic.Int64
			l := pgstore.NewLimiter(w.newPool(execMode(mode), func(c *pgxpool.Config) { c.MaxConns = 1 }, pgtest.CountTrips(&trips)))
			for n := range 4 {
				before := trips.Load()
				_, err := l.Take(t.Context(), "a", ratelimit.Rate{Calls: 1, Period: time.Hour})
				require.NoError(t, err)
				if n > 0 { // the first prepares the statement
					assert.EqualValues(t, 1, trips.Load()-before)
				}
			}
		})
	}
}

func TestLimiter_Migrate(t *testing.T) {
	t.Parallel()
	for mode, open := range limiterModes() {
		t.Run(mode, func(t *testing.T) {
			url := pgtest.NewEmpty(t)
			l := open(t, url)
			err := l.Check(t.Context())
			require.ErrorIs(t, err, pgstore.ErrSchema)
			require.ErrorContains(t, err, "Limiter.Migrate")
			_, err = l.Take(t.Context(), "a", ratelimit.Rate{Calls: 1, Period: time.Hour})
			require.ErrorIs(t, err, pgstore.ErrSchema)

			const processes = 6
			failures := make(chan error, processes)
			for range processes {
				process := open(t, url)
				go func() { failures <- process.Migrate(t.Context()) }()
			}
			for range processes {
				assert.NoError(t, <-failures)
			}
			require.NoError(t, l.Check(t.Context()))
		})
	}
}

// Neither Migrate nor CheckSchema knows the table, or minds it.
func TestLimiter_ServiceDatabase(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	l := pgstore.NewLimiter(db)
	require.ErrorIs(t, l.Check(t.Context()), pgstore.ErrSchema)
	exec(t, db, `drop table passport_schema_version`) // now it might as well be the service's
	require.NoError(t, l.Migrate(t.Context()))
	require.NoError(t, pgstore.Migrate(t.Context(), db))
	require.NoError(t, pgstore.CheckSchema(t.Context(), db))

	exec(t, db, `alter table passport_rate_limits drop column calls`)
	require.ErrorIs(t, l.Check(t.Context()), pgstore.ErrSchema)
	require.ErrorIs(t, l.Migrate(t.Context()), pgstore.ErrSchema)
}

// A table that another role has put there is not used: it may have triggers.
func TestLimiter_Stranger(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	name := rows(t, db, `select current_database()::text`)[0]
	exec(t, db, `create role `+name)
	t.Cleanup(func() { exec(t, db, `drop owned by `+name); exec(t, db, `drop role `+name) })
	l := pgstore.NewLimiter(db)
	require.NoError(t, l.Migrate(t.Context()))
	exec(t, db, `alter table passport_rate_limits owner to `+name)
	for _, err := range []error{l.Check(t.Context()), l.Migrate(t.Context())} {
		require.ErrorIs(t, err, pgstore.ErrSchema)
		require.ErrorContains(t, err, name)
	}
}

func TestLimiter_Misnamed(t *testing.T) {
	t.Parallel()
	l := pgstore.NewLimiter(openPool(t, pgtest.NewEmpty(t)), pgstore.WithSchema(""))
	require.ErrorIs(t, l.Migrate(t.Context()), store.ErrInvalid)
	require.ErrorIs(t, l.Check(t.Context()), store.ErrInvalid)
	_, err := l.Take(t.Context(), "a", ratelimit.Rate{Calls: 1, Period: time.Hour})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = l.Purge(t.Context())
	require.ErrorIs(t, err, store.ErrInvalid)
}

// Rights to count are enough to count.
func TestLimiter_Rights(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	name := rows(t, db, `select current_database()::text`)[0]
	exec(t, db, `create role `+name)
	t.Cleanup(func() { exec(t, db, `drop owned by `+name); exec(t, db, `drop role `+name) })
	require.NoError(t, pgstore.NewLimiter(db).Migrate(t.Context()))
	exec(t, db, `grant select, insert, update on passport_rate_limits to `+name)
	l := pgstore.NewLimiter(openPool(t, db.Config().ConnString(), func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "set role "+name)
			return err
		}
	}))
	limittest.Run(t, l)
	_, err := l.Purge(t.Context())
	require.ErrorIs(t, err, store.ErrInternal)
	require.NoError(t, pgstore.NewLimiter(db).Migrate(t.Context()))
}

func TestLimiter_Purge(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	l := pgstore.NewLimiter(db)
	require.NoError(t, l.Migrate(t.Context()))
	exec(t, db, `insert into passport_rate_limits select n, 1, n, 0, 1 from generate_series(1, 2500) n`)
	for range 3 {
		_, err := l.Take(t.Context(), "live", ratelimit.Rate{Calls: 3, Period: 24 * time.Hour})
		require.NoError(t, err)
	}
	counting, err := db.Begin(t.Context())
	require.NoError(t, err)
	_, err = counting.Exec(t.Context(), `select from passport_rate_limits where prefix = '2500' for update`)
	require.NoError(t, err)
	for _, want := range []int{1000, 1000, 499, 0} {
		deleted, err := l.Purge(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, deleted)
	}
	require.NoError(t, counting.Rollback(t.Context()))
	assert.Equal(t, []string{"2500 1", "live 3"}, rows(t, db, `select prefix || ' ' || calls from passport_rate_limits order by 1`))
}

// A crash empties the table, and calls are counted again from 0.
func TestLimiter_Crash(t *testing.T) {
	t.Parallel()
	server := pgtest.NewOwn(t)
	l := pgstore.NewLimiter(openPool(t, server.New(t)))
	require.NoError(t, l.Migrate(t.Context()))
	once := ratelimit.Rate{Calls: 1, Period: 24 * time.Hour}
	take := func() (string, error) {
		quota, err := l.Take(t.Context(), "a", once)
		return strconv.FormatBool(quota.Allowed), err
	}
	for _, want := range []string{"true", "false"} {
		got, err := take()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	require.NoError(t, server.Stop())
	_, err := take() // on a connection that was open
	require.Error(t, err)
	_, err = take()
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NoError(t, server.Start())
	assert.Eventually(t, func() bool { got, err := take(); return err == nil && got == "true" }, patience, tick)
}
