package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// groupSwap swaps the group claims of the change set's wallets.
func groupSwap(from []store.GroupClaim, to ...store.GroupClaim) func(*store.Changes) {
	return func(c *store.Changes) { c.Groups = &store.GroupSwap{From: from, To: to} }
}

// hasGroups demands that those are the group claims of the community.
func (w *world) hasGroups(want ...store.GroupClaim) {
	w.t.Helper()
	var got []store.GroupClaim
	for _, claim := range w.state().GroupClaims {
		if claim.Community == community {
			got = append(got, claim.GroupClaim)
		}
	}
	equal(w, byKey(want), byKey(got))
}

// since is the claim with another time.
func since(claim store.GroupClaim, at time.Time) store.GroupClaim {
	claim.ClaimedAt = at
	return claim
}

// groupSwapCases change the group claims of three wallets, given those that
// there are. The swap is written or a conflict.
func groupSwapCases() []Case {
	var (
		none  []store.GroupClaim
		trio  = store.GroupKey([]store.Address{alice, bob, carol})
		ours  = grouped(couple, alice)
		moved = since(grouped(couple, bob), noon.Add(time.Hour))
		more  = grouped(trio, carol)
		odd   = grouped("", alice)
		upper = grouped(strings.ToUpper(couple), bob)
		east  = since(ours, noon.In(time.FixedZone("east", 5*3600)).Add(999))
	)
	claims := func(claims ...store.GroupClaim) []store.GroupClaim { return claims }
	var cases []Case
	for _, c := range []struct {
		name            string
		given, from, to []store.GroupClaim
		conflict        bool
	}{
		{"the first claim", none, none, claims(ours), false},
		{"the first claim when one is there already", claims(ours), none, claims(ours), true},
		{"the first claim when another wallet is canonical", claims(moved), none, claims(ours), true},
		{"the first claim when one of another key is there", claims(more), none, claims(ours), true},
		{"the first claim when an odd one is there", claims(odd), none, claims(ours), true},
		{"a claim that moves", claims(ours), claims(ours), claims(moved), false},
		{"a claim that moves to another key", claims(more), claims(more), claims(ours), false},
		{"a claim that has moved already", claims(moved), claims(ours), claims(moved), true},
		{"a claim that is gone", none, claims(ours), claims(moved), true},
		{"a claim whose canonical wallet is another", claims(grouped(couple, bob)), claims(ours), claims(moved), true},
		{"a claim of a microsecond later", claims(since(ours, noon.Add(time.Microsecond))), claims(ours), claims(moved), true},
		{"a claim whose key is another", claims(grouped(trio, alice)), claims(ours), claims(moved), true},
		{"a claim beside which one was added", claims(ours, odd), claims(ours), claims(moved), true},
		{"a claim beside which one is gone", claims(ours), claims(ours, odd), claims(moved), true},
		{"a claim in place of another", claims(ours, more), claims(ours, odd), claims(moved), true},
		{"a claim of the same moment in another zone", claims(ours), claims(east), claims(moved), false},
		{"a claim for each of two keys", none, none, claims(ours, more), false},
		{"claims that change places", claims(ours, more), claims(more, ours), claims(grouped(couple, bob), grouped(trio, alice)), false},
		{"several claims become one", claims(ours, more, odd, upper), claims(upper, ours, odd, more), claims(moved), false},
		{"one claim stays and another goes", claims(ours, odd), claims(odd, ours), claims(ours), false},
		{"odd claims stay beside a new one", claims(odd, upper), claims(odd, upper), claims(ours, odd, upper), false},
		{"a removed claim", claims(ours), claims(ours), none, false},
		{"a removed claim that has moved", claims(moved), claims(ours), none, true},
		{"a removed claim that is gone", none, claims(ours), none, true},
		{"a check of none", none, none, none, false},
		{"a check of none when one is there", claims(ours), none, none, true},
		{"a check of one", claims(ours), claims(ours), claims(east), false},
		{"a check of several", claims(ours, odd, upper), claims(upper, odd, ours), claims(odd, ours, upper), false},
		{"a check of one that is gone", none, claims(ours), claims(ours), true},
		{"a check of one that has moved", claims(moved), claims(ours), claims(ours), true},
		{"a check of one beside which one was added", claims(ours, odd), claims(ours), claims(ours), true},
	} {
		name := c.name + " is written"
		if c.conflict {
			name = c.name + " is a conflict"
		}
		cases = append(cases, Case{Name: name, run: func(w *world) {
			w.groupClaims(c.given...)
			changes := w.scored([]store.Address{bob, alice, carol}, groupSwap(c.from, c.to...))
			if c.conflict {
				w.refused(store.ErrConflict, changes)
				return
			}
			w.apply(changes)
			var want []store.GroupClaim
			for _, claim := range c.to {
				want = append(want, since(claim, store.Microseconds(claim.ClaimedAt)))
			}
			w.hasGroups(want...)
			assert.NotNil(w.t, w.lastScore(alice))
		}})
	}
	return cases
}

