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

// acquireTracer bounds how long a pool makes anyone wait for a connection. The
// pool of pgx knows no such limit but the caller's context; it does promise to
// use, for the rest of the wait, the context that a tracer returns.
type acquireTracer struct{ timeout time.Duration }

var (
	_ pgx.QueryTracer       = acquireTracer{}
	_ pgxpool.AcquireTracer = acquireTracer{}
)

// withAcquireTimeout adds the limit to what else is traced.
func withAcquireTimeout(other pgx.QueryTracer) pgx.QueryTracer {
	limit := acquireTracer{acquireTimeout}
	if other == nil {
		return limit
	}
	return multitracer.New(other, limit)
}

// cancelAcquire is the key of what frees the timer.
type cancelAcquire struct{}

// TraceAcquireStart implements [pgxpool.AcquireTracer].
func (t acquireTracer) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	limited, cancel := context.WithTimeout(ctx, t.timeout)
	return acquireContext{context.WithValue(limited, cancelAcquire{}, cancel), ctx}
}

// acquireContext ends with an error of the pool's own, which is returned to the
// host's queries as well, unless the caller's context ends.
type acquireContext struct {
	context.Context //nolint:containedctx // it is a context itself

	caller context.Context //nolint:containedctx // it is a context itself
}

var errNoConnection = fmt.Errorf("%w: no connection of the pool was free within %v", store.ErrUnavailable, acquireTimeout)

// Err implements [context.Context].
func (c acquireContext) Err() error {
	err := c.Context.Err()
	if err != nil && c.caller.Err() == nil {
		return errNoConnection
	}
	return err
}

// TraceAcquireEnd implements [pgxpool.AcquireTracer].
func (t acquireTracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if cancel, is := ctx.Value(cancelAcquire{}).(context.CancelFunc); is {
		cancel()
	}
}

// TraceQueryStart implements [pgx.QueryTracer], which a tracer has to be.
func (acquireTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (acquireTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
