package passportredis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// requireRefused requires an error of that kind, and no end of a context.
func requireRefused(t *testing.T, l *Limiter, kind error) {
	t.Helper()
	quota, err := l.Take(t.Context(), "a", hourly)
	require.ErrorIs(t, err, kind)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	var detail *store.Error
	require.ErrorAs(t, err, &detail)
	assert.Zero(t, quota)
}

// eventually waits until a call is counted, and returns how many are left.
func eventually(t *testing.T, l *Limiter) (left int) {
	t.Helper()
	require.Eventually(t, func() bool {
		quota, err := l.Take(t.Context(), "a", hourly)
		left = quota.Remaining
		return err == nil
	}, patience, 20*time.Millisecond)
	return left
}

// A server without persistence begins at 0 when it is back.
func TestLimiter_Down(t *testing.T) {
	s := newServer(t)
	client := s.client(t)
	for n := range 3 {
		assert.Equal(t, 99-n, remaining(t, newLimiter(t, client), "a"))
	}
	l := newLimiter(t, client, WithTimeout(300*time.Millisecond))
	s.end()
	for range 3 {
		requireRefused(t, l, store.ErrUnavailable)
	}
	require.NoError(t, s.start())
	assert.Greater(t, eventually(t, l), 90)
}

// A server that hangs must hold no call for longer than its timeout, whether
// the connection is open or not. It counts once it goes on.
func TestLimiter_Hangs(t *testing.T) {
	s := newServer(t)
	const timeout = 100 * time.Millisecond
	l := newLimiter(t, s.client(t, func(o *redis.Options) { o.PoolSize = 3 }), WithTimeout(timeout))
	eventually(t, l)
	s.signal(t, syscall.SIGSTOP)
	began := time.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := l.Take(t.Context(), "a", hourly)
			assert.ErrorIs(t, err, store.ErrUnavailable)
			assert.ErrorContains(t, err, "no answer within 100ms")
		})
	}
	all.Wait()
	ended, cancel := context.WithTimeout(t.Context(), timeout/10)
	defer cancel()
	_, err := l.Take(ended, "a", hourly)
	require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's own deadline")
	assert.Less(t, time.Since(began), patience, "the client's own timeouts would take longer")
	s.signal(t, syscall.SIGCONT)
	eventually(t, l)
}

// A server that is paused answers late: calls that can wait are counted.
func TestLimiter_Slow(t *testing.T) {
	s := newServer(t)
	client := s.client(t)
	hasty, patient := newLimiter(t, client, WithTimeout(20*time.Millisecond)), newLimiter(t, client)
	eventually(t, patient)
	require.NoError(t, client.Do(t.Context(), "CLIENT", "PAUSE", 1000, "ALL").Err())
	requireRefused(t, hasty, store.ErrUnavailable)
	assert.Less(t, remaining(t, patient, "a"), 99)
}

// A value that is no count is left as it is.
func TestLimiter_WrongType(t *testing.T) {
	client := newServer(t).client(t)
	l := newLimiter(t, client)
	remaining(t, l, "a")
	key := client.Keys(t.Context(), "*").Val()[0]
	for _, text := range []string{"", "1", "text", "1 2 3", "-1 2", "1e9 1"} {
		require.NoError(t, client.Set(t.Context(), key, text, 0).Err())
		requireRefused(t, l, store.ErrInternal)
		assert.Equal(t, text, client.Get(t.Context(), key).Val())
	}
	require.NoError(t, client.Del(t.Context(), key).Err())
	require.NoError(t, client.LPush(t.Context(), key, 1).Err())
	requireRefused(t, l, store.ErrInternal)
	require.NoError(t, client.Del(t.Context(), key).Err())
	assert.Equal(t, 99, remaining(t, l, "a"))
}

