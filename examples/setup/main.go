// Setup makes a database ready for examples/server: the tables, unless they are
// there, an account, a community of its own, and a key to ask with.
//
//	DATABASE_URL=postgres://… go run ./examples/setup -threshold 20 -weights '{"Google": "12.5", "Github": "9"}'
//
// A community that is there gets the weights and the threshold; each call makes a
// new key. On the Django service's database it works too.
package main

import (
	"context"
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
	pool, err := pgstore.OpenPool(ctx, os.Getenv("DATABASE_URL"))
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
}

// setUp returns a new key of the account.
func setUp(ctx context.Context, pool *pgxpool.Pool, account string, community store.Community) (key string, err error) {
	if err := pgstore.Migrate(ctx, pool); err != nil {
		return "", err
	}
	db := pgstore.New(pool)
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
