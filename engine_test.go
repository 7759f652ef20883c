package passport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

var alice, bob, carol = passporttest.Address("alice"), passporttest.Address("bob"), passporttest.Address("carol")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file puts any text into the wallet as the credential of the provider.
func file(t *testing.T, world *passporttest.World, address, provider, text string) {
	t.Helper()
	err := world.Store.AddCredentials(t.Context(), address, store.NewCredential{Provider: provider, Stamp: []byte(text)})
	require.NoError(t, err)
}

func TestEachInvalidCredentialIsLeftOutForItsReasonAndTheOthersCount(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Good": "2.5", "Other": "9"}, passporttest.Threshold("2"))
	issue := func(address, provider string, options ...passporttest.CredentialOption) string {
		text, err := world.Issuer.Issue(address, provider, "account", options...)
		require.NoError(t, err)
		return string(text)
	}
	stranger, err := passporttest.NewIssuerFromSeed("a stranger").Issue(alice, "Stranger", "account")
	require.NoError(t, err)
	long := make([]rune, 101)
	for i := range long {
		long[i] = 'ü'
	}

	world.Stamp(alice, "Good", "account")
	for provider, text := range map[string]string{
		"Malformed":    `{"@context": []}`,
		"AnotherOnes":  issue(bob, "AnotherOnes"),
		"Heavier":      issue(alice, "Other"),
		"NoNullifier":  issue(alice, "NoNullifier", passporttest.Nullifiers([]string{}...)),
		"Empty":        issue(alice, "Empty", passporttest.Nullifiers("")),
		"TooLong":      issue(alice, "TooLong", passporttest.Nullifiers("v0:a", string(long))),
		"NoExpiration": issue(alice, "NoExpiration", passporttest.ExpiresAt(time.Time{})),
		"Expired":      issue(alice, "Expired", passporttest.ExpiresAt(world.Clock.Now())),
		"Stranger":     string(stranger),
		"Tampered":     string(bytes.Replace([]byte(issue(alice, "Tampered")), []byte("v0:"), []byte("v1:"), 1)),
		"Future":       issue(alice, "Future", passporttest.IssuedAt(world.Clock.Now().Add(time.Hour))),
	} {
		file(t, world, alice, provider, text)
	}

	type fate struct {
		Reason passport.Reason
		Why    string
	}
	result := world.MustScore(alice)
	fates := map[string]fate{}
	for _, stamp := range result.Stamps {
		if stamp.Outcome == passport.LeftOut {
			fates[stamp.Provider] = fate{stamp.Reason, stamp.Why}
			assert.Equal(t, "0", stamp.Weight.String())
		}
	}
	assert.Equal(t, map[string]fate{
		"Malformed":    {credential.ReasonMalformed, "its first @context is not https://www.w3.org/2018/credentials/v1"},
		"AnotherOnes":  {passport.ReasonWrongSubject, "it is about another address"},
		"Heavier":      {passport.ReasonProviderMismatch, `it signs the provider "Other"`},
		"NoNullifier":  {passport.ReasonNoNullifiers, "it has no nullifier"},
		"Empty":        {passport.ReasonNoNullifiers, "it has no nullifier"},
		"TooLong":      {passport.ReasonNullifierTooLong, "a nullifier has more than 100 characters"},
		"NoExpiration": {passport.ReasonNoExpiration, "it has no expiration date"},
		"Expired":      {passport.ReasonExpired, "it expired on 2026-01-01"},
		"Stranger": {
			passport.ReasonUntrustedIssuer, fmt.Sprintf("its issuer %q is not trusted", passporttest.NewIssuerFromSeed("a stranger").DID()),
		},
		"Tampered": {credential.ReasonBadSignature, "its signature is not the issuer's over this text"},
		"Future":   {credential.ReasonFromTheFuture, "its proof was made after now"},
	}, fates)
	assert.Equal(t, "2.5", result.Score.String())
	assert.True(t, result.Passing)
}

