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
		passed := passes(t, limiters, ratelimit.Rate{Calls: limit, Period: year}, 1)
		assert.Len(t, passed, limit)
	})
	t.Run("several windows", func(t *testing.T) {
		passed := passes(t, limiters, ratelimit.Rate{Calls: limit, Period: 700 * time.Millisecond}, 3)
		assert.GreaterOrEqual(t, len(passed), limit)
	})
}

// pass is a call that passed: no two may have the same number left in a window.
type pass struct {
	window    int64
	remaining int
}

// passes makes calls until that many windows are used up, and returns those
// that passed.
func passes(t *testing.T, limiters []ratelimit.Limiter, rate ratelimit.Rate, full int) map[pass]int {
	t.Helper()
	const callers = 6
	key, passed := rand.Text(), map[pass]int{}
	windows := rate.Windows(key)
	var mu sync.Mutex
	add := func(quota ratelimit.Quota, began time.Time) (enough bool) {
		window, known := windowOf(windows, began, quota)
		mu.Lock()
		defer mu.Unlock()
		if quota.Allowed && known {
			passed[pass{window, quota.Remaining}]++
		}
		if quota.Allowed && quota.Remaining == 0 {
			full--
		}
		return full <= 0
	}
	var all sync.WaitGroup
	for n := range callers * len(limiters) {
		all.Go(func() {
			for enough := false; !enough; {
				began := time.Now()
				quota, err := limiters[n%len(limiters)].Take(t.Context(), key, rate)
				if !assert.NoError(t, err) {
					return
				}
				if enough = add(quota, began); !quota.Allowed && !enough {
					time.Sleep(min(quota.Reset, 20*time.Millisecond))
				}
			}
		})
	}
	all.Wait()
	for of, n := range passed {
		assert.Equal(t, 1, n, "passes with %d remaining in window %d", of.remaining, of.window)
	}
	return passed
}

// windowOf returns the number of the window that a call was counted in, which
// is not known if the call took so long that it can be one of two. The server
// counted at some moment since the call began.
func windowOf(w ratelimit.Windows, began time.Time, quota ratelimit.Quota) (number int64, known bool) {
	const rounding = time.Millisecond
	number = time.Now().Add(quota.Reset+rounding-w.Phase).UnixMicro() / w.Period.Microseconds()
	return number, began.Add(quota.Reset-rounding-w.Phase).UnixMicro()/w.Period.Microseconds() == number-1
}
