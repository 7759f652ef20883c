package passport_test

import (
	"slices"
	"testing"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// A fault that only a part of a batch meets ends the run too.
func TestScoreAll_FaultInHalf(t *testing.T) {
	for faulty := range 2 {
		world, h, engine, addresses := newCrowd(t, 4, passport.WithRetry(func() retry.Backoff { return nil }))
		h.apply = func(c *store.Changes) error {
			switch {
			case len(c.Wallets) == 4:
				return store.ErrConflict
			case c.Wallets[0].Address == store.Address(addresses[2*faulty]):
				return store.ErrUnavailable
			}
			return nil
		}
		scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
		require.ErrorIs(t, err, store.ErrUnavailable)
		assert.Len(t, scored, 2*faulty)
	}
}

// So does a fault that a wallet meets when it is scored by itself.
func TestScoreAll_FaultAlone(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 2, passport.WithRetry(func() retry.Backoff { return nil }))
	answers := []error{store.ErrConflict, store.ErrUnavailable}
	h.apply = func(*store.Changes) error {
		answer := answers[0]
		answers = answers[1:]
		return answer
	}
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses[:1])))
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.Empty(t, scored)
}

// After a lost race that is final a host's transaction has to begin again: no
// other wallet is tried in it.
func TestScoreAll_Final(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 4)
	calls := 0
	h.apply = func(*store.Changes) error {
		calls++
		return &store.Error{Op: "verify_claims", Kind: store.ErrConflict, Final: true}
	}
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.ErrorIs(t, err, store.ErrConflict)
	assert.False(t, store.Retryable(err))
	assert.Empty(t, scored)
	assert.Equal(t, 1, calls)
}
