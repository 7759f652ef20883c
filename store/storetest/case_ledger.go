package storetest

import (
	"context"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// ledgerCases are about what an address has earned.
func ledgerCases() []Case {
	load := func(w *world, address store.Address) *store.PointsLedger {
		w.t.Helper()
		ledger, err := role[store.Points](w).LoadPoints(w.ctx, address)
		require.NoError(w.t, err)
		require.NotNil(w.t, ledger)
		return ledger
	}
	earned := func(w *world, address store.Address, points ...store.HumanPoint) {
		w.t.Helper()
		w.edit(func(s *store.State) {
			for _, p := range points {
				s.Points = append(s.Points, store.StoredPoint{HumanPoint: p, Address: address, At: years(-1)})
			}
		})
	}
	return []Case{
		{Name: "an address without points is no error", run: func(w *world) {
			equal(w, store.PointsLedger{Multiplier: 1}, *load(w, alice))
		}},
		{Name: "LoadPoints returns the points of the address", run: func(w *world) {
			key, minted := store.HumanPoint{Action: "HKY", Provider: "Google", TxHash: "n1"}, store.HumanPoint{Action: "PMT", TxHash: "0x1", ChainID: 1<<31 - 1}
			earned(w, alice, key, minted)
			earned(w, bob, key)
			assert.Equal(w.t, []store.HumanPoint{key, minted}, load(w, alice).Points)
		}},
		{Name: "points are in the order of ComparePoints", run: func(w *world) {
			inOrder := []store.HumanPoint{
				{Action: "HKY", Provider: "A"},
				{Action: "HKY", Provider: "Z"},
				{Action: "HKY", Provider: "a"},
				{Action: "HKY", Provider: "é"},
				{Action: "PMT", TxHash: "A", ChainID: 9},
				{Action: "PMT", TxHash: "a", ChainID: 2},
				{Action: "PMT", TxHash: "a", ChainID: 10},
				{Action: "pmt"},
			}
			for i := range inOrder {
				earned(w, alice, inOrder[(i*3+5)%len(inOrder)])
			}
			assert.Equal(w.t, inOrder, load(w, alice).Points)
		}},
		{Name: "LoadPoints returns the points of each active action", run: func(w *world) {
			values := map[string]int{"HKY": 7, "HIM": 1<<31 - 1, "ISB": -1 << 31, "PMT": 0}
			w.edit(func(s *store.State) { s.PointValues = values })
			assert.Equal(w.t, values, load(w, alice).Values)
		}},
		{Name: "LoadPoints returns the multiplier of the address", run: func(w *world) {
			w.edit(func(s *store.State) { s.Multipliers = map[store.Address]int{alice: 3, bob: -1 << 31, carol: 0} })
			assert.Equal(w.t, 3, load(w, alice).Multiplier)
			assert.Equal(w.t, -1<<31, load(w, bob).Multiplier)
			assert.Zero(w.t, load(w, carol).Multiplier, "a multiplier of 0 is one")
			assert.Equal(w.t, 1, load(w, "0x"+alice[22:]+alice[22:]).Multiplier)
		}},
		{Name: "an address that has qualified in any community is eligible", run: func(w *world) {
			w.edit(func(s *store.State) {
				s.Qualified = []store.Qualification{{Address: alice, Community: neighbour}, {Address: bob, Community: community}, {Address: bob, Community: neighbour}}
			})
			earned(w, carol, store.HumanPoint{Action: "HKY"})
			assert.True(w.t, load(w, alice).Eligible)
			assert.True(w.t, load(w, bob).Eligible)
			assert.False(w.t, load(w, carol).Eligible)
		}},
		{Name: "LoadPoints returns what a scoring has awarded", run: func(w *world) {
			w.score(alice, awards(store.Award{Action: "HPH"}, store.Award{Action: "HKY", Provider: "Google", TxHash: "n1"}), qualified)
			ledger := load(w, alice)
			assert.Equal(w.t, []store.HumanPoint{{Action: "HKY", Provider: "Google", TxHash: "n1"}, {Action: "HPH"}}, ledger.Points)
			assert.True(w.t, ledger.Eligible)
		}},
		{Name: "an address is found in any letter case", run: func(w *world) {
			w.edit(func(s *store.State) {
				s.Multipliers = map[store.Address]int{alice: 3}
				s.Qualified = []store.Qualification{{Address: alice, Community: community}}
			})
			earned(w, alice, store.HumanPoint{Action: "HKY"})
			assert.Equal(w.t, load(w, alice), load(w, upper(alice)))
			assert.Len(w.t, load(w, upper(alice)).Points, 1)
		}},
		{Name: "a malformed address is refused", run: func(w *world) {
			w.refusesAddresses(func(a store.Address) error {
				ledger, err := role[store.Points](w).LoadPoints(w.ctx, a)
				assert.Nil(w.t, ledger)
				return err
			})
		}},
		{Name: "LoadPoints changes nothing and shares nothing", run: func(w *world) {
			w.edit(func(s *store.State) { s.PointValues = map[string]int{"HKY": 7} })
			earned(w, alice, store.HumanPoint{Action: "HKY"})
			w.unchanged(func() {
				ledger := load(w, alice)
				require.Len(w.t, ledger.Points, 1)
				ledger.Values["HKY"]++
				ledger.Points[0].Action = "XXX"
			})
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			w.ends(func(ctx context.Context) error { return errorOf(role[store.Points](w).LoadPoints(ctx, alice)) })
		}},
	}
}
