package passport_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestEngine_Forget(t *testing.T) {
	for choice, c := range map[store.ClaimChoice]struct {
		others, own bool // whether the account then counts for another wallet, or for the same again
	}{
		store.ReleaseClaims:   {others: true, own: false}, // by then it is the other's
		store.KeepClaims:      {others: false, own: true},
		store.AnonymizeClaims: {others: false, own: false},
	} {
		t.Run(string(choice), func(t *testing.T) {
			world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
			world.Stamp(alice, "Google", "account")
			world.Stamp(bob, "Google", "account")
			require.Equal(t, "1", world.MustScore(alice).Score.String())
			require.Equal(t, "0", world.MustScore(bob).Score.String())

			receipt, err := world.Engine.Forget(t.Context(), store.Forgetting{Address: store.Address(alice), Claims: choice})
			require.NoError(t, err)
			assert.Equal(t, 1, receipt.Credentials)
			assert.Equal(t, 1, receipt.Scores)
			_, err = world.Engine.Latest(t.Context(), world.Community, alice)
			require.ErrorIs(t, err, passport.ErrNeverScored)

			score := map[bool]string{false: "0", true: "1"}
			assert.Equal(t, score[c.others], world.MustScore(bob).Score.String())
			world.Stamp(alice, "Google", "account")
			assert.Equal(t, score[c.own], world.MustScore(alice).Score.String())
		})
	}
}

// The engine remembers nothing of an address that it has forgotten.
func TestEngine_Forget_Memory(t *testing.T) {
	var seen passport.Observation
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"},
		passporttest.Options{passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o })})
	world.Stamp(alice, "Google", "account")
	kept, err := world.Store.ListCredentials(t.Context(), store.Address(alice), store.Page{Limit: 1})
	require.NoError(t, err)
	world.MustScore(alice)
	world.MustScore(alice)
	require.Equal(t, 1, seen.Remembered)

	_, err = world.Engine.Forget(t.Context(), store.Forgetting{Address: store.Address(alice), Claims: store.ReleaseClaims})
	require.NoError(t, err)
	again, err := passport.ReadCredential(kept.Credentials[0].Document)
	require.NoError(t, err)
	require.NoError(t, world.Store.AddCredentials(t.Context(), store.Address(alice), again))
	world.MustScore(alice)
	assert.Equal(t, 1, seen.Verified, "the same document")
	assert.Equal(t, 0, seen.Remembered)

	bare, err := passport.New(world.Store, passport.WithCacheSize(0), passport.WithTrustedIssuers(world.Issuer.DID()))
	require.NoError(t, err)
	_, err = bare.Forget(t.Context(), store.Forgetting{Address: store.Address(alice), Claims: store.ReleaseClaims})
	require.NoError(t, err, "an engine that remembers nothing")
}

func TestEngine_Forget_Refused(t *testing.T) {
	world := passporttest.NewWorld(t)
	for want, c := range map[string]struct {
		err     error
		request store.Forgetting
	}{
		"is not 0x and 40 hex digits": {passport.ErrInvalidAddress, store.Forgetting{Address: "0x12", Claims: store.KeepClaims}},
		`"release", "keep" or`:        {store.ErrInvalid, store.Forgetting{Address: store.Address(alice)}},
	} {
		_, err := world.Engine.Forget(t.Context(), c.request)
		require.ErrorIs(t, err, c.err)
		assert.ErrorContains(t, err, want)
	}
	_, err := world.Engine.On(roleless{world.Store}).Forget(t.Context(), store.Forgetting{Address: store.Address(alice), Claims: store.KeepClaims})
	require.ErrorIs(t, err, passport.ErrMisconfigured)
}

// racing is a store that loses races before it forgets.
type racing struct {
	store.Store
	store.Forgetter

	lost []error
}

func (r *racing) Forget(ctx context.Context, f store.Forgetting) (*store.ForgetReceipt, error) {
	if len(r.lost) > 0 {
		err := r.lost[0]
		r.lost = r.lost[1:]
		return nil, err
	}
	return r.Forgetter.Forget(ctx, f)
}

func TestEngine_Forget_Retry(t *testing.T) {
	world := passporttest.NewWorld(t)
	r := &racing{Store: world.Store, Forgetter: world.Store}
	request := store.Forgetting{Address: store.Address(alice), Claims: store.KeepClaims}

	r.lost = []error{store.ErrConflict, store.ErrUnavailable}
	_, err := world.Engine.On(r).Forget(t.Context(), request)
	require.NoError(t, err)
	assert.Empty(t, r.lost)

	for _, final := range []error{store.ErrUnknownOutcome, store.ErrInternal} {
		r.lost = []error{final, store.ErrInternal}
		_, err = world.Engine.On(r).Forget(t.Context(), request)
		require.ErrorIs(t, err, final)
		assert.Len(t, r.lost, 1, "it is not repeated")
	}
}

func ExampleEngine_Forget() {
	engine, mem, issuer := exampleWorld()
	alice := passporttest.Address("alice")
	give(mem, issuer, alice, "Google", "account-1")
	if _, err := engine.Score(context.Background(), 1, alice); err != nil {
		log.Fatal(err)
	}

	receipt, err := engine.Forget(context.Background(), store.Forgetting{
		Address: passport.Address(alice),
		Claims:  store.AnonymizeClaims, // the account behind the stamp stays taken until it expires
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Credentials, receipt.Scores, receipt.Events, receipt.ClaimsAnonymized)
	// Output:
	// 1 1 1 1
}
