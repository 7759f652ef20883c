// Lambda is an AWS Lambda function that serves scores as examples/server does,
// behind API Gateway, an application load balancer or a function URL.
//
//	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -ldflags '-s -w' -o bootstrap .
//	zip function.zip bootstrap
//
// makes what a function with the runtime provided.al2023 runs. It is configured
// by the variables of examples/server; these differ:
//
//	PASSPORT_DATABASE_URL  is required: a function has no memory of its own. The
//	                       function does not check the tables, GET /ready does
//	PASSPORT_RATE_LIMIT    each process of the function counts for itself (on)
//	PASSPORT_USAGE         calls are written after each answer (off)
//	PASSPORT_BASE_PATH     the path under which a custom domain or a load balancer
//	                       has the function, such as /passport (none)
//
// PASSPORT_ADDR and PASSPORT_MIGRATE have no effect.
package main

import (
	"context"
	"fmt"
	"os"

	passportlambda "github.com/passport-sdk/passport-go/contrib/lambda"
	"github.com/passport-sdk/passport-go/internal/server"
)

func main() {
	if err := passportlambda.Start(open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open(ctx context.Context) (*passportlambda.Function, error) {
	f, err := server.OpenFunction(ctx, os.Getenv, os.Stderr, passportlambda.PingAfterFreeze)
	if err != nil {
		return nil, err
	}
	return passportlambda.New(f.Handler, passportlambda.WithFlush(f.Flush),
		passportlambda.WithLogger(f.Logger), passportlambda.WithBasePath(os.Getenv("PASSPORT_BASE_PATH")))
}
