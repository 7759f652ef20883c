package pgstore_test

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// A server that is not in recovery is never read: a replica that has become the
// primary, or a logical replica, whose rows are stored elsewhere.
func requireNoReadsElsewhere(t *testing.T, f *followed) {
	f.write()
	other := newWorld(t)
	for name, logical := range map[string]*pgxpool.Pool{"promoted": f.pool, "logical": other.pool} {
		s := pgstore.New(f.pool, pgstore.WithReplica(logical, time.Hour))
		assert.Equal(t, found(t, lags, s.Primary()), found(t, lags, s), name)
		_, err := s.Lag(t.Context())
		require.ErrorIs(t, err, store.ErrUnavailable, name)
		require.ErrorContains(t, err, "not in recovery", name)
	}

	// Its connections make room for others.
	pool := openPool(t, other.url)
	s := pgstore.New(f.pool, pgstore.WithReplica(pool, time.Hour))
	found(t, lags, s)
	assert.Zero(t, pool.Stat().TotalConns())

	away := openPool(t, "postgres://u:p@127.0.0.1:1/db")
	s = pgstore.New(f.pool, pgstore.WithReplica(away, time.Hour))
	assert.Equal(t, found(t, lags, s.Primary()), found(t, lags, s))
	_, err := s.Lag(t.Context())
	require.ErrorIs(t, err, store.ErrUnavailable)
}

// While the replica is away the primary is read, and while that is away the
// replica, which counts its lag from the last commit.
func requireReadsInOutages(t *testing.T, f *followed) {
	f.write()
	f.pair.CatchUp(t)
	s, n := f.counted(time.Hour)
	want := found(t, lags, s)
	require.NoError(t, f.pair.Standby.Stop())
	assert.Equal(t, want, found(t, lags, s))
	_, err := s.Lag(t.Context())
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NoError(t, f.pair.Standby.Start())
	require.Eventually(t, func() bool {
		primary, _ := n.since(func() { assert.Equal(t, want, found(t, lags, s)) })
		return primary == 0
	}, time.Minute, 10*time.Millisecond)

	require.NoError(t, f.pair.Primary.Stop())
	assert.Equal(t, want, found(t, lags, s))
	require.Eventually(t, func() bool {
		lag, err := s.Lag(t.Context())
		return assert.NoError(t, err) && lag > 0
	}, time.Minute, time.Millisecond)
	_, err = s.LastScore(t.Context(), 1, carol)
	require.ErrorIs(t, err, store.ErrUnavailable, "it may be there since")
	require.NoError(t, f.pair.Primary.Start())
	f.pair.CatchUp(t)
}

// A replica that is connected and does not answer holds a read up once.
func TestWithReplica_Silent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var tries atomic.Int64
	silent := openPool(t, w.url, func(c *pgxpool.Config) {
		c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return &silentConn{Conn: conn, tries: &tries}, err
		}
	})
	require.NoError(t, silent.Ping(t.Context()))
	s := pgstore.New(w.pool, pgstore.WithReplica(silent, time.Hour))
	began := time.Now()
	const reads = 20
	for range reads {
		_, err := s.ListClaims(t.Context(), 1, alice)
		require.NoError(t, err)
	}
	assert.Greater(t, time.Since(began), 2*time.Second)
	assert.Less(t, tries.Load(), int64(reads/2))

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s = pgstore.New(w.pool, pgstore.WithReplica(silent, time.Hour))
	_, err := s.ListClaims(ctx, 1, alice)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// silentConn hears nothing of what is answered to a batch.
type silentConn struct {
	net.Conn

	silent atomic.Bool
	tries  *atomic.Int64
}

func (c *silentConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("pg_is_in_recovery")) {
		c.silent.Store(true)
		c.tries.Add(1)
	}
	return c.Conn.Write(b)
}

func (c *silentConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.silent.Load() {
			return n, err
		}
	}
}
