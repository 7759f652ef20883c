package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

type groupClaims = []store.GroupClaim

// loadsGroups is a store that loads those of the group claims.
func loadsGroups(which func(q store.Query, c *store.StoredGroupClaim) bool) broken {
	return func(b *brokenstore.Store) {
		brokenstore.Loads(func(q store.Query, snapshot *store.Snapshot) {
			snapshot.GroupClaims = nil
			for _, claim := range b.Good.State().GroupClaims {
				if q.Groups && which(q, &claim) {
					snapshot.GroupClaims = append(snapshot.GroupClaims, claim.GroupClaim)
				}
			}
		})(b)
	}
}

// findsGroups is a store that loads the group claims of the community which
// name an address by a rule of its own.
func findsGroups(names func(c *store.GroupClaim, address store.Address) bool) broken {
	return loadsGroups(func(q store.Query, c *store.StoredGroupClaim) bool {
		return c.Community == q.Community && slices.ContainsFunc(q.Addresses, func(a store.Address) bool { return names(&c.GroupClaim, a) })
	})
}

// changesGroups is a store whose snapshots have other group claims.
func changesGroups(change func(q store.Query, s *store.Snapshot, loaded groupClaims) groupClaims) broken {
	return brokenstore.Loads(func(q store.Query, s *store.Snapshot) {
		if q.Groups {
			s.GroupClaims = change(q, s, s.GroupClaims)
		}
	})
}

func listsWallet(c *store.GroupClaim, address store.Address) bool {
	return slices.Contains(strings.Split(c.Key, ","), string(address))
}

func isShort(c *store.GroupClaim) bool { return len([]rune(c.Key)) <= store.MaxGroupKey }

// brokenLoadedGroups are stores that load other group claims than they should.
var brokenLoadedGroups = map[string]fault{
	"loads groups by the canonical wallet": {"loaded groups/the claims that name the address", findsGroups(func(c *store.GroupClaim, a store.Address) bool { return c.Canonical == a && isShort(c) })},
	"loads groups by the first wallet": {"loaded groups/the claims that name the address", findsGroups(func(c *store.GroupClaim, a store.Address) bool {
		return (c.Canonical == a || strings.HasPrefix(c.Key, string(a))) && isShort(c)
	})},
	"loads groups by a part of the key": {"loaded groups/no claim whose key only resembles the address", findsGroups(func(c *store.GroupClaim, a store.Address) bool {
		return c.Canonical == a || strings.Contains(c.Key, string(a))
	})},
	"loads groups in any letter case": {"loaded groups/no claim whose key only resembles the address", findsGroups(func(c *store.GroupClaim, a store.Address) bool {
		lower := store.GroupClaim{Key: strings.ToLower(c.Key), Canonical: store.Address(strings.ToLower(string(c.Canonical)))}
		return lower.Names(a) && isShort(c)
	})},
	"loads groups without white space": {"loaded groups/no claim whose key only resembles the address", findsGroups(func(c *store.GroupClaim, a store.Address) bool {
		trimmed := store.GroupClaim{Key: strings.Join(strings.Fields(c.Key), ""), Canonical: c.Canonical}
		return trimmed.Names(a) && isShort(c)
	})},
	"loads groups by the key": {"loaded groups/a claim of the canonical wallet whatever its key", findsGroups(listsWallet)},
	"loads a group for each wallet": {"loaded groups/the claims of several wallets each once", changesGroups(func(q store.Query, _ *store.Snapshot, loaded groupClaims) groupClaims {
		var each groupClaims
		for _, address := range q.Addresses {
			for _, claim := range loaded {
				if claim.Names(address) {
					each = append(each, claim)
				}
			}
		}
		return each
	})},
	"loads the groups of the first wallet": {"loaded groups/the claims of several wallets each once", changesGroups(func(q store.Query, _ *store.Snapshot, loaded groupClaims) groupClaims {
		return slices.DeleteFunc(loaded, func(c store.GroupClaim) bool { return !c.Names(q.Addresses[0]) })
	})},
	"loads groups of all communities": {"loaded groups/the claims of the community", loadsGroups(func(q store.Query, c *store.StoredGroupClaim) bool {
		return isShort(&c.GroupClaim) && slices.ContainsFunc(q.Addresses, c.Names)
	})},
	"loads groups without being asked": {"loaded groups/none unless the query asks for them", queries(func(q *store.Query) { q.Groups = true })},
	"loads all groups without an address": {"loaded groups/none without an address or a claim", loadsGroups(func(q store.Query, c *store.StoredGroupClaim) bool {
		return len(q.Addresses) == 0 || slices.ContainsFunc(q.Addresses, c.Names)
	})},
	"counts the bytes of a key":    {"loaded groups/a claim with the longest key", findsGroups(func(c *store.GroupClaim, a store.Address) bool { return len(c.Key) <= store.MaxGroupKey && c.Names(a) })},
	"loads groups of any length":   {"loaded groups/no claim with a longer key", findsGroups((*store.GroupClaim).Names)},
	"loads one group less":         {"loaded groups/as many claims as a store reads", refusesGroups(func(n, addresses int) bool { return n >= store.MaxGroupClaims*addresses })},
	"loads so many groups for all": {"loaded groups/as many claims as a store reads", refusesGroups(func(n, _ int) bool { return n > store.MaxGroupClaims })},
	"cuts the groups":              {"loaded groups/more claims than a store reads are an error", cutsGroups},
	"answers for too many groups":  {"loaded groups/more claims than a store reads are an error", answers(store.ErrInternal)},
	"loads no groups of known wallets": {"loaded groups/the claims of known wallets", changesGroups(func(_ store.Query, s *store.Snapshot, loaded groupClaims) groupClaims {
		return slices.DeleteFunc(loaded, func(c store.GroupClaim) bool {
			return !slices.ContainsFunc(s.Wallets, func(w store.Wallet) bool { return !w.Unchanged && c.Names(w.Address) })
		})
	})},
	"loads groups of the second": {"loaded groups/the time of a claim to the microsecond", changesGroups(func(_ store.Query, _ *store.Snapshot, loaded groupClaims) groupClaims {
		for i := range loaded {
			loaded[i].ClaimedAt = loaded[i].ClaimedAt.Truncate(time.Second)
		}
		return loaded
	})},
	"loads groups as they were first": {"loaded groups/the claims that a scoring wrote", loadsFirstGroups},
	"removes groups that were loaded": {"loaded groups/Load with groups changes nothing", after("Load", func(s *store.State) { s.GroupClaims = nil })},
}

