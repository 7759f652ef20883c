package store

import (
	"context"
	"fmt"
	"time"
)

// AddressLister is the role that lists the addresses of a community.
type AddressLister interface {
	// ListAddresses must return the first addresses that the query selects, at
	// most its Limit, each once and in the order of their bytes. Fewer than the
	// limit mean that there are no more. Rows of other programs whose address is
	// not [Address.Valid] must be passed over.
	//
	// It must return [ErrInvalid] for a query that [AddressQuery.Validate] refuses,
	// and [ErrCommunityNotFound] when the community does not exist or is deleted.
	ListAddresses(ctx context.Context, q AddressQuery) ([]Address, error)
}

// AddressQuery selects addresses. Without ScoredBefore and ExpiringBefore it
// selects all that have a live credential, whether or not the community has
// scored them.
type AddressQuery struct {
	Community int64
	// ScoredBefore, unless zero, selects the addresses whose last score in the
	// community was recorded before that time. A failed scoring and one that is
	// queued have no time, and are selected.
	ScoredBefore time.Time
	// ExpiringBefore, unless zero, selects the addresses whose last score in the
	// community expires before that time. One without an expiry does not.
	ExpiringBefore time.Time
	After          Address // selects the addresses above it; empty selects all
	Limit          int     // 1 to MaxPage
}

// Validate reports what is wrong with the query; the fault wraps [ErrInvalid].
func (q *AddressQuery) Validate() error {
	switch {
	case q.Limit < 1 || q.Limit > MaxPage:
		return fmt.Errorf("%w: a page has 1 to %d rows, not %d", ErrInvalid, MaxPage, q.Limit)
	case q.After != "" && !q.After.Valid():
		return fmt.Errorf("%w: address %.100q is not 0x and 40 lower-case hex digits", ErrInvalid, string(q.After))
	case !q.ScoredBefore.IsZero() && !q.ExpiringBefore.IsZero():
		return fmt.Errorf("%w: addresses are selected by the time of their score or by its expiry, not by both", ErrInvalid)
	}
	return nil
}
