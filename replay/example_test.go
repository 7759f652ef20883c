package replay_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/store"
)

// A stamp that was added after the scoring explains why the score differs.
func Example() {
	ctx, clock := context.Background(), passporttest.NewClock(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))
	mem, issuer := memstore.New(memstore.WithClock(clock.Now)), passporttest.NewIssuer()
	terms := store.Community{ID: 1, Name: "Demo", Threshold: "2", Weights: []byte(`{"Google": "1.5", "Github": "2"}`)}
	if err := mem.PutCommunity(ctx, terms); err != nil {
		log.Fatal(err)
	}
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()), passport.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}
	alice := passporttest.Address("alice")
	for _, provider := range []string{"Google", "Github"} {
		signed, err := issuer.Issue(alice, provider, "account")
		if err != nil {
			log.Fatal(err)
		}
		credential, err := passport.ReadCredential(signed)
		if err != nil {
			log.Fatal(err)
		}
		if err := mem.AddCredentials(ctx, store.Address(alice), credential); err != nil {
			log.Fatal(err)
		}
		if provider == "Google" {
			if _, err := engine.Score(ctx, 1, alice); err != nil {
				log.Fatal(err)
			}
			clock.Advance(time.Hour)
		}
	}

	again, err := replay.New(ctx, engine, mem, 1)
	if err != nil {
		log.Fatal(err)
	}
	for record, err := range again.Run(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		for _, d := range record.Differences {
			fmt.Printf("%s %s: %s, decided %s (%s)\n", d.Field, d.Provider, d.Primary, d.Ours, d.Class)
		}
	}
	fmt.Println(again.Report().Real(), "real differences")
	// Output:
	// passing : false, decided true (input changed)
	// score : 1.5, decided 3.5 (input changed)
	// stamp Github: absent, decided present (input changed)
	// 0 real differences
}
