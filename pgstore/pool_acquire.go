package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go/store"
)

// acquireTracer bounds the wait for a connection of a pool. The pool of pgx has
// no such limit but the caller's context; it does promise to use, for the rest
// of the wait, the context that a tracer returns.
type acquireTracer struct{ timeout time.Duration }

// withAcquireTimeout adds the limit to another tracer, or to none.
func withAcquireTimeout(other pgx.QueryTracer) pgx.QueryTracer {
	var tracers []pgx.QueryTracer
	if other != nil {
		tracers = append(tracers, other)
	}
	all := multitracer.New(tracers...)
	all.PoolAcquireTracers = append(all.PoolAcquireTracers, acquireTracer{acquireTimeout})
	return all
}

// acquireContext ends with an error of the pool's own, which is returned to the
// host's queries as well, unless the caller's context ends.
type acquireContext struct {
	context.Context //nolint:containedctx // it is a context itself

	caller context.Context //nolint:containedctx // it is a context itself
	cancel context.CancelFunc
}

var errNoConnection = fmt.Errorf("%w: no connection of the pool was free within %v",
	store.ErrUnavailable, acquireTimeout)

// Err implements [context.Context].
func (c acquireContext) Err() error {
	err := c.Context.Err()
	if err != nil && c.caller.Err() == nil {
		return errNoConnection
	}
	return err
}

// TraceAcquireStart implements [pgxpool.AcquireTracer].
func (t acquireTracer) TraceAcquireStart(
	ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData,
) context.Context {
	limited, cancel := context.WithTimeout(ctx, t.timeout)
	return acquireContext{limited, ctx, cancel}
}

// TraceAcquireEnd implements [pgxpool.AcquireTracer]. The context is that of
// TraceAcquireStart, since this tracer is the last.
func (acquireTracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if limited, is := ctx.(acquireContext); is {
		limited.cancel()
	}
}
