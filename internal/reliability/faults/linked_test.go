package faults_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// erin was linked with alice before dave was. Alice is the canonical wallet of
// both groups, so that the claim of the first is replaced.
var erin = passporttest.Address("erin")

// linkedGroup is a source of groups: dave and alice are one person.
type linkedGroup struct{}

func (linkedGroup) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	groups, wallets := make([]passport.Group, len(addresses)), []passport.Address{store.Address(dave), store.Address(alice)}
	for i, address := range addresses {
		if slices.Contains(wallets, address) {
			groups[i] = passport.Group{ID: "alice", Wallets: wallets}
		}
	}
	return groups, nil
}

// linkedBefore leaves the claim of the group of before.
func (l *lab) linkedBefore() {
	l.t.Helper()
	key := store.GroupKey([]store.Address{store.Address(alice), store.Address(erin)})
	l.Exec(fmt.Sprintf(`insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
		values ('%s', '%s', '2030-06-01 08:00:00Z', %d)`, key, alice, world.One))
}

// options are those of the engine that the course needs.
func (c *course) options() []passport.Option {
	if !c.linked {
		return nil
	}
	return []passport.Option{passport.WithGroups(linkedGroup{}, passport.FailScoring)}
}

// inGroup are the points of a group of wallets: all of them are written, with
// the claim of the group, or none.
func inGroup() []point {
	var all []point
	steps := slices.Concat([]string{begin, load, "load_group_claims", "load_scores", "load_human_points", endLoad}, writing(), writingGroup(), []string{commit})
	for _, step := range steps {
		all = append(all, place{step, false}.cutGroup(), place{step, true}.cutGroup(), place{step, true}.killGroup())
	}
	return append(all, place{commit, false}.killGroup())
}

func (p place) cutGroup() point {
	return point{
		name: "in a group, cut " + p.String(), provoked: byReset, outcome: byWay(p.lostAt),
		ways: func(l *lab) []*way { return []*way{l.by[0], l.by[2]} },
		run: func(x *experiment) {
			x.goes(linked)
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			x.mustBe(p.lostAt(x.way))
		},
	}
}

func (p place) killGroup() point {
	return point{
		name: "in a group, killed " + p.String(), provoked: bySIGKILL, outcome: byWayEffect(p),
		ways: (*lab).one,
		run: func(x *experiment) {
			x.goes(linked)
			x.killAt(p, 0, wire.Cut)
			x.mustLeave(p.lostAt(x.way))
		},
	}
}

// A store that writes a group in parts is caught.
func TestVerdict_Group(t *testing.T) {
	l := newLab(t, pgtest.New(t))
	by := l.byPool()
	for name, part := range map[string]func(c *store.Changes){
		"one wallet of the group": func(c *store.Changes) { c.Wallets, c.Claims, c.Groups = c.Wallets[:1], nil, nil },
		"all but the claim":       func(c *store.Changes) { c.Groups = nil },
	} {
		t.Run(name, func(t *testing.T) {
			x := l.in(t).experiment(by, alice)
			x.goes(linked)
			x.on = &broken{by.store, t, by.pool, afterError(func(b *broken, ctx context.Context, c *store.Changes) {
				other := *c
				part(&other)
				_, err := b.Store.Apply(ctx, &other)
				assert.NoError(t, err)
			})}
			p := place{"insert_group_claims", true}
			x.at(p.step, p.done, func(wire.Step) wire.Action { return wire.Cut })
			assert.Contains(t, strings.Join(x.run(p.lostAt(by)), "\n"), "part of the scoring is written, or too much")
		})
	}
}