// mislaid is a store whose snapshots are changed before the engine sees them.
type mislaid struct {
	store.Store

	change func(*store.Snapshot)
}

func (m mislaid) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := m.Store.Load(ctx, q)
	if err == nil {
		m.change(snapshot)
	}
	return snapshot, err
}

// rows makes the engine see these rows as the wallet's credentials.
func rows(world *passporttest.World, credentials ...store.Credential) *passport.Engine {
	return world.Engine.On(mislaid{world.Store, func(s *store.Snapshot) { s.Wallets[0].Credentials = credentials }})
}

func TestStampsComeInTheOrderOfTheirProvidersWhateverTheStores(t *testing.T) {
	world := passporttest.NewWorld(t)
	var given []store.Credential
	for _, provider := range []string{"b", "a", "B", "ä"} {
		signed, err := world.Issuer.Issue(alice, provider, "account")
		require.NoError(t, err)
		given = append(given, store.Credential{Provider: provider, Stamp: signed})
	}
	result, err := rows(world, given...).Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	var order []string
	for _, stamp := range result.Stamps {
		assert.Equal(t, passport.Counted, stamp.Outcome, "each with what it says itself")
		order = append(order, stamp.Provider)
	}
	assert.Equal(t, []string{"B", "a", "b", "ä"}, order)
}

func TestACredentialOfNoProviderIsLeftOutAlsoWhereItIsFiledUnderNone(t *testing.T) {
	world := passporttest.NewWorld(t)
	signed, err := world.Issuer.Issue(alice, "", "account")
	require.NoError(t, err)
	result, err := rows(world, store.Credential{Stamp: signed}).Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, passport.ReasonProviderMismatch, result.Stamps[0].Reason)
}

func TestANullifierMayBeAsLongAsItsColumn(t *testing.T) {
	world := passporttest.NewWorld(t)
	world.Stamp(alice, "Google", "", passporttest.Nullifiers(strings.Repeat("ü", 100)))
	assert.Equal(t, passport.Counted, world.MustScore(alice).Stamps[0].Outcome)
}

func TestTheSubjectMayBeSpeltInAnyCase(t *testing.T) {
	world := passporttest.NewWorld(t)
	world.Stamp(alice, "Google", "account")
	signed, err := world.Issuer.Issue("0x"+strings.ToUpper(alice[2:]), "Github", "account")
	require.NoError(t, err)
	file(t, world, alice, "Github", string(signed))
	for _, stamp := range world.MustScore(alice).Stamps {
		assert.Equal(t, passport.Counted, stamp.Outcome, stamp.Provider)
	}
}

func TestADateThatTheServiceCannotWriteIsNone(t *testing.T) {
	believing := passport.WithVerifier(verifierFunc(func(context.Context, *credential.Signed, time.Time) error { return nil }))
	for date, want := range map[string]passport.Stamp{
		"9999-12-31T23:59:59Z":      {Outcome: passport.Counted},
		"9999-12-31T23:59:59+01:00": {Outcome: passport.Counted},
		"9999-12-31T23:59:59-01:00": {
			Outcome: passport.LeftOut, Reason: passport.ReasonNoExpiration, Why: "it expires after the year 9999",
		},
	} {
		world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.Options{believing})
		signed, err := world.Issuer.Issue(alice, "Google", "account")
		require.NoError(t, err)
		dated := bytes.Replace(signed, []byte("2100-01-01T00:00:00Z"), []byte(date), 1)
		require.NotEqual(t, signed, dated)
		file(t, world, alice, "Google", string(dated))
		stamp := world.MustScore(alice).Stamps[0]
		assert.Equal(t, want, passport.Stamp{Outcome: stamp.Outcome, Reason: stamp.Reason, Why: stamp.Why}, date)
	}
}

func TestAProviderWithoutAWeightCountsNothing(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Stamp(alice, "Unknown", "account")
	stamp := world.MustScore(alice).Stamps[0]
	assert.Equal(t, passport.Counted, stamp.Outcome)
	assert.Equal(t, "0", stamp.Weight.String())
	assert.Contains(t, stamp.Why, "no weight")
}

