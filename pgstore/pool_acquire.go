package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
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
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	return context.WithValue(ctx, cancelAcquire{}, cancel)
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
