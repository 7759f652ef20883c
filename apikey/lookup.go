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
	// maxLookups is the number of lookups at a time. It bounds those that
	// continue after their callers have left.
	maxLookups = 64
)

// lookUp runs a query that a caller without a key can cause. The query ignores
// the cancellation and the deadline of ctx: a driver closes the connection
// whose query is cancelled, so callers that hang up would close the connections
// of others. It has a deadline of its own instead. The wait for a place ends
// with ctx.
func (r *Registry) lookUp(ctx context.Context, query func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	waiting, stop := context.WithTimeout(ctx, lookupTimeout)
	defer stop()
	select {
	case r.lookups <- struct{}{}:
		defer func() { <-r.lookups }()
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
