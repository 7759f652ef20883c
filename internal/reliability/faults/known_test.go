package faults_test

import (
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
)

// knowing are the points of a scoring by an engine that knows the wallet: it
// reads no documents, and writes no stamps unless others have replaced them.
func knowing() []point {
	var all []point
	for _, step := range []string{
		begin, "load_wallets", "load_hash_scorer_links", "load_human_points", endLoad,
		"lock_passport", "verify_hash_links", "upsert_score", commit,
	} {
		all = append(all, place{step, false}.cutKnowing(), place{step, true}.cutKnowing())
	}
	for _, p := range []place{{"load_wallets", true}, {"lock_passport", true}, {"upsert_score", true}, {commit, false}, {commit, true}} {
		all = append(all, p.killKnowing())
	}
	for _, step := range []string{begin, "load_wallets", "load_scores", endLoad} {
		all = append(all, place{step, true}.cutLeaving())
	}
	all = append(all, stampsReplaced(place{}), stampsReplacedInHostTx(), changedBack())
	for _, step := range []string{"upsert_passport", "delete_stamps", "bulk_insert_stamps", "read_stamps", commit} {
		all = append(all, stampsReplaced(place{step, false}), stampsReplaced(place{step, true}))
	}
	return all
}

func (p place) cutKnowing() point {
	return point{
		name: "in a scoring of a known wallet, cut " + p.String(), provoked: byReset, outcome: byWay(p.lostAt),
		run: func(x *experiment) {
			x.knowing()
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			x.mustBe(p.lostAt(x.way))
		},
	}
}

func (p place) killKnowing() point {
	return point{
		name: "in a scoring of a known wallet, killed " + p.String(), provoked: bySIGKILL, outcome: byWayEffect(p),
		ways: (*lab).one,
		run: func(x *experiment) {
			x.goes(again)
			x.skip = 1
			x.killAt(p, 0, wire.Cut)
			x.mustLeave(p.lostAt(x.way))
		},
	}
}

// cutLeaving is cut in a scoring that leaves an unchanged score alone. Whatever
// happens nothing is written.
func (p place) cutLeaving() point {
	return point{
		name: "in a scoring that leaves the score alone, cut " + p.String(), provoked: byReset, outcome: unavailable.String(),
		run: func(x *experiment) {
			x.knowing()
			leaving := x.engine.LeavingUnchanged(time.Hour)
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			_, err := leaving.Score(x.ctx, world.One, x.address)
			for _, want := range unavailable.errs {
				assert.ErrorIs(x.t, err, want, x.way.name)
			}
			x.heal()
			assert.Eventually(x.t, func() bool {
				result, err := leaving.Score(x.ctx, world.One, x.address)
				return err == nil && result.Unchanged
			}, x.patience, time.Millisecond, x.way.name)
			x.mustLeave(unavailable)
		},
	}
}

// replacing replaces the wallet's stamps once it has been loaded, as another
// program may, and then takes the action at the place.
func (x *experiment) replacing(p place) {
	var f follower
	var mu sync.Mutex
	replaced := false
	x.way.proxy.Watch(func(s wire.Step) wire.Action {
		mu.Lock()
		defer mu.Unlock()
		switch name := f.name(s); {
		case name == "load_human_points" && s.Done && !replaced:
			replaced = true
			x.exec(`update registry_stamp s set credential = s.credential from registry_passport p
				where p.id = s.passport_id and p.address = $1`, x.address)
		case name == "bulk_insert_stamps" && p == place{}:
			x.struck.Store(replaced) // it has noticed
		case replaced && p.step != "" && name == p.step && s.Done == p.done && !x.struck.Swap(true):
			return wire.Cut
		}
		return wire.Pass
	})
}

// stampsReplaced is a known wallet whose stamps another program replaces while
// it is scored: it is written again, with its stamps, and cut then.
func stampsReplaced(p place) point {
	want := p.lostAt
	name := "stamps replaced, cut " + p.String()
	if (p == place{}) {
		name, want = "stamps replaced", func(*way) outcome { return success }
	}
	return point{
		name: name, provoked: "another program replaces the stamps between Load and Apply", outcome: byWay(want),
		run: func(x *experiment) {
			x.knowing()
			x.replacing(p)
			x.mustBe(want(x.way))
		},
	}
}

// changedBack is a known wallet that has another credential when it is looked
// at, and no longer when its documents are read.
func changedBack() point {
	return point{
		name:     "a known wallet changed, and back",
		provoked: "a credential is there before the versions are read, and gone before the documents are",
		outcome:  success.String(),
		run: func(x *experiment) {
			x.knowing()
			x.Stamp(x.address, "ETH", "account of alice")
			x.at("load_wallets", true, func(wire.Step) wire.Action {
				x.exec("delete from ceramic_cache_ceramiccache where address = $1 and provider = 'ETH'", x.address)
				return wire.Pass
			})
			x.mustBe(success)
		},
	}
}

// stampsReplacedInHostTx is the same in a transaction of the host.
func stampsReplacedInHostTx() point {
	return point{
		name:     "stamps replaced, in a host's transaction",
		provoked: "another program replaces the stamps between Load and Apply", outcome: success.String(),
		run: func(x *experiment) {
			x.knowing()
			tx := x.hostWork()
			x.replacing(place{})
			result, err := x.score()
			require.NoError(x.t, tx.commit(), x.way.name)
			x.mustHave(success, result, err)
			assert.Equal(x.t, everything, x.hostWorked(), x.way.name)
		},
	}
}
