//go:build pgbouncer

package pgstore_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// These tests run behind a PgBouncer in transaction mode, which has to be
// installed:
//
//	go test -tags pgbouncer -run PgBouncer ./pgstore

// pooledModes are the ways to reach a database behind a pooler: those that
// prepare nothing which outlives a transaction.
func pooledModes() map[string]openStore {
	return map[string]openStore{
		"pgx exec":               onPool(pgx.QueryExecModeExec),
		"pgx simple":             onPool(pgx.QueryExecModeSimpleProtocol),
		"database/sql, pgx exec": onDB("pgx", "default_query_exec_mode", "exec"),
		"database/sql, lib/pq":   onDB("postgres"),
		"database/sql, lib/pq, binary parameters": onDB("postgres", "binary_parameters", "yes"),
	}
}

func TestPgBouncer_Store(t *testing.T) {
	for name, open := range pooledModes() {
		t.Run(name, func(t *testing.T) {
			runSuite(t, reused(t, func() emptied {
				direct := pgtest.New(t)
				return &harness{open(t, pgtest.Pooler(t, direct)), pgtest.NewTables(t, direct, "public")}
			}), scoringCases)
		})
	}
}

// Clients share connections to the server, or it would not be transaction mode
// that the other tests show something about.
func TestPgBouncer_TransactionMode(t *testing.T) {
	t.Parallel()
	pooled := pgtest.Pooler(t, pgtest.NewEmpty(t))
	backend := func() (pid int) {
		conn, err := pgx.Connect(t.Context(), pooled)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, conn.Close(t.Context())) })
		require.NoError(t, conn.QueryRow(t.Context(), "select pg_backend_pid()", pgx.QueryExecModeExec).Scan(&pid))
		return pid
	}
	first := backend()
	assert.Equal(t, first, backend(), "both are served by one")
}

func TestPgBouncer_RoundTrips(t *testing.T) {
	t.Parallel()
	for mode, stamps := range map[pgx.QueryExecMode]int{
		pgx.QueryExecModeExec:           20,
		pgx.QueryExecModeSimpleProtocol: 3,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			w := newWorld(t)
			w.url = pgtest.Pooler(t, w.url)
			requireTwoRoundTrips(t, w, mode, stamps)
		})
	}
}

func TestPgBouncer_Migrate(t *testing.T) {
	t.Parallel()
	direct := pgtest.NewEmpty(t)
	pooled := pgtest.Pooler(t, direct)
	exec := func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec }
	var all sync.WaitGroup
	for range 4 {
		pool, db := openPool(t, pooled, exec), openSQL(t, "postgres", pooled)
		all.Go(func() { assert.NoError(t, pgstore.Migrate(t.Context(), pool)) })
		all.Go(func() { assert.NoError(t, pgstore.Migrate(t.Context(), db)) })
	}
	all.Wait()
	pool := openPool(t, pooled, exec)
	require.NoError(t, pgstore.Migrate(t.Context(), pool), "there is nothing left to do")
	require.NoError(t, pgstore.CheckSchema(t.Context(), pool))
	require.NoError(t, pgstore.Ready(t.Context(), pool))
	assert.Equal(t, []string{migratedOnce(t)}, rows(t, openPool(t, direct),
		`select (select count(*) from passport_schema_version) || ' ' || (select count(*) from registry_humanpointsconfig)`))
	assert.Equal(t, []string{"0"}, rows(t, openPool(t, direct),
		`select count(*)::text from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`))
}

func TestPgBouncer_Contended(t *testing.T) {
	t.Parallel()
	for name, open := range pooledModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			requireNoDeadlock(t, w, open(t, pgtest.Pooler(t, w.url)), 400)
		})
	}
}

func TestPgBouncer_Cancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	direct := w.url
	w.url = pgtest.Pooler(t, direct)
	pool := w.newPool(execMode(pgx.QueryExecModeExec), func(c *pgxpool.Config) { c.MaxConns = 4 })
	w.url = direct
	requireNothingLeft(t, w, pool)
}
