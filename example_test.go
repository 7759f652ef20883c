package passport_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// exampleWorld returns an engine on a store with one community, and an issuer.
func exampleWorld() (*passport.Engine, *memstore.Store, *passporttest.Issuer) {
	issuer := passporttest.NewIssuer()
	mem := memstore.New()
	err := mem.PutCommunity(context.Background(), store.Community{
		ID: 1, Name: "Tea drinkers", Threshold: "3", Weights: []byte(`{"Google": "1.5", "Github": "2.75"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	if err != nil {
		log.Fatal(err)
	}
	return engine, mem, issuer
}

// give puts a stamp into the wallet.
func give(mem *memstore.Store, issuer *passporttest.Issuer, address, provider, account string) {
	expiry := passporttest.ExpiresAt(time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC))
	signed, err := issuer.Issue(address, provider, account, expiry)
	if err != nil {
		log.Fatal(err)
	}
	stamp, err := passport.ReadCredential(signed)
	if err != nil {
		log.Fatal(err)
	}
	if err := mem.AddCredentials(context.Background(), store.Address(address), stamp); err != nil {
		log.Fatal(err)
	}
}

func ExampleEngine_Score() {
	engine, mem, issuer := exampleWorld()
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	give(mem, issuer, alice, "Google", "account-1")
	give(mem, issuer, alice, "Github", "account-2")
	give(mem, issuer, bob, "Google", "account-1") // the same account, another wallet

	for _, address := range []string{alice, bob} {
		result, err := engine.Score(context.Background(), 1, address)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Passing, result.Score)
		for _, stamp := range result.Stamps {
			fmt.Printf("  %s %s: %s\n", stamp.Provider, stamp.Weight, stamp.Outcome)
			if stamp.Why != "" {
				fmt.Println("   ", stamp.Why)
			}
		}
	}
	// Output:
	// true 4.25
	//   Github 2.75: counted
	//   Google 1.5: counted
	// false 0
	//   Google 0: deduplicated
	//     claimed by another wallet until 2035-01-01
}

// An error is never a score. Its kind says who can do something about it.
func ExampleEngine_Score_failures() {
	engine, mem, issuer := exampleWorld()
	alice := passporttest.Address("alice")
	give(mem, issuer, alice, "Google", "account-1")
	ctx := context.Background()

	for _, address := range []string{"0x123", alice} {
		result, err := engine.Score(ctx, 1, address)
		switch {
		case errors.Is(err, passport.ErrInvalidAddress), errors.Is(err, passport.ErrCommunityNotFound):
			fmt.Println("the caller's mistake")
		case errors.Is(err, store.ErrUnavailable):
			fmt.Println("try again later")
		case err != nil:
			fmt.Println("for the log:", err)
		default:
			for _, stamp := range result.Stamps {
				fmt.Println(stamp.Provider, stamp.Outcome, stamp.Weight, stamp.Why)
			}
		}
	}
	// Output:
	// the caller's mistake
	// Google counted 1.5
}

func ExampleEngine_Preview() {
	engine, mem, issuer := exampleWorld()
	alice := passporttest.Address("alice")
	give(mem, issuer, alice, "Google", "account-1")

	preview, err := engine.Preview(context.Background(), 1, alice)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(preview.Score, "of", preview.Threshold)
	_, err = engine.Latest(context.Background(), 1, alice)
	fmt.Println(errors.Is(err, passport.ErrNeverScored))
	// Output:
	// 1.5 of 3.00000
	// true
}

func ExampleEngine_ScoreAll() {
	engine, mem, issuer := exampleWorld()
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	give(mem, issuer, alice, "Google", "account-1")
	give(mem, issuer, alice, "Github", "account-2")
	give(mem, issuer, bob, "Google", "account-1") // the same account, another wallet

	// Any iterator of addresses will do, such as one that reads a file.
	addresses := slices.Values([]string{alice, "not an address", bob})
	for scored, err := range engine.ScoreAll(context.Background(), 1, addresses, passport.WithBatchSize(100)) {
		if err != nil {
			log.Fatal(err) // the run has ended
		}
		if scored.Err != nil {
			fmt.Println(scored.Err)
			continue
		}
		fmt.Println(scored.Result.Passing, scored.Result.Score, "before:", scored.Result.Before)
	}
	// Output:
	// true 4.25 before: <nil>
	// invalid address: "not an address" does not begin with 0x
	// false 0 before: <nil>
}

func ExampleEngine_Rescore() {
	engine, mem, issuer := exampleWorld()
	for _, name := range []string{"alice", "bob", "carol"} {
		give(mem, issuer, passporttest.Address(name), "Google", name)
	}
	engine = engine.On(&listing{Store: mem}).LeavingUnchanged(24 * time.Hour)

	var last string // kept where it survives the program
	for range 2 {
		q := store.AddressQuery{Community: 1, After: store.Address(last)}
		for scored, err := range engine.Rescore(context.Background(), q, passport.WithWorkers(4)) {
			if err != nil {
				log.Fatal(err)
			}
			last = scored.Address
			fmt.Println(scored.Result.Score, scored.Result.Unchanged)
		}
	}
	// Output:
	// 1.5 false
	// 1.5 false
	// 1.5 false
}

func ExampleEngine_Addresses() {
	engine, mem, issuer := exampleWorld()
	for _, name := range []string{"alice", "bob", "carol"} {
		give(mem, issuer, passporttest.Address(name), "Google", name)
	}
	count := 0
	for _, err := range engine.Addresses(context.Background(), store.AddressQuery{Community: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		count++
	}
	fmt.Println(count)
	// Output:
	// 3
}

func ExampleEngine_LeavingUnchanged() {
	engine, mem, issuer := exampleWorld()
	alice := passporttest.Address("alice")
	give(mem, issuer, alice, "Google", "account-1")
	for range 2 {
		result, err := engine.LeavingUnchanged(24*time.Hour).Score(context.Background(), 1, alice)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Score, result.Unchanged)
	}
	// Output:
	// 1.5 false
	// 1.5 true
}

func ExampleEngine_Latest() {
	engine, mem, issuer := exampleWorld()
	alice := passporttest.Address("alice")
	give(mem, issuer, alice, "Google", "account-1")
	if _, err := engine.Score(context.Background(), 1, alice); err != nil {
		log.Fatal(err)
	}

	latest, err := engine.Latest(context.Background(), 1, alice)
	var failed *passport.ScoringError
	switch {
	case errors.Is(err, passport.ErrNeverScored):
		fmt.Println("never scored")
	case errors.As(err, &failed):
		fmt.Println("the last scoring failed:", failed.Err)
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(latest.Score, latest.Passing)
	}
	// Output: 1.5 false
}

func ExampleNew() {
	_, err := passport.New(memstore.New(),
		passport.WithTrustedIssuers("https://issuer.example"),
		passport.WithCacheSize(-1),
	)
	fmt.Println(err)
	// Output:
	// misconfigured: trusted issuer "https://issuer.example" is not of the form did:ethr:[network:]0x…, did:pkh:… or did:key:z…
	// misconfigured: cache size -1 is negative
}

func ExampleWithGroups() {
	_, mem, issuer := exampleWorld()
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	give(mem, issuer, alice, "Google", "account-1")
	give(mem, issuer, bob, "Github", "account-2")
	list := fmt.Sprintf(`[{"id": "ada", "wallets": [%q, %q]}]`, alice, bob)
	linked, err := groups.Parse(strings.NewReader(list)) // or a source of your own
	if err != nil {
		log.Fatal(err)
	}
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()), passport.WithGroups(linked, passport.FailScoring))
	if err != nil {
		log.Fatal(err)
	}
	for _, wallet := range []string{alice, bob} {
		result, err := engine.Score(context.Background(), 1, wallet)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Score, result.Passing, "together", result.Linked.Score, result.Linked.Passing)
	}
	// Output:
	// 4.25 true together 4.25 true
	// 0 false together 4.25 true
}

// Module contrib/otel is such a tracer, for OpenTelemetry.
func ExampleWithTracer() {
	_, mem, issuer := exampleWorld()
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()),
		passport.WithTracer(func(ctx context.Context, step passport.Step) (context.Context, func(error)) {
			fmt.Println(step.Name, "begins")
			return ctx, func(err error) { fmt.Println(step.Name, "ends:", err) }
		}))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Preview(context.Background(), 1, passporttest.Address("alice")); err != nil {
		log.Fatal(err)
	}
	// Output:
	// preview begins
	// load begins
	// load ends: <nil>
	// verify begins
	// verify ends: <nil>
	// preview ends: <nil>
}

func ExampleEngine_Planner() {
	engine, mem, issuer := exampleWorld()
	alice := passporttest.Address("alice")
	give(mem, issuer, alice, "Google", "account-1")

	planner, err := engine.Planner(passport.Under(passport.Terms{Threshold: "1"}))
	if err != nil {
		log.Fatal(err)
	}
	for _, wallet := range []string{alice} {
		plan, err := planner.Plan(context.Background(), 1, wallet)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(plan.Result.Score, plan.Result.Passing, "with", len(plan.Changes.Claims), "new claims")
	}
	// Output:
	// 1.5 true with 1 new claims
}
