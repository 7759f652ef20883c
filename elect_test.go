package passport

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

const (
	dora Address = "0xd04a000000000000000000000000000000000000"
	emil Address = "0xe311000000000000000000000000000000000000"
)

// groupClaim returns a claim of some hours before noon.
func groupClaim(hours int, canonical Address, others ...Address) store.GroupClaim {
	return store.GroupClaim{
		Key: store.GroupKey(append([]Address{canonical}, others...)), Canonical: canonical, ClaimedAt: noon.Add(-time.Duration(hours) * time.Hour),
	}
}

func TestUnit_Elect(t *testing.T) {
	const (
		first = "it was the first of the group to be scored"
		after = "it was the first to be scored after the claim of another had ended"
		since = "it has been the canonical wallet since 2026-06-01"
	)
	live, now, past := noon.Add(time.Hour), noon, noon.Add(-time.Microsecond)
	both := map[Address]time.Time{alice: live, bob: live, carol: live}
	for name, c := range map[string]struct {
		expire  map[Address]time.Time // of those with a score
		claims  []store.GroupClaim
		want    Address
		why     string
		claimed int // hours before
		kept    bool
	}{
		"no claim":                {want: bob, why: first},
		"a live claim":            {both, []store.GroupClaim{groupClaim(1, alice, bob, carol)}, alice, since, 1, true},
		"of the one that asks":    {both, []store.GroupClaim{groupClaim(1, bob, alice, carol)}, bob, since, 1, true},
		"a wallet has left":       {both, []store.GroupClaim{groupClaim(1, alice, bob, carol, dora)}, alice, since, 1, false},
		"a score without an end":  {map[Address]time.Time{alice: {}}, []store.GroupClaim{groupClaim(1, alice, bob, carol)}, alice, since, 1, true},
		"a score that ends now":   {map[Address]time.Time{alice: now}, []store.GroupClaim{groupClaim(1, alice, bob, carol)}, alice, since, 1, true},
		"a score that has ended":  {map[Address]time.Time{alice: past, carol: live}, []store.GroupClaim{groupClaim(1, alice, bob, carol)}, bob, after, 0, false},
		"no score":                {map[Address]time.Time{carol: live}, []store.GroupClaim{groupClaim(1, alice, bob, carol)}, bob, after, 0, false},
		"canonical elsewhere":     {both, []store.GroupClaim{groupClaim(1, dora, alice)}, bob, after, 0, false},
		"the older of two":        {both, []store.GroupClaim{groupClaim(2, alice, dora), groupClaim(3, carol, emil)}, carol, since, 3, false},
		"the older, listed first": {both, []store.GroupClaim{groupClaim(3, carol, emil), groupClaim(2, alice, dora)}, carol, since, 3, false},
		"the lower key of two":    {both, []store.GroupClaim{groupClaim(2, carol, bob), groupClaim(2, alice, dora)}, alice, since, 2, false},
		"the lower, listed first": {both, []store.GroupClaim{groupClaim(2, alice, dora), groupClaim(2, carol, bob)}, alice, since, 2, false},
		"the older has ended": {
			map[Address]time.Time{alice: past, carol: live},
			[]store.GroupClaim{groupClaim(3, alice, dora), groupClaim(2, carol, emil)},
			carol, since, 2, false,
		},
		"another claim beside it": {both, []store.GroupClaim{groupClaim(3, alice, bob, carol), groupClaim(1, dora, bob)}, alice, since, 3, false},
		"claims of others":        {both, []store.GroupClaim{groupClaim(9, dora, emil), groupClaim(1, alice, bob, carol)}, alice, since, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			wallets := []Address{dora, alice, bob, carol}
			snapshot := &store.Snapshot{At: noon, GroupClaims: c.claims, Wallets: make([]store.Wallet, len(wallets))}
			for i, wallet := range wallets {
				if expires, scored := c.expire[wallet]; scored {
					snapshot.Wallets[i].LastScore = &store.Score{ExpiresAt: expires}
				}
			}
			u := unit{from: 1, to: 4, asked: 2}
			e := u.elect(snapshot, wallets)
			claim := groupClaim(c.claimed, c.want, without([]Address{alice, bob, carol}, c.want)...)
			assert.Equal(t, election{canonical: e.canonical, why: c.why, claim: claim, kept: c.kept}, e)
			assert.Equal(t, c.want, wallets[e.canonical])

			u.former = true
			assert.Equal(t, c.why != since, u.elect(snapshot, wallets).obsolete, "if it was not asked for")
		})
	}
}

