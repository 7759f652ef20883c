package soak_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/tables"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

var duration = flag.Duration("soak", 5*time.Second, "how long the load goes on")

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	workers     = 6
	wallets     = 40
	accounts    = 15 // fewer than wallets, so that they fight for claims
	connections = 8
)

// load is what is done to a world, by many at once.
type load struct {
	*world.World

	t        *testing.T
	pool     *pgxpool.Pool
	engine   *passport.Engine
	store    *pgstore.Store
	scorings atomic.Int64
	previews atomic.Int64
	ended    atomic.Int64 // whose context ended
	raced    atomic.Int64 // that lost every race
}

func newLoad(t *testing.T) *load {
	t.Helper()
	w := world.New(t, pgtest.New(t))
	config, err := pgxpool.ParseConfig(w.URL)
	require.NoError(t, err)
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	l := &load{World: w, t: t, pool: pool, store: pgstore.New(pool)}
	// A cache that is full early, so that its size is flat.
	l.engine = w.Engine(l.store, passport.WithCacheSize(200))
	return l
}

// Nothing grows under a mixed load, however long it goes on, and in the end the
// invariants hold.
func TestSoak(t *testing.T) {
	l := newLoad(t)
	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(3, uint64(worker)))
			for ctx.Err() == nil {
				l.act(random)
			}
		})
	}
	samples := l.watch(ctx)
	all.Wait()

	for _, s := range samples {
		t.Log(s)
	}
	t.Logf("%d scorings, %d previews, %d cancelled, %d lost every race; heap slope %.2f MiB an hour after warm-up, rise %.2f MiB",
		l.scorings.Load(), l.previews.Load(), l.ended.Load(), l.raced.Load(),
		slope(warm(samples), heapOf), rise(warm(samples), heapOf))
	assert.Positive(t, l.scorings.Load())
	assert.Positive(t, l.previews.Load())
	assert.Empty(t, growth(samples, connections))
	l.settles()
}

// watch takes some sixty samples until the context ends.
func (l *load) watch(ctx context.Context) []sample {
	const count = 60
	began := time.Now()
	tick := time.NewTicker(max(*duration/count, 50*time.Millisecond))
	defer tick.Stop()
	var samples []sample
	for {
		select {
		case <-ctx.Done():
			return samples
		case <-tick.C:
			samples = append(samples, l.sample(began))
		}
	}
}

func (l *load) sample(began time.Time) sample {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	used := l.pool.Stat()
	return sample{
		at: time.Since(began), scorings: l.scorings.Load(), heap: memory.HeapAlloc, goroutines: runtime.NumGoroutine(),
		acquired: used.AcquiredConns(), total: used.TotalConns(), idle: l.idle(),
	}
}

// idle counts the sessions that have been idle in a transaction for a second:
// the SDK leaves none for longer than a round trip.
func (l *load) idle() (n int) {
	err := l.Pool.QueryRow(l.t.Context(), `select count(*) from pg_stat_activity
		where datname = current_database() and state like 'idle in transaction%' and clock_timestamp() - state_change > '1s'`).Scan(&n)
	assert.NoError(l.t, err)
	assert.Zero(l.t, n, "sessions idle in a transaction")
	return n
}

// act does one thing of many.
func (l *load) act(random *rand.Rand) {
	address := passporttest.Address(fmt.Sprint("wallet ", random.IntN(wallets)))
	community := world.Communities()[random.IntN(len(world.Communities()))]
	switch n := random.IntN(100); {
	case n < 55:
		l.score(context.Background(), community, address)
	case n < 70:
		_, err := l.engine.Preview(context.Background(), community, address)
		assert.NoError(l.t, err)
		l.previews.Add(1)
	case n < 80: // a scoring that is given up at any moment
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(8000))*time.Microsecond)
		defer cancel()
		l.score(ctx, community, address)
	case n < 95:
		l.stamp(random, address)
	case n < 98:
		_, err := l.store.DeleteCredentials(context.Background(), store.Address(address), provider(random))
		assert.NoError(l.t, err)
	default:
		l.revoke(address)
	}
}

func provider(random *rand.Rand) string {
	return []string{"Google", "Github", "Discord", "LinkedIn"}[random.IntN(4)]
}

func (l *load) score(ctx context.Context, community int64, address string) {
	_, err := l.engine.Score(ctx, community, address)
	switch {
	case err == nil:
		l.scorings.Add(1)
	case ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded):
		l.ended.Add(1)
	case errors.Is(err, store.ErrConflict):
		l.raced.Add(1)
	default:
		assert.NoError(l.t, err)
	}
}

// stamp gives the wallet an account that others want as well.
func (l *load) stamp(random *rand.Rand, address string) {
	signed, err := l.Issuer.Issue(address, provider(random), fmt.Sprint("account ", random.IntN(accounts)))
	if !assert.NoError(l.t, err) {
		return
	}
	input, err := passport.ReadCredential(signed)
	if assert.NoError(l.t, err) {
		assert.NoError(l.t, l.store.AddCredentials(context.Background(), store.Address(address), input))
	}
}

// revoke revokes the newest credential of the wallet.
func (l *load) revoke(address string) {
	listed, err := l.store.ListCredentials(context.Background(), store.Address(address), store.Page{Limit: 1})
	if !assert.NoError(l.t, err) || len(listed.Credentials) == 0 {
		return
	}
	input, err := passport.ReadCredential(listed.Credentials[0].Document)
	if !assert.NoError(l.t, err) {
		return
	}
	_, err = l.store.RevokeCredentials(context.Background(), input.ProofValue)
	assert.NoError(l.t, err)
}

// settles demands that nothing is left once the load has ended.
func (l *load) settles() {
	assert.Eventually(l.t, func() bool {
		left, err := tables.Left(context.Background(), l.Pool)
		return err == nil && len(left) == 0 && l.pool.Stat().AcquiredConns() == 0
	}, 20*time.Second, 10*time.Millisecond)
	broken, err := tables.Check(l.t.Context(), l.Pool, world.Limits())
	require.NoError(l.t, err)
	assert.Empty(l.t, broken)
}