func otherGroupCases() []Case {
	ours := grouped(couple, alice)
	pair := []store.Address{alice, bob}
	return []Case{
		{Name: "a conflict is worth another attempt", run: func(w *world) {
			w.groupClaims(ours)
			_, err := w.Apply(w.ctx, w.scored(pair, groupSwap(nil, ours)))
			assert.True(w.t, store.Retryable(err), "%v", err)
		}},
		{Name: "the time of a claim to the microsecond", run: func(w *world) {
			w.apply(w.scored(pair, groupSwap(nil, since(ours, noon.Add(1999)))))
			w.hasGroups(since(ours, noon.Add(time.Microsecond)))
		}},
		{Name: "a conflict of the credentials leaves the claims", run: func(w *world) {
			stale := w.scored(pair, groupSwap([]store.GroupClaim{ours}, grouped(couple, bob)))
			w.groupClaims(ours)
			stale.Wallets[1].Version = "another"
			w.refused(store.ErrConflict, stale)
		}},
		{Name: "a taken nullifier leaves the claims", run: func(w *world) {
			w.groupClaims(ours)
			w.claims(claim("n1", carol, years(1)))
			w.refused(store.ErrConflict, w.scored(pair, groupSwap([]store.GroupClaim{ours}, grouped(couple, bob)), swaps(taken("n1", bob, years(1)))))
		}},
		{Name: "a conflict of the claims leaves the nullifiers", run: func(w *world) {
			w.groupClaims(grouped(couple, bob))
			w.credentials(stored(1, bob, "Google", "n1"))
			w.refused(store.ErrConflict, w.scored(pair, groupSwap([]store.GroupClaim{ours}, ours), swaps(taken("n1", bob, years(1))), func(c *store.Changes) {
				c.Wallets[0].Events, c.Wallets[1].Counted, c.Wallets[1].Qualified = []store.Event{numbered(alice, "1")}, []int64{1}, true
			}))
		}},
		{Name: "a claim of the largest group", run: func(w *world) {
			group := make([]store.Address, store.MaxGroup)
			for i := range group {
				digest := sha256.Sum256([]byte{byte(i)}) // no text that is easily compressed
				group[i] = store.Address("0x" + hex.EncodeToString(digest[:20]))
			}
			claim := grouped(store.GroupKey(group), group[0])
			require.Len(w.t, claim.Key, store.MaxGroupKey)
			w.apply(w.scored(group, groupSwap(nil, claim)))
			w.loadsGroups(grouping(group[store.MaxGroup-1]), claim)
		}},
		{Name: "a scoring without a swap leaves the claims", run: func(w *world) {
			w.groupClaims(ours, grouped("", alice))
			w.apply(w.scored(pair))
			w.score(alice, failing("why"))
			w.hasGroups(ours, grouped("", alice))
		}},
		{Name: "claims that name no wallet of the change set stay", run: func(w *world) {
			others := []store.GroupClaim{
				grouped(string(carol), wallet(1)), grouped("", carol), grouped(string(upper(alice)), "0xb0b"), grouped(string(alice[:41])+","+string(carol), carol),
				grouped(longKey(alice, store.MaxGroupKey+1), alice),
			}
			w.groupClaims(others...)
			w.apply(w.scored(pair, groupSwap(nil, ours)))
			w.hasGroups(append(others, ours)...)
			w.apply(w.scored(pair, groupSwap([]store.GroupClaim{ours})))
			w.hasGroups(others...)
		}},
		{Name: "a claim of another community is another claim", run: func(w *world) {
			elsewhere := store.StoredGroupClaim{GroupClaim: grouped(couple, bob), Community: neighbour}
			w.edit(func(s *store.State) { s.GroupClaims = []store.StoredGroupClaim{elsewhere} })
			w.refused(store.ErrConflict, w.scored(pair, groupSwap([]store.GroupClaim{elsewhere.GroupClaim}, ours)))
			w.apply(w.scored(pair, groupSwap(nil, ours)))
			w.hasGroups(ours)
			w.apply(w.scored(pair, groupSwap([]store.GroupClaim{ours})))
			equal(w, []store.StoredGroupClaim{elsewhere}, w.state().GroupClaims)
		}},
		{Name: "one wallet of a claim removes it", run: func(w *world) {
			w.groupClaims(ours)
			w.score(bob, groupSwap([]store.GroupClaim{ours}))
			w.hasGroups()
		}},
		{Name: "a malformed swap is refused", run: func(w *world) {
			w.groupClaims(ours)
			for _, bad := range []store.GroupSwap{
				{From: []store.GroupClaim{ours, ours}},
				{From: []store.GroupClaim{ours}, To: []store.GroupClaim{grouped("", alice)}},
				{From: []store.GroupClaim{ours}, To: []store.GroupClaim{grouped(couple, carol)}},
				{From: []store.GroupClaim{ours}, To: []store.GroupClaim{grouped(store.GroupKey([]store.Address{alice, bob, carol}), alice)}},
				{From: []store.GroupClaim{ours}, To: []store.GroupClaim{since(ours, time.Time{})}},
				{From: []store.GroupClaim{ours, grouped(string(carol), carol)}, To: []store.GroupClaim{ours}},
			} {
				w.refused(store.ErrInvalid, w.scored(pair, groupSwap(bad.From, bad.To...)))
			}
		}},
		{Name: "a failed scoring with a swap is refused", run: func(w *world) {
			w.refused(store.ErrInvalid, w.scored([]store.Address{alice}, failing("why"), groupSwap(nil)))
		}},
	}
}
