package passporthttp_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangUpRate is the number of callers without a key that hang up in a second.
const hangUpRate = 20

// Callers without a key that hang up close no connection to the database, and
// so do not slow others down.
func TestLoadWhileHungUpOn(t *testing.T) {
	l := newLoad(t)
	l.fillPool(t)
	before := l.pool.Stat().NewConnsCount()
	ratio := l.compare(t, 50, func(length time.Duration, sent *sync.WaitGroup) {
		sent.Go(func() {
			steadily(length, hangUpRate, sent, func(n int, _ time.Time) {
				call := l.anonymous(t, n)
				time.Sleep(time.Duration(n%4) * time.Millisecond / 2)
				assert.NoError(t, call.Close())
			})
		})
	})
	assert.Equal(t, before, l.pool.Stat().NewConnsCount(), "connections that were opened in place of closed ones")
	assert.Zero(t, l.failed.Load())
	if *attackFor >= time.Minute {
		assert.Zero(t, l.late.Load())
		assert.Less(t, ratio, 1.1)
	}
}

// A lock holds the queries until their callers have hung up.
func TestHangUp_ClosesNoConnection(t *testing.T) {
	l := newLoad(t)
	l.fillPool(t)
	before := l.pool.Stat()

	admin, err := pgx.Connect(t.Context(), l.database)
	require.NoError(t, err)
	defer admin.Close(t.Context())
	held, err := admin.Begin(t.Context())
	require.NoError(t, err)
	_, err = held.Exec(t.Context(), "lock table account_accountapikey in access exclusive mode")
	require.NoError(t, err)
	var calls []net.Conn
	for n := range 3 {
		calls = append(calls, l.anonymous(t, n))
	}
	require.Eventually(t, func() bool {
		var waiting int
		err := held.QueryRow(t.Context(), "select count(*) from pg_locks where not granted").Scan(&waiting)
		return err == nil && waiting == len(calls)
	}, 4*time.Second, time.Millisecond)
	for _, call := range calls {
		require.NoError(t, call.Close())
	}
	time.Sleep(100 * time.Millisecond) // for the server to notice
	require.NoError(t, held.Rollback(t.Context()))

	require.Eventually(t, func() bool { return l.pool.Stat().AcquiredConns() == 0 }, 10*time.Second, time.Millisecond)
	l.fillPool(t)
	assert.Equal(t, before.NewConnsCount(), l.pool.Stat().NewConnsCount())
	assert.Equal(t, before.TotalConns(), l.pool.Stat().TotalConns())
}

// anonymous sends a request without a valid key and does not wait for the
// answer: with an unknown key, with a guess of a known one, and to /ready.
func (l *load) anonymous(t *testing.T, n int) net.Conn {
	path, key := "/v2/stamps/1/score/"+l.wallets[0], []string{"unknown1.", "known123.", ""}[n%3]+rand.Text()
	if n%3 == 2 {
		path = "/ready"
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(l.url, "http://"))
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: attacked\r\nX-Api-Key: %s\r\n\r\n", path, key)
	assert.NoError(t, err)
	return conn
}

// fillPool opens every connection that the pool may have.
func (l *load) fillPool(t *testing.T) {
	t.Helper()
	for range l.pool.Config().MaxConns {
		conn, err := l.pool.Acquire(t.Context())
		require.NoError(t, err)
		defer conn.Release()
	}
}
