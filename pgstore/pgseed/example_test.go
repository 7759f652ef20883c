package pgseed_test

import (
	"context"
	"fmt"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/pgstore/pgseed"
)

func ExampleFill() {
	url, drop := pgtest.NewForExample()
	defer drop()
	ctx := context.Background()
	pool, err := pgstore.OpenPool(ctx, url)
	if err != nil {
		panic(err)
	}
	defer pool.Close()

	plan := pgseed.Plan{Seed: "example", Wallets: 3, Stamps: 20, Fillers: 100}
	if err := pgseed.Fill(ctx, pool, plan); err != nil {
		panic(err)
	}
	engine, err := passport.New(pgstore.New(pool), passport.WithTrustedIssuers(plan.Issuer().DID()))
	if err != nil {
		panic(err)
	}
	for scored, err := range engine.ScoreAll(ctx, 1, plan.Addresses()) {
		if err != nil {
			panic(err)
		}
		fmt.Println(scored.Address, scored.Result.Score)
	}
	// Output:
	// 0x65fdc4d62c56dbe83a2897f0ff27b95327c98e09 30.0
	// 0x51b49eced6a2220b015d174bf837f8f02b028ecd 30.0
	// 0x78409833c4135136a9b0d50e845b76dbbfc3bb45 30.0
}
