package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// contendedGroupsCases score groups of linked wallets at once.
func contendedGroupsCases() []Case {
	return []Case{
		{Name: "32 scorings over overlapping groups leave one claim for a wallet", run: overlappingGroups},
		{Name: "32 scorings of one new group are one claim", run: func(w *world) {
			group := []store.Address{alice, bob, carol}
			changes := make([]*store.Changes, 32)
			for i := range changes {
				changes[i] = w.scored(group, groupSwap(nil, grouped(store.GroupKey(group), group[i%3])))
				changes[i].Wallets = append(changes[i].Wallets[i%3:], changes[i].Wallets[:i%3]...)
			}
			w.onceAtOnce(len(changes), func(i int) error {
				_, err := w.Apply(w.ctx, changes[i])
				return err
			})
			assert.Len(w.t, w.state().GroupClaims, 1)
		}},
		{Name: "checks of one claim are all written", run: func(w *world) {
			claim := grouped(store.GroupKey([]store.Address{wallet(0), wallet(1), wallet(2), wallet(3)}), wallet(0))
			w.groupClaims(claim)
			changes := w.eachWallet(4, func(_ int, c *store.Changes) { groupSwap([]store.GroupClaim{claim}, claim)(c) })
			w.allAtOnce(32, func(i int) error {
				_, err := w.Apply(w.ctx, changes[i%4])
				return err
			})
			w.hasGroups(claim)
		}},
		{Name: "two wallets that remove claims of each other", run: func(w *world) {
			claims := []store.GroupClaim{grouped(couple, alice), grouped(couple+",", bob)}
			for range 20 {
				w.groupClaims(claims...)
				changes := []*store.Changes{
					w.scored([]store.Address{alice}, groupSwap(claims, claims[0])), w.scored([]store.Address{bob}, groupSwap(claims, claims[1])),
				}
				w.onceAtOnce(2, func(i int) error {
					_, err := w.Apply(w.ctx, changes[i])
					return err
				})
				require.Len(w.t, w.state().GroupClaims, 1)
			}
		}},
	}
}

// overlappingGroups lets writers score random groups of a few wallets, each in
// place of the groups that its wallets were in.
func overlappingGroups(w *world) {
	const writers, rounds, wallets = 32, 4, 7
	var written atomic.Int64
	w.allAtOnce(writers, func(i int) error {
		random := rand.New(rand.NewPCG(2, uint64(i)))
		for range rounds {
			var group []store.Address
			for _, n := range random.Perm(wallets)[:2+random.IntN(3)] {
				group = append(group, wallet(n))
			}
			snapshot, err := w.Load(w.ctx, grouping(group...))
			if err != nil {
				return err
			}
			c := &store.Changes{Community: community, At: noon, Groups: &store.GroupSwap{
				From: snapshot.GroupClaims, To: []store.GroupClaim{grouped(store.GroupKey(group), group[0])},
			}}
			for _, loaded := range snapshot.Wallets {
				c.Wallets = append(c.Wallets, store.WalletChanges{Address: loaded.Address, Version: loaded.Version, Score: passing()})
			}
			c.Wallets[0].Events = []store.Event{numbered(group[0], "1")}
			switch _, err = w.Apply(w.ctx, c); {
			case err == nil:
				written.Add(1)
			case !errors.Is(err, store.ErrConflict):
				return err
			}
		}
		return nil
	})
	assert.Positive(w.t, written.Load())
	state := w.state()
	assert.Len(w.t, state.Events, int(written.Load()), "a conflict leaves nothing")
	assert.NotEmpty(w.t, state.GroupClaims)
	for i := range wallets {
		naming := slices.DeleteFunc(slices.Clone(state.GroupClaims), func(c store.StoredGroupClaim) bool { return !c.Names(wallet(i)) })
		assert.LessOrEqual(w.t, len(naming), 1, "claims that name wallet %d", i)
	}
}
