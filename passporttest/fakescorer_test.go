package passporttest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestFakeScorer(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var fake passporttest.FakeScorer
	fake.SetResult("0x"+strings.ToUpper(alice[2:]), passport.Result{
		Passing: true, Score: passporttest.MustDecimal("25"), Threshold: passporttest.MustDecimal("20"), ScoredAt: noon,
		Stamps: []passport.Stamp{{Provider: "Google"}},
	})

	result, err := fake.Score(t.Context(), 3, alice)
	require.NoError(t, err)
	assert.Equal(t, int64(3), result.Community)
	assert.Equal(t, passport.Address(alice), result.Address)
	assert.True(t, result.Passing)
	result.Stamps[0].Provider = "the caller's own"

	preview, err := fake.Preview(t.Context(), 4, alice)
	require.NoError(t, err)
	assert.Equal(t, int64(4), preview.Community)
	assert.Equal(t, []passport.Stamp{{Provider: "Google"}}, preview.Stamps)

	latest, err := fake.Latest(t.Context(), 3, alice)
	require.NoError(t, err)
	assert.Equal(t, passport.Address(alice), latest.Address)
	assert.Equal(t, "25 of 20", latest.Score.String()+" of "+latest.Threshold.String())
	assert.Equal(t, noon, latest.ScoredAt)
	assert.True(t, latest.Passing)
	assert.True(t, latest.PassingAt(noon))

	assert.Equal(t, []passporttest.Call{{"Score", 3, alice}, {"Preview", 4, alice}, {"Latest", 3, alice}}, fake.Calls())
}

// The fake and an engine without stamps return the same.
func TestFakeScorer_Engine(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var fake passporttest.FakeScorer
	world := passporttest.NewWorld(t)
	for name, scorer := range map[string]passport.Scorer{"engine": world.Engine, "fake": &fake} {
		t.Run(name, func(t *testing.T) {
			result, err := scorer.Score(t.Context(), 1, bob)
			require.NoError(t, err)
			assert.False(t, result.Passing)
			assert.Equal(t, "0", result.Score.String())
			_, err = scorer.Score(ended, 1, alice)
			require.ErrorIs(t, err, context.Canceled)
			_, err = scorer.Preview(t.Context(), 1, "alice")
			require.ErrorIs(t, err, passport.ErrInvalidAddress)
		})
	}
	for _, scorer := range []interface {
		Latest(ctx context.Context, community int64, address string) (*passport.LastScore, error)
	}{world.Engine, &fake} {
		_, err := scorer.Latest(t.Context(), 1, alice)
		require.ErrorIs(t, err, passport.ErrNeverScored)
		_, err = scorer.Latest(t.Context(), 1, "alice")
		require.ErrorIs(t, err, passport.ErrInvalidAddress)
	}
}

func TestFakeScorer_SetError(t *testing.T) {
	var fake passporttest.FakeScorer
	fake.SetError(alice, store.ErrUnavailable)
	_, err := fake.Score(t.Context(), 1, alice)
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, err = fake.Latest(t.Context(), 1, alice)
	require.ErrorIs(t, err, store.ErrUnavailable)
	fake.SetResult(alice, passport.Result{Passing: true})
	result, err := fake.Preview(t.Context(), 1, alice)
	require.NoError(t, err)
	assert.True(t, result.Passing)
}

func TestFakeScorer_Concurrent(t *testing.T) {
	var fake passporttest.FakeScorer
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			fake.SetResult(alice, passport.Result{Passing: true})
			_, err := fake.Score(t.Context(), 1, alice)
			assert.NoError(t, err)
			fake.Calls()
		})
	}
	done.Wait()
	assert.Len(t, fake.Calls(), 8)
}
