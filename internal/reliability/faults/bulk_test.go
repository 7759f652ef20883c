package faults_test

import (
	"slices"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
)

// batched are the points of several wallets that are scored in one batch: both
// are written, or neither.
func batched() []point {
	var all []point
	steps := slices.Concat([]string{begin, load, "load_scores", "load_human_points", endLoad}, writing(), []string{commit})
	for _, step := range steps {
		all = append(all, place{step, false}.cutBatch(), place{step, true}.cutBatch(), place{step, true}.killBatch())
	}
	for _, p := range []place{{load, true}, {"upsert_score", true}, {commit, false}, {commit, true}} {
		all = append(all, p.cutBatchAndTriedAgain())
	}
	return all
}

// together is a course of a batch, by an engine that gives up so often.
func (x *experiment) together(attempts uint64) {
	x.goes(together)
	x.engine = x.atNoon(x.on, passport.WithRetry(func() retry.Backoff {
		return retry.WithMaxRetries(attempts, retry.NewConstant(time.Millisecond))
	}))
}

func (p place) cutBatch() point {
	return point{
		name: "in a batch, cut " + p.String(), provoked: byReset, outcome: byWay(p.lostAt),
		ways: func(l *lab) []*way { return []*way{l.by[0], l.by[2]} },
		run: func(x *experiment) {
			x.together(0)
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			x.mustBe(p.lostAt(x.way))
		},
	}
}

func (p place) killBatch() point {
	return point{
		name: "in a batch, killed " + p.String(), provoked: bySIGKILL, outcome: byWayEffect(p),
		ways: (*lab).one,
		run: func(x *experiment) {
			x.goes(together)
			x.killAt(p, 0, wire.Cut)
			x.mustLeave(p.lostAt(x.way))
		},
	}
}

// cutBatchAndTriedAgain is a run that goes on by itself: a batch that was lost
// is written once, one whose commit was not answered once more.
func (p place) cutBatchAndTriedAgain() point {
	return point{
		name: "in a batch, cut " + p.String() + ", and tried again", provoked: byReset, outcome: "success",
		run: func(x *experiment) {
			x.together(connections + 1)
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			results, err := x.score()
			x.heal()
			assert.NoError(x.t, err, x.way.name)
			assert.Len(x.t, results, len(x.course.addresses), x.way.name)
			want := x.course.once
			if p.lostAt(x.way).effect == everything {
				want = x.course.twice
			}
			assert.Equal(x.t, want, x.state(), x.way.name)
			x.mustBeWhole()
		},
	}
}
