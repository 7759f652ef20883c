package pgstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

const nowhere = "postgres://user:secret@127.0.0.1:1/database?sslmode=disable"

func TestOpenPool_Limits(t *testing.T) {
	t.Parallel()
	for _, address := range []string{nowhere, "host=127.0.0.1 port=1 user=user password=secret"} {
		config := openPool(t, address).Config()
		assert.EqualValues(t, 5, config.MaxConns)
		assert.Zero(t, config.MinConns)
		assert.Zero(t, config.MinIdleConns)
		assert.Equal(t, 10*time.Second, config.MaxConnIdleTime)
		assert.LessOrEqual(t, config.HealthCheckPeriod, 5*time.Second, "or idle connections would stay longer")
		assert.Equal(t, 5*time.Minute, config.MaxConnLifetime)
		assert.Equal(t, 3*time.Second, config.ConnConfig.ConnectTimeout)
	}
}

func TestOpenPool_Precedence(t *testing.T) {
	t.Parallel()
	address := nowhere + "&pool_max_conns=7&pool_max_conn_idle_time=1m&pool_health_check_period=2m&pool_max_conn_lifetime=3m&pool_min_conns=0&connect_timeout=9"
	config := openPool(t, address).Config()
	assert.EqualValues(t, 7, config.MaxConns)
	assert.Equal(t, time.Minute, config.MaxConnIdleTime)
	assert.Equal(t, 2*time.Minute, config.HealthCheckPeriod)
	assert.Equal(t, 3*time.Minute, config.MaxConnLifetime)
	assert.Equal(t, 9*time.Second, config.ConnConfig.ConnectTimeout)

	config = openPool(t, address, func(c *pgxpool.Config) { c.MaxConns = 11 }).Config()
	assert.EqualValues(t, 11, config.MaxConns)
}

func TestOptions_Nil(t *testing.T) {
	t.Parallel()
	pool := openPool(t, nowhere, nil)
	require.ErrorIs(t, pgstore.CheckSchema(t.Context(), pool, nil), store.ErrUnavailable)
	_, err := newStore(pool, nil).FindCommunity(t.Context(), 1, "1")
	require.ErrorIs(t, err, store.ErrUnavailable)
}

func TestOpenPool_Lazy(t *testing.T) {
	t.Parallel()
	pool := openPool(t, nowhere)
	assert.Zero(t, pool.Stat().NewConnsCount())
	err := pgstore.Ready(t.Context(), pool)
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.NotContains(t, err.Error(), "secret")

	url := pgtest.NewEmpty(t)
	pool = openPool(t, url)
	assert.Zero(t, pool.Stat().NewConnsCount())
	require.NoError(t, pgstore.Ready(t.Context(), pool))
	assert.EqualValues(t, 1, pool.Stat().NewConnsCount())
	require.NoError(t, pgstore.Ready(t.Context(), openSQL(t, "postgres", url)))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, pgstore.Ready(ctx, pool), context.Canceled)
}

func TestOpenPool_AcquireTimeout(t *testing.T) {
	t.Parallel()
	traced := &countingTracer{}
	pool := openPool(t, pgtest.NewEmpty(t), func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.ConnConfig.Tracer = traced
	})
	busy, err := pool.Acquire(t.Context())
	require.NoError(t, err)

	patience, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	err = pgstore.Ready(patience, pool)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "which would be taken for the caller's")
	assert.GreaterOrEqual(t, time.Since(began), 3*time.Second)
	_, err = pool.Exec(patience, "select 1")
	require.ErrorIs(t, err, store.ErrUnavailable, "the host's own query as well")
	assert.Equal(t, store.KindUnavailable, store.KindOf(err))
	require.NoError(t, patience.Err(), "it was not the caller's context that ended")

	began = time.Now()
	ctx, cancelSoon := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancelSoon()
	require.ErrorIs(t, pgstore.Ready(ctx, pool), context.DeadlineExceeded)
	assert.Less(t, time.Since(began), 3*time.Second, "the caller's context may be over sooner")

	busy.Release()
	_, err = pool.Exec(t.Context(), "select 1")
	require.NoError(t, err, "the limit is on the wait, and does not outlive it")
	assert.Equal(t, 1, traced.queries, "the host's own tracer goes on")
}

type countingTracer struct{ queries int }

func (c *countingTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.queries++
	return ctx
}

func (c *countingTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestOpenPool_BadURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://user:s3cr3t@host:port/db":                            "malformed",
		"postgres://user:s3cr3t@host:99999/db":                           "look at the host, the port",
		"postgres://user:s3cr%zzt@host/db":                               "malformed",
		"postgres://user:s3cr3t#s3cr3t@host:abc/db":                      "malformed",
		"postgres://user:s3cr3t/s3cr3t?s3cr3t@host:abc/db":               "malformed",
		"postgres://user:s3cr3t@host/db?sslmode=s3cr3t":                  `parameter "sslmode"`,
		"postgres://host/db?user=u&password=s3cr3t&pool_max_conns=many":  `parameter "pool_max_conns"`,
		"postgres://user:s3cr3t@host/db?connect_timeout=soon":            `parameter "connect_timeout"`,
		"postgres://user:s3cr3t@host/db?pool_max_conns=0":                `parameter "pool_max_conns"`,
		"postgres://user:12/3?s3cr3t@host:5432/db":                       "must be written %XX",
		"host=h password=s3cr3t port=abc":                                "malformed",
		"mysql://user:s3cr3t@host/db":                                    "does not begin with postgres://",
		"s3cr3t:s3cr3t":                                                  "does not begin with postgres://",
		"postgres://u:s3cr3t@h/db?sslmode=disable&options=-c%20a=s3cr3t": "must be written %XX",
		"":                        "the connection URL is empty",
		"host=h password='s3cr3t": "malformed",
		"s3cr3t":                  "malformed",
	} {
		t.Run(address, func(t *testing.T) {
			_, err := pgstore.OpenPool(t.Context(), address)
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "s3cr")
		})
	}
}
