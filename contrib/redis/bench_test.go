package passportredis

import (
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
)

// BenchmarkTake compares a call with its floor, a PING on the same connection,
// and with a call of ratelimit.Memory. They take turns, so that other work of
// the machine slows all of them; medians are compared.
func BenchmarkTake(b *testing.B) {
	client := newServer(b).client(b, func(o *redis.Options) { o.PoolSize = 1 })
	shared := newLimiter(b, client)
	memory, err := ratelimit.NewMemory()
	require.NoError(b, err)
	remaining(b, shared, "a")
	var spent, floor, inProcess []time.Duration
	for b.Loop() {
		began := time.Now()
		require.NoError(b, client.Ping(b.Context()).Err())
		pinged := time.Now()
		remaining(b, shared, "a")
		taken := time.Now()
		_, err := memory.Take(b.Context(), "a", hourly)
		require.NoError(b, err)
		floor, spent, inProcess = append(floor, pinged.Sub(began)), append(spent, taken.Sub(pinged)), append(inProcess, time.Since(taken))
	}
	b.ReportMetric(median(spent)/median(floor), "×PING")
	b.ReportMetric(median(spent)/median(inProcess), "×Memory")
}

func median(samples []time.Duration) float64 {
	slices.Sort(samples)
	return float64(samples[len(samples)/2])
}

// BenchmarkTake_Parallel has many callers of one key, and of a key each.
func BenchmarkTake_Parallel(b *testing.B) {
	s := newServer(b)
	for name, keys := range map[string]int64{"one key": 1, "many keys": 1000} {
		b.Run(name, func(b *testing.B) {
			l := newLimiter(b, s.client(b, func(o *redis.Options) { o.PoolSize = 16 }))
			var n atomic.Int64
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					remaining(b, l, strconv.FormatInt(n.Add(1)%keys, 10))
				}
			})
		})
	}
}
