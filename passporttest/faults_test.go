package passporttest_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestFaults(t *testing.T) {
	final := &store.Error{Op: "upsert_score", Kind: store.ErrConflict, Final: true}
	for name, c := range map[string]struct {
		err     error
		times   int
		applies int // calls of Apply until Score returns
		fails   bool
	}{
		"five lost races": {store.ErrConflict, 5, 6, false},
		"six lost races":  {store.ErrConflict, 6, 6, true},
		"final":           {final, 1, 1, true},
		"unavailable":     {store.ErrUnavailable, 1, 1, true},
		"unknown outcome": {store.ErrUnknownOutcome, 1, 1, true},
		"cancelled":       {context.Canceled, 1, 1, true},
		"nil":             {nil, 1, 1, false},
		"0 times":         {store.ErrUnavailable, 0, 1, false},
		"-1 times":        {store.ErrUnavailable, -1, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
			world.Stamp(alice, "Google", "account-1")
			loads := world.Faults.Loads()
			world.Faults.FailApply(c.times, c.err)
			result, err := world.Engine.Score(t.Context(), world.Community, alice)
			assert.Equal(t, c.applies, world.Faults.Applies())
			assert.Equal(t, c.applies, world.Faults.Loads()-loads)
			if c.fails {
				require.ErrorIs(t, err, c.err)
				assert.Nil(t, result)
				_, err = world.Engine.Latest(t.Context(), world.Community, alice)
				require.ErrorIs(t, err, passport.ErrNeverScored, "nothing was written")
				return
			}
			require.NoError(t, err)
			assert.True(t, result.Passing)
		})
	}
}

func TestFaults_Load(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Faults.FailLoad(5, store.ErrConflict)
	world.Faults.FailLoad(3, store.ErrUnavailable) // in place of the five
	_, err := world.Engine.Score(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, err = world.Engine.Preview(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, err = world.Engine.Latest(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, store.ErrUnavailable)
	var detail *store.Error
	require.ErrorAs(t, err, &detail, "as a store must return it")
	assert.Equal(t, 3, world.Faults.Loads())
	assert.Zero(t, world.Faults.Applies())
	world.MustScore(alice)
}

// bare is a store without any role.
type bare struct{ store.Store }

func TestFaults_Roles(t *testing.T) {
	mem := memstore.New()
	require.NoError(t, mem.PutCommunity(t.Context(), store.Community{ID: 1, Threshold: "1", Weights: []byte(`{}`), HumanPoints: true}))
	trusted := passport.WithTrustedIssuers(passporttest.NewIssuer().DID())
	for name, c := range map[string]struct {
		on   store.Store
		want error
	}{
		"with":    {mem, nil},
		"without": {bare{mem}, store.ErrMisconfigured},
	} {
		t.Run(name, func(t *testing.T) {
			faults := passporttest.NewFaults(c.on)
			engine, err := passport.New(faults, trusted, passport.WithHumanPoints(passport.HumanPoints{}))
			require.NoError(t, err)
			_, err = engine.Score(t.Context(), 1, alice)
			require.ErrorIs(t, err, c.want)
			_, err = faults.LoadPoints(t.Context(), store.Address(alice))
			require.ErrorIs(t, err, c.want)
			_, err = engine.Latest(t.Context(), 1, alice)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestFaults_Concurrent(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	const scorings, failing = 16, 7
	world.Faults.FailApply(failing, store.ErrUnavailable)
	failed := make(chan error, scorings)
	var done sync.WaitGroup
	for range scorings {
		done.Go(func() {
			if _, err := world.Engine.Score(t.Context(), world.Community, alice); err != nil {
				failed <- err
			}
		})
	}
	done.Wait()
	assert.Len(t, failed, failing)
	assert.Equal(t, scorings, world.Faults.Applies())
}

// The clock of a synctest bubble moves only when something waits.
func TestWorld_Retry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := passporttest.NewWorld(t)
		began := time.Now()
		world.Faults.FailApply(5, store.ErrConflict)
		world.MustScore(alice)
		assert.Equal(t, began, time.Now())
		assert.Equal(t, 6, world.Faults.Applies())

		waiting := passporttest.NewWorld(t, passporttest.Options{passport.WithRetry(passport.DefaultRetry)})
		waiting.Faults.FailApply(1, store.ErrConflict)
		waiting.MustScore(alice)
		assert.Less(t, began, time.Now(), "the same with the policy of production")
	})
}

func TestWorld_On(t *testing.T) {
	mem := memstore.New()
	world := passporttest.NewWorld(t, passporttest.On(mem), passporttest.Weights{"Google": "1"})
	assert.Nil(t, world.Store)
	world.Stamp(alice, "Google", "account-1")
	result := world.MustScore(alice)
	assert.True(t, result.Passing)
	assert.Equal(t, world.Clock.Now(), result.ScoredAt, "by the world's clock, not the store's")
	claims, err := mem.ListClaims(t.Context(), world.Community, store.Address(alice))
	require.NoError(t, err)
	assert.Len(t, claims, 1)

	for want, host := range map[string]func(t testing.TB){
		"the store has a community 1 already": func(t testing.TB) { passporttest.NewWorld(t, passporttest.On(mem)) },
		"passporttest.On got nil":             func(t testing.TB) { passporttest.NewWorld(t, passporttest.On(nil)) },
		"looking for the community: load: store unavailable": func(t testing.TB) {
			down := unreachable{mem, passporttest.NewFaults(mem)}
			down.FailLoad(1, store.ErrUnavailable)
			passporttest.NewWorld(t, passporttest.On(down))
		},
	} {
		assert.Contains(t, failure(t, host), want)
	}
}

// unreachable is a store that fails where its Faults do.
type unreachable struct {
	*memstore.Store
	*passporttest.Faults
}

func (u unreachable) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	return u.Faults.Load(ctx, q)
}

func (u unreachable) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	return u.Faults.Apply(ctx, c)
}

func TestMustDecimal(t *testing.T) {
	assert.Equal(t, "2.50", passporttest.MustDecimal("2.50").String())
	assert.Panics(t, func() { passporttest.MustDecimal("much") })
}
