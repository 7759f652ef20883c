package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// forget forgets the address, and returns the receipt without its time, which
// it demands to be exact.
func (w *world) forget(f store.Forgetting) store.ForgetReceipt {
	w.t.Helper()
	receipt, err := role[store.Forgetter](w).Forget(w.ctx, f)
	require.NoError(w.t, err)
	require.NotNil(w.t, receipt)
	w.exact(receipt.At)
	assert.WithinDuration(w.t, time.Now(), receipt.At, time.Hour)
	withoutTime := *receipt
	withoutTime.At = time.Time{}
	return withoutTime
}

// releasing forgets all of Alice.
var releasing = store.Forgetting{Address: alice, Claims: store.ReleaseClaims}

// recordedOf is an event in the community about the address, with that data.
func recordedOf(id int64, address store.Address, action, data string, at time.Time) store.StoredEvent {
	return store.StoredEvent{Community: community, RecordedEvent: store.RecordedEvent{
		Event: store.Event{Action: action, Address: address, Data: json.RawMessage(data)}, ID: id, At: at,
	}}
}

// lived seeds a neighbour of every kind of row that a store with each role has
// of the wallet.
func lived(s *store.State, h Harness, address store.Address, first int64) {
	name := string(address[2:6])
	revoked, deleted, foreign := stored(first, address, "Google", "n1"+name), stored(first+1, address, "Github"), stored(first+2, address, "Other")
	revoked.Revoked, deleted.Deleted, foreign.Foreign = true, true, true
	live := stored(first+3, address, "Live", "n4"+name)
	s.Credentials = append(s.Credentials, revoked, deleted, foreign, live)
	for _, id := range []int64{community, neighbour} {
		s.Scores = append(s.Scores, store.StoredScore{
			Score: passing(), Community: id, Address: address,
			Counted: []store.CountedCredential{{Provider: "Live", Document: live.Document}},
		})
	}
	s.Claims = append(s.Claims, claim("n1"+name, address, years(50)), claim("n2"+name, address, years(-9)))
	s.Events = append(s.Events,
		recordedOf(first, address, store.ActionScoreUpdate, `{"score":"1"}`, noon), recordedOf(first+1, address, "LDP", `{"a":1.50}`, noon))
	if _, has := h.(store.Points); has {
		s.Points = append(s.Points, store.StoredPoint{HumanPoint: store.HumanPoint{Action: "HKY", Provider: "p", TxHash: "h"}, Address: address, At: noon})
		s.Qualified = append(s.Qualified, store.Qualification{Address: address, Community: community})
		if s.Multipliers == nil {
			s.Multipliers = map[store.Address]int{}
		}
		s.Multipliers[address] = 2
	}
}

// mentions reports whether the store holds the address anywhere, in any letter
// case.
func mentions(s store.State, address store.Address) bool {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // it is what a store holds
	}
	return strings.Contains(strings.ToLower(string(text)), string(address[2:]))
}

// neighbours seeds Alice and Bob, and returns the store's content without
// Alice.
func (w *world) neighbours() store.State {
	w.t.Helper()
	w.edit(func(s *store.State) { lived(s, w.Harness, bob, 100) })
	without := w.state()
	w.edit(func(s *store.State) { lived(s, w.Harness, alice, 10) })
	return without
}

