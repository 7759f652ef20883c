package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// written is Alice's good change set that counts her credential and claims n1.
func (w *world) written() *store.Changes {
	w.t.Helper()
	w.readBefore()
	return w.scored([]store.Address{alice}, counted(1), swaps(taken("n1", alice, years(1))), events(numbered(alice, "1")))
}

// equalWritten demands that what the change set of written wants is there.
func (w *world) equalWritten() {
	w.t.Helper()
	w.equalScores(passing(), alice)
	w.equalCounted(inWallet)
	require.Equal(w.t, map[string]store.Holder{"n1": holder(alice, years(1))}, w.holders())
}

// receiptCases are about the versions of receipts. A store without them leaves
// the versions of snapshots, for which the same holds.
func receiptCases() []Case {
	return append(receiptChanges(seededChanges()), []Case{
		{Name: "a version for each wallet in the order of the change set", run: func(w *world) {
			w.readBefore()
			c := w.scored([]store.Address{bob, carol, alice})
			receipt := w.apply(c)
			k := known{}
			for i := range c.Wallets {
				c.Wallets[i].Version = remembered(c, receipt, i)
				k[c.Wallets[i].Address] = store.Known{Version: c.Wallets[i].Version}
			}
			w.again(k.query(alice, bob, carol), alice, bob, carol)
			w.apply(c)
		}},
		{Name: "a version of a failed scoring", run: func(w *world) {
			c := w.written()
			failed := w.scored([]store.Address{alice}, failing("why"))
			c.Wallets[0].Version = remembered(failed, w.apply(failed), 0)
			w.again(ofAlice(c.Wallets[0].Version).query(alice), alice)
			w.apply(c)
			w.equalWritten()
		}},
		{Name: "a version holds in another community", run: func(w *world) {
			c := w.written()
			elsewhere := *c
			elsewhere.Community = neighbour
			elsewhere.Wallets = slices.Clone(c.Wallets)
			elsewhere.Wallets[0].Version = remembered(c, w.apply(c), 0)
			q := ofAlice(elsewhere.Wallets[0].Version, "n1").query(alice)
			q.Community = neighbour
			w.again(q, alice)
			w.apply(&elsewhere)
			w.equalWritten()
			state := w.state()
			require.Len(w.t, state.Scores, 2)
			equal(w, state.Scores[0].Score, state.Scores[1].Score)
			equal(w, state.Scores[0].Counted, state.Scores[1].Counted)
			require.Len(w.t, state.Claims, 2)
			require.Len(w.t, state.Events, 2)
		}},
		{Name: "an older version writes what another scoring has replaced", run: func(w *world) {
			c := w.written()
			c.Wallets[0].Version = remembered(c, w.apply(c), 0)
			longer := holder(alice, years(2))
			w.score(alice, swaps(swap("n1", holder(alice, years(1)), longer)), func(c *store.Changes) {
				c.Wallets[0].Score.Value, c.Wallets[0].Score.ScoredAt = "0", noon.Add(time.Hour)
			})
			c.Claims = []store.ClaimSwap{swap("n1", longer, holder(alice, years(1)))}
			w.apply(c)
			w.equalWritten()
			require.Len(w.t, w.state().Events, 2)
		}},
		{Name: "an older version writes what another program has changed", run: func(w *world) {
			for _, change := range []func(s *store.State){
				func(s *store.State) { s.Scores = nil },
				func(s *store.State) { s.Claims = nil },
				func(s *store.State) { s.Scores[0].Counted = nil },
				func(s *store.State) { s.Scores[0].Stamps, s.Scores[0].Status = nil, "PROCESSING" },
			} {
				c := w.written()
				c.Wallets[0].Version = remembered(c, w.apply(c), 0)
				w.edit(change)
				if _, err := w.Apply(w.ctx, c); errors.Is(err, store.ErrConflict) { // it is another store now
					c.Wallets[0].Version = w.version(alice)
				}
				w.apply(c)
				w.equalWritten()
				w.edit(func(s *store.State) { s.Scores, s.Claims = nil, nil })
			}
		}},
	}...)
}

// receiptChanges are cases in which something happens after a scoring.
func receiptChanges(changes []walletChange) []Case {
	return changesAfter(changes, func(w *world) *store.Changes {
		c := w.scored([]store.Address{alice})
		c.Wallets[0].Version = remembered(c, w.apply(c), 0)
		return c
	})
}
