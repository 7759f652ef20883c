package storetest_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// swapsGroups is a store that writes other swaps of group claims, in view of
// those that there are and name a wallet of the change set.
func swapsGroups(change func(now groupClaims, swap *store.GroupSwap)) broken {
	return func(b *brokenstore.Store) {
		applies(func(c *store.Changes) {
			if c.Groups != nil {
				c.Groups = &store.GroupSwap{From: slices.Clone(c.Groups.From), To: slices.Clone(c.Groups.To)}
				change(groupsOf(b, c), c.Groups)
			}
		})(b)
	}
}

// groupsOf returns the group claims that name a wallet of the change set.
func groupsOf(b *brokenstore.Store, c *store.Changes) groupClaims {
	q := store.Query{Community: c.Community, Groups: true}
	for _, w := range c.Wallets {
		q.Addresses = append(q.Addresses, w.Address)
	}
	snapshot, err := b.Good.Load(context.Background(), q)
	if err != nil {
		return nil
	}
	return snapshot.GroupClaims
}

// takesGroups is a store that takes the group claims for the expected ones if
// they are by its own rule.
func takesGroups(same func(now groupClaims, swap *store.GroupSwap) bool) broken {
	return swapsGroups(func(now groupClaims, swap *store.GroupSwap) {
		if same(now, swap) {
			swap.From = now
		}
	})
}

// takesEach is takesGroups for a rule about each claim and the one with the
// same key.
func takesEach(same func(now, read *store.GroupClaim) bool) broken {
	return takesGroups(func(now groupClaims, swap *store.GroupSwap) bool {
		return len(now) == len(swap.From) && !slices.ContainsFunc(now, func(c store.GroupClaim) bool {
			return !slices.ContainsFunc(swap.From, func(read store.GroupClaim) bool { return same(&c, &read) })
		})
	})
}

// groupConflicts is a store that sees a conflict in some swaps.
func groupConflicts(which func(swap *store.GroupSwap) bool) broken {
	return refusesChanges(store.ErrConflict, func(_ store.State, c *store.Changes) bool { return c.Groups != nil && which(c.Groups) })
}

// afterGroups is a store that changes the group claims of the state once it has
// written a swap.
func afterGroups(change func(c *store.Changes, claims []store.StoredGroupClaim) []store.StoredGroupClaim) broken {
	return afterApply(func(c *store.Changes, s *store.State) {
		if c.Groups != nil {
			s.GroupClaims = change(c, s.GroupClaims)
		}
	})
}

// writesGroupsFirst makes the group claims those of the swap.
func writesGroupsFirst(c *store.Changes, s *store.State) {
	if c.Groups == nil {
		return
	}
	s.GroupClaims = nil
	for _, claim := range c.Groups.To {
		s.GroupClaims = append(s.GroupClaims, store.StoredGroupClaim{GroupClaim: claim, Community: c.Community})
	}
}

func hasOddClaim(swap *store.GroupSwap) bool {
	return slices.ContainsFunc(swap.From, func(c store.GroupClaim) bool { return !strings.HasPrefix(c.Key, "0x") })
}

func dropsGroups(c *store.Changes) { c.Groups = nil }

func holdsAll(claims, of groupClaims) bool {
	return !slices.ContainsFunc(of, func(c store.GroupClaim) bool {
		return !slices.ContainsFunc(claims, func(o store.GroupClaim) bool { return o.Equal(&c) })
	})
}

