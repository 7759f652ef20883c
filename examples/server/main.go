// Server serves scores over HTTP, by the contract of the Django service, on
// that service's database or on one of its own.
//
//	go run ./examples/server
//
// runs with nothing installed: in memory, with the world of examples/quickstart
// and a key to try it with. It is configured by the environment; switches are
// "on" or "off":
//
//	PASSPORT_ADDR             the address to listen on (127.0.0.1:8080)
//	PASSPORT_PUBLIC_URL       the beginning of links, such as https://api.example.org:
//	                          clients of the service expect whole URLs in next and
//	                          prev; unset: links begin with the path
//	PASSPORT_DATABASE_URL     postgres://…; unset: in memory
//	PASSPORT_REPLICA_URL      postgres://… of a replica, for reads that may lag by up
//	                          to 5 seconds; see pgstore.WithReplica (unset: none)
//	PASSPORT_REPLICA_LOADS    the first read of each scoring, too (off)
//	PASSPORT_TRUSTED_ISSUERS  JSON list of the DIDs whose credentials count
//	PASSPORT_HUMAN_POINTS     award human points (off)
//	PASSPORT_METAMASK_OG      with the award that is limited in number (off)
//	PASSPORT_LINKED_WALLETS   a JSON file, the wallets that are scored as one: a
//	                          list of {"id": "…", "wallets": ["0x…"]}; see
//	                          passport.WithGroups (unset: none)
//	PASSPORT_POINTS_DATA      answer points_data and possible_points_data (off: null)
//	PASSPORT_LEFT_OUT         answer the stamps that are not valid, in left_out (off)
//	PASSPORT_METADATA         a JSON file, the answer to GET /v2/stamps/metadata;
//	                          see passporthttp.WithMetadata (unset: 404)
//	PASSPORT_RATE_LIMIT       count the calls of each key (on)
//	PASSPORT_SHARED_RATE_LIMITS
//	                          count them in the database, for all servers on it (off)
//	PASSPORT_USAGE            record the calls of each key (off)
//	PASSPORT_INGESTION        accept credentials: POST /v2/stamps/{address} (off)
//	PASSPORT_MIGRATE          create missing tables at the start (off: only check them)
//
// Ingestion is for callers that can be trusted with everyone's stamps: it needs
// a key with submit_passports. See passporthttp.WithIngestion.
//
// It exits with 0 on SIGTERM, 1 when it cannot serve, and 2 when its
// configuration is invalid.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/passport-sdk/passport-go/internal/environment"
	"github.com/passport-sdk/passport-go/internal/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	err := server.Run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, environment.ErrInvalid):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
