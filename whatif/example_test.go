package whatif_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/whatif"
)

// Two wallets pass a threshold of 2, and one of them would pass 3.
func Example() {
	ctx := context.Background()
	mem, issuer := memstore.New(), passporttest.NewIssuer()
	terms := store.Community{ID: 1, Name: "Demo", Threshold: "2", Weights: []byte(`{"Google": "2", "Github": "1.5"}`)}
	if err := mem.PutCommunity(ctx, terms); err != nil {
		log.Fatal(err)
	}
	for _, stamp := range [][2]string{{"alice", "Google"}, {"alice", "Github"}, {"bob", "Google"}} {
		wallet := passporttest.Address(stamp[0])
		signed, err := issuer.Issue(wallet, stamp[1], "account of "+stamp[0])
		if err != nil {
			log.Fatal(err)
		}
		credential, err := passport.ReadCredential(signed)
		if err != nil {
			log.Fatal(err)
		}
		if err := mem.AddCredentials(ctx, store.Address(wallet), credential); err != nil {
			log.Fatal(err)
		}
	}
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	if err != nil {
		log.Fatal(err)
	}

	comparison, err := whatif.New(ctx, engine, 1, whatif.Change{Threshold: "3"})
	if err != nil {
		log.Fatal(err)
	}
	for wallet, err := range comparison.CompareSelected(ctx, store.AddressQuery{}) {
		if err != nil {
			log.Fatal(err) // go on later: whatif.Continuing(comparison.Report())
		}
		if wallet.Err == nil && wallet.Present.Passing && !wallet.New.Passing {
			fmt.Println("a wallet loses, with a score of", wallet.New.Score)
		}
	}
	r := comparison.Report()
	fmt.Println(r.Present.Passing, "pass now,", r.New.Passing, "would")
	if err := r.WithoutAddresses().WriteHTML(io.Discard); err != nil { // to a file
		log.Fatal(err)
	}
	// Output:
	// a wallet loses, with a score of 2
	// 2 pass now, 1 would
}
