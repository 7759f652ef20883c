package memstore

import (
	"context"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// ListAddresses implements [store.AddressLister]. It looks at all addresses,
// whatever the limit.
func (s *Store) ListAddresses(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
	return view(ctx, s, "list_addresses", q.Validate(), func(d *data) ([]store.Address, error) {
		if _, err := d.community(q.Community); err != nil {
			return nil, err
		}
		selected := slices.DeleteFunc(d.selected(&q), func(a store.Address) bool { return a <= q.After || !a.Valid() })
		slices.Sort(selected)
		return selected[:min(len(selected), q.Limit)], nil
	})
}

// selected returns the addresses that the query selects wherever its page
// begins, in any order.
func (d *data) selected(q *store.AddressQuery) (addresses []store.Address) {
	if q.ScoredBefore.IsZero() && q.ExpiringBefore.IsZero() {
		for address := range d.credentials {
			if live, _ := d.read(address); len(live) > 0 {
				addresses = append(addresses, address)
			}
		}
		return addresses
	}
	for at, score := range d.scores {
		if at.community == q.Community && selects(q, &score.Score) {
			addresses = append(addresses, at.address)
		}
	}
	return addresses
}

// selects reports whether the query selects addresses with that last score.
func selects(q *store.AddressQuery, last *store.Score) bool {
	if !q.ScoredBefore.IsZero() {
		return last.Status != store.StatusDone || last.ScoredAt.IsZero() ||
			last.ScoredAt.Before(store.Microseconds(q.ScoredBefore))
	}
	return !last.ExpiresAt.IsZero() && last.ExpiresAt.Before(store.Microseconds(q.ExpiringBefore))
}
