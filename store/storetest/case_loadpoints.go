package storetest

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// point is a human point that an address was given earlier.
func point(address store.Address, action, provider, hash string) store.StoredPoint {
	return store.StoredPoint{
		HumanPoint: store.HumanPoint{Action: action, Provider: provider, TxHash: hash}, Address: address, At: years(-1),
	}
}

// points replaces all human points.
func (w *world) points(points ...store.StoredPoint) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Points = points })
}

// qualifications replaces those of all addresses.
func (w *world) qualifications(qualified ...store.Qualification) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Qualified = qualified })
}

// lists replaces all address lists.
func (w *world) lists(lists ...store.AddressList) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Lists = lists })
}

func snapshotPointsCases() []Case {
	ask := func(w *world, q *store.PointsQuery, addresses ...store.Address) *store.PointsSnapshot {
		w.t.Helper()
		points := w.query(store.Query{Community: community, Addresses: addresses, At: noon, Points: q}).Points
		require.NotNil(w.t, points)
		require.Len(w.t, points.Wallets, len(addresses))
		return points
	}
	return []Case{
		{Name: "nothing for an address without history", run: func(w *world) {
			points := ask(w, &store.PointsQuery{}, alice)
			assert.Empty(w.t, points.Wallets[0].Points)
			assert.Empty(w.t, points.Wallets[0].Communities)
			assert.Empty(w.t, points.Wallets[0].Lists)
		}},
		{Name: "none without an address", run: func(w *world) {
			q := store.Query{Community: community, At: noon, Points: &store.PointsQuery{Lists: []string{"team"}, Counted: []string{"MM2"}}}
			assert.Nil(w.t, w.query(q).Points)
		}},
		{Name: "the points of each address in the order of the wallets", run: func(w *world) {
			minted := point(alice, "PMT", "", "0x1")
			minted.ChainID = 10
			w.points(point(alice, "HKY", "Google", "n1"), minted, point(bob, "HPH", "", ""))
			points := ask(w, &store.PointsQuery{}, bob, alice)
			assert.Equal(w.t, []store.HumanPoint{{Action: "HPH"}}, points.Wallets[0].Points)
			assert.ElementsMatch(w.t, []store.HumanPoint{
				{Action: "HKY", Provider: "Google", TxHash: "n1"}, {Action: "PMT", TxHash: "0x1", ChainID: 10},
			}, points.Wallets[1].Points)
		}},
		{Name: "every community in which an address has qualified", run: func(w *world) {
			w.qualifications(
				store.Qualification{Address: alice, Community: community}, store.Qualification{Address: alice, Community: neighbour},
				store.Qualification{Address: bob, Community: community})
			assert.ElementsMatch(w.t, []int64{community, neighbour}, ask(w, &store.PointsQuery{}, alice).Wallets[0].Communities)
		}},
		{Name: "the queried lists that an address is on", run: func(w *world) {
			w.lists(
				store.AddressList{Name: "og", Members: []store.Address{alice}}, store.AddressList{Name: "vip", Members: []store.Address{bob}},
				store.AddressList{Name: "other", Members: []store.Address{alice}})
			points := ask(w, &store.PointsQuery{Lists: []string{"vip", "og", "missing"}}, alice, bob)
			assert.Equal(w.t, []string{"og"}, points.Wallets[0].Lists)
			assert.Equal(w.t, []string{"vip"}, points.Wallets[1].Lists)
		}},
		{Name: "the number of points of the queried actions over all addresses", run: func(w *world) {
			w.points(point(alice, "MM2", "", ""), point(bob, "MM2", "", ""), point(bob, "SOG", "", ""))
			points := ask(w, &store.PointsQuery{Counted: []string{"MM2", "TCO"}}, alice)
			assert.Equal(w.t, map[string]int{"MM2": 2, "TCO": 0}, points.Given)
		}},
		{Name: "one answer for an action or a list that is queried twice", run: func(w *world) {
			w.points(point(alice, "MM2", "", ""), point(bob, "MM2", "", ""))
			w.lists(store.AddressList{Name: "og", Members: []store.Address{alice}})
			points := ask(w, &store.PointsQuery{Lists: []string{"og", "og"}, Counted: []string{"MM2", "MM2"}}, alice)
			assert.Equal(w.t, 2, points.Given["MM2"])
			assert.Equal(w.t, []string{"og"}, points.Wallets[0].Lists)
		}},
		{Name: "nothing for a name that no store can hold", run: func(w *world) {
			odd := []string{"a\x00b", "\xff", strings.Repeat("ö", 101)}
			points := ask(w, &store.PointsQuery{Lists: odd, Counted: odd}, alice)
			assert.Empty(w.t, points.Wallets[0].Lists)
			assert.Equal(w.t, map[string]int{odd[0]: 0, odd[1]: 0, odd[2]: 0}, points.Given)
		}},
		{Name: "the multiplier of each address", run: func(w *world) {
			w.edit(func(s *store.State) { s.Multipliers = map[store.Address]int{alice: 3, bob: -1 << 31, carol: 0} })
			points := ask(w, &store.PointsQuery{}, carol, "0x"+alice[22:]+alice[22:], bob, alice)
			var got []int
			for _, history := range points.Wallets {
				got = append(got, history.Multiplier)
			}
			assert.Equal(w.t, []int{0, 1, -1 << 31, 3}, got)
		}},
		{Name: "the values of the active actions", run: func(w *world) {
			values := map[string]int{"HKY": 123, "PMT": 0}
			w.edit(func(s *store.State) { s.PointValues = values })
			assert.Equal(w.t, values, ask(w, &store.PointsQuery{}, alice).Values)
		}},
	}
}
