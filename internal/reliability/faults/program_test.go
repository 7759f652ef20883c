package faults_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/passporttest"
)

// program are the points of how a program scores.
func program() []point {
	all := []point{
		poolOfOne(), poolOfOneCut(), cutWhileAnotherWaits(),
		engineClock("6 hours behind", -6*time.Hour), engineClock("6 hours ahead", 6*time.Hour), clocksApart(),
		hostClock("decades behind", 0), hostClock("decades ahead", 60*365*24*time.Hour),
	}
	for _, p := range []place{{"upsert_passport", true}, {commit, false}, {commit, true}} {
		all = append(all, p.cutFirst())
	}
	return all
}

// cutFirst is cut in the first scoring of a wallet.
func (p place) cutFirst() point {
	return point{
		name: "in a first scoring, cut " + p.String(), provoked: byReset, outcome: byWay(p.lostAt),
		run: func(x *experiment) {
			x.goes(dave)
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			x.mustBe(p.lostAt(x.way))
		},
	}
}

// narrow returns ways with one connection each.
func (l *lab) narrow() []*way {
	ways := []*way{l.byPool("pool_max_conns", "1"), l.bySQL("pgx"), l.bySQL("postgres")}
	for _, by := range ways[1:] {
		by.limit(1)
	}
	return ways
}

// crowd scores two wallets in two communities, four times each, all at once,
// and returns the errors.
func (x *experiment) crowd() []error {
	engine := x.atNoon(x.on)
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for range 4 {
		for _, address := range []string{alice, dave} {
			for _, community := range []int64{world.One, world.Two} {
				all.Go(func() {
					if _, err := engine.Score(x.ctx, community, address); err != nil {
						mu.Lock()
						defer mu.Unlock()
						errs = append(errs, err)
					}
				})
			}
		}
	}
	all.Wait()
	return errs
}

const crowd = 16 // scorings of it

// scorings counts those that were written at noon.
func (x *experiment) scorings() (n int) {
	err := x.Pool.QueryRow(x.t.Context(), "select count(*) from registry_event where action = 'SCU' and created_at = $1", noon).Scan(&n)
	assert.NoError(x.t, err)
	return n
}

func poolOfOne() point {
	return point{
		name: "pool of one", provoked: "16 scorings at once share one connection", outcome: "success of all",
		ways: (*lab).narrow,
		run: func(x *experiment) {
			assert.Empty(x.t, x.crowd(), x.way.name)
			assert.Equal(x.t, crowd, x.scorings(), x.way.name)
			x.mustBeWhole()
		},
	}
}

func poolOfOneCut() point {
	return point{
		name:     "pool of one, cut",
		provoked: "16 scorings at once share one connection, which is reset in the middle of one",
		outcome:  "one fails as it does alone, the others succeed",
		ways:     (*lab).narrow,
		run: func(x *experiment) {
			p := place{"bulk_insert_stamps", true}
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			errs := x.crowd()
			require.Len(x.t, errs, 1, x.way.name)
			assert.ErrorIs(x.t, errs[0], p.lostAt(x.way).errs[0], x.way.name)
			assert.Equal(x.t, crowd-1, x.scorings(), x.way.name)
			x.mustBeWhole()
		},
	}
}

// mustBeWhole is mustHave where more than one scoring was disturbed: the
// invariants must hold, and nothing may be left.
func (x *experiment) mustBeWhole() {
	x.heal()
	j := judgement{experiment: x}
	j.nothingLeft()
	j.consistent()
	j.connections()
	assert.Empty(x.t, j.faults, x.way.name)
}

