// Package limittest holds a limiter that several processes share to the
// contract of [ratelimit.Limiter], and to [ratelimit.Memory].
package limittest

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
)

// year is a period whose end no test meets.
const year = 366 * 24 * time.Hour

// Run checks one call at a time.
func Run(t *testing.T, l ratelimit.Limiter) {
	t.Helper()
	take := func(t *testing.T, prefix string, calls int, period time.Duration) ratelimit.Quota {
		t.Helper()
		quota, err := l.Take(t.Context(), prefix, ratelimit.Rate{Calls: calls, Period: period})
		require.NoError(t, err)
		return quota
	}
	for name, check := range map[string]func(t *testing.T, key string){
		"counts": func(t *testing.T, key string) {
			before := year + 1
			for n := range 5 {
				got := take(t, key, 3, year)
				assert.True(t, got.Reset > 0 && got.Reset < before, got.Reset)
				before = got.Reset
				got.Reset = 0
				require.Equal(t, ratelimit.Quota{Allowed: n < 3, Limit: 3, Remaining: max(2-n, 0)}, got)
			}
		},
		"unlimited": func(t *testing.T, key string) {
			for _, period := range []time.Duration{0, -1} {
				assert.Equal(t, ratelimit.Quota{Allowed: true, Unlimited: true}, take(t, key, 0, period))
			}
		},
		"extreme rates": func(t *testing.T, key string) {
			for range 2 {
				assert.False(t, take(t, key+"none", 0, time.Hour).Allowed)
				assert.False(t, take(t, key+"negative", -1, time.Hour).Allowed)
				assert.True(t, take(t, key+"huge", 1<<62, 1<<63-1).Allowed)
				assert.LessOrEqual(t, take(t, key+"short", 1, 1).Reset, time.Microsecond)
			}
		},
		"keys apart": func(t *testing.T, key string) {
			for _, prefix := range []string{"", ":", "{a}", "{b}", "ü\n'\"%s", strings.Repeat("x", 1000)} {
				assert.True(t, take(t, key+prefix, 1, year).Allowed, prefix)
				assert.False(t, take(t, key+prefix, 1, year).Allowed, prefix)
			}
		},
		"periods apart": func(t *testing.T, key string) {
			assert.True(t, take(t, key, 1, year).Allowed)
			assert.True(t, take(t, key, 1, year-time.Hour).Allowed)
			assert.False(t, take(t, key, 1, year).Allowed, "the other period ended nothing")
		},
		"limit changed": func(t *testing.T, key string) {
			for range 3 {
				take(t, key, 5, year)
			}
			assert.Equal(t, 6, take(t, key, 10, year).Remaining)
			assert.False(t, take(t, key, 2, year).Allowed)
		},
		"next window": func(t *testing.T, key string) {
			for range 5 {
				for quota := take(t, key, 1, 50*time.Millisecond); !quota.Allowed; {
					time.Sleep(quota.Reset)
					quota = take(t, key, 1, 50*time.Millisecond)
				}
			}
		},
		"cancelled": func(t *testing.T, key string) {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			for _, rate := range []ratelimit.Rate{{Calls: 1, Period: year}, {}} {
				quota, err := l.Take(ended, key, rate)
				require.ErrorIs(t, err, context.Canceled)
				assert.Zero(t, quota)
			}
			assert.True(t, take(t, key, 1, year).Allowed, "it was not counted")
		},
	} {
		t.Run(name, func(t *testing.T) { check(t, rand.Text()) })
	}
}

// RunTogether checks limiters that share their counts, with many calls at once:
// of one window, and then of several.
func RunTogether(t *testing.T, limiters ...ratelimit.Limiter) {
	t.Helper()
	const limit = 40
	t.Run("one window", func(t *testing.T) {
		passed := passes(t, limiters, ratelimit.Rate{Calls: limit, Period: year}, func(map[int]int) bool { return false })
		require.Len(t, passed, limit)
		for remaining, n := range passed {
			assert.Equal(t, 1, n, "passes with %d remaining", remaining)
		}
	})
	t.Run("several windows", func(t *testing.T) {
		const windows = 3
		full := func(passed map[int]int) bool { return passed[0] == windows }
		passed := passes(t, limiters, ratelimit.Rate{Calls: limit, Period: 700 * time.Millisecond}, full)
		require.Len(t, passed, limit)
		for remaining := range limit { // the first and the last window may not be full
			assert.InDelta(t, windows, passed[remaining], 1, "passes with %d remaining", remaining)
			assert.GreaterOrEqual(t, passed[remaining], passed[max(remaining-1, 0)], "of %d and of the next", remaining)
		}
	})
}

// passes returns how many calls passed, by how many were left after each. It
// makes them until done says so or one is refused, if done never does.
func passes(t *testing.T, limiters []ratelimit.Limiter, rate ratelimit.Rate, done func(map[int]int) bool) map[int]int {
	t.Helper()
	const callers, calls = 6, 1 << 20
	key, passed := rand.Text(), map[int]int{}
	var mu sync.Mutex
	count := func(quota ratelimit.Quota) (ended bool) {
		mu.Lock()
		defer mu.Unlock()
		if quota.Allowed {
			passed[quota.Remaining]++
		}
		return done(passed) || !quota.Allowed && rate.Period == year
	}
	var all sync.WaitGroup
	for n := range callers * len(limiters) {
		all.Go(func() {
			for range calls {
				quota, err := limiters[n%len(limiters)].Take(t.Context(), key, rate)
				if !assert.NoError(t, err) || count(quota) {
					return
				}
				if !quota.Allowed {
					time.Sleep(min(quota.Reset, 20*time.Millisecond))
				}
			}
		})
	}
	all.Wait()
	return passed
}
