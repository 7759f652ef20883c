package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

func pointsCases() []Case {
	return append(awardCases(), limitCases()...)
}

// given scores Alice with the awards, and returns which of them were given.
func (w *world) given(change ...func(*store.Changes)) []bool {
	w.t.Helper()
	return w.score(alice, change...).Given
}

// keyOfGoogle is an award for a credential.
var keyOfGoogle = store.Award{Action: "HKY", Provider: "Google", TxHash: "n1"}

func awardCases() []Case {
	key := keyOfGoogle
	return []Case{
		{Name: "a qualification once", run: func(w *world) {
			w.score(alice, qualified)
			w.score(alice, qualified)
			assert.Equal(w.t, []store.Qualification{{Address: alice, Community: community}}, w.state().Qualified)
		}},
		{Name: "no qualification without one", run: func(w *world) {
			w.score(alice)
			assert.Empty(w.t, w.state().Qualified)
		}},
		{Name: "a point as it is awarded", run: func(w *world) {
			want := point(alice, "HKY", "Google", "n1")
			want.At = noon.Add(time.Hour)
			assert.Equal(w.t, []bool{true}, w.given(awards(key), func(c *store.Changes) { c.At = want.At }))
			equalStates(w.t, store.State{Points: []store.StoredPoint{want}}, store.State{Points: w.state().Points})
		}},
		{Name: "a point without provider and hash", run: func(w *world) {
			assert.Equal(w.t, []bool{true}, w.given(awards(store.Award{Action: "HPH"})))
			want := point(alice, "HPH", "", "")
			want.At = noon
			equalStates(w.t, store.State{Points: []store.StoredPoint{want}}, store.State{Points: w.state().Points})
		}},
		{Name: "an action once for a provider with any hash", run: func(w *world) {
			w.score(alice, awards(key))
			other := key
			other.TxHash = "n2"
			w.unchanged(func() { assert.Equal(w.t, []bool{false}, w.given(awards(other))) })
		}},
		{Name: "an action once for a provider on any chain", run: func(w *world) {
			minted := point(alice, "HKY", "Google", "0x1")
			minted.ChainID = 10
			w.points(minted)
			assert.Equal(w.t, []bool{false}, w.given(awards(key)))
			assert.Len(w.t, w.state().Points, 1)
		}},
		{Name: "an action for each provider", run: func(w *world) {
			assert.Equal(w.t, []bool{true, true}, w.given(awards(key, store.Award{Action: "HKY", Provider: "Github", TxHash: "n1"})))
			assert.Len(w.t, w.state().Points, 2)
		}},
		{Name: "an action for each address", run: func(w *world) {
			w.points(point(bob, "HKY", "Google", "n1"))
			assert.Equal(w.t, []bool{true}, w.given(awards(key)))
		}},
		{Name: "a receipt of the points that are new", run: func(w *world) {
			w.score(alice, awards(key))
			assert.Equal(w.t, []bool{true, false, true}, w.given(awards(store.Award{Action: "HPH"}, key, store.Award{Action: "HCH"})))
			assert.Empty(w.t, w.given())
		}},
		{Name: "no point and no qualification of a failed scoring", run: func(w *world) {
			w.score(alice, qualified, awards(key))
			before := w.state()
			w.score(alice, failing("why"))
			after := w.state()
			assert.Equal(w.t, before.Points, after.Points)
			assert.Equal(w.t, before.Qualified, after.Qualified)
		}},
	}
}

func limitCases() []Case {
	limited := awards(store.Award{Action: "MM2", Limit: 2})
	bonus := awards(store.Award{Action: "SCB", Communities: 2})
	return []Case{
		{Name: "a limited award below its limit", run: func(w *world) {
			w.points(point(bob, "MM2", "", ""))
			assert.Equal(w.t, []bool{true}, w.given(limited))
		}},
		{Name: "no limited award at its limit", run: func(w *world) {
			w.points(point(bob, "MM2", "", ""), point(carol, "MM2", "", ""))
			assert.Equal(w.t, []bool{false}, w.given(limited))
			assert.Len(w.t, w.state().Points, 2)
		}},
		{Name: "points of other actions do not use up a limit", run: func(w *world) {
			w.points(point(bob, "SOG", "", ""), point(bob, "TCO", "", ""), point(bob, "HPH", "", ""))
			assert.Equal(w.t, []bool{true}, w.given(limited))
		}},
		{Name: "a limit over the wallets of one change set", run: func(w *world) {
			w.points(point(carol, "MM2", "", ""))
			c := w.scored([]store.Address{alice, bob}, limited)
			c.Wallets[1].Awards = c.Wallets[0].Awards
			receipt := w.apply(c)
			assert.NotEqual(w.t, receipt.Wallets[0].Given, receipt.Wallets[1].Given)
			assert.Len(w.t, w.state().Points, 2)
		}},
		{Name: "an award for communities counts this one", run: func(w *world) {
			w.qualifications(store.Qualification{Address: alice, Community: neighbour})
			assert.Equal(w.t, []bool{true}, w.given(qualified, bonus))
		}},
		{Name: "no award for communities below their number", run: func(w *world) {
			assert.Equal(w.t, []bool{false}, w.given(qualified, bonus))
			assert.Empty(w.t, w.state().Points)
		}},
		{Name: "an award for communities counts this one once", run: func(w *world) {
			w.qualifications(store.Qualification{Address: alice, Community: community})
			assert.Equal(w.t, []bool{false}, w.given(qualified, bonus))
		}},
		{Name: "an award for communities counts none of others", run: func(w *world) {
			w.qualifications(store.Qualification{Address: bob, Community: neighbour})
			assert.Equal(w.t, []bool{false}, w.given(qualified, bonus))
		}},
	}
}
