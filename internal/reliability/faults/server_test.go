package faults_test

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/passporttest"
)

// server are the points of a server.
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

// waiting returns the server's process that waits for a lock, once there is
// one.
func (x *experiment) waiting() (pid int) {
	look := func() bool {
		err := x.Pool.QueryRow(x.t.Context(), `select coalesce(max(pid), 0) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&pid)
		return err == nil && pid != 0
	}
	assert.Eventually(x.t, look, x.patience, time.Millisecond)
	return pid
}

// noneWaits returns once no process waits for a lock any more.
func (x *experiment) noneWaits() {
	assert.Eventually(x.t, func() bool {
		var waiting int
		err := x.Pool.QueryRow(x.t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting)
		return err == nil && waiting == 0
	}, x.patience, time.Millisecond)
}

// whileItWaits disturbs a scoring that waits for a lock, or has parameters that
// do.
func whileItWaits(name, provoked string, want outcome, strike func(x *experiment, pid int), parameters ...string) point {
	return point{
		name: name, provoked: provoked, outcome: want.String(),
		ways: func(l *lab) []*way { return l.ways(parameters...) },
		run: func(x *experiment) {
			rival := x.rival()
			var result results
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
			x.noneWaits()
			require.NoError(x.t, rival.Rollback(x.t.Context()))
			x.without()
			x.mustHave(want, result, err)
		},
	}
}

// givenUpWhileItWaits is a scoring whose context ends while it waits for a
// lock. Sent as a batch, it may be committed once the lock is there, if the
// server has not noticed.
func givenUpWhileItWaits() point {
	want := func(by *way) outcome {
		if by.batched {
			return lost.and(context.Canceled)
		}
		return cancelled
	}
	return point{
		name: "given up while it waits for a lock", provoked: "the context is cancelled", outcome: byWay(want),
		run: func(x *experiment) {
			rival := x.rival()
			go func() {
				x.waiting()
				x.struck.Store(true)
				x.cancel()
			}()
			result, err := x.score()
			x.noneWaits()
			require.NoError(x.t, rival.Rollback(x.t.Context()))
			x.mustHave(want(x.way), result, err)
		},
	}
}

// deadlocked is a scoring that meets a stranger's transaction which locks in
// another order. The scoring is the victim, because it looks for a deadlock
// first.
func deadlocked() point {
	return point{
		name:     "deadlock with a stranger",
		provoked: "a transaction of a stranger locks a claim and then the wallet's row",
		outcome:  success.String(),
		ways:     func(l *lab) []*way { return l.ways("deadlock_timeout", "500") },
		run: func(x *experiment) {
			x.claimForLess()
			stranger, err := x.Pool.Begin(x.t.Context())
			require.NoError(x.t, err)
			_, err = stranger.Exec(x.t.Context(), "set local deadlock_timeout = '60s'")
			require.NoError(x.t, err)
			_, err = stranger.Exec(x.t.Context(), "select from registry_hashscorerlink where address = $1 for update", alice)
			require.NoError(x.t, err)
			ended := make(chan error, 1)
			go func() {
				x.waiting()
				_, err := stranger.Exec(x.t.Context(), "select from registry_passport where address = $1 for update", alice)
				x.struck.Store(err == nil)
				ended <- stranger.Rollback(x.t.Context())
			}()
			var attempts int
			result, err := x.atNoon(x.on, passport.WithObserver(func(_ context.Context, o passport.Observation) { attempts = o.Attempts })).
				Score(x.ctx, world.One, x.address)
			require.NoError(x.t, <-ended)
			x.mustHave(success, results{result}, err)
			assert.Greater(x.t, attempts, 1, x.way.name)
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
		ways:    func(l *lab) []*way { return l.ways("default_transaction_read_only", "on") },
		run: func(x *experiment) {
			x.struck.Store(true)
			result, err := x.score()
			want := unavailable
			if x.way.pq {
				want = success
			}
			x.without()
			x.mustHave(want, result, err)
		},
	}
}

func terminatedWhileIdle() point {
	return point{
		name: "terminated while idle", provoked: "pg_terminate_backend between two scorings",
		outcome: unavailable.String() + "; or success, when the pool notices",
		run: func(x *experiment) {
			x.exec(`select pg_terminate_backend(pid, 10000) from pg_stat_activity
				where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`)
			x.struck.Store(true)
			result, err := x.score()
			x.mustHave(orSuccess(unavailable, err), result, err)
			for _, by := range x.by { // the others lost theirs as well
				assert.Eventually(x.t, func() bool { return by.afterwards(x.t.Context()) == nil }, x.patience, time.Millisecond, by.name)
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
		name:     "terminated after the commit",
		provoked: "pg_terminate_backend, and then the answer arrives",
		outcome:  success.String(),
		run: func(x *experiment) {
			x.at(commit, true, x.terminate)
			x.mustBe(success)
		},
	}
}
