package faults_test

import (
	"context"
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

// stepwise are the points at each step of a scoring, by every way.
func stepwise() []point {
	var all []point
	for _, p := range places() {
		all = append(all, point{
			name:     "cut " + p.String(),
			provoked: "the connection is reset on both sides",
			outcome:  "over pgx: " + p.lostAt(&way{batched: true}).String() + ". Over database/sql: " + p.lostAt(&way{}).String(),
			run: func(t *testing.T, l *lab) {
				for _, by := range l.by {
					x := l.experiment(by, alice)
					x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
					assert.Empty(t, x.run(p.lostAt(by)), by.name)
				}
			},
		})
	}
	return all
}

var (
	_ = context.Canceled
	_ = store.ErrConflict
)
