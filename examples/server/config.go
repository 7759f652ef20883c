package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/pgstore"
)

// errConfiguration: the environment is not a valid configuration.
var errConfiguration = errors.New("invalid configuration")

// config is the configuration.
type config struct {
	addr, publicURL                      string
	pool                                 *pgxpool.Pool // nil: in memory
	issuers                              []string
	metadata                             []byte // nil: none
	humanPoints, metaMaskOG              bool
	pointsData, leftOut                  bool
	rateLimit, usage, ingestion, migrate bool
}

// read reads the configuration. It returns every problem, joined.
func read(ctx context.Context, getenv func(string) string) (*config, error) {
	e := &environment{getenv: getenv}
	c := &config{
		addr:        e.addr(),
		publicURL:   e.publicURL(),
		pool:        e.pool(ctx),
		issuers:     e.issuers(),
		humanPoints: e.isOn("PASSPORT_HUMAN_POINTS", false),
		metaMaskOG:  e.isOn("PASSPORT_METAMASK_OG", false),
		pointsData:  e.isOn("PASSPORT_POINTS_DATA", false),
		leftOut:     e.isOn("PASSPORT_LEFT_OUT", false),
		metadata:    e.metadata(),
		rateLimit:   e.isOn("PASSPORT_RATE_LIMIT", true),
		usage:       e.isOn("PASSPORT_USAGE", false),
		ingestion:   e.isOn("PASSPORT_INGESTION", false),
		migrate:     e.isOn("PASSPORT_MIGRATE", false),
	}
	e.contradictions(c)
	if e.problems != nil {
		if c.pool != nil {
			c.pool.Close()
		}
		return nil, fmt.Errorf("%w:\n%w", errConfiguration, errors.Join(e.problems...))
	}
	return c, nil
}

// environment reads one variable at a time, and collects the problems.
type environment struct {
	getenv   func(string) string
	problems []error
}

func (e *environment) addf(name, format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf(name+": "+format, args...))
}

func (e *environment) isOn(name string, otherwise bool) bool {
	switch value := e.getenv(name); value {
	case "":
		return otherwise
	case "on", "off":
		return value == "on"
	default:
		e.addf(name, `%.20q is neither "on" nor "off"`, value)
		return otherwise
	}
}

func (e *environment) addr() string {
	addr := e.getenv("PASSPORT_ADDR")
	if addr == "" {
		return "127.0.0.1:8080"
	}
	if _, port, err := net.SplitHostPort(addr); err != nil {
		e.addf("PASSPORT_ADDR", "%.100q is not host:port", addr)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		e.addf("PASSPORT_ADDR", "%.20q is not the number of a port", port)
	}
	return addr
}

func (e *environment) publicURL() string {
	text := e.getenv("PASSPORT_PUBLIC_URL")
	if text == "" {
		return ""
	}
	if err := passporthttp.CheckPublicURL(text); err != nil {
		e.addf("PASSPORT_PUBLIC_URL", "%w", err)
	}
	return text
}

func (e *environment) metadata() []byte {
	name := e.getenv("PASSPORT_METADATA")
	if name == "" {
		return nil
	}
	document, err := os.ReadFile(name) //nolint:gosec // the operator names it
	if err != nil {
		e.addf("PASSPORT_METADATA", "%w", err)
	}
	return document
}

func (e *environment) pool(ctx context.Context) *pgxpool.Pool {
	url := e.getenv("PASSPORT_DATABASE_URL")
	if url == "" {
		return nil
	}
	pool, err := pgstore.OpenPool(ctx, url) // connects later
	if err != nil {
		e.addf("PASSPORT_DATABASE_URL", "%w", err)
	}
	return pool
}

func (e *environment) issuers() (issuers []string) {
	list := e.getenv("PASSPORT_TRUSTED_ISSUERS")
	if list == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(list), &issuers); err != nil {
		e.addf("PASSPORT_TRUSTED_ISSUERS", `it is not a JSON list of DIDs, such as ["did:ethr:0x…"]`)
	} else if _, err := passport.New(memstore.New(), passport.WithTrustedIssuers(issuers...)); err != nil {
		e.addf("PASSPORT_TRUSTED_ISSUERS", "%w", err)
	}
	return issuers
}

// contradictions adds the problems of two variables together.
func (e *environment) contradictions(c *config) {
	inMemory := e.getenv("PASSPORT_DATABASE_URL") == ""
	if inMemory && c.migrate {
		e.addf("PASSPORT_MIGRATE", "there is nothing to migrate without PASSPORT_DATABASE_URL")
	}
	if !inMemory && e.getenv("PASSPORT_TRUSTED_ISSUERS") == "" {
		e.addf("PASSPORT_TRUSTED_ISSUERS", "no credential would ever count without it")
	}
	if c.metaMaskOG && !c.humanPoints {
		e.addf("PASSPORT_METAMASK_OG", "it does nothing without PASSPORT_HUMAN_POINTS")
	}
}
