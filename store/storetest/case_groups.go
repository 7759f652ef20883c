package storetest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// couple is the key of Alice and Bob.
var couple = store.GroupKey([]store.Address{alice, bob})

// grouped is a group claim since noon.
func grouped(key string, canonical store.Address) store.GroupClaim {
	return store.GroupClaim{Key: key, Canonical: canonical, ClaimedAt: noon}
}

// groupClaims replaces all group claims by those of the community.
func (w *world) groupClaims(claims ...store.GroupClaim) {
	w.t.Helper()
	w.edit(func(s *store.State) {
		s.GroupClaims = nil
		for _, claim := range claims {
			s.GroupClaims = append(s.GroupClaims, store.StoredGroupClaim{GroupClaim: claim, Community: community})
		}
	})
}

// grouping asks for the group claims of the wallets.
func grouping(addresses ...store.Address) store.Query {
	return store.Query{Community: community, Addresses: addresses, At: noon, Groups: true}
}

func byKey(claims []store.GroupClaim) []store.GroupClaim {
	return slices.SortedFunc(slices.Values(claims), func(a, b store.GroupClaim) int { return cmp.Compare(a.Key, b.Key) })
}

// loadsGroups demands that Load returns those group claims and no other.
func (w *world) loadsGroups(q store.Query, want ...store.GroupClaim) {
	w.t.Helper()
	loaded := w.query(q).GroupClaims
	equal(w, byKey(want), byKey(loaded))
	for _, claim := range loaded {
		w.exact(claim.ClaimedAt)
	}
}

// unlike are keys of a group that name no wallet of ours.
func unlike() []string {
	keys := []string{
		"", ",", ",,", "alice", string(alice[:41]) + "," + string(bob), string(bob) + "," + string(alice) + "0", string(upper(alice)) + "," + string(bob),
		string(bob) + ", " + string(alice), string(alice) + " ," + string(bob), string(alice) + ";" + string(bob), `"` + string(alice) + `"`,
		"{" + string(alice) + "}", alice.DID(), string(alice) + "\n",
	}
	return append(keys, texts()...)
}

// longKey returns a key of that many characters whose second item is the
// address.
func longKey(address store.Address, characters int) string {
	key := "," + string(address) + ",é"
	return strings.Repeat("é", characters-len([]rune(key))) + key
}

// crowd returns a number of group claims that name the address.
func crowd(address store.Address, n int) []store.GroupClaim {
	claims := make([]store.GroupClaim, n)
	for i := range claims {
		claims[i] = grouped(store.GroupKey([]store.Address{address, wallet(i)}), wallet(i))
	}
	return claims
}

// loadedGroupCases are about the group claims of a snapshot.
func loadedGroupCases() []Case {
	const other = "0xb0b"
	between := strings.Join([]string{string(wallet(1)), string(alice), string(wallet(2))}, ",")
	return []Case{
		{Name: "the claims that name the address", run: func(w *world) {
			claims := []store.GroupClaim{
				grouped(couple, bob), grouped(string(wallet(1))+","+string(alice), wallet(1)), grouped(between, other), grouped(string(alice), bob),
				grouped(couple+",", ""), grouped(",,"+string(alice), bob), grouped(string(alice)+","+string(alice), alice), grouped(string(wallet(3)), alice),
			}
			w.groupClaims(claims...)
			w.loadsGroups(grouping(alice), claims...)
			w.loadsGroups(grouping(bob), claims[0], claims[3], claims[4], claims[5])
		}},
		{Name: "no claim whose key only resembles the address", run: func(w *world) {
			var claims []store.GroupClaim
			for i, key := range unlike() {
				claims = append(claims, grouped(key, []store.Address{other, "", upper(alice), alice[:41], alice[2:], "%"}[i%6]))
			}
			w.groupClaims(claims...)
			w.loadsGroups(grouping(alice))
		}},
		{Name: "a claim of the canonical wallet whatever its key", run: func(w *world) {
			for _, key := range unlike() {
				claim := grouped(key, alice)
				w.groupClaims(claim)
				w.loadsGroups(grouping(alice), claim)
			}
		}},
		{Name: "the claims of several wallets each once", run: func(w *world) {
			claims := []store.GroupClaim{grouped(couple, alice), grouped(between, alice), grouped("", bob), grouped(string(carol), carol)}
			w.groupClaims(claims...)
			w.loadsGroups(grouping(bob, alice, wallet(2)), claims[:3]...)
			w.loadsGroups(grouping(carol, bob), claims[0], claims[2], claims[3])
		}},
		{Name: "the claims of the community", run: func(w *world) {
			w.edit(func(s *store.State) {
				s.GroupClaims = []store.StoredGroupClaim{
					{GroupClaim: grouped(couple, alice), Community: neighbour}, {GroupClaim: grouped("", alice), Community: neighbour},
				}
			})
			w.loadsGroups(grouping(alice))
			w.edit(func(s *store.State) {
				s.GroupClaims = append(s.GroupClaims, store.StoredGroupClaim{GroupClaim: grouped(couple, bob), Community: community})
			})
			w.loadsGroups(grouping(alice), grouped(couple, bob))
		}},
		{Name: "none unless the query asks for them", run: func(w *world) {
			w.groupClaims(crowd(alice, store.MaxGroupClaims+1)...)
			assert.Empty(w.t, w.load(alice).GroupClaims)
		}},
		{Name: "none without an address or a claim", run: func(w *world) {
			w.loadsGroups(grouping(alice, bob))
			w.groupClaims(grouped("", alice), grouped(",", ""))
			w.loadsGroups(grouping())
		}},
		{Name: "a claim with the longest key", run: func(w *world) {
			claim := grouped(longKey(alice, store.MaxGroupKey), bob)
			w.groupClaims(claim)
			w.loadsGroups(grouping(alice), claim)
			w.loadsGroups(grouping(bob), claim)
		}},
		{Name: "no claim with a longer key", run: func(w *world) {
			w.groupClaims(grouped(longKey(alice, store.MaxGroupKey+1), alice), grouped(strings.Repeat("x", 8*store.MaxGroupKey), alice))
			w.loadsGroups(grouping(alice))
		}},
		{Name: "as many claims as a store reads", run: func(w *world) {
			claims := crowd(alice, store.MaxGroupClaims)
			w.groupClaims(append(claims, grouped(longKey(alice, store.MaxGroupKey+1), alice), grouped(string(bob), bob))...)
			w.loadsGroups(grouping(alice), claims...)
			claims = append(crowd(bob, store.MaxGroupClaims-1), claims...)
			claims = append(claims, grouped(couple, alice))
			w.groupClaims(claims...)
			w.loadsGroups(grouping(alice, bob), claims...)
		}},
		{Name: "more claims than a store reads are an error", run: func(w *world) {
			w.groupClaims(crowd(alice, store.MaxGroupClaims+1)...)
			w.notLoaded(store.ErrInternal, grouping(alice))
			w.query(grouping(alice, bob))
			w.groupClaims(crowd(alice, 2*store.MaxGroupClaims+1)...)
			w.notLoaded(store.ErrInternal, grouping(bob, alice))
			w.query(grouping(bob))
		}},
		{Name: "the claims of known wallets", run: func(w *world) {
			w.readBefore()
			claims := []store.GroupClaim{grouped(couple, bob), grouped("", alice)}
			w.groupClaims(claims...)
			for _, version := range w.versions() {
				q := grouping(alice, carol)
				q.Known = ofAlice(version)
				w.loadsGroups(q, claims...)
			}
		}},
		{Name: "the time of a claim to the microsecond", run: func(w *world) {
			claim := grouped(couple, bob)
			claim.ClaimedAt = noon.Add(time.Microsecond)
			w.groupClaims(claim)
			w.loadsGroups(grouping(alice), claim)
		}},
		{Name: "the claims that a scoring wrote", run: func(w *world) {
			w.apply(w.scored([]store.Address{alice, bob}, groupSwap(nil, grouped(couple, bob))))
			w.loadsGroups(grouping(alice), grouped(couple, bob))
			w.apply(w.scored([]store.Address{alice, bob}, groupSwap([]store.GroupClaim{grouped(couple, bob)})))
			w.loadsGroups(grouping(alice))
		}},
		{Name: "Load with groups changes nothing", run: func(w *world) {
			w.groupClaims(grouped(couple, bob), grouped("", alice))
			w.unchanged(func() { w.query(grouping(alice)) })
		}},
	}
}

