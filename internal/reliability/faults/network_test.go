package faults_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// network are the points of what else can happen on the wire.
func network() []point {
	all := []point{
		refused(), resetWhileIdle(), halfOpenAtConnect(), halfOpenAtCommit(), poolThatGetsNoConnection(),
		oneByteAtATime(), slow(),
	}
	for _, p := range []place{
		{connect, false}, {prepareLoad, false}, {prepareLoad, true}, {prepareWrites, false}, {prepareWrites, true},
	} {
		all = append(all, p.cutWhenNew())
	}
	for _, p := range []place{{load, false}, {load, true}, {"upsert_score", false}, {"upsert_score", true}, {commit, false}, {commit, true}} {
		all = append(all,
			p.strike("torn", "half of what is under way arrives, and the connection ends", wire.Tear, p.lostAt),
			p.strike("garbled", "noise arrives in the place of what is under way", wire.Garble, p.garbledAt))
	}
	return all
}

// garbledAt is what comes of noise there: what has been sent behind it is still
// done, unless the server hears of the end of the connection before, and database/sql does not tell what cannot be understood as a loss.
func (p place) garbledAt(by *way) outcome {
	switch o := p.lostAt(by); {
	case p.done && by.batched && p.step != load:
		return outcome{[]error{store.ErrUnknownOutcome}, either}
	case p.done && !by.batched && p.step != commit:
		return outcome{[]error{store.ErrFault}, nothing}
	default:
		return o
	}
}

func (p place) strike(name, provoked string, action wire.Action, want func(*way) outcome) point {
	return point{
		name: name + " " + p.String(), provoked: provoked, outcome: byWay(want),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				x.at(p.step, p.done, func(wire.Step) wire.Action { return action })
				assert.Empty(t, x.run(want(by)), by.name)
			}
		},
	}
}

// cutWhenNew is cut on a connection that is new.
func (p place) cutWhenNew() point {
	return point{
		name: "cut " + p.String(), provoked: "a new connection is reset on both sides", outcome: unavailable.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.ways() {
				if by.prepares() || p.step == connect {
					x := l.experiment(by, alice)
					x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
					assert.Empty(t, x.run(unavailable), by.name)
				}
			}
		},
	}
}

func refused() point {
	return point{
		name: "refused", provoked: "nothing listens at the server's port", outcome: unavailable.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.ways() {
				x := l.experiment(by, alice)
				require.NoError(t, by.proxy.Down())
				x.struck.Store(true)
				result, err := x.score()
				require.NoError(t, by.proxy.Up())
				assert.Empty(t, x.judge(unavailable, result, err), by.name)
			}
		},
	}
}

func resetWhileIdle() point {
	return point{
		name: "reset while idle", provoked: "all connections of the pool are reset between two scorings",
		outcome: unavailable.String() + "; or success, when the pool notices",
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				require.NoError(t, by.proxy.Down())
				require.NoError(t, by.proxy.Up())
				x.struck.Store(true)
				result, err := x.score()
				assert.Empty(t, x.judge(orSuccess(unavailable, err), result, err), by.name)
			}
		},
	}
}

// deadline is what a host gives a scoring that is not to hang.
const deadline = 2 * time.Second

func halfOpenAtConnect() point {
	want := outcome{[]error{context.DeadlineExceeded}, nothing}
	return point{
		name: "half-open when connecting", provoked: "the server takes the connection and says nothing, until the context's deadline", outcome: want.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.ways() {
				x := l.experiment(by, alice)
				x.within(deadline)
				x.at(connect, false, func(wire.Step) wire.Action { return wire.Stall })
				assert.Empty(t, x.run(want), by.name)
			}
		},
	}
}

func halfOpenAtCommit() point {
	want := committed.and(context.DeadlineExceeded)
	return point{
		name: "half-open at the commit", provoked: "the answer to the commit never comes, until the context's deadline", outcome: want.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				x.within(deadline)
				x.at(commit, true, func(wire.Step) wire.Action { return wire.Stall })
				assert.Empty(t, x.run(want), by.name)
			}
		},
	}
}

func poolThatGetsNoConnection() point {
	return point{
		name: "half-open under OpenPool", provoked: "the server takes the connection and says nothing; the context has no deadline", outcome: unavailable.String(),
		run: func(t *testing.T, l *lab) {
			by := l.byPool()
			pool, err := pgstore.OpenPool(t.Context(), by.url)
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			x := l.experiment(by, alice)
			x.on = pgstore.New(pool)
			x.at(connect, false, func(wire.Step) wire.Action { return wire.Stall })
			assert.Empty(t, x.run(unavailable))
		},
	}
}

func oneByteAtATime() point {
	return point{
		name: "one byte at a time", provoked: "everything passes, one byte after another", outcome: success.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				by.proxy.Pace(1, 0)
				x.struck.Store(true)
				assert.Empty(t, x.run(success), by.name)
			}
		},
	}
}

func slow() point {
	return point{
		name: "slow", provoked: "5 ms before each message in either direction", outcome: success.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				by.proxy.Pace(0, 5*time.Millisecond)
				x.struck.Store(true)
				assert.Empty(t, x.run(success), by.name)
			}
		},
	}
}
