package limits_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// roles are those of both stores.
type roles interface {
	store.Store
	store.Credentials
	store.Communities
	store.History
	store.Keys
	store.Points
}

// world is an empty store, and an issuer that its engine trusts.
type world struct {
	roles

	t      *testing.T
	issuer *passporttest.Issuer
	engine *passport.Engine
}

// onBoth runs the test on each store.
func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	for name, open := range map[string]func(t *testing.T) roles{
		"memstore": func(*testing.T) roles { return memstore.New() },
		"pgstore": func(t *testing.T) roles {
			t.Helper()
			pool, err := pgxpool.New(t.Context(), pgtest.New(t))
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			return pgstore.New(pool)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{roles: open(t), t: t, issuer: passporttest.NewIssuer()}
			var err error
			w.engine, err = passport.New(w, passport.WithTrustedIssuers(w.issuer.DID()), passport.WithHumanPoints(passport.HumanPoints{}))
			require.NoError(t, err)
			test(w)
		})
	}
}

const megabyte = 1 << 20

// within runs the work, which must end within two minutes and allocate no more
// megabytes than that, freed ones included. Both are far more than it takes:
// unbounded work exceeds them.
func (w *world) within(megabytes uint64, what string, work func(ctx context.Context)) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	work(ctx)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	require.NoError(w.t, ctx.Err(), what)
	allocated := (after.TotalAlloc - before.TotalAlloc) / megabyte
	assert.LessOrEqual(w.t, allocated, megabytes, what)
	w.t.Logf("%s: %v, %d MiB allocated", what, took.Round(time.Millisecond), allocated)
}

// community makes community 1.
func (w *world) community(ctx context.Context, c store.Community) {
	w.t.Helper()
	c.ID, c.Name, c.Threshold = 1, "One", "1"
	require.NoError(w.t, w.PutCommunity(ctx, c))
}

// stamp returns a signed credential, ready to be added.
func (w *world) stamp(address store.Address, provider, account string, options ...passporttest.CredentialOption) store.CredentialInput {
	w.t.Helper()
	signed, err := w.issuer.Issue(string(address), provider, account, options...)
	require.NoError(w.t, err)
	input, err := passport.ReadCredential(signed)
	require.NoError(w.t, err)
	return input
}
