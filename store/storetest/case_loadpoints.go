package storetest

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func snapshotPointsCases() []Case {
	ask := func(w *world, q *store.PointsQuery, addresses ...string) *store.PointsSnapshot {
		w.t.Helper()
		points := w.query(store.Query{Community: community, Addresses: addresses, At: noon, Points: q}).Points
		require.NotNil(w.t, points)
		require.Len(w.t, points.Wallets, len(addresses))
		return points
	}
	given := func(address, action, provider, hash string) row {
		return row{"address": address, "action": action, "provider": provider, "tx_hash": hash, "timestamp": "2026-01-01T00:00:00Z"}
	}
	return []Case{
		{Name: "are empty for an address without history", run: func(w *world) {
			points := ask(w, &store.PointsQuery{}, alice)
			assert.Empty(w.t, points.Wallets[0].Awards)
			assert.Empty(w.t, points.Wallets[0].Communities)
			assert.Empty(w.t, points.Wallets[0].Lists)
		}},
		{Name: "hold the awards of each address, in the wallets' order", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpoints": {
				given(alice, "HKY", "Google", "n1"), with(given(alice, "PMT", "", "0x1"), row{"chain_id": 10}), given(bob, "HPH", "", ""),
			}})
			points := ask(w, &store.PointsQuery{}, bob, alice)
			assert.Equal(w.t, []store.Award{{Action: "HPH"}}, points.Wallets[0].Awards)
			assert.ElementsMatch(w.t, []store.Award{
				{Action: "HKY", Provider: "Google", TxHash: "n1"}, {Action: "PMT", TxHash: "0x1", ChainID: 10},
			}, points.Wallets[1].Awards)
		}},
		{Name: "hold the communities in which an address qualified", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpointscommunityqualifiedusers": {
				{"address": alice, "community_id": 1}, {"address": alice, "community_id": 2}, {"address": bob, "community_id": 1},
			}})
			assert.ElementsMatch(w.t, []int64{1, 2}, ask(w, &store.PointsQuery{}, alice).Wallets[0].Communities)
		}},
		{Name: "hold those of the queried lists that an address is on", run: func(w *world) {
			w.seed(map[string][]row{
				"account_addresslist": {{"id": 1, "name": "og"}, {"id": 2, "name": "vip"}, {"id": 3, "name": "other"}},
				"account_addresslistmember": {
					{"address": alice, "list_id": 1}, {"address": alice, "list_id": 3}, {"address": bob, "list_id": 2},
				},
			})
			points := ask(w, &store.PointsQuery{Lists: []string{"vip", "og", "missing"}}, alice, bob)
			assert.Equal(w.t, []string{"og"}, points.Wallets[0].Lists)
			assert.Equal(w.t, []string{"vip"}, points.Wallets[1].Lists)
		}},
		{Name: "count the awards of the queried actions over all addresses", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpoints": {given(alice, "MM2", "", ""), given(bob, "MM2", "", ""), given(bob, "SOG", "", "")}})
			points := ask(w, &store.PointsQuery{Counted: []string{"MM2", "TCO"}}, alice)
			assert.Equal(w.t, 2, points.Given["MM2"])
			assert.Equal(w.t, 0, points.Given["TCO"])
			assert.NotContains(w.t, points.Given, "SOG")
		}},
		{Name: "count an action once, and name a list once, that is queried twice", run: func(w *world) {
			w.seed(map[string][]row{
				"registry_humanpoints":      {given(alice, "MM2", "", ""), given(bob, "MM2", "", "")},
				"account_addresslist":       {{"id": 1, "name": "og"}},
				"account_addresslistmember": {{"address": alice, "list_id": 1}},
			})
			points := ask(w, &store.PointsQuery{Lists: []string{"og", "og"}, Counted: []string{"MM2", "MM2"}}, alice)
			assert.Equal(w.t, 2, points.Given["MM2"])
			assert.Equal(w.t, []string{"og"}, points.Wallets[0].Lists)
		}},
		{Name: "are none of a list or an action whose name no column holds", run: func(w *world) {
			odd := []string{"a\x00b", "\xff", strings.Repeat("ö", 101)}
			s := w.query(store.Query{Community: community, Addresses: []string{alice}, At: noon, Points: &store.PointsQuery{Lists: odd, Counted: odd}})
			assert.Empty(w.t, s.Points.Wallets[0].Lists)
			assert.Equal(w.t, map[string]int{odd[0]: 0, odd[1]: 0, odd[2]: 0}, s.Points.Given)
		}},
		{Name: "hold the values of active actions only", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpointsconfig": {
				{"action": "HKY", "points": 123, "active": true}, {"action": "HPH", "points": 5, "active": false},
			}})
			values := ask(w, &store.PointsQuery{}, alice).Values
			assert.Equal(w.t, 123, values["HKY"])
			assert.NotContains(w.t, values, "HPH")
		}},
	}
}
