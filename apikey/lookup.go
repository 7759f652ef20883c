package apikey

import (
	"context"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

const (
	// lookupTimeout bounds one lookup, and the wait for a place among them.
	lookupTimeout = 5 * time.Second
	// maxLookups is the number of lookups at a time. It bounds how many go on
	// after their callers have left.
	maxLookups = 64
)

// lookUp runs a query that a caller without a key can cause. The query outlives
// the cancellation and the deadline of ctx, because a driver closes the
// connection whose query is cancelled, and callers that hang up would cost
// everybody else their connections. It has a deadline of its own instead. The
// wait for a place ends with ctx.
func (c *Checker) lookUp(ctx context.Context, query func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	waiting, stop := context.WithTimeout(ctx, lookupTimeout)
	defer stop()
	select {
	case c.lookups <- struct{}{}:
		defer func() { <-c.lookups }()
	case <-waiting.Done():
		if err := ctx.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%w: too many lookups at a time", store.ErrUnavailable)
	}
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
	defer cancel()
	err := query(detached)
	if err != nil && detached.Err() != nil {
		return fmt.Errorf("%w: no answer within %v", store.ErrUnavailable, lookupTimeout)
	}
	return err
}
