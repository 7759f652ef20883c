// Postgres is a host program that scores a wallet and signs it up in one
// transaction. A wallet that does not pass is refused, and nothing is written.
//
//	PASSPORT_DATABASE_URL=postgres://… PASSPORT_TRUSTED_ISSUERS='["did:ethr:0x…"]' \
//		go run ./examples/postgres 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c
//
// The database is that of the Django service, or one that examples/setup has
// prepared: community 1 must exist. The issuers are those whose stamps count,
// such as passport.HumanPassportIssuer.
package main

import (
	"context"
	"encoding/json"
	"errors"
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
	result, err := run(context.Background(), os.Getenv, os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Address, "has signed up with", result.Score, "of", result.Threshold)
}

func run(ctx context.Context, getenv func(string) string, address string) (*passport.Result, error) {
	var issuers []string
	if err := json.Unmarshal([]byte(getenv("PASSPORT_TRUSTED_ISSUERS")), &issuers); err != nil {
		return nil, errors.New(`PASSPORT_TRUSTED_ISSUERS is not a JSON list of DIDs, such as ["did:ethr:0x…"]`)
	}
	pool, err := pgstore.OpenPool(ctx, getenv("PASSPORT_DATABASE_URL"))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	db := pgstore.New(pool)
	engine, err := passport.New(db, passport.WithTrustedIssuers(issuers...))
	if err != nil {
		return nil, err
	}
	if err := pgstore.CheckSchema(ctx, pool); err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, "create table if not exists signups (address text primary key, until timestamptz)")
	if err != nil {
		return nil, err
	}
	return signUp(ctx, pool, db, engine, address)
}

// errRefused: the wallet does not pass.
var errRefused = errors.New("refused")

// signUp scores the wallet and records it; both commit, or neither does.
func signUp(
	ctx context.Context, pool *pgxpool.Pool, db *pgstore.Store, engine *passport.Engine, address string,
) (result *passport.Result, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		result, err = engine.On(db.InTx(tx)).Score(ctx, community, address)
		if err != nil {
			return err
		}
		if !result.Passing { // an error rolls back, so nothing is signed up and nothing is scored
			return fmt.Errorf("%w: a score of %s, not %s", errRefused, result.Score, result.Threshold)
		}
		_, err = tx.Exec(ctx, "insert into signups values ($1, $2)", result.Address, result.ExpiresAt)
		return err
	})
	if err != nil {
		return nil, err // of the commit too: a score that may not be there is not shown
	}
	return result, nil
}
