package faults_test

import (
	"context"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// network are the other points on the wire.
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
			p.struck("torn", "half of what is under way arrives, and the connection ends", p.lostAt, always(wire.Tear)),
			p.struck("garbled", "noise arrives in the place of what is under way", p.garbledAt, always(wire.Garble)))
	}
	return all
}

// garbledAt is the outcome of noise there: the statements behind it are still
// carried out, unless the server notices the end of the connection before, and
// database/sql does not report an answer that it cannot read as a loss.
func (p place) garbledAt(by *way) outcome {
	switch o := p.lostAt(by); {
	case p.done && by.batched && !isReading(p.step):
		return outcome{[]error{store.ErrUnknownOutcome}, either}
	case p.done && !by.batched && p.step != commit:
		return outcome{[]error{store.ErrInternal}, nothing}
	default:
		return o
	}
}

// cutWhenNew is cut on a connection that is new.
func (p place) cutWhenNew() point {
	cut := p.struck("cut", "a new connection is reset on both sides", func(*way) outcome { return unavailable }, always(wire.Cut))
	cut.ways = func(l *lab) []*way {
		return slices.DeleteFunc(l.ways(), func(by *way) bool { return p.step != connect && !by.prepares() })
	}
	return cut
}

func refused() point {
	return point{
		name: "refused", provoked: "nothing listens at the server's port", outcome: unavailable.String(),
		ways: (*lab).fresh,
		run: func(x *experiment) {
			require.NoError(x.t, x.way.proxy.Down())
			x.struck.Store(true)
			result, err := x.score()
			require.NoError(x.t, x.way.proxy.Up())
			x.mustHave(unavailable, result, err)
		},
	}
}

func resetWhileIdle() point {
	return point{
		name: "reset while idle", provoked: "all connections of the pool are reset between two scorings",
		outcome: unavailable.String() + "; or success, when the pool notices",
		run: func(x *experiment) {
			require.NoError(x.t, x.way.proxy.Down())
			require.NoError(x.t, x.way.proxy.Up())
			x.struck.Store(true)
			result, err := x.score()
			x.mustHave(orSuccess(unavailable, err), result, err)
		},
	}
}

// deadline is that of a host whose scoring is not to hang.
const deadline = 2 * time.Second

func halfOpenAtConnect() point {
	want := outcome{[]error{context.DeadlineExceeded}, nothing}
	return point{
		name:     "half-open when connecting",
		provoked: "the server takes the connection and says nothing, until the context's deadline",
		outcome:  want.String(),
		ways:     (*lab).fresh,
		run: func(x *experiment) {
			x.within(deadline)
			x.at(connect, false, func(wire.Step) wire.Action { return wire.Stall })
			x.mustBe(want)
		},
	}
}

func halfOpenAtCommit() point {
	want := committed.and(context.DeadlineExceeded)
	return point{
		name:     "half-open at the commit",
		provoked: "the answer to the commit never comes, until the context's deadline",
		outcome:  want.String(),
		run: func(x *experiment) {
			x.within(deadline)
			x.at(commit, true, func(wire.Step) wire.Action { return wire.Stall })
			x.mustBe(want)
		},
	}
}

func poolThatGetsNoConnection() point {
	return point{
		name:     "half-open under OpenPool",
		provoked: "the server takes the connection and says nothing; the context has no deadline",
		outcome:  unavailable.String(),
		ways:     func(l *lab) []*way { return []*way{l.byPool()} },
		run: func(x *experiment) {
			pool, err := pgstore.OpenPool(x.t.Context(), x.way.url)
			require.NoError(x.t, err)
			x.t.Cleanup(pool.Close)
			x.on = pgstore.New(pool)
			x.at(connect, false, func(wire.Step) wire.Action { return wire.Stall })
			x.mustBe(unavailable)
		},
	}
}

func oneByteAtATime() point {
	return point{
		name:     "one byte at a time",
		provoked: "everything passes, one byte after another",
		outcome:  success.String(),
		run: func(x *experiment) {
			x.way.proxy.Pace(1, 0)
			x.struck.Store(true)
			x.mustBe(success)
		},
	}
}

func slow() point {
	return point{
		name: "slow", provoked: "5 ms before each message in either direction", outcome: success.String(),
		run: func(x *experiment) {
			x.way.proxy.Pace(0, 5*time.Millisecond)
			x.struck.Store(true)
			x.mustBe(success)
		},
	}
}
