// Postgres is a host program that does work of its own and a scoring in one
// transaction: a wallet signs up, and is scored, or neither.
//
//	DATABASE_URL=postgres://… go run ./examples/postgres 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c
//
// The database may be empty: Migrate makes the tables. Community 1 must be there
// before a wallet can sign up (Store.PutCommunity). Or it is the one of the Django
// service.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/pgstore"
)

const community = 1

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: postgres <address>")
	}
	ctx := context.Background()
	pool, err := pgstore.OpenPool(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	result, err := signUp(ctx, pool, os.Args[1])
	if err != nil {
		log.Fatal(err) //nolint:gocritic // the pool ends with the program
	}
	fmt.Println(result.Address, result.Score, "of", result.Threshold)
}

// signUp records the wallet and scores it; both commit, or neither does.
func signUp(ctx context.Context, pool *pgxpool.Pool, address string) (*passport.Result, error) {
	if err := pgstore.Migrate(ctx, pool); err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, "create table if not exists signups (address text primary key)"); err != nil {
		return nil, err
	}
	engine, err := passport.New(pgstore.New(pool), passport.WithTrustedIssuers("did:ethr:0x8c1a4c0336f6a7599c1951bf27a7eb3b17aefb91"))
	if err != nil {
		return nil, err
	}
	var result *passport.Result
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "insert into signups values (lower($1))", address); err != nil {
			return err
		}
		result, err = engine.On(pgstore.InTx(tx)).Score(ctx, community, address)
		return err
	})
	if err != nil {
		return nil, err // of the commit too: a score that may not be there is not shown
	}
	return result, nil
}
