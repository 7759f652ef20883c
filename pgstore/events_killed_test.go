package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
)

// cutter ends a process: it closes the connection before a statement is sent.
type cutter struct{ left atomic.Int64 }

func (c *cutter) cut(conn *pgx.Conn) {
	if c.left.Add(-1) == 0 {
		_ = conn.PgConn().Conn().Close()
	}
}

func (c *cutter) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.cut(conn)
	return ctx
}

func (c *cutter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *cutter) TraceBatchStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.cut(conn)
	return ctx
}

func (c *cutter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (c *cutter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// A process may end before any statement: events can be written then, none is
// lost, and the next process goes on. Without -all it ends before some of them.
func TestPartitionEvents_Killed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	written, cuts, every := 0, 0, int64(times(0, 4, 1))
	after := func(what string) {
		require.NoError(t, insertEvent(w.pool, time.Now()), what)
		written++
		require.Len(t, w.numbered(), written, what)
	}
	after("before")
	dying := func(every int64, work func(pool *pgxpool.Pool) error) {
		for n := int64(1); ; n += every {
			c := &cutter{}
			pool := w.newPool(func(config *pgxpool.Config) { config.ConnConfig.Tracer = c })
			require.NoError(t, pool.Ping(t.Context()))
			c.left.Store(n)
			err := work(pool)
			pool.Close()
			after(fmt.Sprint("after ", n))
			if c.left.Load() > 0 {
				require.NoError(t, err)
				return
			}
			cuts++
		}
	}
	p := pgstore.Partitioning{}
	for _, step := range []string{"attach", "bound", "validate", "close"} {
		status, err := pgstore.ReadEventPartitions(t.Context(), w.pool, p)
		require.NoError(t, err)
		if step != "attach" {
			require.Equal(t, step, status.Next)
		}
		dying(every, func(pool *pgxpool.Pool) error {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			stop := pgstore.Partitioning{Done: func(string) { cancel(errStepDone) }}
			_, err := pgstore.PartitionEvents(ctx, pool, stop)
			if errors.Is(context.Cause(ctx), errStepDone) {
				return nil
			}
			return err
		})
	}
	assert.Greater(t, cuts, 50/int(every))
	status, err := pgstore.PartitionEvents(t.Context(), w.pool, p)
	require.NoError(t, err)
	requireContiguous(t, status)
	require.NoError(t, pgstore.CheckSchema(t.Context(), w.pool))

	later := pgstore.At(p, time.Now().AddDate(1, 0, 0))
	dying(every, func(pool *pgxpool.Pool) error {
		_, err := pgstore.EnsureEventPartitions(t.Context(), pool, later)
		return err
	})
	status, err = pgstore.ReadEventPartitions(t.Context(), w.pool, later)
	require.NoError(t, err)
	assert.Empty(t, status.Next)
	requireContiguous(t, status)

	old := time.Now().AddDate(0, 9, 0)
	dying(4*every, func(pool *pgxpool.Pool) error {
		_, err := pgstore.DropEventPartitions(t.Context(), pool, old, pgstore.Partitioning{Wait: 200 * time.Millisecond})
		written = len(w.numbered())
		return err
	})
	assert.Less(t, written, 5)
}

var errStepDone = errors.New("the step is done")
