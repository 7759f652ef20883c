package storetest

import (
	"fmt"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

// The stores that the cases about forgetting in other roles need.
type (
	forgetfulGroups interface {
		store.Forgetter
		store.Groups
	}
	forgetfulLists interface {
		store.Forgetter
		store.Communities
	}
	forgetfulLog interface {
		store.Forgetter
		usageStore
	}
)

// forgetGroupCases are about group claims.
func forgetGroupCases() []Case {
	trio := store.GroupKey([]store.Address{alice, bob, carol})
	others := store.GroupKey([]store.Address{bob, carol})
	loses := func(w *world, kept ...store.GroupClaim) {
		w.t.Helper()
		named := len(w.state().GroupClaims)
		w.becomes(func(s *store.State) {
			s.GroupClaims = nil
			for _, claim := range kept {
				s.GroupClaims = append(s.GroupClaims, store.StoredGroupClaim{GroupClaim: claim, Community: community})
			}
		}, func() { assert.Equal(w.t, named, w.forget(releasing).GroupClaims) })
	}
	return []Case{
		{Name: "Forget removes the group claims of the canonical wallet", run: func(w *world) {
			w.groupClaims(grouped(couple, alice), grouped(trio, alice), grouped("another key", upper(alice)))
			loses(w)
		}},
		{Name: "Forget takes a wallet out of the key of its group", run: func(w *world) {
			w.groupClaims(grouped(trio, bob))
			loses(w, grouped(others, bob))
		}},
		{Name: "Forget removes the claim of a group that is one wallet then", run: func(w *world) {
			w.groupClaims(grouped(couple, bob))
			loses(w)
		}},
		{Name: "Forget removes a group claim whose key would be taken", run: func(w *world) {
			w.groupClaims(grouped(trio, bob), grouped(others, carol))
			w.becomes(func(s *store.State) {
				s.GroupClaims = []store.StoredGroupClaim{{GroupClaim: grouped(others, carol), Community: community}}
			}, func() { assert.Equal(w.t, 1, w.forget(releasing).GroupClaims) })
		}},
		{Name: "Forget leaves the group claims of others", run: func(w *world) {
			w.groupClaims(grouped(others, carol))
			w.unchanged(func() { assert.Equal(w.t, store.ForgetReceipt{}, w.forget(releasing)) })
		}},
		{Name: "Forget without a search finds the rows of linked wallets", run: func(w *world) {
			naming := passing()
			naming.Stamps = fmt.Appendf(nil, `{"Google":{"score":"1.50000","dedup":false,"source_wallet":%q}}`, alice)
			w.edit(func(s *store.State) {
				s.Scores = []store.StoredScore{{Score: naming, Community: community, Address: bob}}
				s.Events = []store.StoredEvent{recordedOf(1, bob, store.ActionScoreUpdate, fmt.Sprintf(`{"wallet":%q}`, alice), noon)}
				s.GroupClaims = []store.StoredGroupClaim{{GroupClaim: grouped(trio, bob), Community: community}}
			})
			quick := releasing
			quick.SkipSearch = true
			w.becomes(func(s *store.State) {
				s.Scores, s.GroupClaims[0].Key = nil, others
				s.Events[0].Data = fmt.Appendf(nil, `{"wallet":%q}`, store.ForgottenAddress)
			}, func() {
				assert.Equal(w.t, store.ForgetReceipt{GroupClaims: 1, OtherScores: 1, OtherEvents: 1}, w.forget(quick))
			})
		}},
	}
}

// forgetListCases are about address lists.
func forgetListCases() []Case {
	return []Case{{Name: "Forget removes the address from lists", run: func(w *world) {
		w.edit(func(s *store.State) {
			s.Lists = []store.AddressList{{Name: "A", Members: []store.Address{alice, bob}}, {Name: "B", Members: []store.Address{alice, carol}}}
		})
		w.becomes(func(s *store.State) {
			s.Lists = []store.AddressList{{Name: "A", Members: []store.Address{bob}}, {Name: "B", Members: []store.Address{carol}}}
		}, func() { assert.Equal(w.t, store.ForgetReceipt{Lists: 2}, w.forget(releasing)) })
	}}}
}

// forgetUsageCases are about usage that mentions an address.
func forgetUsageCases() []Case {
	mentioning := func(w *world) (usages []store.Usage) {
		document := fmt.Appendf(nil, `{"a":{"b":[%q]}}`, upper(alice))
		for _, change := range []func(*store.Usage){
			func(u *store.Usage) { u.Path = "/v2/stamps/1/score/" + string(alice) },
			func(u *store.Usage) { u.BasePath = string(upper(alice)) },
			func(u *store.Usage) { u.Error = "no score for " + string(alice) + "." },
			func(u *store.Usage) { u.Segments = document },
			func(u *store.Usage) { u.Query = document },
			func(u *store.Usage) { u.Headers = document },
			func(u *store.Usage) { u.Payload = document },
			func(u *store.Usage) { u.Response = fmt.Appendf(nil, `%q`, "did:pkh:eip155:1:"+alice) },
		} {
			usages = append(usages, w.usage(func(u *store.Usage) { u.Path = "/v2/stamps/1/score/" + string(bob) }, change))
		}
		return append(usages, store.Usage{KeyID: usages[0].KeyID, At: noon}, w.usage(func(u *store.Usage) { u.Path = string(bob) }))
	}
	return []Case{
		{Name: "Forget removes usage that mentions the address anywhere", run: func(w *world) {
			usages := mentioning(w)
			w.edit(func(s *store.State) { s.Usage = usages })
			w.becomes(func(s *store.State) { s.Usage = usages[8:] },
				func() { assert.Equal(w.t, store.ForgetReceipt{Usage: 8}, w.forget(releasing)) })
		}},
		{Name: "Forget without a search leaves usage", run: func(w *world) {
			usages := mentioning(w)
			w.edit(func(s *store.State) { s.Usage = usages })
			quick := releasing
			quick.SkipSearch = true
			w.unchanged(func() { assert.Equal(w.t, store.ForgetReceipt{}, w.forget(quick)) })
		}},
	}
}
