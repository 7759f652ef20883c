package passport_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestCache(t *testing.T) {
	var seen passport.Observation
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1", "Github": "1"},
		passporttest.Options{passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o })})
	world.Stamp(alice, "Google", "account", passporttest.ExpiresAt(world.Clock.Now().Add(time.Hour)))
	world.Stamp(alice, "Github", "account")

	world.MustScore(alice)
	assert.Equal(t, 2, seen.Verified)
	assert.Equal(t, 0, seen.Remembered)
	world.MustScore(alice)
	assert.Equal(t, 0, seen.Verified)
	assert.Equal(t, 2, seen.Remembered)
	assert.Equal(t, 1, seen.Attempts)

	world.Faults.FailApply(1, store.ErrConflict)
	world.MustScore(alice)
	assert.Equal(t, 2, seen.Attempts)
	assert.Equal(t, 2, seen.Remembered, "each counts once, however often a race is lost")

	world.Clock.Advance(time.Hour)
	result := world.MustScore(alice)
	assert.Equal(t, 0, seen.Verified)
	assert.Equal(t, passport.ReasonExpired, result.Stamps[1].Reason, "a cached proof does not keep a credential alive")

	n, err := world.Store.RevokeCredentials(t.Context(), proofOf(t, world, "Github"))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	assert.Len(t, world.MustScore(alice).Stamps, 1, "nor a revoked one")
}

func TestCache_BadProof(t *testing.T) {
	var seen passport.Observation
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o })})
	signed, err := world.Issuer.Issue(alice, "Google", "account")
	require.NoError(t, err)
	add(t, world, alice, "Google", strings.Replace(string(signed), "v0:", "v1:", 1))
	add(t, world, alice, "Malformed", "{}")
	world.Stamp(alice, "Expired", "account", passporttest.ExpiresAt(world.Clock.Now()))

	for range 2 {
		result := world.MustScore(alice)
		assert.Equal(t, credential.ReasonBadSignature, result.Stamps[1].Reason)
		assert.Equal(t, 1, seen.Verified, "only the one whose proof decides")
		assert.Equal(t, 0, seen.Remembered)
	}
}

func TestCache_VerifierFails(t *testing.T) {
	broken := errors.New("the key server is down")
	answer := broken
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithVerifier(
		verifierFunc(func(context.Context, *credential.Signed, time.Time) error { return answer }))})
	world.Stamp(alice, "Google", "account")
	_, err := world.Engine.Score(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, broken)

	answer = &credential.Error{Reason: credential.ReasonBadSignature, Detail: "it is forged"}
	assert.Equal(t, credential.ReasonBadSignature, world.MustScore(alice).Stamps[0].Reason)
}

func proofOf(t *testing.T, world *passporttest.World, provider string) string {
	t.Helper()
	for _, c := range world.Store.State().Credentials {
		if c.Provider == provider {
			return c.ProofValue
		}
	}
	require.Fail(t, "no credential of "+provider)
	return ""
}

func TestWithCacheSize(t *testing.T) {
	for size, want := range map[int][]int{0: {1, 1}, 1: {1, 0}} {
		var verified []int
		world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.Options{
			passport.WithCacheSize(size),
			passport.WithObserver(func(_ context.Context, o passport.Observation) { verified = append(verified, o.Verified) }),
		})
		world.Stamp(alice, "Google", "account")
		world.MustScore(alice)
		world.MustScore(alice)
		assert.Equal(t, want, verified, "a cache of %d", size)
	}
}

func TestOn(t *testing.T) {
	var seen passport.Observation
	here := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"},
		passporttest.Options{passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o })})
	there := passporttest.NewWorld(t, passporttest.Weights{"Google": "5"})
	signed, err := here.Issuer.Issue(alice, "Google", "account")
	require.NoError(t, err)
	add(t, here, alice, "Google", string(signed))
	add(t, there, alice, "Google", string(signed))

	assert.Equal(t, "1", here.MustScore(alice).Score.String())
	result, err := here.Engine.On(there.Store).Score(t.Context(), there.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, "5", result.Score.String())
	assert.Equal(t, 1, seen.Remembered)
	assert.Equal(t, "1", here.MustScore(alice).Score.String(), "the first engine is unchanged")
}
