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
//	PASSPORT_TRUSTED_ISSUERS  JSON list of the DIDs whose credentials count
//	PASSPORT_HUMAN_POINTS     award human points (off)
//	PASSPORT_METAMASK_OG      with the award that is limited in number (off)
//	PASSPORT_POINTS_DATA      answer points_data and possible_points_data (off: null)
//	PASSPORT_LEFT_OUT         answer the stamps that are not valid, in left_out (off)
//	PASSPORT_METADATA         a JSON file, the answer to GET /v2/stamps/metadata;
//	                          see passporthttp.WithMetadata (unset: 404)
//	PASSPORT_RATE_LIMIT       count the calls of each key (on)
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
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	err := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, errConfiguration):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, getenv func(string) string, out, logTo io.Writer) error {
	c, err := read(ctx, getenv)
	if err != nil {
		return err
	}
	on, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer on.close()
	s, err := assemble(c, on, slog.New(slog.NewJSONHandler(logTo, nil)))
	if err != nil {
		return err
	}

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "listening on http://%s\n", listener.Addr())
	if err == nil && on.demo {
		err = invite(ctx, out, s.keys, apikey.KeyParams{
			Name: "demo", Account: on.account, ReadScores: true, Historical: true, SubmitPassports: c.ingestion,
		}, listener.Addr())
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return passporthttp.Serve(ctx, listener, s.handler, s.usage.Run)
}

// database is a store with all roles that the server needs.
type database interface {
	passport.Store
	passporthttp.Lookups
	store.Credentials
	store.UsageLog
	store.Points
}

// opened is a database that is open, and its settings.
type opened struct {
	db      database
	issuers []string
	ready   func(context.Context) error
	close   func()
	demo    bool
	account int64 // of the demo
}

func open(ctx context.Context, c *config) (*opened, error) {
	if c.pool == nil {
		return openDemo(ctx, c)
	}
	check := func(ctx context.Context) error { return pgstore.CheckSchema(ctx, c.pool) }
	var err error
	if c.migrate {
		err = pgstore.Migrate(ctx, c.pool)
	}
	if err == nil {
		err = check(ctx) // its error lists every difference
	}
	if err != nil {
		c.pool.Close()
		return nil, err
	}
	return &opened{db: pgstore.New(c.pool), issuers: c.issuers, ready: check, close: c.pool.Close}, nil
}

// service is the handler, and the parts of it that run uses.
type service struct {
	keys    *apikey.Registry
	usage   *usage.Log
	handler *passporthttp.Handler
}

func assemble(c *config, on *opened, logger *slog.Logger) (*service, error) {
	engine, err := newEngine(c, on, logger)
	if err != nil {
		return nil, err
	}
	keys, err := apikey.New(on.db, apikey.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	calls, err := usage.New(on.db, usage.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	options := []passporthttp.Option{
		passporthttp.WithKeys(keys), passporthttp.WithLogger(logger), passporthttp.WithReady(on.ready),
	}
	if c.publicURL != "" {
		options = append(options, passporthttp.WithPublicURL(c.publicURL))
	}
	if c.rateLimit {
		options = append(options, passporthttp.WithRateLimits())
	}
	if c.usage {
		options = append(options, passporthttp.WithUsage(calls))
	}
	if c.pointsData {
		options = append(options, passporthttp.WithPoints(on.db))
	}
	if c.leftOut {
		options = append(options, passporthttp.WithLeftOut())
	}
	if c.metadata != nil {
		options = append(options, passporthttp.WithMetadata(c.metadata))
	}
	if c.ingestion {
		options = append(options, passporthttp.WithIngestion(on.db))
	}
	handler, err := passporthttp.New(engine, on.db, options...)
	if err != nil {
		return nil, fmt.Errorf("%w:\n%w", errConfiguration, err)
	}
	return &service{keys, calls, handler}, nil
}

func newEngine(c *config, on *opened, logger *slog.Logger) (*passport.Engine, error) {
	options := []passport.Option{passport.WithTrustedIssuers(on.issuers...), passport.WithLogger(logger)}
	if c.humanPoints {
		var points passport.HumanPoints
		if c.metaMaskOG {
			points.Capped = passport.MetaMaskOG()
		}
		options = append(options, passport.WithHumanPoints(points))
	}
	return passport.New(on.db, options...)
}
