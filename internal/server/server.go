// Package server is the HTTP server of examples/server and of the command
// passport, and the function of examples/lambda: passporthttp, configured by
// the environment.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/internal/environment"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// Run serves until the context ends. It prints the address that it listens on,
// and logs JSON. An error about the configuration wraps environment.ErrInvalid.
func Run(ctx context.Context, getenv environment.Getenv, out, logTo io.Writer) error {
	c, err := environment.ReadServer(ctx, getenv)
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

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "listening on http://%s\n", listener.Addr())
	if err == nil && on.demo {
		err = invite(ctx, out, s.keys, apikey.KeyParams{
			Name: "demo", Account: on.account, ReadScores: true, Historical: true, SubmitPassports: c.Ingestion,
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
	limiter *pgstore.Limiter // nil in memory
	ready   func(context.Context) error
	close   func()
	demo    bool
	account int64 // of the demo
}

func open(ctx context.Context, c *environment.Server) (*opened, error) {
	if c.Pool == nil {
		return openDemo(ctx, c)
	}
	on := onPool(c)
	var err error
	if c.Migrate {
		err = pgstore.Migrate(ctx, c.Pool, pgstore.WithEngine(c.DatabaseEngine))
	}
	if err == nil && c.Migrate && c.SharedRateLimits {
		err = on.limiter.Migrate(ctx)
	}
	if err == nil {
		err = on.ready(ctx) // its error lists every difference
	}
	if err != nil {
		on.close()
		return nil, err
	}
	return on, nil
}

// onPool returns the database of the configuration, which is not looked at.
func onPool(c *environment.Server) *opened {
	engine := pgstore.WithEngine(c.DatabaseEngine)
	limiter := pgstore.NewLimiter(c.Pool, engine)
	ready := func(ctx context.Context) error {
		err := pgstore.CheckSchema(ctx, c.Pool, engine)
		if err != nil || !c.SharedRateLimits {
			return err
		}
		if err = limiter.Check(ctx); errors.Is(err, pgstore.ErrSchema) {
			return fmt.Errorf("PASSPORT_SHARED_RATE_LIMITS: PASSPORT_MIGRATE=on makes its table: %w", err)
		}
		return err
	}
	const maxLag = 5 * time.Second
	db := pgstore.New(c.Pool, engine, pgstore.WithReplica(c.Replica, maxLag))
	return &opened{db: db, limiter: limiter, ready: ready, close: c.Close}
}

// service is the handler, and the parts of it that Run uses.
type service struct {
	keys    *apikey.Registry
	usage   *usage.Log
	handler *passporthttp.Handler
}

func assemble(c *environment.Server, on *opened, logger *slog.Logger) (*service, error) {
	engine, err := c.Engine(on.db, logger)
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
	if c.PublicURL != "" {
		options = append(options, passporthttp.WithPublicURL(c.PublicURL))
	}
	switch {
	case c.SharedRateLimits:
		options = append(options, passporthttp.WithLimiter(on.limiter))
	case c.RateLimit:
		options = append(options, passporthttp.WithRateLimits())
	}
	if c.Usage {
		options = append(options, passporthttp.WithUsage(calls))
	}
	if c.PointsData {
		options = append(options, passporthttp.WithPoints(on.db))
	}
	if c.LeftOut {
		options = append(options, passporthttp.WithLeftOut())
	}
	if c.Metadata != nil {
		options = append(options, passporthttp.WithMetadata(c.Metadata))
	}
	if c.Ingestion {
		options = append(options, passporthttp.WithIngestion(on.db))
	}
	handler, err := passporthttp.New(engine, on.db, options...)
	if err != nil {
		return nil, fmt.Errorf("%w:\n%w", environment.ErrInvalid, err)
	}
	return &service{keys, calls, handler}, nil
}