func TestWithV0NullifiersOnlyTheOthersAreNotLookedAt(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.Options{passport.WithV0NullifiersOnly()})
	world.Stamp(alice, "Google", "", passporttest.Nullifiers("v0:a", "v1:shared"))
	world.Stamp(bob, "Google", "", passporttest.Nullifiers("v0:b", "v1:shared"))
	world.Stamp(carol, "Google", "", passporttest.Nullifiers("v1:c"))
	assert.True(t, world.MustScore(alice).Passing)
	assert.True(t, world.MustScore(bob).Passing, "they share a v1 nullifier only")
	without := world.MustScore(carol).Stamps[0]
	assert.Equal(t, passport.ReasonNoNullifiers, without.Reason)
	assert.Equal(t, "it has no v0 nullifier", without.Why)

	world.Stamp(carol, "Google", "", passporttest.Nullifiers([]string{}...))
	assert.Equal(t, "it has no nullifier", world.MustScore(carol).Stamps[0].Why, "v0 or other")
}

func TestAProofIsCheckedOnceAndEverythingElseEachTime(t *testing.T) {
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
	assert.Equal(t, passport.ReasonExpired, result.Stamps[1].Reason, "a remembered proof does not keep a credential alive")

	n, err := world.Store.RevokeCredentials(t.Context(), proofOf(t, world, "Github"))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	assert.Len(t, world.MustScore(alice).Stamps, 1, "nor a revoked one")
}

func TestAProofThatDoesNotHoldIsCheckedEachTimeAndNoProofOfWhatIsLeftOutAnyway(t *testing.T) {
	var seen passport.Observation
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o })})
	signed, err := world.Issuer.Issue(alice, "Google", "account")
	require.NoError(t, err)
	file(t, world, alice, "Google", strings.Replace(string(signed), "v0:", "v1:", 1))
	file(t, world, alice, "Malformed", "{}")
	world.Stamp(alice, "Expired", "account", passporttest.ExpiresAt(world.Clock.Now()))

	for range 2 {
		result := world.MustScore(alice)
		assert.Equal(t, credential.ReasonBadSignature, result.Stamps[1].Reason)
		assert.Equal(t, 1, seen.Verified, "only where the proof decides")
		assert.Equal(t, 0, seen.Remembered)
	}
}

func TestAProofThatCouldNotBeCheckedIsNotRememberedToHold(t *testing.T) {
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
	var document bytes.Buffer
	require.NoError(t, world.Store.WriteRows(&document))
	var rows struct {
		Credentials []struct {
			Provider string
			Proof    string `json:"proof_value"`
		} `json:"ceramic_cache_ceramiccache"`
	}
	require.NoError(t, json.Unmarshal(document.Bytes(), &rows))
	for _, r := range rows.Credentials {
		if r.Provider == provider {
			return r.Proof
		}
	}
	require.Fail(t, "no credential of "+provider)
	return ""
}

func TestWithoutACacheEveryProofIsCheckedAgain(t *testing.T) {
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

func TestAnObservationTellsHowLongTheProofsTook(t *testing.T) {
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

// verifierFunc is a verifier of the host's own.
type verifierFunc func(ctx context.Context, signed *credential.Signed, now time.Time) error

func (f verifierFunc) Verify(ctx context.Context, signed *credential.Signed, now time.Time) error {
	return f(ctx, signed, now)
}

func TestAVerifierThatCannotTellFailsTheScoring(t *testing.T) {
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
			var document bytes.Buffer
			require.NoError(t, world.Store.WriteRows(&document))
			assert.NotContains(t, document.String(), "ThresholdScoreCheck", "nothing was written")
		})
	}
}

func TestAVerifierMayRefuseMoreThanOurs(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithVerifier(
		verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
			return fmt.Errorf("wrapped: %w", &credential.Error{Reason: "on_our_list", Detail: "its issuer's key leaked"})
		}))})
	world.Stamp(alice, "Google", "account")
	stamp := world.MustScore(alice).Stamps[0]
	assert.Equal(t, passport.Reason("on_our_list"), stamp.Reason)
	assert.Equal(t, "its issuer's key leaked", stamp.Why)
}

