package pgstore_test

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// BenchmarkLimiter compares a call with its floor, a select 1 behind the same
// search path, and with a call of ratelimit.Memory. They take turns, so that
// other work of the machine slows all of them; medians are compared.
func BenchmarkLimiter(b *testing.B) {
	pool := openPool(b, pgtest.NewEmpty(b))
	shared := pgstore.NewLimiter(pool)
	require.NoError(b, shared.Migrate(b.Context()))
	memory, err := ratelimit.NewMemory()
	require.NoError(b, err)
	rate := ratelimit.Rate{Calls: 100, Period: 24 * time.Hour}
	take := func(l ratelimit.Limiter) func() {
		return func() {
			_, err := l.Take(b.Context(), "a", rate)
			require.NoError(b, err)
		}
	}
	floor := func() { require.NoError(b, pgstore.Ready(b.Context(), pool)) }
	medians := inTurns(b, 10, func() {}, floor, take(shared), take(memory))
	b.ReportMetric(float64(medians[1])/float64(medians[0]), "×select")
	b.ReportMetric(float64(medians[1])/float64(medians[2]), "×Memory")
}

// BenchmarkLimiter_Parallel has many callers of one key, who queue on its row,
// and of a key each.
func BenchmarkLimiter_Parallel(b *testing.B) {
	pool := openPool(b, pgtest.NewEmpty(b), func(c *pgxpool.Config) { c.MaxConns = 16 })
	l := pgstore.NewLimiter(pool)
	require.NoError(b, l.Migrate(b.Context()))
	for name, keys := range map[string]int64{"one key": 1, "many keys": 1000} {
		b.Run(name, func(b *testing.B) {
			var n atomic.Int64
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, err := l.Take(b.Context(), strconv.FormatInt(n.Add(1)%keys, 10), ratelimit.Rate{Calls: 100, Period: 24 * time.Hour})
					require.NoError(b, err)
				}
			})
		})
	}
}
