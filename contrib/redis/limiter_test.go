package passportredis

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/internal/limittest"
	"github.com/passport-sdk/passport-go/store"
)

var hourly = ratelimit.Rate{Calls: 100, Period: 366 * 24 * time.Hour}

// remaining takes a call, and returns how many are left.
func remaining(tb testing.TB, l *Limiter, prefix string) int {
	tb.Helper()
	quota, err := l.Take(tb.Context(), prefix, hourly)
	require.NoError(tb, err)
	return quota.Remaining
}

func TestLimiter(t *testing.T) {
	s := newServer(t)
	l := newLimiter(t, s.client(t))
	limittest.Run(t, l)
	limittest.RunTogether(t, l, newLimiter(t, s.client(t)), newLimiter(t, s.client(t, func(o *redis.Options) { o.Protocol = 2 })))
}

// The script is that of production, but for the clock, and for the expiry of
// keys, which is by the server's own.
func TestLimiter_AgainstMemory(t *testing.T) {
	client := newServer(t).client(t)
	l := newLimiter(t, client)
	script := source
	for of, by := range map[string]string{`redis.call('TIME')`: `redis.call('LRANGE', 'clock', 0, 1)`, `(ends - now) / 1000`: `3600000`} {
		require.Equal(t, 1, strings.Count(script, of))
		script = strings.Replace(script, of, by, 1)
	}
	l.script = redis.NewScript(script)
	limittest.AgainstMemory(t, l, func(now time.Time) {
		require.NoError(t, client.Del(t.Context(), "clock").Err())
		require.NoError(t, client.RPush(t.Context(), "clock", now.Unix(), now.Nanosecond()/1000).Err())
	})
}

// A call must be one command, and the first one on a server two.
func TestLimiter_RoundTrips(t *testing.T) {
	client := newServer(t).client(t)
	l := newLimiter(t, client)
	for range 10 {
		remaining(t, l, "a")
	}
	stats, err := client.Info(t.Context(), "commandstats").Result()
	require.NoError(t, err)
	assert.Contains(t, stats, "cmdstat_evalsha:calls=10,")
	assert.Contains(t, stats, "cmdstat_eval:calls=1,")
	assert.Contains(t, stats, "cmdstat_set:calls=10,")
}

func TestLimiter_ScriptFlush(t *testing.T) {
	client := newServer(t).client(t)
	l := newLimiter(t, client)
	for n := range 4 {
		assert.Equal(t, 99-n, remaining(t, l, "a"))
		require.NoError(t, client.ScriptFlush(t.Context()).Err())
	}
}

func TestLimiter_Keys(t *testing.T) {
	client := newServer(t).client(t)
	minute := ratelimit.Rate{Calls: 1, Period: time.Minute}
	for _, l := range []*Limiter{newLimiter(t, client), newLimiter(t, client, WithNamespace("other/"))} {
		quota, err := l.Take(t.Context(), "Gh4kLm2p", minute)
		require.NoError(t, err)
		assert.True(t, quota.Allowed, "no other namespace counts")
		expiry, err := client.PTTL(t.Context(), l.namespace+"Gh4kLm2p:60000000").Result()
		require.NoError(t, err)
		assert.InDelta(t, quota.Reset+time.Second, expiry, float64(time.Second))
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"passport:ratelimit:Gh4kLm2p:60000000", "other/Gh4kLm2p:60000000"}, keys)
}

// The server's clock counts: a process whose own clock is decades behind counts
// in the same window.
func TestLimiter_ProcessClock(t *testing.T) {
	s := newServer(t)
	l := newLimiter(t, s.client(t))
	assert.Equal(t, 99, remaining(t, l, "a"))
	synctest.Test(t, func(t *testing.T) {
		require.Less(t, time.Now().Year(), 2001)
		client := redis.NewClient(&redis.Options{Addr: s.addr(), ContextTimeoutEnabled: true})
		assert.Equal(t, 98, remaining(t, newLimiter(t, client), "a"))
		require.NoError(t, client.Close())
	})
	assert.Equal(t, 97, remaining(t, l, "a"))
}

func TestLimiter_Cluster(t *testing.T) {
	s := newServer(t, "cluster-enabled yes")
	require.NoError(t, s.client(t).ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.addr()}, ContextTimeoutEnabled: true})
	defer client.Close()
	l := newLimiter(t, client)
	require.Eventually(t, func() bool { return client.Set(t.Context(), "a", 1, 0).Err() == nil }, patience, 10*time.Millisecond)
	limittest.Run(t, l)
}

func TestNew_Misconfigured(t *testing.T) {
	waits := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer waits.Close()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer cluster.Close()
	ring := redis.NewRing(&redis.RingOptions{})
	defer ring.Close()
	for _, client := range []redis.UniversalClient{waits, cluster, ring} {
		_, err := New(client, nil, WithTimeout(0))
		require.ErrorIs(t, err, store.ErrMisconfigured)
		assert.Equal(t, []string{
			"misconfigured: the client lacks the option ContextTimeoutEnabled", "misconfigured: WithTimeout got 0s, want 1ms to 1m",
		}, strings.Split(err.Error(), "\n"))
	}
	_, err := New(nil, WithTimeout(time.Minute+1))
	require.ErrorContains(t, err, "New got no client\nmisconfigured: WithTimeout got 1m0.000000001s")
}

// answering is a client of the host's own that returns an answer.
type answering struct {
	redis.Scripter

	answer any
}

func (a answering) EvalSha(ctx context.Context, _ string, _ []string, _ ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx)
	cmd.SetVal(a.answer)
	return cmd
}

func TestLimiter_StrangeAnswers(t *testing.T) {
	for n, answer := range []any{
		nil, "1", int64(1),
		[]any{},
		[]any{int64(1)},
		[]any{int64(0), int64(1)},
		[]any{int64(1), int64(0)},
		[]any{int64(1), hourly.Period.Microseconds() + 1},
		[]any{"a", int64(1)},
		[]any{int64(1), int64(1), int64(1)},
	} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			quota, err := newLimiter(t, answering{answer: answer}).Take(t.Context(), "a", hourly)
			var detail *store.Error
			require.ErrorAs(t, err, &detail)
			assert.Zero(t, quota)
		})
	}
}
