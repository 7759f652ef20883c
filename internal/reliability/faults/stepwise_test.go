package faults_test

import (
	"context"
	"slices"
	"testing"

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

// lostAt is what comes of a connection that is lost there.
func (p place) lostAt(by *way) outcome {
	switch {
	case p.step == load || p.step == endLoad:
		return unavailable
	case p.step == commit && p.done:
		return committed
	case p.step == commit || by.batched:
		return lost
	}
	return unavailable
}

// stalledAt is what comes of a connection on which nothing passes any more,
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

func (p place) cut() point {
	return point{
		name:     "cut " + p.String(),
		provoked: "the connection is reset on both sides",
		outcome:  byWay(p.lostAt),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
				assert.Empty(t, x.run(p.lostAt(by)), by.name)
			}
		},
	}
}

func (p place) stall() point {
	return point{
		name:     "stalled " + p.String(),
		provoked: "nothing passes any more, on any connection, and the scoring is cancelled",
		outcome:  byWay(p.stalledAt),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				x.at(p.step, p.done, func(wire.Step) wire.Action {
					x.cancel()
					return wire.Stall
				})
				assert.Empty(t, x.run(p.stalledAt(by)), by.name)
			}
		},
	}
}

func (p place) terminate() point {
	return point{
		name:     "terminated " + p.String(),
		provoked: "pg_terminate_backend",
		outcome:  unavailable.String() + "; at the commit over lib/pq, which does not tell what the server says: " + lost.String(),
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x, want := l.experiment(by, alice), unavailable
				if p.step == commit && by.pq {
					want = lost
				}
				x.at(p.step, p.done, func(s wire.Step) wire.Action {
					x.terminate(s.PID)
					return wire.Pass
				})
				assert.Empty(t, x.run(want), by.name)
			}
		},
	}
}

func byWay(expected func(*way) outcome) string {
	pool, db := expected(&way{batched: true}).String(), expected(&way{}).String()
	if pool == db {
		return pool
	}
	return "over pgx: " + pool + "; over database/sql: " + db
}

// terminate ends a process of the server, and returns when it has ended.
func (x *experiment) terminate(pid uint32) {
	_, err := x.Pool.Exec(x.t.Context(), "select pg_terminate_backend($1, 10000)", pid)
	assert.NoError(x.t, err)
}
