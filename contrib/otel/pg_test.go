package passportotel_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey/usage"
	passportotel "github.com/passport-sdk/passport-go/contrib/otel"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// openPool returns a pool whose statements have spans.
func openPool(t *testing.T, c *telemetry) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.New(t))
	require.NoError(t, err)
	config.MaxConns = 3
	config.ConnConfig.Tracer = otelpgx.NewTracer(otelpgx.WithTracerProvider(c.tracer))
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// everything uses all that is measured.
func everything(t *testing.T, c *telemetry) {
	t.Helper()
	pool := openPool(t, c)
	calls, err := usage.New(memstore.New(), usage.WithCapacity(2))
	require.NoError(t, err)
	for range 5 {
		calls.Record(store.Usage{})
	}
	source := passport.Groups(strangers{})
	world := passporttest.NewWorld(t, passporttest.On(pgstore.New(pool)), passporttest.Weights{"Google": "1"},
		c.options(t, passportotel.WithUsage(calls), passportotel.WithPool("scores", pool)))
	engine, err := passport.New(pgstore.New(pool), append(c.options(t), passport.WithTrustedIssuers(world.Issuer.DID()), passport.WithGroups(source, passport.FailScoring))...)
	require.NoError(t, err)
	_, err = engine.Score(t.Context(), world.Community, bob)
	require.NoError(t, err)
	world.Stamp(alice, "Google", "alice")
	world.Stamp(alice, "Ens", "alice", passporttest.Nullifiers())
	world.Faults.FailApply(1, store.Errorf("swap_claims", store.ErrConflict, "another was faster"))
	world.MustScore(alice)
	for _, err := range world.Engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{alice})) {
		require.NoError(t, err)
	}
	_, err = world.Engine.Latest(t.Context(), world.Community, alice)
	require.NoError(t, err)
	world.Faults.FailLoad(1, store.ErrReadOnly)
	_, err = world.Engine.Score(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, store.ErrReadOnly)
}

// strangers is a source of groups that links no wallets.
type strangers struct{}

func (strangers) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	return make([]passport.Group, len(addresses)), nil
}

// under returns how many spans of SQL are below each span of ours.
func under(paths []string) map[string]int {
	parents := map[string]int{}
	for _, path := range paths {
		steps := strings.Split(path, " > ")
		last := 0
		for i, step := range steps {
			if strings.HasPrefix(step, "passport.") {
				last = i + 1
			}
		}
		if last < len(steps) {
			parents[strings.Join(steps[:last], " > ")]++
		}
	}
	return parents
}

func TestSpans_SQL(t *testing.T) {
	c := newTelemetry(t)
	pool := openPool(t, c)
	world := passporttest.NewWorld(t, passporttest.On(pgstore.New(pool)), passporttest.Weights{"Google": "1"}, c.options(t))
	world.Stamp(alice, "Google", "alice")
	score := func(engine *passport.Engine) {
		t.Helper()
		c.take()
		_, err := engine.Score(t.Context(), world.Community, alice)
		require.NoError(t, err)
		paths, _ := c.take()
		parents := under(paths)
		assert.Positive(t, parents["passport.score > passport.load"])
		assert.Positive(t, parents["passport.score > passport.apply"])
		assert.Len(t, parents, 2, "all SQL is below one of the two: %v", paths)
	}
	score(world.Engine)

	t.Run("in a transaction of the host", func(t *testing.T) {
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		score(world.Engine.On(pgstore.New(pool).InTx(tx)))
		require.NoError(t, tx.Commit(t.Context()))
	})
	t.Run("below a span of the host", func(t *testing.T) {
		c.take()
		ctx, span := c.tracer.Tracer("host").Start(t.Context(), "POST /signup")
		_, err := world.Engine.Latest(ctx, world.Community, alice)
		require.NoError(t, err)
		span.End()
		paths, _ := c.take()
		assert.Positive(t, under(paths)["POST /signup > passport.latest > passport.load"])
	})
	t.Run("in a batch", func(t *testing.T) {
		c.take()
		for _, err := range world.Engine.Rescore(t.Context(), store.AddressQuery{Community: world.Community}) {
			require.NoError(t, err)
		}
		paths, _ := c.take()
		parents := under(paths)
		for _, path := range []string{"passport.score_all", "passport.batch > passport.load", "passport.batch > passport.apply"} {
			assert.Positive(t, parents[path], path)
		}
		assert.Len(t, parents, 3, "%v", paths)
	})
}

func TestGauges(t *testing.T) {
	c := newTelemetry(t)
	first, second := openPool(t, c), openPool(t, c)
	calls, err := usage.New(memstore.New(), usage.WithCapacity(2))
	require.NoError(t, err)
	c.options(t, passportotel.WithUsage(calls), passportotel.WithPool("first", first))
	c.options(t, passportotel.WithPool("second", second)) // of another engine
	values := c.collect(t)
	assert.Equal(t, map[string]int64{"": 0}, only(values, "passport.usage.queued"))
	for range 5 {
		calls.Record(store.Usage{})
	}
	conn, err := first.Acquire(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = second.Acquire(ctx)
	require.ErrorIs(t, err, context.Canceled)

	values = c.collect(t)
	for name, want := range map[string]map[string]int64{
		"passport.usage.queued":  {"": 2},
		"passport.usage.dropped": {"": 3},
		"db.client.connection.count": {
			"db.client.connection.pool.name=first,db.client.connection.state=used":  1,
			"db.client.connection.pool.name=first,db.client.connection.state=idle":  0,
			"db.client.connection.pool.name=second,db.client.connection.state=used": 0,
			"db.client.connection.pool.name=second,db.client.connection.state=idle": 0,
		},
		"db.client.connection.max": {"db.client.connection.pool.name=first": 3, "db.client.connection.pool.name=second": 3},
		"passport.pool.acquires":   {"db.client.connection.pool.name=first": 1, "db.client.connection.pool.name=second": 0},
		"passport.pool.waits":      {"db.client.connection.pool.name=first": 1, "db.client.connection.pool.name=second": 0},
		"passport.pool.abandoned":  {"db.client.connection.pool.name=first": 0, "db.client.connection.pool.name=second": 1},
	} {
		assert.Equal(t, want, only(values, name), name)
	}
	conn.Release()
}

func TestOptions_Misconfigured(t *testing.T) {
	pool := &pgxpool.Pool{}
	log, err := usage.New(memstore.New())
	require.NoError(t, err)
	_, err = passportotel.Options(
		passportotel.WithTracerProvider(nil), passportotel.WithMeterProvider(nil), passportotel.WithUsage(nil), passportotel.WithUsage(log),
		passportotel.WithPool("", nil), passportotel.WithPool("a", pool), passportotel.WithPool("a", pool))
	for _, problem := range []string{
		"WithTracerProvider got nil", "WithMeterProvider got nil", "WithUsage got nil", "WithUsage is there twice",
		"WithPool got a nil pool", "WithPool got no name", `WithPool got the name "a" twice`,
	} {
		require.ErrorContains(t, err, problem)
	}
	joined, is := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	require.True(t, is)
	assert.Len(t, joined.Unwrap(), 7)
	for _, problem := range joined.Unwrap() {
		require.ErrorIs(t, problem, passport.ErrMisconfigured)
	}
	_, err = passportotel.Options(nil)
	require.ErrorIs(t, err, passport.ErrMisconfigured)
}
