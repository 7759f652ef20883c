package pgstore_test

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// losing is a network that sends what it is given and, while it is on, loses
// the connection when an answer is awaited.
type losing struct {
	on atomic.Bool
	// until is what must have been sent before; nil for anything.
	until []byte
}

func (l *losing) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &losingConn{Conn: conn, network: l}, err
}

type losingConn struct {
	net.Conn

	network *losing
	sent    atomic.Bool
}

func (c *losingConn) Write(b []byte) (int, error) {
	if c.network.on.Load() && bytes.Contains(b, c.network.until) {
		c.sent.Store(true)
	}
	return c.Conn.Write(b)
}

func (c *losingConn) Read(b []byte) (int, error) {
	if !c.sent.Load() {
		return c.Conn.Read(b)
	}
	// This is the answer to the commit.
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, _ = c.Conn.Read(make([]byte, len(b)))
	_ = c.Close()
	return 0, net.ErrClosed
}

// Where pgx does not use its pipeline, in its exec and simple modes and at a
// COMMIT, it reports a connection that is lost while the answer to a commit is
// awaited as one that was closed before anything was sent.
func TestApply_LostCommit(t *testing.T) {
	t.Parallel()
	modes := []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, // describe_exec awaits answers before it executes
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	}
	for _, mode := range modes {
		t.Run("pool, "+mode.String(), func(t *testing.T) {
			w, network := newWorld(t), &losing{}
			pool := w.newPool(execMode(mode), func(c *pgxpool.Config) { c.ConnConfig.DialFunc = network.dial })
			requireUnknownWhenLost(t, w, network, newStore(pool))
		})
		t.Run("database/sql, "+mode.String(), func(t *testing.T) {
			w, network := newWorld(t), &losing{until: []byte("commit")}
			config, err := pgx.ParseConfig(w.url)
			require.NoError(t, err)
			config.DefaultQueryExecMode, config.DialFunc = mode, network.dial
			db := stdlib.OpenDB(*config)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			requireUnknownWhenLost(t, w, network, newStoreDB(db))
		})
	}
}

func requireUnknownWhenLost(t *testing.T, w *world, network *losing, s *pgstore.Store) {
	t.Helper()
	score := func(nullifier string) error {
		_, err := s.Apply(t.Context(), changes(load(t, s, alice), claim(nullifier, alice)))
		return err
	}
	require.NoError(t, score("n1")) // so that what can be prepared is
	c := changes(load(t, s, alice), claim("n2", alice))
	network.on.Store(true)
	_, err := s.Apply(t.Context(), c)
	network.on.Store(false)
	require.ErrorIs(t, err, store.ErrUnknownOutcome)
	assert.NotErrorIs(t, err, store.ErrUnavailable)
	require.NoError(t, score("n3"))
	assert.Equal(t, "3", w.value("select count(*) from registry_hashscorerlink"), "it was committed")
}