// refusesGroups is a store that returns an error for that many claims.
func refusesGroups(which func(claims, addresses int) bool) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil && len(q.Addresses) > 0 && which(len(snapshot.GroupClaims), len(q.Addresses)) {
				return nil, store.Errorf("load", store.ErrInternal, "the store is broken")
			}
			return snapshot, err
		}
	}
}

// cutsGroups is a store that loads as many claims as there may be.
func cutsGroups(b *brokenstore.Store) {
	b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
		snapshot, err := b.Good.Load(ctx, q)
		if !errors.Is(err, store.ErrInternal) {
			return snapshot, err
		}
		most := store.MaxGroupClaims * len(q.Addresses)
		return b.Like(func(s *store.State) { s.GroupClaims = s.GroupClaims[:most] }).Load(ctx, q)
	}
}

// loadsFirstGroups is a store that remembers the claims that it loaded first.
func loadsFirstGroups(b *brokenstore.Store) {
	first := map[store.Address]groupClaims{}
	changesGroups(func(q store.Query, _ *store.Snapshot, loaded groupClaims) groupClaims {
		if before, again := first[q.Addresses[0]]; again {
			return before
		}
		first[q.Addresses[0]] = loaded
		return loaded
	})(b)
}

// brokenGroupLists are stores that list group claims wrongly.
var brokenGroupLists = map[string]fault{
	"lists groups without case": {
		"listing groups/the claims that name the address by key in bytes",
		returns("ListGroupClaims", func(listed groupClaims) groupClaims {
			slices.SortStableFunc(listed, func(a, b store.GroupClaim) int {
				return strings.Compare(strings.ToLower(a.Key), strings.ToLower(b.Key))
			})
			return listed
		}),
	},
	"lists groups of the hour": {
		"listing groups/the claims that name the address by key in bytes",
		returns("ListGroupClaims", func(listed groupClaims) groupClaims {
			for i := range listed {
				listed[i].ClaimedAt = listed[i].ClaimedAt.Truncate(time.Hour)
			}
			return listed
		}),
	},
	"lists groups of every community": {"listing groups/the claims that name the address by key in bytes", func(b *brokenstore.Store) {
		b.On.ListGroupClaims = func(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
			first, err := b.Good.ListGroupClaims(ctx, community, address)
			second, _ := b.Good.ListGroupClaims(ctx, 3-community, address)
			return append(first, second...), err
		}
	}},
	"lists groups of the canonical wallet": {"listing groups/a claim that moves is listed where it is", func(b *brokenstore.Store) {
		b.On.ListGroupClaims = func(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
			listed, err := b.Good.ListGroupClaims(ctx, community, address)
			return slices.DeleteFunc(listed, func(c store.GroupClaim) bool { return c.Canonical != address }), err
		}
	}},
	"misses groups":                   {"listing groups/none is no error", misses("ListGroupClaims")},
	"removes groups that were listed": {"listing groups/listing changes nothing", after("ListGroupClaims", func(s *store.State) { s.GroupClaims = nil })},
}
