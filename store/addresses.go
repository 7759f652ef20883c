package store

import (
	"context"
	"fmt"
	"time"
)

// AddressLister is the role that lists the addresses that a community may have
// to score.
type AddressLister interface {
	// ListAddresses must return the first addresses that the query selects, at
	// most its Limit, each once and in the order of their bytes. Fewer than the
	// limit mean that there are no more; none is no error. Rows of other programs
	// whose address is not [Address.Valid] must be passed over.
	//
	// It must return [ErrInvalid] for a query that [AddressQuery.Validate]
	// refuses, and [ErrCommunityNotFound] when the community does not exist or is
	// deleted. It must change nothing.
	ListAddresses(ctx context.Context, q AddressQuery) ([]Address, error)
}

// AddressQuery selects addresses. Without ScoredBefore and ExpiringBefore it
// selects all that have a live credential among those that Load reads, whether
// or not the community has scored them. With one of them it selects addresses
// by the last score that the community recorded, whether or not they still have
// a credential.
//
// Both times are compared in whole microseconds, and a fraction is dropped.
type AddressQuery struct {
	Community int64
	// ScoredBefore, unless zero, selects the addresses whose last score was
	// recorded before that time, and those whose last score is not [StatusDone]
	// or has no time: a failed scoring, or one that is queued.
	ScoredBefore time.Time
	// ExpiringBefore, unless zero, selects the addresses whose last score expires
	// before that time. A score without an expiry never does.
	ExpiringBefore time.Time
	// After selects the addresses above it, whether or not it is listed itself;
	// empty selects all.
	After Address
	Limit int // 1 to MaxPage
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
