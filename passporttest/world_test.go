package passporttest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

var alice, bob = passporttest.Address("alice"), passporttest.Address("bob")

func TestWorld_Deduplication(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1.5", "Github": "2"}, passporttest.Threshold("3"))
	world.Stamp(alice, "Google", "account-1")
	world.Stamp(alice, "Github", "account-2")
	world.Stamp(bob, "Google", "account-1")
	world.Stamp(bob, "Github", "account-3")

	first := world.MustScore(alice)
	assert.True(t, first.Passing)
	assert.Equal(t, "3.5", first.Score.String())

	second := world.MustScore(bob)
	assert.False(t, second.Passing)
	assert.Equal(t, "2", second.Score.String())
	require.Len(t, second.Stamps, 2)
	assert.Equal(t, passport.Counted, second.Stamps[0].Outcome)
	assert.Equal(t, passport.Deduplicated, second.Stamps[1].Outcome)
	assert.Equal(t, "Google", second.Stamps[1].Provider)
	assert.Equal(t, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), second.Stamps[1].ClaimedUntil)
	assert.Equal(t, "claimed by another wallet until 2100-01-01", second.Stamps[1].Why)
}

func TestWorld_ClaimExpires(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	expiry := world.Clock.Now().Add(time.Hour)
	world.Stamp(alice, "Google", "account-1", passporttest.ExpiresAt(expiry))
	world.Stamp(bob, "Google", "account-1")
	require.True(t, world.MustScore(alice).Passing)
	require.False(t, world.MustScore(bob).Passing)

	world.Clock.Advance(time.Hour)
	assert.True(t, world.MustScore(bob).Passing, "the account is free again")
	left := world.MustScore(alice)
	assert.False(t, left.Passing)
	assert.Equal(t, passport.ReasonExpired, left.Stamps[0].Reason)
}

func TestExpiresAt_Zero(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Stamp(alice, "Google", "account-1", passporttest.ExpiresAt(time.Time{}))
	result := world.MustScore(alice)
	require.Len(t, result.Stamps, 1)
	assert.Equal(t, passport.ReasonNoExpiration, result.Stamps[0].Reason)
}

func TestHumanPoints(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Biometrics": "1"}, passporttest.HumanPoints{Capped: passport.MetaMaskOG()})
	require.NoError(t, world.Store.PutAddressList(t.Context(), "MetaMaskOG2", store.Address(alice)))
	world.Stamp(alice, "Biometrics", "a face")

	preview, err := world.Engine.Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	earned := world.MustScore(alice)
	assert.Equal(t, preview.Points, earned.Points)
	assert.ElementsMatch(t, []passport.Award{
		{Action: "HKY", Provider: "Biometrics", Points: 100}, {Action: "HBI"}, {Action: "MM2"},
	}, earned.Points)
	assert.Empty(t, world.MustScore(alice).Points)
}

func TestClock(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := passporttest.NewClock(start)
	assert.Equal(t, start, clock.Now())
	clock.Advance(time.Minute)
	assert.Equal(t, start.Add(time.Minute), clock.Now())
	clock.Set(start)
	assert.Equal(t, start, clock.Now())
}

func TestWorld_MixedCase(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	mixed := "0x" + strings.ToUpper(alice[2:])
	world.Stamp(mixed, "Google", "account-1")
	assert.True(t, world.MustScore(mixed).Passing)
	assert.True(t, world.MustScore(alice).Passing)
}

func TestWeights_Nil(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights(nil))
	world.Stamp(alice, "Google", "account-1")
	assert.False(t, world.MustScore(alice).Passing)
}

func TestWorld_NoStamps(t *testing.T) {
	world := passporttest.NewWorld(t)
	result := world.MustScore(alice)
	assert.False(t, result.Passing)
	assert.Empty(t, result.Stamps)
}

func TestWorld_StampReplaced(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Stamp(alice, "Google", "account-1", passporttest.ExpiresAt(world.Clock.Now()))
	world.Stamp(alice, "Google", "account-2")
	result := world.MustScore(alice)
	require.Len(t, result.Stamps, 1)
	assert.True(t, result.Passing)
}

func TestOptions(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1", "Github": "1"},
		passporttest.Options{passport.WithV0NullifiersOnly()})
	world.Stamp(alice, "Google", "account-1")
	world.Stamp(alice, "Github", "account-2", passporttest.Nullifiers("v1:other"))
	result := world.MustScore(alice)
	assert.Equal(t, "1", result.Score.String())
	assert.Equal(t, passport.ReasonNoNullifiers, result.Stamps[0].Reason)
}

// failing is the test of a host that fails.
type failing struct {
	testing.TB

	message string
}

func (f *failing) Helper() {}

func (f *failing) Fatal(args ...any) { f.stop(fmt.Sprint(args...)) }

func (f *failing) Fatalf(format string, args ...any) { f.stop(fmt.Sprintf(format, args...)) }

// stop ends the test as testing does: by ending its goroutine.
func (f *failing) stop(message string) {
	f.message = message
	runtime.Goexit()
}

// failure returns the message with which the host's test fails.
func failure(t *testing.T, host func(t testing.TB)) string {
	recorder := &failing{TB: t}
	var done sync.WaitGroup
	done.Go(func() { host(recorder) })
	done.Wait()
	return recorder.message
}

func TestOptions_Nil(t *testing.T) {
	world := passporttest.NewWorld(t, nil, passporttest.Weights{"Google": "1"})
	signed, err := world.Issuer.Issue(alice, "Google", "account", nil)
	require.NoError(t, err)
	_, err = credential.Parse(signed)
	require.NoError(t, err)
	require.NotNil(t, memstore.New(nil))
}

func TestWorld_Invalid(t *testing.T) {
	for want, host := range map[string]func(t testing.TB){
		"making the community: ": func(t testing.TB) { passporttest.NewWorld(t, passporttest.Threshold("much")) },
		"making the engine: misconfigured": func(t testing.TB) {
			passporttest.NewWorld(t, passporttest.Options{passport.WithCacheSize(-1)})
		},
		"the weight of Google":              func(t testing.TB) { passporttest.NewWorld(t, passporttest.Weights{"Google": "1,5"}) },
		"invalid address":                   func(t testing.TB) { passporttest.NewWorld(t).MustScore("alice") },
		`"alice" does not begin with 0x`:    func(t testing.TB) { passporttest.NewWorld(t).Stamp("alice", "Google", "account-1") },
		"provider of a credential is empty": func(t testing.TB) { passporttest.NewWorld(t).Stamp(alice, "", "account-1") },
		"not valid UTF-8":                   func(t testing.TB) { passporttest.NewWorld(t).Stamp(alice, "a\xff", "account-1") },
	} {
		assert.Contains(t, failure(t, host), want)
	}
}