func forgetCases() []Case {
	return []Case{
		{Name: "Forget removes every row of the address and no other", run: func(w *world) {
			without := w.neighbours()
			require.True(w.t, mentions(w.state(), alice))
			want := store.ForgetReceipt{Credentials: 4, Scores: 2, Stamps: 2, Events: 2, Claims: 2}
			if _, has := w.Harness.(store.Points); has {
				want.Points, want.Qualified, want.Multipliers = 1, 1, 1
			}
			assert.Equal(w.t, want, w.forget(releasing))
			equalStates(w.t, without, w.state())
			assert.Equal(w.t, store.ForgetReceipt{}, w.forget(releasing), "there is nothing left")
		}},
		{Name: "Forget takes and finds any letter case", run: func(w *world) {
			without := w.neighbours()
			want := w.forget(store.Forgetting{Address: upper(alice), Claims: store.ReleaseClaims})
			equalStates(w.t, without, w.state())
			w.edit(func(s *store.State) { lived(s, w.Harness, upper(alice), 10) })
			assert.Equal(w.t, want, w.forget(releasing))
			equalStates(w.t, without, w.state())
		}},
		{Name: "Forget of an unknown address changes nothing", run: func(w *world) {
			w.neighbours()
			w.unchanged(func() {
				assert.Equal(w.t, store.ForgetReceipt{}, w.forget(store.Forgetting{Address: carol, Claims: store.AnonymizeClaims}))
			})
		}},
		{Name: "Forget removes rows in a deleted community", run: func(w *world) {
			w.edit(func(s *store.State) {
				s.Communities[0].Deleted = true
				s.Scores = []store.StoredScore{{Score: passing(), Community: community, Address: alice}}
			})
			assert.Equal(w.t, 1, w.forget(releasing).Scores)
			assert.False(w.t, mentions(w.state(), alice))
		}},
		{Name: "Forget keeps live claims if asked to", run: func(w *world) {
			w.neighbours()
			held := w.holders()
			receipt := w.forget(store.Forgetting{Address: alice, Claims: store.KeepClaims})
			assert.Equal(w.t, [3]int{1, 1, 0}, [3]int{receipt.Claims, receipt.ClaimsKept, receipt.ClaimsAnonymized})
			delete(held, "n2a11c")
			assert.Equal(w.t, held, w.holders())
		}},
		{Name: "Forget gives each live claim to an address of its own", run: func(w *world) {
			w.neighbours()
			w.edit(func(s *store.State) { s.Claims = append(s.Claims, claim("n3a11c", alice, years(60))) })
			held := w.holders()
			receipt := w.forget(store.Forgetting{Address: alice, Claims: store.AnonymizeClaims})
			assert.Equal(w.t, [3]int{1, 0, 2}, [3]int{receipt.Claims, receipt.ClaimsKept, receipt.ClaimsAnonymized})
			after := w.holders()
			require.Len(w.t, after, len(held)-1)
			first, second := after["n1a11c"], after["n3a11c"]
			for _, h := range []store.Holder{first, second} {
				assert.True(w.t, h.Address.Valid())
				assert.NotContains(w.t, []store.Address{alice, bob, store.ForgottenAddress}, h.Address)
			}
			assert.NotEqual(w.t, first.Address, second.Address)
			assert.Equal(w.t, []time.Time{years(50), years(60)}, []time.Time{first.ExpiresAt, second.ExpiresAt})
			assert.Equal(w.t, held["n1b0b0"], after["n1b0b0"])
			assert.False(w.t, mentions(w.state(), alice))
		}},
		{Name: "Forget replaces the address in events of others", run: func(w *world) {
			w.edit(func(s *store.State) {
				s.Events = []store.StoredEvent{
					recordedOf(1, bob, store.ActionScoreUpdate, fmt.Sprintf(`{"wallet":%q,"n":1.50}`, upper(alice)), noon),
					recordedOf(2, bob, "LDP", fmt.Sprintf(`{"wallets":{%q:[%q]}}`, alice, carol), noon),
					recordedOf(3, bob, "LDP", `{"a":1}`, noon),
				}
			})
			w.becomes(func(s *store.State) {
				s.Events[0].Data = fmt.Appendf(nil, `{"wallet":%q,"n":1.50}`, store.ForgottenAddress)
				s.Events[1].Data = fmt.Appendf(nil, `{"wallets":{%q:[%q]}}`, store.ForgottenAddress, carol)
			}, func() { assert.Equal(w.t, store.ForgetReceipt{OtherEvents: 2}, w.forget(releasing)) })
		}},
		{Name: "Forget removes scores of others that mention the address", run: func(w *world) {
			naming := passing()
			naming.Stamps = fmt.Appendf(nil, `{"Google":{"score":"1.50000","dedup":false,"source_wallet":%q}}`, upper(alice))
			failing := failed("no score for " + string(alice))
			w.edit(func(s *store.State) {
				s.Scores = []store.StoredScore{
					{Score: naming, Community: community, Address: bob},
					{Score: passing(), Community: neighbour, Address: bob},
					{Score: failing, Community: community, Address: carol},
				}
			})
			w.becomes(func(s *store.State) {
				s.Scores = []store.StoredScore{{Score: passing(), Community: neighbour, Address: bob}}
			},
				func() { assert.Equal(w.t, store.ForgetReceipt{OtherScores: 2}, w.forget(releasing)) })
		}},
		{Name: "Forget without a search leaves what no index finds", run: func(w *world) {
			w.edit(func(s *store.State) {
				naming := passing()
				naming.Evidence = fmt.Appendf(nil, `{"wallet":%q}`, alice)
				s.Scores = []store.StoredScore{{Score: naming, Community: community, Address: bob}}
				s.Events = []store.StoredEvent{recordedOf(1, bob, store.ActionScoreUpdate, fmt.Sprintf(`{"wallet":%q}`, alice), noon)}
				s.Credentials = []store.StoredCredential{stored(1, alice, "Google")}
			})
			quick := releasing
			quick.SkipSearch = true
			w.becomes(func(s *store.State) { s.Credentials = nil },
				func() { assert.Equal(w.t, store.ForgetReceipt{Credentials: 1}, w.forget(quick)) })
		}},
		{Name: "Forget makes a scoring conflict that was loaded before", run: func(w *world) {
			w.neighbours()
			c := w.scored([]store.Address{alice}, func(c *store.Changes) {
				c.Wallets[0].Counted = []int64{13}
				c.Claims = []store.ClaimSwap{taken("n4a11c", alice, years(1))}
			})
			w.forget(releasing)
			w.unchanged(func() { w.fails(store.ErrConflict, errorOf(w.Apply(w.ctx, c)), "it counts what is gone") })
			assert.Empty(w.t, w.load(alice).Wallets[0].Credentials)
		}},
		{Name: "Forget refuses a malformed address", run: func(w *world) {
			w.neighbours()
			w.refusesAddresses(func(address store.Address) error {
				return errorOf(role[store.Forgetter](w).Forget(w.ctx, store.Forgetting{Address: address, Claims: store.KeepClaims}))
			})
		}},
		{Name: "Forget refuses to choose for its caller", run: func(w *world) {
			w.neighbours()
			w.unchanged(func() {
				for _, choice := range []store.ClaimChoice{"", "Release", "drop", store.ClaimChoice(strings.Repeat("x", 1<<20))} {
					err := errorOf(role[store.Forgetter](w).Forget(w.ctx, store.Forgetting{Address: alice, Claims: choice}))
					w.fails(store.ErrInvalid, err, "choice %.20q", choice)
				}
			})
		}},
		{Name: "Forget returns the error of a context that has ended", run: func(w *world) {
			w.neighbours()
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.Forgetter](w).Forget(ctx, releasing))
			})
		}},
	}
}