// cutWhileAnotherWaits is a scoring that is lost while another of the wallet
// waits for it: the other goes on as if nothing had been.
func cutWhileAnotherWaits() point {
	return point{
		name:     "cut while another scoring of the wallet waits",
		provoked: "the connection of the first is reset on both sides",
		outcome:  "success of the other",
		run: func(x *experiment) {
			x.at("bulk_insert_stamps", true, func(wire.Step) wire.Action {
				x.waiting()
				return wire.Cut
			})
			outcomes, errs := make([]results, 2), make([]error, 2)
			var both sync.WaitGroup
			for i := range 2 {
				both.Go(func() { outcomes[i], errs[i] = x.score() })
			}
			both.Wait()
			first, other := 0, 1
			if errs[first] == nil {
				first, other = other, first
			}
			assert.Error(x.t, errs[first], x.way.name)
			x.mustHave(success, outcomes[other], errs[other])
		},
	}
}

// engineClock is an engine that goes by a clock of the host's, which is wrong.
func engineClock(name string, wrong time.Duration) point {
	return point{
		name:     "engine's clock " + name,
		provoked: "WithClock, of a host that does not go by the database's",
		outcome:  "success, at that clock's time; the invariants hold",
		run: func(x *experiment) {
			at := noon.Add(wrong)
			engine := x.Engine(x.on, passport.WithClock(func() time.Time { return at }))
			for _, address := range []string{alice, dave, bob} {
				result, err := engine.Score(x.ctx, world.One, address)
				require.NoError(x.t, err, x.way.name)
				assert.Equal(x.t, at, result.ScoredAt, x.way.name)
			}
			x.mustBeWhole()
		},
	}
}

// clocksApart are hosts whose clocks differ, while a claim ends: by one of them
// it has, by the other it has not. The claim always has one holder, who counts
// it.
func clocksApart() point {
	return point{
		name:     "clocks apart",
		provoked: "two hosts with WithClock, 12 hours apart, score around the end of a claim",
		outcome:  "success, and one holder at any time",
		run: func(x *experiment) {
			account := "contested by " + x.way.name
			erin, frank := passporttest.Address(account+" erin"), passporttest.Address(account+" frank")
			x.Stamp(erin, "Github", account, passporttest.ExpiresAt(noon))
			x.Stamp(frank, "Github", account)
			at := func(clock time.Time) *passport.Engine {
				return x.Engine(x.on, passport.WithClock(func() time.Time { return clock }))
			}
			behind, ahead := at(noon.Add(-6*time.Hour)), at(noon.Add(6*time.Hour))
			for _, turn := range []struct {
				engine  *passport.Engine
				address string
				counts  bool
			}{
				{behind, erin, true}, {behind, frank, false}, {ahead, frank, true}, {behind, erin, false}, {ahead, erin, false}, {behind, frank, true},
			} {
				result, err := turn.engine.Score(x.ctx, world.One, turn.address)
				require.NoError(x.t, err, x.way.name)
				assert.Equal(x.t, turn.counts, result.Score.Sign() > 0, x.way.name)
				x.mustBeWhole()
			}
		},
	}
}

// hostClock is a host whose own clock is wrong, and an engine without a clock
// of its own: the time is the database's. The host's clock begins with the year
// 2000.
func hostClock(name string, ahead time.Duration) point {
	return point{
		name:     "host's clock " + name,
		provoked: "the program's clock is wrong, in a bubble of testing/synctest",
		outcome:  "success, at the database's time",
		ways:     (*lab).one,
		run: func(x *experiment) {
			before := x.clock()
			var scored time.Time
			synctest.Test(x.t, func(t *testing.T) {
				time.Sleep(ahead)
				inBubble := *x.lab
				inBubble.t, inBubble.World = t, x.In(t)
				by := inBubble.byPool()
				result, err := inBubble.Engine(by.store).Score(t.Context(), world.One, alice)
				require.NoError(t, err)
				assert.NotEqual(t, time.Now().Year(), result.ScoredAt.Year())
				scored = result.ScoredAt
			})
			assert.False(x.t, scored.Before(before) || scored.After(x.clock()), "%v", scored)
			x.mustBeWhole()
		},
	}
}

// clock returns the database's.
func (x *experiment) clock() (now time.Time) {
	assert.NoError(x.t, x.Pool.QueryRow(x.t.Context(), "select clock_timestamp()").Scan(&now))
	return now
}
