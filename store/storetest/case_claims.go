package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

func claimCases() []Case {
	var none store.Holder
	own, longer := holder(alice, years(1)), holder(alice, years(2))
	other, gone := holder(bob, years(1)), holder(bob, years(-1))
	odd := holder("0xB0B", years(1))
	var cases []Case
	// Given the holder of a nullifier, a swap of it in Alice's change set is
	// written or a conflict. Whether a claim has expired does not matter.
	for _, c := range []struct {
		name     string
		given    store.Holder
		from, to store.Holder
		conflict bool
	}{
		{"from none", none, none, own, false},
		{"from none for another wallet", none, none, other, false},
		{"from none when another has it", other, none, own, true},
		{"from none when an expired one is there", gone, none, own, true},
		{"from none when it is longer", longer, none, own, true},
		{"from none when it is there already", own, none, own, false},
		{"from another", other, other, own, false},
		{"from another that has expired", gone, gone, own, false},
		{"from another to a third", other, other, holder(carol, years(1)), false},
		{"from another when none is there", none, other, own, true},
		{"from another when a third has it", holder(carol, years(1)), other, own, true},
		{"from another when it is longer", holder(bob, years(1).Add(time.Microsecond)), other, own, true},
		{"from another when it is there already", own, gone, own, false},
		{"from a shorter one", own, own, longer, false},
		{"from a longer one", longer, longer, own, false},
		{"from a shorter one when it is there already", longer, own, longer, false},
		{"a holder that is no address", odd, odd, own, false},
		{"a check of the same", other, other, other, false},
		{"a check of one that has expired", gone, gone, gone, false},
		{"a check of a holder that is no address", odd, odd, odd, false},
		{"a check of the address in another case", odd, holder("0xb0b", years(1)), holder("0xb0b", years(1)), true},
		{"a check when none is there", none, other, other, true},
		{"a check when another has it", own, other, other, true},
		{"a check when it is longer", holder(bob, years(1).Add(time.Microsecond)), other, other, true},
	} {
		name := c.name + " writes"
		if c.conflict {
			name = c.name + " is a conflict"
		}
		cases = append(cases, Case{Name: name, run: func(w *world) {
			if c.given != none {
				w.claims(claim("n1", c.given.Address, c.given.ExpiresAt))
			}
			changes := w.scored([]store.Address{alice}, swaps(swap("n1", c.from, c.to)))
			if c.conflict {
				w.refused(store.ErrConflict, changes)
				return
			}
			w.apply(changes)
			assert.Equal(w.t, map[string]store.Holder{"n1": c.to}, w.holders())
		}})
	}
	return append(cases, otherClaimCases()...)
}

func otherClaimCases() []Case {
	return []Case{
		{Name: "a conflict is worth another attempt", run: func(w *world) {
			w.claims(claim("n1", bob, years(1)))
			_, err := w.Apply(w.ctx, w.scored([]store.Address{alice}, swaps(taken("n1", alice, years(1)))))
			assert.True(w.t, store.Retryable(err), "%v", err)
		}},
		{Name: "one conflict among many writes none of them", run: func(w *world) {
			w.claims(claim("n2", bob, years(1)), claim("n4", carol, years(1)))
			changed := holder(carol, years(2))
			w.refused(store.ErrConflict, w.scored([]store.Address{alice}, swaps(
				taken("n1", alice, years(1)), taken("n2", alice, years(1)), taken("n3", alice, years(1)))))
			w.refused(store.ErrConflict, w.scored([]store.Address{alice}, swaps(
				taken("n1", alice, years(1)), swap("n4", changed, changed))))
			w.refused(store.ErrConflict, w.scored([]store.Address{alice}, swaps(
				swap("n4", holder(carol, years(1)), changed), swap("n5", changed, changed))))
		}},
		{Name: "a claim of another community is another claim", run: func(w *world) {
			elsewhere := claim("n1", bob, years(1))
			elsewhere.Community = neighbour
			w.claims(elsewhere)
			w.refused(store.ErrConflict, w.scored([]store.Address{alice}, swaps(swap("n1", elsewhere.Holder, elsewhere.Holder))))
			w.score(alice, swaps(taken("n1", alice, years(1))))
			assert.Equal(w.t, map[string]store.Holder{"n1": holder(alice, years(1))}, w.holders())
			assert.Len(w.t, w.state().Claims, 2)
		}},
		{Name: "nullifiers that differ in case are different", run: func(w *world) {
			w.claims(claim("N1", bob, years(1)))
			w.score(alice, swaps(taken("n1", alice, years(1))))
			assert.Len(w.t, w.holders(), 2)
		}},
		{Name: "claims without a swap stay", run: func(w *world) {
			w.score(alice, swaps(taken("n1", alice, years(1))))
			w.score(alice, swaps(taken("n2", alice, years(1))))
			assert.Len(w.t, w.holders(), 2)
		}},
		{Name: "a live own claim without a swap stays as it is", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1"), stored(2, alice, "Ens", "n2"))
			w.score(alice, counted(1), swaps(taken("n1", alice, years(1))))
			for _, ids := range [][]int64{{1, 2}, {2}, {}} {
				w.score(alice, counted(ids...), func(c *store.Changes) {
					c.At, c.Wallets[0].Score.ScoredAt, c.Wallets[0].Score.ExpiresAt = noon.AddDate(0, 6, 0), noon.AddDate(0, 6, 0), years(2)
				})
				assert.Equal(w.t, map[string]store.Holder{"n1": holder(alice, years(1))}, w.holders())
			}
		}},
		{Name: "an expiry to the microsecond", run: func(w *world) {
			expiry := years(1).Add(123456 * time.Microsecond)
			w.score(alice, swaps(taken("n1", alice, expiry.Add(999))))
			assert.Equal(w.t, expiry, w.holders()["n1"].ExpiresAt)
			w.score(alice, swaps(taken("n1", alice, expiry.Add(999)))) // it is there already
		}},
		{Name: "an expiry in another zone", run: func(w *world) {
			east := holder(bob, years(1).In(time.FixedZone("east", 5*3600)))
			w.claims(claim("n1", bob, years(1)))
			w.score(alice, swaps(swap("n1", east, holder(alice, east.ExpiresAt))))
			assert.Equal(w.t, holder(alice, years(1)), w.holders()["n1"])
		}},
	}
}
