// Setup makes a database ready for examples/server: the tables, unless they are
// there, an account, a community of its own, and a key to ask with.
//
//	PASSPORT_DATABASE_URL=postgres://… go run ./examples/setup -threshold 20 -weights '{"Google": "12.5", "Github": "9"}'
//
// A community that is there already is left alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func main() {
	account := flag.String("account", "demo", "the `name` of the account that owns the community")
	community := flag.Int64("community", 1, "the `id` of the community")
	name := flag.String("name", "Demo", "what people call it")
	threshold := flag.String("threshold", "20", "the `score` that passes")
	weights := flag.String("weights", `{"Google": "12.5", "Github": "9"}`, "the weight of each provider, a `JSON` object")
	flag.Parse()

	ctx := context.Background()
	pool, err := pgstore.OpenPool(ctx, os.Getenv("PASSPORT_DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	key, err := setUp(ctx, pool, *account, store.Community{
		ID: *community, Name: *name, Threshold: *threshold, Weights: []byte(*weights),
	})
	if err != nil {
		log.Fatal(err) //nolint:gocritic // the pool ends with the program
	}
	fmt.Printf("Community %d is set up. Its key, which is told only now: %s\n", *community, key)
	fmt.Println(`Serve it: PASSPORT_TRUSTED_ISSUERS='["did:ethr:…"]' go run ./examples/server`)
}

// setUp returns a new key of the account.
func setUp(ctx context.Context, pool *pgxpool.Pool, account string, community store.Community) (key string, err error) {
	if err := pgstore.Migrate(ctx, pool); err != nil {
		return "", err
	}
	db := pgstore.New(pool)
	_, err = db.Load(ctx, store.Query{Community: community.ID})
	if err == nil {
		return "", fmt.Errorf("community %d is there already: choose another one", community.ID)
	}
	if !errors.Is(err, store.ErrCommunityNotFound) {
		return "", err
	}
	if community.Account, err = db.PutAccount(ctx, account); err != nil {
		return "", err
	}
	if err := db.PutCommunity(ctx, community); err != nil {
		return "", err
	}
	keys, err := apikey.New(db)
	if err != nil {
		return "", err
	}
	key, _, err = keys.Create(ctx, apikey.NewKey{Name: "setup", Account: community.Account, ReadScores: true, Historical: true})
	return key, err
}
