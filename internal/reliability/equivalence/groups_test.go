package equivalence

import (
	"context"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// kin is the source of groups of both engines: the wallets of one person, fewer
// than two at first.
type kin struct{ wallets []passport.Address }

func (k *kin) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	groups := make([]passport.Group, len(addresses))
	for i, address := range addresses {
		if slices.Contains(k.wallets, address) {
			groups[i] = passport.Group{ID: "kin", Wallets: k.wallets}
		}
	}
	return groups, nil
}

// Link links other wallets.
func (m *machine) Link(t *rapid.T) {
	all := rapid.Permutation([]store.Address{alice, bob, carol}).Draw(t, "wallets")
	m.kin.wallets = all[:rapid.IntRange(0, len(all)).Draw(t, "number of them")]
}

func (m *machine) ListGroupClaims(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "ListGroupClaims", func(s *side) (any, error) { return s.ListGroupClaims(m.ctx, id, address) })
}

// drawGroups draws a swap of the group claims that the side has read.
func drawGroups(t *rapid.T, s *side, d *draft, now time.Time) *store.GroupSwap {
	names := func(c store.GroupClaim) bool {
		return slices.ContainsFunc(d.Wallets, func(w store.WalletChanges) bool { return c.Names(w.Address) })
	}
	swap := &store.GroupSwap{}
	for _, claim := range s.read.GroupClaims {
		if names(claim) && !oneIn(t, 10, "claim left out") {
			swap.From = append(swap.From, claim)
		}
	}
	switch rapid.IntRange(1, 4).Draw(t, "groups") {
	case 1:
		swap.To = swap.From // which only checks
	case 2, 3:
		var wallets []store.Address
		for i := range d.Wallets {
			wallets = append(wallets, d.Wallets[i].Address)
		}
		if len(wallets) > 1 || oneIn(t, 10, "odd") {
			canonical := rapid.SampledFrom([]store.Address{alice, bob, carol}).Draw(t, "canonical")
			if slices.Contains(wallets, canonical) || oneIn(t, 10, "odd") {
				swap.To = []store.GroupClaim{{Key: store.GroupKey(wallets), Canonical: canonical, ClaimedAt: now.Add(whens.draw(t, "claimed"))}}
			}
		}
	}
	return swap
}

// groupsOfOthers are claims that a program of before may have left.
func groupsOfOthers() []store.StoredGroupClaim {
	claim := func(canonical store.Address, key string) store.StoredGroupClaim {
		return store.StoredGroupClaim{GroupClaim: store.GroupClaim{Key: key, Canonical: canonical, ClaimedAt: begin.Add(-time.Hour)}, Community: 1}
	}
	return []store.StoredGroupClaim{
		claim(alice, store.GroupKey([]store.Address{alice, bob, carol})),
		claim("0xA11CE", "no wallet,"+string(bob)),
		claim(carol, ""),
	}
}