// contendedForgettingCases are about an address that is forgotten while it is
// scored.
func contendedForgettingCases() []Case {
	return []Case{{Name: "scorings beside Forget bring nothing back", run: func(w *world) {
		w.credentials(stored(1, alice, "Google", "n1"), stored(2, bob, "Google", "n2"))
		one := w.scored([]store.Address{alice}, counted(1), swaps(taken("n1", alice, years(1))), events(numbered(alice, "1")))
		other := w.scored([]store.Address{alice, bob}, func(c *store.Changes) { c.Wallets[0].Counted = []int64{1} })
		other.Community, one.Claims[0].To.ExpiresAt = neighbour, years(2)
		for _, err := range atOnce(33, func(i int) error {
			switch {
			case i == 16:
				return errorOf(role[store.Forgetter](w).Forget(w.ctx, releasing))
			case i%2 == 0:
				return errorOf(w.Apply(w.ctx, one))
			}
			return errorOf(w.Apply(w.ctx, other))
		}) {
			if err != nil {
				require.ErrorIs(w.t, err, store.ErrConflict)
			}
		}
		w.forget(releasing) // the one before may have lost its race
		for _, c := range []*store.Changes{one, other} {
			w.fails(store.ErrConflict, errorOf(w.Apply(w.ctx, c)), "it counts what is gone")
		}
		assert.False(w.t, mentions(w.state(), alice))
	}}}
}
