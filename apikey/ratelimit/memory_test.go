package ratelimit

import (
	"context"
	"hash/crc32"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/store"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

func newMemory(t testing.TB, options ...Option) *Memory {
	t.Helper()
	limiter, err := NewMemory(options...)
	require.NoError(t, err)
	return limiter
}

var fifteen = Rate{Calls: 125, Period: 15 * time.Minute}

func take(t *testing.T, l *Memory, prefix string, rate Rate) Quota {
	t.Helper()
	quota, err := l.Take(t.Context(), prefix, rate)
	require.NoError(t, err)
	return quota
}

func TestTake(t *testing.T) {
	phase := time.Duration(crc32.ChecksumIEEE([]byte("Gh4kLm2p"))%900) * time.Second
	begin := time.Unix(900*2_000_000, 0).Add(phase)
	now := begin
	l := newMemory(t, WithClock(func() time.Time { return now }))
	for window := range 3 {
		for n := range 125 {
			now = begin.Add(time.Duration(window)*fifteen.Period + time.Duration(n)*time.Second)
			quota := take(t, l, "Gh4kLm2p", fifteen)
			require.Equal(t, Quota{Allowed: true, Limit: 125, Remaining: 124 - n, Reset: fifteen.Period - time.Duration(n)*time.Second}, quota)
		}
		for range 300 {
			require.Equal(t, Quota{Limit: 125, Reset: fifteen.Period - 124*time.Second}, take(t, l, "Gh4kLm2p", fifteen))
		}
		now = begin.Add(time.Duration(window+1)*fifteen.Period - 1)
		require.Equal(t, Quota{Limit: 125, Reset: 1}, take(t, l, "Gh4kLm2p", fifteen), "until the window ends")
	}
}

func TestTake_Concurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemory(t)
		var passed atomic.Int32
		var wait sync.WaitGroup
		for range 1000 {
			wait.Go(func() {
				if quota, err := l.Take(t.Context(), "Gh4kLm2p", fifteen); err == nil && quota.Allowed {
					passed.Add(1)
				}
			})
		}
		wait.Wait()
		assert.EqualValues(t, 125, passed.Load())
		time.Sleep(take(t, l, "Gh4kLm2p", fifteen).Reset)
		assert.Equal(t, 124, take(t, l, "Gh4kLm2p", fifteen).Remaining, "a new window begins after Reset")
	})
}

func TestTake_Keys(t *testing.T) {
	l := newMemory(t, WithClock(atNoon))
	once := Rate{Calls: 1, Period: time.Hour}
	assert.True(t, take(t, l, "a", once).Allowed)
	assert.False(t, take(t, l, "a", once).Allowed)
	assert.True(t, take(t, l, "b", once).Allowed)
}

func TestTake_ExtremeRates(t *testing.T) {
	l := newMemory(t, WithClock(atNoon))
	for range 3 {
		assert.Equal(t, Quota{Allowed: true, Unlimited: true}, take(t, l, "unlimited", Rate{}))
		assert.False(t, take(t, l, "none", Rate{Period: time.Second}).Allowed)
		assert.False(t, take(t, l, "negative", Rate{Calls: -1, Period: time.Second}).Allowed)
		assert.True(t, take(t, l, "huge", Rate{Calls: maxCalls, Period: maxPeriod}).Allowed)
	}
	assert.Equal(t, 3, l.windows.Len())
}

func TestTake_LimitChanged(t *testing.T) {
	l := newMemory(t, WithClock(atNoon))
	for range 3 {
		take(t, l, "a", Rate{Calls: 5, Period: time.Hour})
	}
	assert.Equal(t, 6, take(t, l, "a", Rate{Calls: 10, Period: time.Hour}).Remaining)
	assert.False(t, take(t, l, "a", Rate{Calls: 2, Period: time.Hour}).Allowed)
}

func TestTake_ClockSetBack(t *testing.T) {
	for _, back := range []time.Duration{time.Nanosecond, time.Second, 10 * time.Minute, 15 * time.Minute, 48 * time.Hour, 60 * 365 * 24 * time.Hour} {
		t.Run(back.String(), func(t *testing.T) {
			now := noon
			l := newMemory(t, WithClock(func() time.Time { return now }))
			rate := Rate{Calls: 2, Period: 15 * time.Minute}
			for n := range 3 {
				assert.Equal(t, n < 2, take(t, l, "a", rate).Allowed)
			}
			now = now.Add(-back)
			refused := take(t, l, "a", rate)
			assert.False(t, refused.Allowed, "a clock that is set back opens no window")
			assert.LessOrEqual(t, refused.Reset, rate.Period)
			now = now.Add(refused.Reset - 1)
			assert.Equal(t, Quota{Limit: 2, Reset: 1}, take(t, l, "a", rate))
			now = now.Add(1)
			assert.True(t, take(t, l, "a", rate).Allowed)
		})
	}
}

// However the clock jumps, no caller waits for longer than a window, and a
// caller that has waited for Reset passes.
func TestTake_ClockJumps(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		l := newMemory(outer, WithClock(func() time.Time { return now }))
		rates := []Rate{{Calls: 1, Period: time.Second}, {Calls: 3, Period: time.Hour}, {Calls: 1, Period: 1<<63 - 1}}
		for range rapid.IntRange(1, 50).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(-1e14, 1e14).Draw(t, "jump")))
			rate := rapid.SampledFrom(rates).Draw(t, "rate")
			quota, err := l.Take(context.Background(), "a", rate)
			if err != nil || quota.Reset <= 0 || quota.Reset > rate.Period {
				t.Fatalf("%+v, %v", quota, err)
			}
			if quota.Allowed {
				continue
			}
			now = now.Add(quota.Reset)
			if quota, err := l.Take(context.Background(), "a", rate); err != nil || !quota.Allowed {
				t.Fatalf("after the wait: %+v, %v", quota, err)
			}
		}
	})
}

func TestTake_OldWindows(t *testing.T) {
	now := noon
	l := newMemory(t, WithClock(func() time.Time { return now }), WithWindows(500))
	for n := range 10_000 {
		take(t, l, strconv.Itoa(n), Rate{Calls: 1, Period: time.Hour})
		require.LessOrEqual(t, l.windows.Len(), 500)
	}
	now = now.Add(2 * time.Hour)
	for range 500 {
		take(t, l, "a", Rate{Calls: 1, Period: time.Hour})
	}
	assert.Equal(t, 1, l.windows.Len())
}

func TestTake_Cancelled(t *testing.T) {
	l := newMemory(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	quota, err := l.Take(ended, "a", fifteen)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, quota)
	assert.Equal(t, 124, take(t, l, "a", fifteen).Remaining)
}

func TestNewMemory_Misconfigured(t *testing.T) {
	limiter, err := NewMemory(WithClock(nil), WithWindows(0))
	assert.Nil(t, limiter)
	require.ErrorIs(t, err, store.ErrMisconfigured)
	assert.Equal(t, []string{
		"misconfigured: WithClock got nil", "misconfigured: WithWindows got 0, want 1 to 10000000",
	}, strings.Split(err.Error(), "\n"))

	for _, n := range []int{1, 10_000_000} {
		newMemory(t, WithWindows(n), nil)
	}
	for _, n := range []int{-1, 10_000_001} {
		_, err := NewMemory(WithWindows(n))
		require.ErrorIs(t, err, store.ErrMisconfigured)
		require.ErrorContains(t, err, "WithWindows got ")
	}
}
