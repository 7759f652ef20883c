package pgstore_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// inSteps are the engines that commit each change of a schema by itself.
var inSteps = []pgstore.Engine{pgstore.YugabyteDB, pgstore.CockroachDB}

// interrupts is a tracer that ends a context at the nth statement.
type interrupts struct {
	left int
	end  context.CancelFunc
}

func (i *interrupts) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if i.left--; i.left == 0 {
		i.end()
	}
	return ctx
}

func (*interrupts) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// requireMigrated demands the whole schema, with each of its rows once.
func requireMigrated(t *testing.T, db *pgxpool.Pool, engine pgstore.Engine) {
	t.Helper()
	require.NoError(t, pgstore.CheckSchema(t.Context(), db, pgstore.WithEngine(engine)))
	assert.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7"}, rows(t, db, `select version::text from passport_schema_version order by 1`))
	assert.Equal(t, []string{"10"}, rows(t, db, `select count(*)::text from registry_humanpointsconfig`))
	assert.Equal(t, []string{"4096"}, rows(t, db, `select count(*)::text from passport_locks`))
}

func TestMigrate_Steps(t *testing.T) {
	t.Parallel()
	for _, engine := range inSteps {
		db, is := openPool(t, pgtest.NewEmpty(t)), pgstore.WithEngine(engine)
		var all sync.WaitGroup
		failures := make([]error, 4)
		for i := range failures {
			all.Go(func() { failures[i] = pgstore.Migrate(t.Context(), db, is) })
		}
		all.Wait()
		for _, err := range failures {
			assert.NoError(t, err, engine)
		}
		requireMigrated(t, db, engine)
		deferred := rows(t, db, `select conname::text from pg_constraint where contype = 'f' and condeferrable`)
		assert.Equal(t, engine == pgstore.CockroachDB, len(deferred) == 0, "it has none that is deferred")
	}
}

// A migration that was interrupted is taken up by the next.
func TestMigrate_StepsInterrupted(t *testing.T) {
	t.Parallel()
	for _, engine := range inSteps {
		url, is := pgtest.NewEmpty(t), pgstore.WithEngine(engine)
		for n := 5; ; n += 101 {
			ctx, end := context.WithCancel(t.Context())
			defer end()
			stops := &interrupts{left: n, end: end}
			err := pgstore.Migrate(ctx, openPool(t, url, func(c *pgxpool.Config) { c.ConnConfig.Tracer = stops }), is)
			if err == nil {
				break
			}
			require.ErrorIs(t, err, context.Canceled)
		}
		requireMigrated(t, openPool(t, url), engine)
	}
}
