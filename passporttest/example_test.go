package passporttest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// A host's test: two wallets present one account, and the second gains nothing
// by it.
func Example() { //nolint:testableexamples // a world needs a running test
	var t *testing.T // what the test is given

	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1.5", "Github": "2"}, passporttest.Threshold("3"))
	world.Stamp(alice, "Google", "account-1")
	world.Stamp(bob, "Google", "account-1")

	world.MustScore(alice)
	result := world.MustScore(bob)
	if result.Stamps[0].Outcome != passport.Deduplicated {
		t.Errorf("Bob's stamp is %s", result.Stamps[0].Outcome)
	}
}

// Without a world: a store of the host's own, with credentials in it.
func ExampleIssuer_Issue() {
	ctx := context.Background()
	issuer := passporttest.NewIssuer()
	alice := passporttest.Address("alice")
	signed, err := issuer.Issue(alice, "Google", "account-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	stamp, err := passport.NewCredential(signed)
	if err != nil {
		fmt.Println(err)
		return
	}
	mem := memstore.New()
	if err := mem.PutCommunity(ctx, store.Community{ID: 1, Weights: []byte(`{"Google": "1.5"}`), Threshold: "1"}); err != nil {
		fmt.Println(err)
		return
	}
	if err := mem.AddCredentials(ctx, alice, stamp); err != nil {
		fmt.Println(err)
		return
	}
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := engine.Score(ctx, 1, alice)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Passing, result.Score)
	// Output: true 1.5
}

func ExampleClock() {
	clock := passporttest.NewClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	clock.Advance(24 * time.Hour)
	fmt.Println(clock.Now().Format(time.DateOnly))
	// Output: 2026-01-02
}

func ExampleAddress() {
	fmt.Println(passporttest.Address("alice"))
	// Output: 0x986fdf997d11d6705d2e0ba28089aeec9e137c4f
}