// brokenGroups are stores that mind group claims too little or too much.
var brokenGroups = map[string]fault{
	"writes any group claims":        {"group claims", takesGroups(func(groupClaims, *store.GroupSwap) bool { return true })},
	"ignores group claims":           {"group claims", applies(dropsGroups)},
	"has a conflict for every group": {"group claims", groupConflicts(func(*store.GroupSwap) bool { return true })},
	"makes a first claim always":     {"group claims/the first claim when another wallet is canonical is a conflict", takesGroups(func(_ groupClaims, swap *store.GroupSwap) bool { return len(swap.From) == 0 })},
	"makes a first claim of a key": {"group claims/the first claim when one of another key is there is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool {
		return len(swap.To) == 1 && len(swap.From) == 0 && !hasKey(now, swap.To[0].Key)
	})},
	"does not see an odd claim": {"group claims/the first claim when an odd one is there is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool { return hasOddClaim(&store.GroupSwap{From: now}) })},
	"knows the claims that it made": {"group claims/the first claim when one is there already is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool {
		return holdsAll(now, swap.To) && holdsAll(swap.To, now)
	})},
	"knows a claim that it moved": {"group claims/a claim that has moved already is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool {
		return holdsAll(now, swap.To) && holdsAll(swap.To, now)
	})},
	"takes a claim that is gone":   {"group claims/a claim that is gone is a conflict", takesGroups(func(now groupClaims, _ *store.GroupSwap) bool { return len(now) == 0 })},
	"removes a claim that is gone": {"group claims/a removed claim that is gone is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool { return len(now) == 0 && len(swap.To) == 0 })},
	"compares keys":                {"group claims/a claim whose canonical wallet is another is a conflict", takesEach(func(now, read *store.GroupClaim) bool { return now.Key == read.Key })},
	"compares the time by the second": {"group claims/a claim of a microsecond later is a conflict", takesEach(func(now, read *store.GroupClaim) bool {
		return now.Key == read.Key && now.Canonical == read.Canonical && now.ClaimedAt.Truncate(time.Second).Equal(read.ClaimedAt.Truncate(time.Second))
	})},
	"compares canonical wallets":     {"group claims/a claim whose key is another is a conflict", takesEach(func(now, read *store.GroupClaim) bool { return now.Canonical == read.Canonical })},
	"sees no claim that was added":   {"group claims/a claim beside which one was added is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool { return holdsAll(now, swap.From) })},
	"sees none added to a check":     {"group claims/a check of one beside which one was added is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool { return holdsAll(now, swap.From) })},
	"sees no claim that is gone":     {"group claims/a claim beside which one is gone is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool { return holdsAll(swap.From, now) })},
	"compares the number of claims":  {"group claims/a claim in place of another is a conflict", takesGroups(func(now groupClaims, swap *store.GroupSwap) bool { return len(now) == len(swap.From) })},
	"removes a claim that has moved": {"group claims/a removed claim that has moved is a conflict", takesGroups(func(_ groupClaims, swap *store.GroupSwap) bool { return len(swap.To) == 0 && len(swap.From) > 0 })},
	"checks no claims": {"group claims/a check of one that has moved is a conflict", applies(func(c *store.Changes) {
		if c.Groups != nil && holdsAll(c.Groups.From, c.Groups.To) {
			c.Groups = nil
		}
	})},
	"checks no absence": {"group claims/a check of none when one is there is a conflict", applies(func(c *store.Changes) {
		if c.Groups != nil && len(c.Groups.From)+len(c.Groups.To) == 0 {
			c.Groups = nil
		}
	})},
	"checks groups by writing": {"group claims/a check of one is written", groupConflicts(func(s *store.GroupSwap) bool { return len(s.From) == 1 && holdsAll(s.From, s.To) })},
	"wants an order of the claims": {"group claims/a check of several is written", groupConflicts(func(s *store.GroupSwap) bool {
		return !slices.IsSortedFunc(s.From, func(a, b store.GroupClaim) int { return strings.Compare(a.Key, b.Key) })
	})},
	"compares groups by the clock": {"group claims/a claim of the same moment in another zone is written", groupConflicts(func(s *store.GroupSwap) bool {
		return slices.ContainsFunc(s.From, func(c store.GroupClaim) bool { return c.ClaimedAt.Hour() != c.ClaimedAt.UTC().Hour() })
	})},
	"wants good keys": {"group claims/odd claims stay beside a new one is written", groupConflicts(hasOddClaim)},
	"adds a claim of another key": {"group claims/a claim that moves to another key is written", keepsKeys(func(c *store.Changes, key string) bool {
		return hasKey(c.Groups.From, key) && !hasKey(c.Groups.To, key)
	})},
	"removes no claims":            {"group claims/a removed claim is written", keepsKeys(func(c *store.Changes, key string) bool { return hasKey(c.Groups.From, key) && len(c.Groups.To) == 0 })},
	"keeps the canonical wallet":   {"group claims/a claim that moves is written", swapsGroups(func(now groupClaims, swap *store.GroupSwap) { keepsCanonical(now, swap.To) })},
	"writes the first group claim": {"group claims/a claim for each of two keys is written", swapsGroups(func(_ groupClaims, swap *store.GroupSwap) { swap.To = swap.To[:min(1, len(swap.To))] })},
	"inserts before it removes":    {"group claims/claims that change places is written", groupConflicts(func(s *store.GroupSwap) bool { return len(s.From) == 2 && len(s.To) == 2 && !holdsAll(s.From, s.To) })},
	"has an end for a lost group":  {"group claims/a conflict is worth another attempt", otherwise(store.ErrConflict, func(error) error { return &store.Error{Op: "apply", Kind: store.ErrConflict, Final: true} })},
	"keeps groups by the second": {"group claims/the time of a claim to the microsecond", swapsGroups(func(_ groupClaims, swap *store.GroupSwap) {
		for i := range swap.To {
			swap.To[i].ClaimedAt = swap.To[i].ClaimedAt.Truncate(time.Second)
		}
	})},
	"writes groups before it looks at versions":   {"group claims/a conflict of the credentials leaves the claims", beforeApply(writesGroupsFirst)},
	"writes groups before it looks at nullifiers": {"group claims/a taken nullifier leaves the claims", beforeApply(writesGroupsFirst)},
	"writes scores before it looks at groups": {"group claims/a conflict of the claims leaves the nullifiers", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			early := fresh(b, c)
			early.Groups = nil
			if _, err := b.Good.Apply(ctx, early); err != nil {
				return nil, err
			}
			return b.Good.Apply(ctx, c)
		}
	}},
	"has no room for large groups": {"group claims/a claim of the largest group", refusesChanges(store.ErrInternal, func(_ store.State, c *store.Changes) bool {
		return c.Groups != nil && len(c.Groups.To) == 1 && len(c.Groups.To[0].Key) > 2500
	})},
	"removes the groups of a wallet that is scored": {"group claims/a scoring without a swap leaves the claims", afterApply(func(c *store.Changes, s *store.State) {
		s.GroupClaims = slices.DeleteFunc(s.GroupClaims, func(claim store.StoredGroupClaim) bool { return c.Groups == nil && claim.Names(c.Wallets[0].Address) })
	})},
	"removes groups of others": {"group claims/claims that name no wallet of the change set stay", afterGroups(func(c *store.Changes, claims []store.StoredGroupClaim) []store.StoredGroupClaim {
		return slices.DeleteFunc(claims, func(claim store.StoredGroupClaim) bool {
			return claim.Community == c.Community && !hasKey(c.Groups.To, claim.Key)
		})
	})},
	"removes groups of all communities": {"group claims/a claim of another community is another claim", afterGroups(func(c *store.Changes, claims []store.StoredGroupClaim) []store.StoredGroupClaim {
		return slices.DeleteFunc(claims, func(claim store.StoredGroupClaim) bool {
			return hasKey(c.Groups.From, claim.Key) && !hasKey(c.Groups.To, claim.Key)
		})
	})},
	"has one claim for all communities": {"group claims/a claim of another community is another claim", refusesChanges(store.ErrConflict, func(s store.State, c *store.Changes) bool {
		return c.Groups != nil && slices.ContainsFunc(s.GroupClaims, func(claim store.StoredGroupClaim) bool {
			return hasKey(c.Groups.To, claim.Key) && !hasKey(c.Groups.From, claim.Key)
		})
	})},
	"wants all wallets of a claim": {"group claims/one wallet of a claim removes it", groupConflictsOf(func(c *store.Changes) bool {
		return len(c.Wallets) == 1 && len(c.Groups.From) > 0
	})},
	"drops a malformed group":      {"group claims/a malformed swap is refused", applies(dropsInvalidGroups)},
	"drops the group of a failure": {"group claims/a failed scoring with a swap is refused", applies(dropsInvalidGroups)},
}

func groupConflictsOf(which func(c *store.Changes) bool) broken {
	return refusesChanges(store.ErrConflict, func(_ store.State, c *store.Changes) bool { return c.Groups != nil && which(c) })
}

func dropsInvalidGroups(c *store.Changes) {
	if c.Validate() != nil {
		c.Groups = nil
	}
}

func hasKey(claims groupClaims, key string) bool {
	return slices.ContainsFunc(claims, func(c store.GroupClaim) bool { return c.Key == key })
}

// keepsCanonical makes the claims those of the wallets that had them before.
func keepsCanonical(now, claims groupClaims) {
	for i := range claims {
		for _, before := range now {
			if before.Key == claims[i].Key {
				claims[i].Canonical = before.Canonical
			}
		}
	}
}

// keepsKeys is a store that keeps claims which a swap removes.
func keepsKeys(which func(c *store.Changes, key string) bool) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			before := b.Good.State().GroupClaims
			receipt, err := b.Good.Apply(ctx, c)
			if err == nil && c.Groups != nil {
				b.Edit(func(s *store.State) {
					for _, claim := range before {
						if claim.Community == c.Community && which(c, claim.Key) {
							s.GroupClaims = append(s.GroupClaims, claim)
						}
					}
				})
			}
			return receipt, err
		}
	}
}