// The script needs the rights that the documentation names, and no more.
func TestLimiter_Rights(t *testing.T) {
	s := newServer(t)
	admin := s.client(t)
	as := func(o *redis.Options) { o.Username, o.Password = "counter", "geheim" }
	grant := func(rights ...any) {
		require.NoError(t, admin.Do(t.Context(), append([]any{"ACL", "SETUSER", "counter", "reset", "on", ">geheim", "~passport:ratelimit:*"}, rights...)...).Err())
	}
	rights := []any{"+eval", "+evalsha", "+time", "+get", "+set"}
	grant(rights...)
	assert.Equal(t, 99, remaining(t, newLimiter(t, s.client(t, as)), "a"))
	for n := range rights {
		require.NoError(t, admin.ScriptFlush(t.Context()).Err())
		grant(append(append([]any{}, rights[:n]...), rights[n+1:]...)...)
		requireRefused(t, newLimiter(t, s.client(t, as)), store.ErrInternal)
	}
	wrong := func(o *redis.Options) { o.Username, o.Password = "counter", "geheimnis" }
	l := newLimiter(t, s.client(t, wrong))
	requireRefused(t, l, store.ErrInternal)
	_, err := l.Take(t.Context(), "a", hourly)
	assert.NotContains(t, err.Error(), "geheim")
}

// A count that the server evicts begins at 0.
func TestLimiter_Evicted(t *testing.T) {
	client := newServer(t, "maxmemory 3mb", "maxmemory-policy allkeys-lru").client(t)
	l := newLimiter(t, client)
	assert.Equal(t, 99, remaining(t, l, "a"))
	assert.Equal(t, 98, remaining(t, l, "a"))
	key := client.Keys(t.Context(), "*").Val()[0]
	for n := 0; client.Exists(t.Context(), key).Val() > 0; n++ { // the server evicts by chance
		require.Less(t, n, 100_000)
		require.NoError(t, client.Set(t.Context(), fmt.Sprint("other", n), strings.Repeat("x", 10_000), 0).Err())
	}
	assert.Equal(t, 99, remaining(t, l, "a"))
}

// A server that must not evict refuses to count when it is full.
func TestLimiter_Full(t *testing.T) {
	client := newServer(t, "maxmemory-policy noeviction").client(t)
	l := newLimiter(t, client)
	assert.Equal(t, 99, remaining(t, l, "a"))
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "100kb").Err())
	requireRefused(t, l, store.ErrUnavailable)
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "0").Err())
	assert.Equal(t, 98, remaining(t, l, "a"), "nothing was lost")
}

// When a replica is promoted, a client that follows counts on.
func TestLimiter_Failover(t *testing.T) {
	primary := newServer(t)
	replica := newServer(t, fmt.Sprintf("replicaof 127.0.0.1 %d", primary.port))
	sentinel := newServer(t,
		fmt.Sprintf("sentinel monitor counts 127.0.0.1 %d 1", primary.port),
		"sentinel down-after-milliseconds counts 500", "sentinel failover-timeout counts 5000")
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "counts", SentinelAddrs: []string{sentinel.addr()}, ContextTimeoutEnabled: true,
	})
	defer client.Close()
	l := newLimiter(t, client, WithTimeout(300*time.Millisecond))

	watch := sentinel.client(t)
	require.Eventually(t, func() bool {
		info := watch.Info(t.Context(), "sentinel").Val()
		return strings.Contains(info, "slaves=1") && strings.Contains(replica.client(t).Info(t.Context(), "replication").Val(), "master_link_status:up")
	}, patience, 100*time.Millisecond)
	left := eventually(t, l)
	for range 9 {
		left = eventually(t, l)
	}
	require.NoError(t, primary.client(t).Wait(t.Context(), 1, patience).Err())

	// A client that follows nothing is refused by the server that was demoted.
	stays := newLimiter(t, replica.client(t, func(o *redis.Options) { o.MaxRetries = -1 }))
	requireRefused(t, stays, store.ErrUnavailable)

	primary.end()
	after := eventually(t, l)
	assert.Less(t, after, left)
	assert.GreaterOrEqual(t, after, left-50)
	assert.Less(t, eventually(t, stays), after, "the replica is the primary now")
}
