// Example is the program of the README. See examples/lambda for one that is
// configured by the environment.
package main

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey/usage"
	passportlambda "github.com/passport-sdk/passport-go/contrib/lambda"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/pgstore"
)

func main() { log.Fatal(passportlambda.Start(open)) }

func open(ctx context.Context) (*passportlambda.Function, error) {
	pool, err := pgstore.OpenPool(ctx, os.Getenv("DATABASE_URL"), passportlambda.PingAfterFreeze)
	if err != nil {
		return nil, err
	}
	db := pgstore.New(pool)
	engine, engineErr := passport.New(db, passport.WithTrustedIssuers(passport.HumanPassportIssuer))
	calls, callsErr := usage.New(db)
	handler, handlerErr := passporthttp.New(engine, db, passporthttp.WithUsage(calls))
	if err := errors.Join(engineErr, callsErr, handlerErr); err != nil {
		return nil, err
	}
	return passportlambda.New(handler, passportlambda.WithFlush(calls.Flush))
}
