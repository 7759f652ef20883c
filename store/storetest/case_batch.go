package storetest

import (
	"strings"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

// atomicCases spoil, in one place, a change set that writes everything that the
// store can write.
func atomicCases() []Case {
	everything := func(w *world) *store.Changes {
		w.credentials(stored(1, alice, "Google", "n1"))
		change := []func(*store.Changes){
			counted(1), events(numbered(alice, "1"), numbered(alice, "2")),
			swaps(taken("n1", alice, years(1)), taken("n2", carol, years(1))),
		}
		if has[store.Points](w.Harness) {
			change = append(change, qualified, awards(store.Award{Action: "HPH"}, store.Award{Action: "HKY", Provider: "Google", TxHash: "n1"}))
		}
		return w.scored([]store.Address{alice}, change...)
	}
	var cases []Case
	for _, c := range []struct {
		name  string
		spoil func(w *world, c *store.Changes)
		want  error
	}{
		{"a stale wallet", func(w *world, _ *store.Changes) { w.credentials(stored(2, alice, "Ens")) }, store.ErrConflict},
		{"a taken claim", func(w *world, _ *store.Changes) { w.claims(claim("n2", bob, years(1))) }, store.ErrConflict},
		{"a checked claim that is gone", func(_ *world, c *store.Changes) {
			c.Claims = append(c.Claims, swap("n3", holder(bob, years(1)), holder(bob, years(1))))
		}, store.ErrConflict},
		{"a credential that the wallet lacks", func(_ *world, c *store.Changes) { c.Wallets[0].Counted = []int64{1, 99} }, store.ErrInvalid},
		{"an event that is not JSON", func(_ *world, c *store.Changes) { c.Wallets[0].Events[1].Data = []byte(`{`) }, store.ErrInvalid},
		{"a nullifier that is too long", func(_ *world, c *store.Changes) { c.Claims[1].Nullifier = strings.Repeat("x", 101) }, store.ErrInvalid},
		{"a community that does not exist", func(_ *world, c *store.Changes) { c.Community = 99 }, store.ErrCommunityNotFound},
		{"a deleted community", func(w *world, _ *store.Changes) {
			w.change(func(c *store.StoredCommunity) { c.Deleted = true })
		}, store.ErrCommunityNotFound},
	} {
		cases = append(cases, Case{Name: c.name + " leaves nothing", run: func(w *world) {
			changes := everything(w)
			c.spoil(w, changes)
			w.refused(c.want, changes)
		}}, Case{Name: c.name + " leaves an earlier score as it was", run: func(w *world) {
			w.credentials(stored(7, alice, "Old", "old"))
			w.score(alice, counted(7), swaps(taken("old", alice, years(1))), events(numbered(alice, "0")))
			changes := everything(w)
			c.spoil(w, changes)
			w.refused(c.want, changes)
		}})
	}
	return cases
}

func batchCases() []Case {
	both := []store.Address{alice, bob}
	return []Case{
		{Name: "every wallet in the order of the change set", run: func(w *world) {
			wallets := []store.Address{carol, alice, bob}
			c := w.scored(wallets)
			for i := range c.Wallets {
				c.Wallets[i].Events = []store.Event{numbered(c.Wallets[i].Address, "1")}
			}
			w.apply(c)
			state := w.state()
			assert.Len(w.t, state.Scores, 3)
			var about []store.Address
			for _, e := range state.Events {
				about = append(about, e.Address)
			}
			assert.Equal(w.t, wallets, about)
		}},
		{Name: "the credentials of each wallet", run: func(w *world) {
			google, ens := stored(1, alice, "Google"), stored(2, bob, "Ens")
			w.credentials(google, ens)
			c := w.scored(both, counted(1))
			c.Wallets[1].Counted = []int64{2}
			w.apply(c)
			w.equalCounted(google)
			assert.Equal(w.t, "Ens", w.lastScore(bob).Counted[0].Provider)
		}},
		{Name: "claims of each wallet", run: func(w *world) {
			w.apply(w.scored(both, swaps(taken("n1", alice, years(1)), taken("n2", bob, years(2)))))
			assert.Equal(w.t, map[string]store.Holder{"n1": holder(alice, years(1)), "n2": holder(bob, years(2))}, w.holders())
		}},
		{Name: "nothing when one wallet has changed", run: func(w *world) {
			for i, changed := range both {
				w.credentials()
				c := w.scored(both)
				w.credentials(stored(int64(i+1), changed, "Google", "n1"))
				w.refused(store.ErrConflict, c)
			}
		}},
		{Name: "a wallet whose scoring failed", run: func(w *world) {
			c := w.scored(both, events(numbered(alice, "1")))
			c.Wallets[1].Score = failed("why")
			w.apply(c)
			w.equalScores(passing(), alice)
			w.equalScores(failed("why"), bob)
			assert.Len(w.t, w.state().Events, 1)
		}},
	}
}
