package memstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

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
		claims = append(claims, d.groups[community][key])
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
	for _, at := range foundAt(community, &claim) {
		if d.groupKeys[at] == nil {
			d.groupKeys[at] = map[string]bool{}
		}
		d.groupKeys[at][claim.Key] = true
	}
}

func (d *data) removeGroupClaim(community int64, claim *store.GroupClaim) {
	delete(d.groups[community], claim.Key)
	for _, at := range foundAt(community, claim) {
		delete(d.groupKeys[at], claim.Key)
	}
}

// foundAt returns the addresses that find the claim: all that it names, none if
// its key is too long.
func foundAt(community int64, claim *store.GroupClaim) []place {
	if utf8.RuneCountInString(claim.Key) > store.MaxGroupKey {
		return nil
	}
	found := []place{{claim.Canonical, community}}
	for item := range strings.SplitSeq(claim.Key, ",") {
		found = append(found, place{store.Address(item), community})
	}
	return found
}

// checkGroups returns an error unless the group claims that name the wallets
// are those that the swap expects.
func (d *data) checkGroups(c *store.Changes) error {
	if c.Groups == nil {
		return nil
	}
	addresses := make([]store.Address, len(c.Wallets))
	for i := range c.Wallets {
		addresses[i] = c.Wallets[i].Address
	}
	found := d.groupClaims(c.Community, addresses...)
	expected := slices.SortedFunc(slices.Values(c.Groups.From), func(a, b store.GroupClaim) int { return strings.Compare(a.Key, b.Key) })
	if !slices.EqualFunc(found, expected, func(a, b store.GroupClaim) bool { return a.Equal(&b) }) {
		return fail(store.ErrConflict, "a group's claim has changed since it was read")
	}
	return nil
}

// writeGroups makes the group claims those of the swap, which was checked.
func (d *data) writeGroups(c *store.Changes) {
	if c.Groups == nil {
		return
	}
	for i := range c.Groups.From {
		d.removeGroupClaim(c.Community, &c.Groups.From[i])
	}
	for _, claim := range c.Groups.To {
		d.addGroupClaim(c.Community, claim)
	}
}