// listGroupCases are about lists of group claims.
func listGroupCases() []Case {
	list := func(w *world, id int64, address store.Address) []store.GroupClaim {
		w.t.Helper()
		claims, err := role[store.Groups](w).ListGroupClaims(w.ctx, id, address)
		require.NoError(w.t, err)
		return claims
	}
	return []Case{
		{Name: "the claims that name the address by key in bytes", run: func(w *world) {
			inOrder := []store.GroupClaim{
				grouped("", alice), grouped(string(wallet(1))+","+string(alice), wallet(1)), grouped(couple, bob), grouped("B", alice),
				grouped("a'\"\\", alice), grouped("a-b", alice), grouped("aa", alice), grouped("b", alice), grouped("é", alice),
			}
			inOrder[0].ClaimedAt = noon.Add(time.Microsecond)
			w.groupClaims(append(reversed(inOrder), grouped("c", bob), grouped(string(alice[:41]), bob), grouped(longKey(alice, store.MaxGroupKey+1), alice))...)
			w.edit(func(s *store.State) {
				s.GroupClaims = append(s.GroupClaims, store.StoredGroupClaim{GroupClaim: grouped("d", alice), Community: neighbour})
			})
			listed := list(w, community, alice)
			equal(w, inOrder, listed)
			w.exact(listed[0].ClaimedAt)
		}},
		{Name: "a claim that moves is listed where it is", run: func(w *world) {
			alone := grouped("", alice)
			w.groupClaims(alone)
			w.apply(w.scored([]store.Address{alice, bob}, groupSwap([]store.GroupClaim{alone}, grouped(couple, bob))))
			equal(w, []store.GroupClaim{grouped(couple, bob)}, list(w, community, alice))
			equal(w, []store.GroupClaim{grouped(couple, bob)}, list(w, community, bob))
		}},
		{Name: "none is no error", run: func(w *world) {
			for _, id := range []int64{community, 0, 77, math.MinInt64} {
				assert.Empty(w.t, list(w, id, alice))
			}
		}},
		{Name: "an address is found in any letter case", run: func(w *world) {
			w.groupClaims(grouped(couple, bob))
			assert.Len(w.t, list(w, community, upper(alice)), 1)
		}},
		{Name: "a malformed address is refused", run: func(w *world) {
			w.groupClaims(grouped("", ""), grouped("alice", "alice"))
			w.refusesAddresses(func(a store.Address) error {
				return errorOf(role[store.Groups](w).ListGroupClaims(w.ctx, community, a))
			})
		}},
		{Name: "listing changes nothing", run: func(w *world) {
			w.groupClaims(grouped(couple, bob))
			w.unchanged(func() { list(w, community, alice) })
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.Groups](w).ListGroupClaims(ctx, community, alice))
			})
		}},
	}
}
