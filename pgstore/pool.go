package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go/store"
)

// The defaults of OpenPool suit small hosts and functions that are billed by
// the second, many of which share one database, often behind a proxy.
const (
	poolConnections = 5
	acquireTimeout  = 3 * time.Second
	idleTime        = 10 * time.Second
	idleCheck       = 5 * time.Second // a connection may be idle for as much longer
	lifetime        = 5 * time.Minute
)

// OpenPool returns a pool that connects with the first query, so that a
// database that is out of reach is an error of that query, not of OpenPool; see
// [Ready]. The caller closes the pool.
//
// The pool has at most 5 connections. One is closed after 10 to 15 seconds
// without work, and the first time that it is free once it is 5 minutes old. A
// query, also one of the host's own, that waits more than 3 seconds for a
// connection, because all are busy or the database does not answer, fails with
// [store.ErrUnavailable].
//
// pgx's parameters in the URL (pool_max_conns and the like) override these
// defaults, and configure overrides both. Only the 3 seconds are fixed: make a
// pool of your own, with pgxpool, to wait longer.
//
// The pool sets client_encoding to UTF-8, unless the URL sets it.
//
// A malformed URL is a [store.ErrInvalid] that says what is wrong without
// showing the URL. So is an empty one, as from an unset variable; "postgres://"
// takes everything from the PG… variables of the environment.
func OpenPool(ctx context.Context, address string, configure ...func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	config, err := poolConfig(address)
	if err != nil {
		return nil, store.Errorf("open_pool", store.ErrInvalid, "%w", err)
	}
	for _, apply := range configure {
		if apply != nil {
			apply(config)
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		// A connection that no query waits for any more must not take the
		// place of another.
		config.ConnConfig.ConnectTimeout = acquireTimeout
	}
	config.ConnConfig.Tracer = withAcquireTimeout(config.ConnConfig.Tracer)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, store.Errorf("open_pool", store.ErrInvalid, "%w", err)
	}
	return pool, nil
}

// Ready returns nil if the database answers, and otherwise an error that says
// why not. It takes a connection for one round trip.
func Ready[D Database](ctx context.Context, db D) error {
	return hostOn(db).read(ctx, call{name: "ready", sql: `select 1`})
}

func poolConfig(address string) (*pgxpool.Config, error) {
	if address == "" {
		return nil, errors.New("the connection URL is empty")
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, badAddress(address)
	}
	given, err := pgx.ParseConfig(address) // to which the pool's parameters are strange ones
	if err != nil {
		return nil, badAddress(address)
	}
	unlessGiven := func(parameter string, set func()) {
		if _, is := given.RuntimeParams[parameter]; !is {
			set()
		}
	}
	unlessGiven("client_encoding", func() { config.ConnConfig.RuntimeParams["client_encoding"] = "UTF8" })
	unlessGiven("pool_max_conns", func() { config.MaxConns = poolConnections })
	unlessGiven("pool_max_conn_idle_time", func() { config.MaxConnIdleTime = idleTime })
	unlessGiven("pool_health_check_period", func() { config.HealthCheckPeriod = idleCheck })
	unlessGiven("pool_max_conn_lifetime", func() { config.MaxConnLifetime = lifetime })
	return config, nil
}

var parameterName = regexp.MustCompile(`^[a-z_]+$`)

// badAddress returns an error that says what is wrong with a connection URL.
// The driver's own error quotes from it, and cannot know which part of a
// malformed one is the password.
func badAddress(address string) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" {
		return errors.New("the connection URL is malformed (it is not shown, as it may hold a password): " +
			"want postgres://user:password@host:port/database, where special characters of the password are written %XX")
	}
	if parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return errors.New("the connection URL does not begin with postgres:// (it is not shown, as it may hold a password)")
	}
	encoded := *parsed
	encoded.RawQuery = parsed.Query().Encode()
	if _, err := pgxpool.ParseConfig(encoded.String()); err == nil {
		return errors.New("a special character of the connection URL, such as = within a parameter, must be written %XX")
	}
	for name := range parsed.Query() {
		if !parameterName.MatchString(name) || parsed.Query().Get(name) == "" {
			continue // it may be the rest of a password that was not encoded
		}
		without := *parsed
		rest := parsed.Query()
		rest.Del(name)
		without.RawQuery = rest.Encode()
		if _, err := pgxpool.ParseConfig(without.String()); err == nil {
			return fmt.Errorf("the parameter %q of the connection URL has a value that is not allowed", name)
		}
	}
	return errors.New("the connection URL, or what a PG… variable of the environment adds to it, is not allowed " +
		"(it is not shown, as it may hold a password): look at the host, the port and the parameters")
}
