package storetest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// ledgerCases are for stores that tell what an address has earned.
func ledgerCases(h Harness) []Case {
	if _, has := h.(store.Points); !has {
		return nil
	}
	load := func(w *world, address string) *store.PointsLedger {
		w.t.Helper()
		ledger, err := w.Harness.(store.Points).LoadPoints(w.ctx, address)
		require.NoError(w.t, err)
		require.NotNil(w.t, ledger)
		return ledger
	}
	earned := func(w *world, rows ...row) {
		w.t.Helper()
		for i := range rows {
			rows[i] = with(row{"address": alice, "timestamp": "2026-01-01T00:00:00Z"}, rows[i])
		}
		w.seed(map[string][]row{"registry_humanpoints": rows})
	}
	return []Case{
		{Name: "LoadPoints of an address without any is no error", run: func(w *world) {
			ledger := load(w, alice)
			assert.Empty(w.t, ledger.Awards)
			assert.NotNil(w.t, ledger.Values)
			assert.Equal(w.t, 1, ledger.Multiplier)
			assert.False(w.t, ledger.Eligible)
		}},
		{Name: "LoadPoints must return the points rows of the address and of no other", run: func(w *world) {
			earned(w,
				row{"action": "HKY", "provider": "Google", "tx_hash": "n1"},
				row{"action": "HKY", "provider": "Google", "tx_hash": "n1", "address": bob},
				row{"action": "PMT", "chain_id": 2147483647, "tx_hash": "0x1"})
			assert.Equal(w.t, []store.Award{
				{Action: "HKY", Provider: "Google", TxHash: "n1"},
				{Action: "PMT", TxHash: "0x1", ChainID: 2147483647},
			}, load(w, alice).Awards)
		}},
		{Name: "LoadPoints must order the rows by action, provider, transaction hash and chain, in bytes", run: func(w *world) {
			inOrder := []store.Award{
				{Action: "HKY", Provider: "A"},
				{Action: "HKY", Provider: "Z"},
				{Action: "HKY", Provider: "a"},
				{Action: "HKY", Provider: "é"},
				{Action: "PMT", TxHash: "A", ChainID: 9},
				{Action: "PMT", TxHash: "a", ChainID: 2},
				{Action: "PMT", TxHash: "a", ChainID: 10},
				{Action: "pmt"},
			}
			var rows []row
			for i := range inOrder {
				a := inOrder[(i*3+5)%len(inOrder)]
				rows = append(rows, row{"action": a.Action, "provider": a.Provider, "tx_hash": a.TxHash, "chain_id": a.ChainID})
			}
			earned(w, rows...)
			assert.Equal(w.t, inOrder, load(w, alice).Awards)
		}},
		{Name: "LoadPoints must return the points of each active action, and of no other", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpointsconfig": {
				{"action": "HKY", "points": 7, "active": true},
				{"action": "HIM", "points": 2147483647, "active": true},
				{"action": "ISB", "points": -2147483648, "active": true},
				{"action": "PMT", "points": 0, "active": true},
				{"action": "HPH", "points": 5, "active": false},
			}})
			values := load(w, alice).Values
			for action, points := range map[string]int{"HKY": 7, "HIM": 2147483647, "ISB": -2147483648, "PMT": 0} {
				assert.Contains(w.t, values, action)
				assert.Equal(w.t, points, values[action], action)
			}
			assert.NotContains(w.t, values, "HPH")
		}},
		{Name: "LoadPoints must return the multiplier of the address", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpointsmultiplier": {
				{"address": alice, "multiplier": 3}, {"address": bob, "multiplier": -2147483648}, {"address": carol, "multiplier": 0},
			}})
			assert.Equal(w.t, 3, load(w, alice).Multiplier)
			assert.Equal(w.t, -2147483648, load(w, bob).Multiplier)
			assert.Zero(w.t, load(w, carol).Multiplier, "a multiplier of 0 is one")
			assert.Equal(w.t, 1, load(w, wallet(1)).Multiplier)
		}},
		{Name: "LoadPoints must tell whether the address has qualified in any community", run: func(w *world) {
			w.seed(map[string][]row{"registry_humanpointscommunityqualifiedusers": {
				{"address": alice, "community_id": neighbour}, {"address": bob, "community_id": community}, {"address": bob, "community_id": neighbour},
			}})
			assert.True(w.t, load(w, alice).Eligible)
			assert.True(w.t, load(w, bob).Eligible)
			assert.False(w.t, load(w, carol).Eligible)
		}},
		{Name: "LoadPoints must return what a scoring has awarded", run: func(w *world) {
			key, action := store.Award{Action: "HKY", Provider: "Google", TxHash: "n1"}, store.Award{Action: "HPH"}
			w.score(alice, awards(action, key), qualified)
			ledger := load(w, alice)
			assert.Equal(w.t, []store.Award{key, action}, ledger.Awards)
			assert.True(w.t, ledger.Eligible)
		}},
		{Name: "LoadPoints must return ErrInvalid for a malformed address", run: func(w *world) {
			for _, address := range []string{"", "alice", strings.ToUpper(alice), alice + "0", alice[:41] + "\x00", alice[:41] + "\xff"} {
				ledger, err := w.Harness.(store.Points).LoadPoints(w.ctx, address)
				require.ErrorIs(w.t, err, store.ErrInvalid, "%q", address)
				assert.Nil(w.t, ledger)
			}
		}},
		{Name: "LoadPoints must change nothing", run: func(w *world) {
			w.score(alice, awards(store.Award{Action: "HPH"}), qualified)
			w.unchanged(func() {
				ledger := load(w, alice)
				require.Len(w.t, ledger.Awards, 1)
				ledger.Values["HKY"]++
				ledger.Awards[0].Action = "XXX"
			})
			assert.Equal(w.t, []store.Award{{Action: "HPH"}}, load(w, alice).Awards)
		}},
		{Name: "LoadPoints must return context.Canceled when the context has ended", run: func(w *world) {
			_, err := w.Harness.(store.Points).LoadPoints(w.ended(), alice)
			assert.ErrorIs(w.t, err, context.Canceled)
		}},
	}
}
