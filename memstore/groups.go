package memstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// ListGroupClaims implements [store.Groups].
func (s *Store) ListGroupClaims(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
	return viewOf(ctx, s, "list_group_claims", address, func(d *data, address store.Address) ([]store.GroupClaim, error) {
		return d.groupClaims(community, address), nil
	})
}

// groupClaims returns the claims that name one of the addresses, by key.
func (d *data) groupClaims(community int64, addresses ...store.Address) []store.GroupClaim {
	named := map[string]bool{}
	for _, address := range addresses {
		maps.Copy(named, d.groupKeys[place{address, community}])
	}
	var claims []store.GroupClaim
	for _, key := range slices.Sorted(maps.Keys(named)) {
		if len(key) <= store.MaxGroupKey {
			claims = append(claims, d.groups[community][key])
		}
	}
	return claims
}

// addGroupClaim adds a claim with a key that has none.
func (d *data) addGroupClaim(community int64, claim store.GroupClaim) {
	claim.ClaimedAt = store.Microseconds(claim.ClaimedAt)
	if d.groups[community] == nil {
		d.groups[community] = map[string]store.GroupClaim{}
	}
	d.groups[community][claim.Key] = claim
	for _, address := range namedBy(&claim) {
		at := place{address, community}
		if d.groupKeys[at] == nil {
			d.groupKeys[at] = map[string]bool{}
		}
		d.groupKeys[at][claim.Key] = true
	}
}

func (d *data) removeGroupClaim(community int64, claim store.GroupClaim) {
	delete(d.groups[community], claim.Key)
	for _, address := range namedBy(&claim) {
		delete(d.groupKeys[place{address, community}], claim.Key)
	}
}

// namedBy returns every address that the claim names.
func namedBy(claim *store.GroupClaim) []store.Address {
	named := []store.Address{claim.Canonical}
	for item := range strings.SplitSeq(claim.Key, ",") {
		named = append(named, store.Address(item))
	}
	return named
}

// checkGroups returns an error unless the group claims that name the wallets
// are those that the swap expects.
func (d *data) checkGroups(c *store.Changes) error {
	if c.Groups == nil {
		return nil
	}
	found := d.groupClaims(c.Community, addressesOf(c)...)
	expected := func(claim store.GroupClaim) bool {
		return slices.ContainsFunc(c.Groups.From, func(read store.GroupClaim) bool { return read.Equal(&claim) })
	}
	if len(found) != len(c.Groups.From) || !all(found, expected) {
		return fail(store.ErrConflict, "a group's claim has changed since it was read")
	}
	return nil
}

func addressesOf(c *store.Changes) []store.Address {
	addresses := make([]store.Address, len(c.Wallets))
	for i := range c.Wallets {
		addresses[i] = c.Wallets[i].Address
	}
	return addresses
}

func all[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(item T) bool { return !holds(item) })
}

// writeGroups makes the group claims those of the swap, which was checked.
func (d *data) writeGroups(c *store.Changes) {
	if c.Groups == nil {
		return
	}
	for _, claim := range c.Groups.From {
		d.removeGroupClaim(c.Community, claim)
	}
	for _, claim := range c.Groups.To {
		d.addGroupClaim(c.Community, claim)
	}
}
