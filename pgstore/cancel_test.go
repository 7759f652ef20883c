package pgstore_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// A scoring that is cancelled at any moment leaves no lock, no idle transaction
// and no connection in use. Its error is the context's; it may also be that the
// outcome is unknown.
func TestApply_Cancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireNothingLeft(t, w, w.newPool(func(c *pgxpool.Config) { c.MaxConns = 4 }))
}

func requireNothingLeft(t *testing.T, w *world, pool *pgxpool.Pool) {
	t.Helper()
	s := newStore(pool)
	const workers = 4
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(worker)))
			for range times(*cancellations, 100, 200) / workers {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(4000))*time.Microsecond)
				snapshot, err := s.Load(ctx, store.Query{Community: 1, Addresses: []store.Address{alice}})
				if err == nil {
					_, err = s.Apply(ctx, changes(snapshot, claim("n1", alice), claim("n2", alice)))
				}
				cancel()
				if err != nil {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				}
			}
		})
	}
	all.Wait()

	_, err := s.Apply(t.Context(), changes(load(t, s, alice), claim("n1", alice)))
	require.NoError(t, err, "nothing is locked")
	// A connection that a cancellation broke is closed in the background.
	assert.Eventually(t, func() bool { return pool.Stat().AcquiredConns() == 0 }, 10*time.Second, 10*time.Millisecond)
	idle := "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"
	assert.Eventually(t, func() bool { return w.value(idle) == "0" }, 10*time.Second, 10*time.Millisecond)
	locks := "select count(*) from pg_locks l join pg_database d on d.oid = l.database where d.datname = current_database() and l.pid <> pg_backend_pid()"
	assert.Eventually(t, func() bool { return w.value(locks) == "0" }, 10*time.Second, 10*time.Millisecond)
	requireFull(t, pool)
}

// requireFull demands that the pool can give all of its connections at once,
// and that each of them works.
func requireFull(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(ctx)
		require.NoError(t, err, "the pool is full again")
		defer conn.Release()
		require.NoError(t, conn.Ping(ctx))
	}
}