func TestARefusalWithoutAReasonIsARefusal(t *testing.T) {
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
	assert.Equal(t, 2, asked, "what was refused is not remembered to hold")
}

func TestACancelledScoringStopsVerifying(t *testing.T) {
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

func TestProofsAreCheckedInParallel(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	// Each call waits until a second one is there: one after another they would
	// wait for ever.
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

func TestOnScoresElsewhereWithTheSameMemory(t *testing.T) {
	var seen passport.Observation
	here := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"},
		passporttest.Options{passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o })})
	there := passporttest.NewWorld(t, passporttest.Weights{"Google": "5"})
	signed, err := here.Issuer.Issue(alice, "Google", "account")
	require.NoError(t, err)
	file(t, here, alice, "Google", string(signed))
	file(t, there, alice, "Google", string(signed))

	assert.Equal(t, "1", here.MustScore(alice).Score.String())
	result, err := here.Engine.On(there.Store).Score(t.Context(), there.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, "5", result.Score.String())
	assert.Equal(t, 1, seen.Remembered)
	assert.Equal(t, "1", here.MustScore(alice).Score.String(), "the first engine is what it was")
}

func TestNewCredentialRefusesWhatCannotBeFiled(t *testing.T) {
	good, err := passporttest.NewIssuer().Issue(alice, "Google", "account")
	require.NoError(t, err)
	stamp, err := passport.NewCredential(good)
	require.NoError(t, err)
	assert.Equal(t, "Google", stamp.Provider)
	assert.Regexp(t, "^0x[0-9a-f]{130}$", stamp.ProofValue)
	assert.Equal(t, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), stamp.IssuedAt)
	assert.Equal(t, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), stamp.ExpiresAt)

	var refused *credential.Error
	_, err = passport.NewCredential([]byte("rubbish"))
	require.ErrorAs(t, err, &refused)
	_, err = passport.NewCredential(bytes.Replace(good, []byte(`"provider":"Google"`), []byte(`"provider":""`), 1))
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.ErrorContains(t, err, "provider")
}

// interleaved is a store on which something happens after each Load.
type interleaved struct {
	store.Store

	afterLoad func()
}

func (s interleaved) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := s.Store.Load(ctx, q)
	s.afterLoad()
	return snapshot, err
}

// A scoring gives what else a lost credential lists to the owner of its account,
// for as long as that claim lasts. If the owner has claimed it himself meanwhile,
// for as long as his own credential lasts, it must stay so: else the claim ends
// while his stamp counts, and another wallet's counts for the same account.
func TestAClaimGivenToItsOwnerDoesNotShortenTheOneThatHeTookMeanwhile(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1", "Github": "1"})
	soon, late := world.Clock.Now().Add(time.Hour), world.Clock.Now().AddDate(1, 0, 0)
	world.Stamp(alice, "Github", "", passporttest.Nullifiers("person"), passporttest.ExpiresAt(soon))
	world.MustScore(alice)
	world.Stamp(alice, "Google", "", passporttest.Nullifiers("person", "account"), passporttest.ExpiresAt(late))
	world.Stamp(bob, "Google", "", passporttest.Nullifiers("person", "account"), passporttest.ExpiresAt(late))

	scored := false
	engine := world.Engine.On(interleaved{world.Store, func() {
		if !scored {
			scored = true
			world.MustScore(alice)
		}
	}})
	result, err := engine.Score(t.Context(), world.Community, bob)
	require.NoError(t, err)
	assert.Equal(t, passport.Deduplicated, result.Stamps[0].Outcome)
	claims, err := world.Store.ListClaims(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, []store.Claim{
		{Nullifier: "account", Address: alice, ExpiresAt: late}, {Nullifier: "person", Address: alice, ExpiresAt: late},
	}, claims)
}
