package storetest

import (
	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

func pointsCases() []Case {
	key := store.Award{Action: "HKY", Provider: "Google", TxHash: "n1"}
	capped := store.Award{Action: "MM2", Limit: 2}
	bonus := store.Award{Action: "SCB", Communities: 2}
	// qualifications of Alice in other communities
	elsewhere := func(w *world, communities ...int) {
		w.t.Helper()
		var rows []row
		for _, id := range communities {
			rows = append(rows, row{"address": alice, "community_id": id})
		}
		w.seed(map[string][]row{"registry_humanpointscommunityqualifiedusers": rows})
	}
	given := func(w *world, rows ...row) {
		w.t.Helper()
		for i := range rows {
			rows[i] = with(row{"address": bob, "timestamp": "2026-01-01T00:00:00Z"}, rows[i])
		}
		w.seed(map[string][]row{"registry_humanpoints": rows})
	}
	return []Case{
		{Name: "qualifying is recorded once", run: func(w *world) {
			w.score(alice, qualified)
			w.score(alice, qualified)
			rows := w.table("registry_humanpointscommunityqualifiedusers")
			assert.Equal(w.t, []any{alice}, column(rows, "address"))
			assert.Equal(w.t, []any{float64(community)}, column(rows, "community_id"))
		}},
		{Name: "who does not qualify is not recorded", run: func(w *world) {
			w.score(alice)
			assert.Empty(w.t, w.table("registry_humanpointscommunityqualifiedusers"))
		}},
		{Name: "an award is a row", run: func(w *world) {
			receipt := w.score(alice, awards(key))
			r := w.only("registry_humanpoints")
			for name, want := range (row{"address": alice, "action": "HKY", "provider": "Google", "tx_hash": "n1", "chain_id": float64(0)}) {
				assert.Equal(w.t, want, r[name], name)
			}
			assert.NotEmpty(w.t, r["timestamp"])
			assert.Equal(w.t, []store.Award{key}, receipt.Awards)
		}},
		{Name: "an award without provider and hash has them empty, not NULL", run: func(w *world) {
			w.score(alice, awards(store.Award{Action: "HPH"}))
			r := w.only("registry_humanpoints")
			assert.Empty(w.t, r["provider"])
			assert.NotNil(w.t, r["provider"])
			assert.Empty(w.t, r["tx_hash"])
			assert.NotNil(w.t, r["tx_hash"])
		}},
		{Name: "an action is awarded at most once for a provider, whatever the transaction hash", run: func(w *world) {
			w.score(alice, awards(key))
			rotated := key
			rotated.TxHash = "n2"
			receipt := w.score(alice, awards(rotated))
			assert.Equal(w.t, []any{"n1"}, column(w.table("registry_humanpoints"), "tx_hash"))
			assert.Empty(w.t, receipt.Awards, "passed over without an error")
		}},
		{Name: "an action is awarded at most once for a provider, whatever the chain", run: func(w *world) {
			given(w, row{"id": 1, "address": alice, "action": "HKY", "provider": "Google", "tx_hash": "0x1", "chain_id": 10})
			assert.Empty(w.t, w.score(alice, awards(key)).Awards)
			assert.Len(w.t, w.table("registry_humanpoints"), 1)
		}},
		{Name: "an action is awarded for each provider", run: func(w *world) {
			github := store.Award{Action: "HKY", Provider: "Github", TxHash: "n1"}
			receipt := w.score(alice, awards(key, github))
			assert.Len(w.t, w.table("registry_humanpoints"), 2)
			assert.ElementsMatch(w.t, []store.Award{key, github}, receipt.Awards)
		}},
		{Name: "another address's award does not stand in the way", run: func(w *world) {
			given(w, row{"action": "HKY", "provider": "Google", "tx_hash": "n1"})
			assert.Equal(w.t, []store.Award{key}, w.score(alice, awards(key)).Awards)
		}},
		{Name: "the receipt tells only what was given", run: func(w *world) {
			w.score(alice, awards(key))
			assert.Equal(w.t, []store.Award{{Action: "HPH"}}, w.score(alice, awards(key, store.Award{Action: "HPH"})).Awards)
		}},
		{Name: "a limited award is given below its limit", run: func(w *world) {
			given(w, row{"action": "MM2"})
			assert.Len(w.t, w.score(alice, awards(capped)).Awards, 1)
		}},
		{Name: "a limited award is passed over at its limit", run: func(w *world) {
			given(w, row{"action": "MM2"}, row{"action": "MM2", "address": carol})
			assert.Empty(w.t, w.score(alice, awards(capped)).Awards)
			assert.Len(w.t, w.table("registry_humanpoints"), 2)
		}},
		{Name: "awards of other actions do not use up a limit", run: func(w *world) {
			given(w, row{"action": "SOG"}, row{"action": "TCO"}, row{"action": "HPH"})
			assert.Len(w.t, w.score(alice, awards(capped)).Awards, 1)
		}},
		{Name: "a limit holds among the wallets of one change set", run: func(w *world) {
			given(w, row{"action": "MM2", "address": carol})
			c := w.scored([]string{alice, bob})
			c.Wallets[0].Awards = []store.Award{capped}
			c.Wallets[1].Awards = []store.Award{capped}
			receipt := w.apply(c)
			assert.Len(w.t, append(receipt.Wallets[0].Awards, receipt.Wallets[1].Awards...), 1)
			assert.Len(w.t, w.table("registry_humanpoints"), 2)
		}},
		{Name: "an award for communities counts those that the address qualified in, this one included", run: func(w *world) {
			elsewhere(w, neighbour)
			assert.Len(w.t, w.score(alice, qualified, awards(bonus)).Awards, 1)
		}},
		{Name: "an award for communities is passed over below their number", run: func(w *world) {
			assert.Empty(w.t, w.score(alice, qualified, awards(bonus)).Awards)
			assert.Empty(w.t, w.table("registry_humanpoints"))
		}},
		{Name: "an award for communities does not count this one twice", run: func(w *world) {
			elsewhere(w, community)
			assert.Empty(w.t, w.score(alice, qualified, awards(bonus)).Awards)
		}},
		{Name: "an award for communities does not count those of others", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpointscommunityqualifiedusers": {{"address": bob, "community_id": neighbour}}})
			assert.Empty(w.t, w.score(alice, qualified, awards(bonus)).Awards)
		}},
		{Name: "points that are there keep their rows", run: func(w *world) {
			w.score(alice, awards(key), qualified)
			before := w.tables()
			w.score(alice, awards(key), qualified)
			after := w.tables()
			assert.Equal(w.t, before["registry_humanpoints"], after["registry_humanpoints"])
			assert.Equal(w.t, before["registry_humanpointscommunityqualifiedusers"], after["registry_humanpointscommunityqualifiedusers"])
		}},
	}
}
