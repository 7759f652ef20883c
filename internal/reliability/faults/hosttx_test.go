package faults_test

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// hostTx is a transaction of the host, with a store in it.
type hostTx struct {
	store            *pgstore.Store
	exec             func(sql string) error
	commit, rollback func() error
}

func beginOn(ctx context.Context, s *pgstore.Store, pool *pgxpool.Pool) (*hostTx, error) {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &hostTx{
		store: s.InTx(tx),
		exec: func(sql string) error {
			_, err := tx.Exec(ctx, sql)
			return err
		},
		commit:   func() error { return tx.Commit(ctx) },
		rollback: func() error { return tx.Rollback(context.WithoutCancel(ctx)) },
	}, nil
}

func beginOnDB(ctx context.Context, s *pgstore.Store, db *sql.DB) (*hostTx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &hostTx{
		store: s.InSQLTx(tx),
		exec: func(sql string) error {
			_, err := tx.ExecContext(ctx, sql)
			return err
		},
		commit: tx.Commit, rollback: tx.Rollback,
	}, nil
}

// inHostTx are the points of a scoring inside a host's transaction, which has
// work of its own in it: both are committed, or neither.
func inHostTx() []point {
	all := []point{
		hostCut(place{commit, false}), hostCut(place{commit, true}),
		hostWentIdle(), hostTimedOut(), hostRollsBack(),
	}
	for _, p := range []place{{load, true}, {"upsert_passport", false}, {"bulk_insert_stamps", true}, {"record_awards", true}} {
		all = append(all, hostCut(p))
	}
	return all
}

// hostWork begins a transaction with work of the host in it.
func (x *experiment) hostWork() *hostTx {
	x.t.Helper()
	x.exec("create schema if not exists host")
	x.exec("create table if not exists host.work (n int)")
	x.exec("delete from host.work")
	tx, err := x.way.begin(x.ctx)
	require.NoError(x.t, err)
	require.NoError(x.t, tx.exec("insert into host.work values (1)"))
	x.on = tx.store
	return tx
}

// hostWorked reports whether the host's work is there.
func (x *experiment) hostWorked() (done effect) {
	var rows int
	assert.NoError(x.t, x.Pool.QueryRow(x.t.Context(), "select count(*) from host.work").Scan(&rows))
	if rows == 0 {
		return nothing
	}
	return everything
}

// hostCut is a connection that is reset while a transaction of the host scores
// or commits.
func hostCut(p place) point {
	want := outcome{nil, nothing}
	if p.step == commit && p.done {
		want.effect = everything
	}
	return point{
		name: "in a host's transaction, cut " + p.String(), provoked: byReset,
		outcome: unavailable.errs[0].Error() + ", or the host's own error at its commit; " + string(want.effect) + " written, the host's work too",
		run: func(x *experiment) {
			tx := x.hostWork()
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			_, err := x.score()
			if p.step != commit {
				assert.ErrorIs(x.t, err, store.ErrUnavailable, x.way.name)
				assert.False(x.t, store.Retryable(err), x.way.name)
			} else {
				assert.NoError(x.t, err, x.way.name)
			}
			assert.Error(x.t, tx.commit(), x.way.name)
			_ = tx.rollback() // it has ended
			x.mustLeave(want)
			assert.Equal(x.t, want.effect, x.hostWorked(), x.way.name)
		},
	}
}

// hostWentIdle is a host that lets its transaction wait for too long before it
// scores in it.
func hostWentIdle() point {
	return point{
		name:     "in a host's transaction, ended because it was idle",
		provoked: "idle_in_transaction_session_timeout",
		outcome:  unavailable.String() + ", the host's work neither",
		run: func(x *experiment) {
			tx := x.hostWork()
			require.NoError(x.t, tx.exec("set local idle_in_transaction_session_timeout = '10ms'"))
			assert.Eventually(x.t, func() bool { return x.sessions("idle in transaction") == 0 }, x.patience, time.Millisecond)
			x.struck.Store(true)
			_, err := x.score()
			assert.ErrorIs(x.t, err, store.ErrUnavailable, x.way.name)
			assert.Error(x.t, tx.commit(), x.way.name)
			_ = tx.rollback() // it has ended
			x.mustLeave(unavailable)
			assert.Equal(x.t, nothing, x.hostWorked(), x.way.name)
		},
	}
}

// sessions counts the sessions in that state, but for the lab's own.
func (x *experiment) sessions(state string) (n int) {
	err := x.Pool.QueryRow(x.t.Context(), `select count(*) from pg_stat_activity
		where datname = current_database() and state = $1 and pid <> pg_backend_pid()`, state).Scan(&n)
	assert.NoError(x.t, err)
	return n
}

// hostTimedOut is a statement that takes too long in a host's transaction: the
// host goes on, and commits what is its own.
func hostTimedOut() point {
	return point{
		name:     "in a host's transaction, lock timeout",
		provoked: "lock_timeout, while another has the wallet's row",
		outcome:  unavailable.String() + ", the host's work is",
		run: func(x *experiment) {
			tx := x.hostWork()
			require.NoError(x.t, tx.exec("set local lock_timeout = '50ms'"))
			rival := x.rival()
			x.struck.Store(true)
			_, err := x.score()
			assert.ErrorIs(x.t, err, store.ErrUnavailable, x.way.name)
			assert.NoError(x.t, tx.commit(), x.way.name)
			require.NoError(x.t, rival.Rollback(x.t.Context()))
			x.mustLeave(unavailable)
			assert.Equal(x.t, everything, x.hostWorked(), x.way.name)
		},
	}
}

func hostRollsBack() point {
	return point{
		name:     "in a host's transaction, rolled back",
		provoked: "the host rolls back after a scoring that succeeded",
		outcome:  "success; nothing written, the host's work neither",
		run: func(x *experiment) {
			tx := x.hostWork()
			x.struck.Store(true)
			result, err := x.score()
			require.NoError(x.t, err, x.way.name)
			assert.True(x.t, same(result, x.course.results, true), x.way.name)
			require.NoError(x.t, tx.rollback())
			x.mustLeave(unavailable)
			assert.Equal(x.t, nothing, x.hostWorked(), x.way.name)
		},
	}
}
