// First is the program that the README shows.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func main() {
	const wallet = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	ctx := context.Background()
	issuer := passporttest.NewIssuer() // signs real credentials, for tests
	signed, err := issuer.Issue(wallet, "Google", "account-1")
	check(err)
	credential, err := passport.ReadCredential(signed)
	check(err)

	mem := memstore.New()
	check(mem.PutCommunity(ctx, store.Community{
		ID: 1, Name: "Demo", Threshold: "1", Weights: []byte(`{"Google": "1.5"}`),
	}))
	check(mem.AddCredentials(ctx, wallet, credential))

	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	check(err)
	result, err := engine.Score(ctx, 1, wallet)
	check(err)
	fmt.Println(result.Passing, result.Score) // true 1.5
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
