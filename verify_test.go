package passport_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
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

// add stores any text in the wallet as the credential of the provider.
func add(t *testing.T, world *passporttest.World, address, provider, text string) {
	t.Helper()
	err := world.Store.AddCredentials(t.Context(), store.Address(address), store.CredentialInput{Provider: provider, Document: []byte(text)})
	require.NoError(t, err)
}

func TestScore_LeftOut(t *testing.T) {
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
		add(t, world, alice, provider, text)
	}

	type refusal struct {
		Reason passport.Reason
		Why    string
	}
	result := world.MustScore(alice)
	refusals := map[string]refusal{}
	for _, stamp := range result.Stamps {
		if stamp.Outcome == passport.LeftOut {
			refusals[stamp.Provider] = refusal{stamp.Reason, stamp.Why}
			assert.Equal(t, "0", stamp.Weight.String())
		}
	}
	assert.Equal(t, map[string]refusal{
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
	}, refusals)
	assert.Equal(t, "2.5", result.Score.String())
	assert.True(t, result.Passing)
}

// altered is a store whose snapshots are changed before the engine sees them.
type altered struct {
	store.Store

	change func(*store.Snapshot)
}

func (a altered) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	q.Known = nil // it changes documents
	snapshot, err := a.Store.Load(ctx, q)
	if err == nil {
		a.change(snapshot)
	}
	return snapshot, err
}

// holding returns the world's engine on a store that returns the credentials
// for every wallet.
func holding(world *passporttest.World, credentials ...store.Credential) *passport.Engine {
	return world.Engine.On(altered{world.Store, func(s *store.Snapshot) { s.Wallets[0].Credentials = credentials }})
}

func TestScore_StampOrder(t *testing.T) {
	world := passporttest.NewWorld(t)
	var given []store.Credential
	for _, provider := range []string{"b", "a", "B", "ä"} {
		signed, err := world.Issuer.Issue(alice, provider, "account")
		require.NoError(t, err)
		given = append(given, store.Credential{Provider: provider, Document: signed})
	}
	result, err := holding(world, given...).Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	var order []string
	for _, stamp := range result.Stamps {
		assert.Equal(t, passport.Counted, stamp.Outcome, "each with its own content")
		order = append(order, stamp.Provider)
	}
	assert.Equal(t, []string{"B", "a", "b", "ä"}, order)
}

func TestScore_NewestOfProvider(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	var rows []store.Credential
	for i, c := range []struct {
		nullifier string
		updated   time.Duration
	}{{"v0:oldest", 0}, {"v0:newest", 2}, {"v0:newest, lower id", 2}, {"v0:older", 1}} {
		signed, err := world.Issuer.Issue(alice, "Google", "", passporttest.Nullifiers(c.nullifier))
		require.NoError(t, err)
		rows = append(rows, store.Credential{ID: int64(9 - i), Provider: "Google", Document: signed, UpdatedAt: world.Clock.Now().Add(c.updated)})
	}
	result, err := holding(world, rows...).Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Len(t, result.Stamps, 1)

	applied := &recording{Store: altered{world.Store, func(s *store.Snapshot) { s.Wallets[0].Credentials = rows }}}
	_, _ = world.Engine.On(applied).Score(t.Context(), world.Community, alice) // the store has no such credential
	assert.Equal(t, []int64{8}, applied.changes.Wallets[0].Counted)
	require.Len(t, applied.changes.Claims, 1)
	assert.Equal(t, "v0:newest", applied.changes.Claims[0].Nullifier)
}

// recording is a store that keeps the last change set.
type recording struct {
	store.Store

	changes *store.Changes
}

func (r *recording) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	r.changes = c
	return r.Store.Apply(ctx, c)
}

func TestScore_NoProvider(t *testing.T) {
	world := passporttest.NewWorld(t)
	signed, err := world.Issuer.Issue(alice, "", "account")
	require.NoError(t, err)
	result, err := holding(world, store.Credential{Document: signed}).Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, passport.ReasonProviderMismatch, result.Stamps[0].Reason)
}

func TestScore_LongNullifier(t *testing.T) {
	world := passporttest.NewWorld(t)
	world.Stamp(alice, "Google", "", passporttest.Nullifiers(strings.Repeat("ü", 100)))
	assert.Equal(t, passport.Counted, world.MustScore(alice).Stamps[0].Outcome)
}

func TestScore_SubjectCase(t *testing.T) {
	world := passporttest.NewWorld(t)
	world.Stamp(alice, "Google", "account")
	signed, err := world.Issuer.Issue("0x"+strings.ToUpper(alice[2:]), "Github", "account")
	require.NoError(t, err)
	add(t, world, alice, "Github", string(signed))
	for _, stamp := range world.MustScore(alice).Stamps {
		assert.Equal(t, passport.Counted, stamp.Outcome, stamp.Provider)
	}
}

func TestScore_LastYear(t *testing.T) {
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
		add(t, world, alice, "Google", string(dated))
		stamp := world.MustScore(alice).Stamps[0]
		assert.Equal(t, want, passport.Stamp{Outcome: stamp.Outcome, Reason: stamp.Reason, Why: stamp.Why}, date)
	}
}

func TestScore_NoWeight(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Stamp(alice, "Unknown", "account")
	stamp := world.MustScore(alice).Stamps[0]
	assert.Equal(t, passport.Counted, stamp.Outcome)
	assert.Equal(t, "0", stamp.Weight.String())
	assert.Contains(t, stamp.Why, "no weight")
}

func TestWithV0NullifiersOnly(t *testing.T) {
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

func TestReadCredential(t *testing.T) {
	good, err := passporttest.NewIssuer().Issue(alice, "Google", "account")
	require.NoError(t, err)
	stamp, err := passport.ReadCredential(good)
	require.NoError(t, err)
	assert.Equal(t, "Google", stamp.Provider)
	assert.Regexp(t, "^0x[0-9a-f]{130}$", stamp.ProofValue)
	assert.Equal(t, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), stamp.IssuedAt)
	assert.Equal(t, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), stamp.ExpiresAt)

	var refused *credential.Error
	_, err = passport.ReadCredential([]byte("rubbish"))
	require.ErrorAs(t, err, &refused)
	_, err = passport.ReadCredential(bytes.Replace(good, []byte(`"provider":"Google"`), []byte(`"provider":""`), 1))
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.ErrorContains(t, err, "provider")
}
