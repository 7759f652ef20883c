package passporttest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
)

var alice, bob = passporttest.Address("alice"), passporttest.Address("bob")

func TestAnAccountVouchesForOneWalletOnly(t *testing.T) {
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

func TestAClaimEndsWithItsCredential(t *testing.T) {
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

func TestTheIssuerSignsWhatTheVerifierAccepts(t *testing.T) {
	issuer := passporttest.NewIssuer("a seed")
	text, err := issuer.Issue(alice, `Zürich–東京 "<&>\`, "account", passporttest.Nullifiers("v0:a", "v1:b"))
	require.NoError(t, err)
	signed, err := credential.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, issuer.DID(), signed.Issuer)
	assert.Equal(t, "did:pkh:eip155:1:"+alice, signed.Subject)
	assert.Equal(t, `Zürich–東京 "<&>\`, signed.Provider)
	assert.Equal(t, []string{"v0:a", "v1:b"}, signed.Nullifiers)

	var verifier credential.Verifier
	require.NoError(t, verifier.Verify(t.Context(), signed, time.Now()))

	again, err := passporttest.NewIssuer("a seed").Issue(alice, `Zürich–東京 "<&>\`, "account", passporttest.Nullifiers("v0:a", "v1:b"))
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again), "the same seed signs the same to the byte")
	assert.NotEqual(t, issuer.DID(), passporttest.NewIssuer().DID())
}

func TestWhatCannotBeSignedIsAnError(t *testing.T) {
	_, err := passporttest.NewIssuer().Issue(alice, "a\x00b", "account")
	require.ErrorContains(t, err, "U+0000")
}

func TestAStampWithoutAnExpiryIsLeftOut(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Stamp(alice, "Google", "account-1", passporttest.ExpiresAt(time.Time{}))
	result := world.MustScore(alice)
	require.Len(t, result.Stamps, 1)
	assert.Equal(t, passport.ReasonNoExpiration, result.Stamps[0].Reason)
}

func TestPointsAreEarnedOnce(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Biometrics": "1"}, passporttest.HumanPoints{Capped: passport.MetaMaskOG()})
	require.NoError(t, world.Store.PutAddressList(t.Context(), "MetaMaskOG2", alice))
	world.Stamp(alice, "Biometrics", "a face")

	preview, err := world.Engine.Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	earned := world.MustScore(alice)
	assert.Equal(t, preview.Points, earned.Points)
	assert.ElementsMatch(t, []passport.Points{
		{Action: "HKY", Provider: "Biometrics", Points: 100}, {Action: "HBI"}, {Action: "MM2"},
	}, earned.Points)
	assert.Empty(t, world.MustScore(alice).Points)
}

func TestTheClockMovesOnlyWhenItIsMoved(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := passporttest.NewClock(start)
	assert.Equal(t, start, clock.Now())
	clock.Advance(time.Minute)
	assert.Equal(t, start.Add(time.Minute), clock.Now())
	clock.Set(start)
	assert.Equal(t, start, clock.Now())
}
