package pgstore_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// onPools are the kinds of pools, with a function that runs a query of the
// host's on the pool.
func onPools() map[string]func(t *testing.T, url string) (*pgstore.Store, func(ctx context.Context, sql string) (string, error)) {
	onPgx := func(pool *pgxpool.Pool) (*pgstore.Store, func(context.Context, string) (string, error)) {
		return pgstore.New(pool), func(ctx context.Context, sql string) (answer string, err error) {
			err = pool.QueryRow(ctx, sql).Scan(&answer)
			return answer, err
		}
	}
	onSQL := func(db *sql.DB) (*pgstore.Store, func(context.Context, string) (string, error)) {
		db.SetMaxIdleConns(4)
		return pgstore.NewDB(db), func(ctx context.Context, sql string) (answer string, err error) {
			err = db.QueryRowContext(ctx, sql).Scan(&answer)
			return answer, err
		}
	}
	return map[string]func(t *testing.T, url string) (*pgstore.Store, func(context.Context, string) (string, error)){
		"OpenPool": func(t *testing.T, url string) (*pgstore.Store, func(context.Context, string) (string, error)) {
			t.Helper()
			return onPgx(openPool(t, url))
		},
		"pgxpool": func(t *testing.T, url string) (*pgstore.Store, func(context.Context, string) (string, error)) {
			t.Helper()
			pool, err := pgxpool.New(t.Context(), url)
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			return onPgx(pool)
		},
		"sql.DB with pgx": func(t *testing.T, url string) (*pgstore.Store, func(context.Context, string) (string, error)) {
			t.Helper()
			return onSQL(openSQL(t, "pgx", url))
		},
		"sql.DB with lib/pq": func(t *testing.T, url string) (*pgstore.Store, func(context.Context, string) (string, error)) {
			t.Helper()
			return onSQL(openSQL(t, "postgres", url))
		},
	}
}

// A primary is demoted while its sessions stay open: those turn read-only, and
// new ones can write.
func TestFailover(t *testing.T) {
	t.Parallel()
	const sessions = 3
	server := pgtest.NewOwn(t)
	for name, open := range onPools() {
		t.Run(name, func(t *testing.T) {
			address := server.New(t)
			s, ask := open(t, address)
			openAtOnce(t, ask, sessions)
			admin := openPool(t, address)
			exec(t, admin, `do $$ begin
				execute format('alter role %I in database %I set default_transaction_read_only = off', current_user, current_database());
			end $$`)
			exec(t, admin, "alter system set default_transaction_read_only = on")
			t.Cleanup(func() {
				exec(t, admin, "alter system reset default_transaction_read_only")
				exec(t, admin, "select pg_reload_conf()")
			})
			exec(t, admin, "select pg_reload_conf()")
			require.Eventually(t, func() bool {
				state, err := ask(t.Context(), "show transaction_read_only")
				return err == nil && state == "on"
			}, time.Minute, time.Millisecond)

			failures := 0
			for range 4 * sessions {
				if err := s.PutAddressList(t.Context(), "list", alice); err != nil {
					require.ErrorIs(t, err, store.ErrUnavailable)
					failures++
				}
			}
			if name != "sql.DB with lib/pq" { // which begins READ WRITE
				assert.Positive(t, failures)
			}
			assert.LessOrEqual(t, failures, sessions)
			require.NoError(t, s.PutAddressList(t.Context(), "list", alice))
		})
	}
}

// openAtOnce makes the pool open that many sessions.
func openAtOnce(t *testing.T, ask func(context.Context, string) (string, error), sessions int) {
	t.Helper()
	ended := make(chan error, sessions)
	for range sessions {
		go func() {
			_, err := ask(t.Context(), "select pg_sleep(0.3)::text")
			ended <- err
		}()
	}
	for range sessions {
		require.NoError(t, <-ended)
	}
}

// A pool on a server that is read-only for all does not go on connecting.
func TestReplica(t *testing.T) {
	t.Parallel()
	server := pgtest.NewOwn(t)
	address := server.New(t)
	exec(t, openPool(t, address), "alter system set wal_level = replica")
	require.NoError(t, server.Restart())
	exec(t, openPool(t, address), `do $$ begin
		execute format('copy (select where false) to %L', current_setting('data_directory') || '/standby.signal');
	end $$`)
	require.NoError(t, server.Restart())
	for name, open := range onPools() {
		t.Run(name, func(t *testing.T) {
			s, ask := open(t, address)
			pids := map[string]bool{}
			for range 20 {
				err := s.PutAddressList(t.Context(), "list", alice)
				require.ErrorIs(t, err, store.ErrUnavailable)
				pid, err := ask(t.Context(), "select pg_backend_pid()::text")
				require.NoError(t, err)
				pids[pid] = true
			}
			assert.Len(t, pids, 1, "after the first was closed")
		})
	}
}

// A host that asks for a read-only transaction is not to try again later.
func TestInTx_ReadOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		err := pgstore.New(w.pool).InTx(tx).PutAddressList(t.Context(), "list", alice)
		require.ErrorIs(t, err, store.ErrReadOnly)
		require.NotErrorIs(t, err, store.ErrUnavailable)
		assert.Equal(t, store.KindReadOnly, store.KindOf(err))
		_, err = pgstore.New(w.pool).InTx(tx).ListClaims(t.Context(), 1, alice)
		return err
	}))
	db := openSQL(t, "postgres", w.url)
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	require.NoError(t, err)
	err = pgstore.NewDB(db).InSQLTx(tx).PutAddressList(t.Context(), "list", alice)
	require.ErrorIs(t, err, store.ErrReadOnly)
	require.NoError(t, tx.Rollback())
}

func TestErrSchema(t *testing.T) {
	t.Parallel()
	pool := openPool(t, pgtest.NewEmpty(t))
	for _, s := range []*pgstore.Store{pgstore.New(pool), pgstore.New(pool, pgstore.WithSchema("none"))} {
		_, err := s.Load(t.Context(), store.Query{Community: 1, Addresses: []store.Address{alice}})
		require.ErrorIs(t, err, store.ErrInternal)
		assert.ErrorContains(t, err, "run Migrate")
		assert.Equal(t, store.KindSchema, store.KindOf(err))
	}
}