func without(wallets []Address, one Address) (others []Address) {
	for _, wallet := range wallets {
		if wallet != one {
			others = append(others, wallet)
		}
	}
	return others
}

func TestUnit_ElectAlone(t *testing.T) {
	wallets := []Address{alice, bob}
	snapshot := &store.Snapshot{At: noon, Wallets: make([]store.Wallet, 2)}
	u := unit{from: 1, to: 2, asked: 1}
	assert.Equal(t, election{canonical: 1, kept: true}, u.elect(snapshot, wallets))
	snapshot.GroupClaims = []store.GroupClaim{groupClaim(1, alice, carol)}
	assert.Equal(t, election{canonical: 1, kept: true}, u.elect(snapshot, wallets), "it does not name the wallet")
	snapshot.GroupClaims = []store.GroupClaim{groupClaim(1, alice, bob)}
	assert.Equal(t, election{canonical: 1}, u.elect(snapshot, wallets))
}

func TestDecision_Swap(t *testing.T) {
	wallets := []Address{alice, bob, carol, dora}
	pair, single, last := unit{from: 0, to: 2}, unit{from: 2, to: 3}, unit{from: 3, to: 4}
	solitary := single
	solitary.solitary = true
	mine, his := groupClaim(1, alice, bob), groupClaim(1, emil, carol)
	common, others := groupClaim(1, bob, carol), groupClaim(1, dora, emil)
	for name, c := range map[string]struct {
		units     []unit
		claims    []store.GroupClaim
		unchanged int // the place of the wallet, 0 for none
		obsolete  int // the place of the unit, 0 for none
		want      store.GroupSwap
	}{
		"a new claim":                    {[]unit{pair}, nil, 0, 0, store.GroupSwap{To: []store.GroupClaim{mine}}},
		"claims of others":               {[]unit{pair}, []store.GroupClaim{others}, 0, 0, store.GroupSwap{To: []store.GroupClaim{mine}}},
		"a wallet alone":                 {[]unit{pair, single}, []store.GroupClaim{his}, 0, 0, store.GroupSwap{From: []store.GroupClaim{his}, To: []store.GroupClaim{mine}}},
		"a group that is unknown":        {[]unit{pair, solitary}, []store.GroupClaim{his}, 0, 0, store.GroupSwap{From: []store.GroupClaim{his}, To: []store.GroupClaim{his, mine}}},
		"unknown, but for one wallet":    {[]unit{pair, solitary}, []store.GroupClaim{common}, 0, 0, store.GroupSwap{From: []store.GroupClaim{common}, To: []store.GroupClaim{mine}}},
		"unknown for the first":          {[]unit{solitary, pair}, []store.GroupClaim{common}, 0, 0, store.GroupSwap{From: []store.GroupClaim{common}, To: []store.GroupClaim{mine}}},
		"unchanged":                      {[]unit{pair, single, last}, []store.GroupClaim{his, others}, 2, 0, store.GroupSwap{From: []store.GroupClaim{others}, To: []store.GroupClaim{mine}}},
		"obsolete":                       {[]unit{pair, last, single}, []store.GroupClaim{his, others}, 0, 2, store.GroupSwap{From: []store.GroupClaim{others}, To: []store.GroupClaim{mine}}},
		"obsolete, and named by another": {[]unit{pair, single}, []store.GroupClaim{common}, 0, 1, store.GroupSwap{From: []store.GroupClaim{common}, To: []store.GroupClaim{mine}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &decision{results: make([]Result, len(wallets))}
			d.results[c.unchanged].Unchanged = c.unchanged > 0
			elections := make([]election, len(c.units))
			for i := range c.units {
				if c.units[i].to-c.units[i].from > 1 {
					elections[i].claim = mine
				}
				elections[i].obsolete = c.obsolete == i && i > 0
			}
			assert.Equal(t, &c.want, d.swap(&store.Snapshot{GroupClaims: c.claims}, wallets, c.units, elections))
		})
	}
	d := &decision{results: []Result{{Unchanged: true}, {Unchanged: true}}}
	unchanged := d.swap(&store.Snapshot{GroupClaims: []store.GroupClaim{mine}}, wallets, []unit{pair}, []election{{claim: mine, kept: true}})
	assert.Equal(t, &store.GroupSwap{}, unchanged, "a group that is left as it is")
}
