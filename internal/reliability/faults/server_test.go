package faults_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/passporttest"
)

// server are the points of what a server can do to a scoring.
func server() []point {
	return []point{
		whileItWaits("statement timeout", "statement_timeout, while another has the wallet's row", unavailable, nil, "statement_timeout", "100"),
		whileItWaits("lock timeout", "lock_timeout, while another has the wallet's row", unavailable, nil, "lock_timeout", "100"),
		whileItWaits("cancelled while it waits for a lock", "pg_cancel_backend", unavailable, func(x *experiment, pid int) {
			x.exec("select pg_cancel_backend($1)", pid)
		}),
		whileItWaits("terminated while it waits for a lock", "pg_terminate_backend", unavailable, func(x *experiment, pid int) {
			x.exec("select pg_terminate_backend($1)", pid)
		}),
		givenUpWhileItWaits(), deadlocked(), readOnly(),
		terminatedWhileIdle(), terminatedAfterCommit(),
		restarted(place{"upsert_score", true}), restarted(place{commit, false}), restarted(place{commit, true}),
		restartedWhileIdle(), stopped(), tooManyConnections(),
	}
}

func (x *experiment) exec(sql string, args ...any) {
	_, err := x.Pool.Exec(x.t.Context(), sql, args...)
	assert.NoError(x.t, err)
}

// rival is a transaction that has the wallet's row, so that a scoring waits.
func (x *experiment) rival() pgx.Tx {
	x.t.Helper()
	tx, err := x.Pool.Begin(x.t.Context())
	require.NoError(x.t, err)
	_, err = tx.Exec(x.t.Context(), "select from registry_passport where address = $1 for update", x.address)
	require.NoError(x.t, err)
	return tx
}

// waiting returns the server's process that waits for a lock, once there is one.
func (x *experiment) waiting() (pid int) {
	look := func() bool {
		err := x.Pool.QueryRow(x.t.Context(), `select coalesce(max(pid), 0) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&pid)
		return err == nil && pid != 0
	}
	assert.Eventually(x.t, look, x.patience, time.Millisecond)
	return pid
}

// nobodyWaits returns once no process waits for a lock any more.
func (x *experiment) nobodyWaits() {
	assert.Eventually(x.t, func() bool {
		var waiting int
		err := x.Pool.QueryRow(x.t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting)
		return err == nil && waiting == 0
	}, x.patience, time.Millisecond)
}

// whileItWaits does something to a scoring that waits for a lock, or lets the
// parameters do it.
func whileItWaits(name, provoked string, want outcome, strike func(x *experiment, pid int), parameters ...string) point {
	return point{
		name: name, provoked: provoked, outcome: want.String(),
		run: func(t *testing.T, l *lab) {
			for i, by := range l.ways(parameters...) {
				x := l.experiment(by, alice)
				rival := x.rival()
				var result *passport.Result
				var err error
				scored := make(chan struct{})
				go func() {
					defer close(scored)
					result, err = x.score()
				}()
				if strike != nil {
					strike(x, x.waiting())
				}
				<-scored
				x.struck.Store(true)
				x.nobodyWaits()
				require.NoError(t, rival.Rollback(t.Context()))
				x.way = l.by[i] // to repeat without those parameters
				assert.Empty(t, x.judge(want, result, err), by.name)
			}
		},
	}
}

// givenUpWhileItWaits is a scoring whose context ends while it waits for a lock.
// Sent as a batch, it may be committed once the lock is there, if the server has
// not heard of that.
func givenUpWhileItWaits() point {
	want := func(by *way) outcome {
		if by.batched {
			return lost.and(context.Canceled)
		}
		return cancelled
	}
	return point{
		name: "given up while it waits for a lock", provoked: "the context is cancelled", outcome: byWay(want),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				rival := x.rival()
				go func() {
					x.waiting()
					x.struck.Store(true)
					x.cancel()
				}()
				result, err := x.score()
				x.nobodyWaits()
				require.NoError(t, rival.Rollback(t.Context()))
				assert.Empty(t, x.judge(want(by), result, err), by.name)
			}
		},
	}
}

// deadlocked is a scoring that meets a stranger's transaction which locks in
// another order. The scoring is the victim, because it looks for a deadlock
// first.
func deadlocked() point {
	return point{
		name: "deadlock with a stranger", provoked: "a transaction of a stranger locks a claim and then the wallet's row", outcome: success.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.ways("deadlock_timeout", "500") {
				x := l.experiment(by, alice)
				x.claimForLess()
				stranger, err := x.Pool.Begin(t.Context())
				require.NoError(t, err)
				_, err = stranger.Exec(t.Context(), "set local deadlock_timeout = '60s'")
				require.NoError(t, err)
				_, err = stranger.Exec(t.Context(), "select from registry_hashscorerlink where address = $1 for update", alice)
				require.NoError(t, err)
				ended := make(chan error, 1)
				go func() {
					x.waiting()
					_, err := stranger.Exec(t.Context(), "select from registry_passport where address = $1 for update", alice)
					x.struck.Store(err == nil)
					ended <- stranger.Rollback(t.Context())
				}()
				var attempts int
				result, err := x.atNoon(x.on, passport.WithObserver(func(_ context.Context, o passport.Observation) { attempts = o.Attempts })).
					Score(x.ctx, world.One, x.address)
				require.NoError(t, <-ended)
				assert.Empty(t, x.judge(success, result, err), by.name)
				assert.Greater(t, attempts, 1, by.name)
			}
		},
	}
}

// claimForLess lets the wallet hold a claim for less long than the scoring
// wants, so that it updates a row.
func (x *experiment) claimForLess() {
	x.exec(`insert into registry_hashscorerlink (hash, community_id, address, expires_at) values ($1, 1, $2, '2031-01-01')`,
		passporttest.Nullifier("Github", "account of alice"), x.address)
}

func readOnly() point {
	return point{
		name: "read-only", provoked: "default_transaction_read_only, as on a primary that has become a replica",
		outcome: unavailable.String() + "; lib/pq asks for a transaction that writes, and gets it",
		run: func(t *testing.T, l *lab) {
			for i, by := range l.ways("default_transaction_read_only", "on") {
				x := l.experiment(by, alice)
				x.struck.Store(true)
				result, err := x.score()
				want := unavailable
				if by.pq {
					want = success
				}
				x.way = l.by[i] // to repeat without that parameter
				assert.Empty(t, x.judge(want, result, err), by.name)
			}
		},
	}
}

func terminatedWhileIdle() point {
	return point{
		name: "terminated while idle", provoked: "pg_terminate_backend between two scorings",
		outcome: unavailable.String() + "; or success, when the pool notices",
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				x.exec(`select pg_terminate_backend(pid, 10000) from pg_stat_activity
					where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`)
				x.struck.Store(true)
				result, err := x.score()
				assert.Empty(t, x.judge(orSuccess(unavailable, err), result, err), by.name)
			}
			for _, by := range l.by { // the others lost theirs as well
				assert.Eventually(t, func() bool { return by.afterwards(t.Context()) == nil }, l.patience, time.Millisecond, by.name)
			}
		},
	}
}

// orSuccess is success if there is no error.
func orSuccess(want outcome, err error) outcome {
	if err == nil {
		return success
	}
	return want
}

func terminatedAfterCommit() point {
	return point{
		name: "terminated after the commit", provoked: "pg_terminate_backend, and then the answer arrives", outcome: success.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				x.at(commit, true, func(s wire.Step) wire.Action {
					x.terminate(s.PID)
					return wire.Pass
				})
				assert.Empty(t, x.run(success), by.name)
			}
		},
	}
}
