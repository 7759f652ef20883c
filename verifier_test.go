package passport_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
)

func TestObservation_Verify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen passport.Observation
		world := passporttest.NewWorld(t, passporttest.Options{
			passport.WithVerifier(verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
				time.Sleep(time.Second)
				return nil
			})),
			passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o }),
		})
		world.Stamp(alice, "Google", "account")
		world.MustScore(alice)
		assert.Equal(t, time.Second, seen.Verify)
	})
}

// verifierFunc is a host's verifier.
type verifierFunc func(ctx context.Context, signed *credential.Signed, now time.Time) error

func (f verifierFunc) Verify(ctx context.Context, signed *credential.Signed, now time.Time) error {
	return f(ctx, signed, now)
}

func TestVerifier_Fails(t *testing.T) {
	broken := errors.New("the key server is down")
	for name, verifier := range map[string]verifierFunc{
		"an error":      func(context.Context, *credential.Signed, time.Time) error { return fmt.Errorf("asking: %w", broken) },
		"a panic":       func(context.Context, *credential.Signed, time.Time) error { panic("index out of range") },
		"an ended wait": func(context.Context, *credential.Signed, time.Time) error { return context.DeadlineExceeded },
		"one of several": func(_ context.Context, s *credential.Signed, _ time.Time) error {
			return map[bool]error{true: broken}[s.Provider == "p07"]
		},
		"one that panics": func(_ context.Context, s *credential.Signed, _ time.Time) error {
			return map[string]func() error{}[s.Provider]()
		},
	} {
		t.Run(name, func(t *testing.T) {
			world := passporttest.NewWorld(t, passporttest.Options{passport.WithVerifier(verifier)})
			for i := range 12 {
				world.Stamp(alice, fmt.Sprintf("p%02d", i), "account")
			}
			result, err := world.Engine.Score(t.Context(), world.Community, alice)
			require.Error(t, err)
			assert.Nil(t, result)
			state := world.Store.State()
			assert.Empty(t, state.Scores, "nothing was written")
			assert.Empty(t, state.Events)
			assert.Empty(t, state.Claims)
		})
	}
}

func TestVerifier_Refuses(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithVerifier(
		verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
			return fmt.Errorf("wrapped: %w", &credential.Error{Reason: "on_our_list", Detail: "its issuer's key leaked"})
		}))})
	world.Stamp(alice, "Google", "account")
	stamp := world.MustScore(alice).Stamps[0]
	assert.Equal(t, passport.Reason("on_our_list"), stamp.Reason)
	assert.Equal(t, "its issuer's key leaked", stamp.Why)
}

func TestVerifier_NoReason(t *testing.T) {
	asked := 0
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithVerifier(
		verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
			asked++
			return &credential.Error{Detail: "it is on our list"}
		}))})
	world.Stamp(alice, "Google", "account")
	for range 2 {
		result := world.MustScore(alice)
		assert.False(t, result.Passing)
		assert.Equal(t, passport.LeftOut, result.Stamps[0].Outcome)
		assert.Equal(t, passport.ReasonRefused, result.Stamps[0].Reason)
		assert.Equal(t, "it is on our list", result.Stamps[0].Why)
	}
	assert.Equal(t, 2, asked, "a refusal is not cached")
}

func TestVerifier_Cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithVerifier(
		verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
			cancel()
			return nil
		}))})
	for i := range 50 {
		world.Stamp(alice, fmt.Sprintf("p%02d", i), "account")
	}
	_, err := world.Engine.Score(ctx, world.Community, alice)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestVerifier_Parallel(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	// Each call waits for a second one: one after another they would never end.
	second := make(chan struct{})
	var calls atomic.Int32
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithVerifier(
		verifierFunc(func(ctx context.Context, _ *credential.Signed, _ time.Time) error {
			if calls.Add(1) == 2 {
				close(second)
			}
			select {
			case <-second:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))})
	for i := range 8 {
		world.Stamp(alice, fmt.Sprintf("p%d", i), "account")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := world.Engine.Score(ctx, world.Community, alice)
	require.NoError(t, err)
	assert.EqualValues(t, 8, calls.Load())
}
