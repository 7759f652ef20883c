package passporttest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// hostTest takes the place of the *testing.T that an example does not have.
type hostTest struct{ testing.TB }

func (hostTest) Helper() {}

func (hostTest) Context() context.Context { return context.Background() }

func (hostTest) Fatal(args ...any) { log.Fatal(args...) }

func (hostTest) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

// A host's test: two wallets present one account, and it counts for the first.
func Example() {
	var t hostTest // a test has its *testing.T
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")

	weights := passporttest.Weights{"Google": "1.5", "Github": "2"}
	world := passporttest.NewWorld(t, weights, passporttest.Threshold("3"))
	world.Stamp(alice, "Google", "account-1")
	world.Stamp(alice, "Github", "account-2")
	world.Stamp(bob, "Google", "account-1") // the same account, a second wallet
	first, second := world.MustScore(alice), world.MustScore(bob)

	fmt.Println(first.Passing, first.Score)
	fmt.Println(second.Passing, second.Stamps[0].Outcome)
	// Output:
	// true 3.5
	// false deduplicated
}

// A test of what a host does when its database fails.
func ExampleFaults() {
	var t hostTest // a test has its *testing.T
	alice := passporttest.Address("alice")
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1.5"})
	world.Stamp(alice, "Google", "account-1")

	world.Faults.FailApply(1, store.ErrUnavailable)
	_, err := world.Engine.Score(t.Context(), world.Community, alice)
	fmt.Println(errors.Is(err, store.ErrUnavailable))

	world.Faults.FailApply(2, store.ErrConflict) // two lost races, which the engine repeats at once
	fmt.Println(world.MustScore(alice).Score, world.Faults.Applies())
	// Output:
	// true
	// 1.5 4
}

// The same without a world: the store is the host's.
func ExampleNewFaults() {
	mem := memstore.New()
	faults := passporttest.NewFaults(mem)
	engine, err := passport.New(faults, passport.WithTrustedIssuers(passporttest.NewIssuer().DID()))
	if err != nil {
		log.Fatal(err)
	}
	faults.FailLoad(1, context.DeadlineExceeded)
	_, err = engine.Score(context.Background(), 1, passporttest.Address("alice"))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// admit is code of a host that needs scores, and no store.
func admit(ctx context.Context, scorer passport.Scorer, address string) (bool, error) {
	result, err := scorer.Score(ctx, 1, address)
	if err != nil {
		return false, err
	}
	return result.Passing, nil
}

func ExampleFakeScorer() {
	ctx, alice, bob := context.Background(), passporttest.Address("alice"), passporttest.Address("bob")
	var fake passporttest.FakeScorer
	fake.SetResult(alice, passport.Result{Passing: true, Score: passporttest.MustDecimal("25")})
	fake.SetError(bob, store.ErrUnavailable)
	fmt.Println(admit(ctx, &fake, alice))
	fmt.Println(admit(ctx, &fake, bob))
	fmt.Println(len(fake.Calls()), fake.Calls()[1].Method)
	// Output:
	// true <nil>
	// false store unavailable
	// 2 Score
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
	stamp, err := passport.ReadCredential(signed)
	if err != nil {
		fmt.Println(err)
		return
	}
	mem := memstore.New()
	if err := mem.PutCommunity(ctx, store.Community{ID: 1, Weights: []byte(`{"Google": "1.5"}`), Threshold: "1"}); err != nil {
		fmt.Println(err)
		return
	}
	if err := mem.AddCredentials(ctx, store.Address(alice), stamp); err != nil {
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
