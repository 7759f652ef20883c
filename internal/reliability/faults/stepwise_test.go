package faults_test

import (
	"context"
	"slices"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/store"
)

// place is a step, before or after it.
type place struct {
	step string
	done bool
}

func (p place) String() string {
	if p.done {
		return "after " + p.step
	}
	return "before " + p.step
}

func places() []place {
	var all []place
	for _, step := range steps() {
		all = append(all, place{step, false}, place{step, true})
	}
	return all
}

// lostAt is the outcome of a connection that is lost there.
func (p place) lostAt(by *way) outcome {
	switch {
	case isReading(p.step):
		return unavailable
	case p.step == commit && p.done:
		return committed
	case p.step == commit || by.batched:
		return lost
	}
	return unavailable
}

// stalledAt is the outcome of a connection on which nothing passes any more,
// when the scoring is cancelled.
func (p place) stalledAt(by *way) outcome {
	o := p.lostAt(by)
	if slices.Contains(o.errs, store.ErrUnknownOutcome) {
		return o.and(context.Canceled)
	}
	return outcome{[]error{context.Canceled}, o.effect}
}

// stepwise are the points at each step of a scoring, by every way.
func stepwise() []point {
	var all []point
	for _, p := range places() {
		all = append(all, p.cut(), p.stall())
		if !p.done {
			all = append(all, p.terminate())
		}
	}
	return all
}

// struck is the point of a scoring that is disturbed at the place.
func (p place) struck(name, provoked string, want func(*way) outcome, strike func(x *experiment, s wire.Step) wire.Action) point {
	return point{
		name: name + " " + p.String(), provoked: provoked, outcome: byWay(want),
		run: func(x *experiment) {
			x.at(p.step, p.done, func(s wire.Step) wire.Action { return strike(x, s) })
			x.mustBe(want(x.way))
		},
	}
}

// always is the disturbance that takes the action.
func always(action wire.Action) func(*experiment, wire.Step) wire.Action {
	return func(*experiment, wire.Step) wire.Action { return action }
}

const byReset = "the connection is reset on both sides"

func (p place) cut() point { return p.struck("cut", byReset, p.lostAt, always(wire.Cut)) }

func (p place) stall() point {
	return p.struck("stalled", "nothing passes any more, on any connection, and the scoring is cancelled", p.stalledAt,
		func(x *experiment, _ wire.Step) wire.Action {
			x.cancel()
			return wire.Stall
		})
}

func (p place) terminate() point {
	want := func(by *way) outcome {
		if p.step == commit && by.pq {
			return lost
		}
		return unavailable
	}
	terminated := p.struck("terminated", "pg_terminate_backend", want, (*experiment).terminate)
	terminated.outcome += "; at the commit over lib/pq, which loses the server's last message: " + lost.String()
	return terminated
}

func byWay(expected func(*way) outcome) string {
	pool, db := expected(&way{batched: true}).String(), expected(&way{}).String()
	if pool == db {
		return pool
	}
	return "over pgx: " + pool + "; over database/sql: " + db
}

// terminate ends the server's process, and returns when it has ended.
func (x *experiment) terminate(s wire.Step) wire.Action {
	_, err := x.Pool.Exec(x.t.Context(), "select pg_terminate_backend($1, 10000)", s.PID)
	assert.NoError(x.t, err)
	return wire.Pass
}
