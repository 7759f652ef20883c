package pgstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// ListGroupClaims implements [store.Groups].
func (s *Store) ListGroupClaims(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
	const op = "list_group_claims"
	of, err := parse(op, address)
	if err != nil {
		return nil, err
	}
	return listLagging(ctx, s, s.texts.call(op, community, []string{of}), scanGroupClaim)
}

func scanGroupClaim(scan scanFunc) (c store.GroupClaim, err error) {
	var canonical string
	var at storedTime
	if err := scan(&c.Key, &canonical, &at); err != nil {
		return c, err
	}
	c.Canonical = store.Address(canonical)
	c.ClaimedAt, err = at.known()
	return c, err
}

// loadGroups returns the call that reads the group claims. It reads one more
// than there may be.
func (t texts) loadGroups(q *store.Query, r *snapshotReader) call {
	most := store.MaxGroupClaims * len(q.Addresses)
	r.result.GroupClaims = nil // those of an earlier call, if there was one
	return t.call("load_group_claims", q.Community, queried(q), int64(most+1)).each(func(scan scanFunc) error {
		if len(r.result.GroupClaims) == most {
			return fmt.Errorf("more than %d group claims name the addresses", most)
		}
		claim, err := scanGroupClaim(scan)
		r.result.GroupClaims = append(r.result.GroupClaims, claim)
		return err
	})
}

// writeGroups checks the group claims that name the wallets, and replaces those
// that change. A claim is deleted and inserted again even if only its canonical
// wallet changes.
func (t texts) writeGroups(c *store.Changes, addresses []string) []call {
	if c.Groups == nil {
		return nil
	}
	expected, inserted, deleted := newColumns(3), newColumns(3), []string{}
	for i := range c.Groups.From {
		claim := &c.Groups.From[i]
		expected.add(claim.Key, string(claim.Canonical), timestamp(claim.ClaimedAt))
		if !slices.ContainsFunc(c.Groups.To, func(to store.GroupClaim) bool { return to.Equal(claim) }) {
			deleted = append(deleted, claim.Key)
		}
	}
	for i := range c.Groups.To {
		claim := &c.Groups.To[i]
		if !slices.ContainsFunc(c.Groups.From, func(from store.GroupClaim) bool { return from.Equal(claim) }) {
			inserted.add(claim.Key, string(claim.Canonical), timestamp(claim.ClaimedAt))
		}
	}
	calls := []call{t.call("verify_group_claims", c.Community, addresses, expected)}
	if len(deleted) > 0 {
		calls = append(calls, t.call("delete_group_claims", c.Community, deleted))
	}
	if inserted.rows() > 0 {
		calls = append(calls, t.call("insert_group_claims", c.Community, inserted))
	}
	return calls
}
