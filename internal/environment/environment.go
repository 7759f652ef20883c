// Package environment reads the configuration of the project's programs from
// the PASSPORT_… variables.
package environment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/pgstore"
)

// ErrInvalid is wrapped by every error about a variable.
var ErrInvalid = errors.New("invalid configuration")

// Getenv returns the value of a variable, "" if it is not set, as [os.Getenv]
// does.
type Getenv func(name string) string

// Scoring is the configuration of an engine.
type Scoring struct {
	// Issuers are those of PASSPORT_TRUSTED_ISSUERS.
	Issuers []string
	// HumanPoints and MetaMaskOG are PASSPORT_HUMAN_POINTS and
	// PASSPORT_METAMASK_OG.
	HumanPoints, MetaMaskOG bool
	// Linked are the groups in the file of PASSPORT_LINKED_WALLETS, nil for none.
	Linked *groups.Static
	// LaggingLoads is PASSPORT_REPLICA_LOADS.
	LaggingLoads bool
}

// Server is the configuration of an HTTP server.
type Server struct {
	Scoring
	// Pool is that of PASSPORT_DATABASE_URL, nil for a server in memory. Close
	// closes it.
	Pool *pgxpool.Pool
	// Replica is that of PASSPORT_REPLICA_URL, nil for none. Close
	// closes it.
	Replica *pgxpool.Pool
	// DatabaseEngine is PASSPORT_ENGINE.
	DatabaseEngine pgstore.Engine
	// The others are the variables of the same name.
	Addr, PublicURL                      string
	Metadata                             []byte // nil: none
	PointsData, LeftOut                  bool
	RateLimit, Usage, Ingestion, Migrate bool
	SharedRateLimits                     bool
}

// Database returns a pool for PASSPORT_DATABASE_URL, which must be set. It
// connects later.
func Database(ctx context.Context, getenv Getenv, configure ...func(*pgxpool.Config)) (*pgxpool.Pool, error) {
	r := &reader{getenv: getenv}
	pool := r.pool(ctx, "PASSPORT_DATABASE_URL", configure...)
	if pool == nil && r.problems == nil {
		r.addf("PASSPORT_DATABASE_URL", "it is not set: postgres://user:password@host:port/database")
	}
	return pool, r.err()
}

// DatabaseEngine returns the engine of PASSPORT_ENGINE, Postgres if it is not
// set.
func DatabaseEngine(getenv Getenv) (pgstore.Engine, error) {
	r := &reader{getenv: getenv}
	engine := r.databaseEngine()
	return engine, r.err()
}

// ReadScoring reads the configuration of an engine on a database. It returns
// every problem, joined.
func ReadScoring(getenv Getenv) (*Scoring, error) {
	r := &reader{getenv: getenv}
	s := r.scoring(true)
	return &s, r.err()
}

// ReadServer reads the configuration of a server, whose pool it configures. It
// returns every problem, joined.
func ReadServer(ctx context.Context, getenv Getenv, configure ...func(*pgxpool.Config)) (*Server, error) {
	r := &reader{getenv: getenv}
	s := &Server{
		Scoring:    r.scoring(getenv("PASSPORT_DATABASE_URL") != ""),
		Pool:       r.pool(ctx, "PASSPORT_DATABASE_URL", configure...),
		Replica:    r.pool(ctx, "PASSPORT_REPLICA_URL", configure...),
		Addr:       r.addr(),
		PublicURL:  r.publicURL(),
		Metadata:   r.metadata(),
		PointsData: r.isOn("PASSPORT_POINTS_DATA", false),
		LeftOut:    r.isOn("PASSPORT_LEFT_OUT", false),
		RateLimit:  r.isOn("PASSPORT_RATE_LIMIT", true),
		Usage:      r.isOn("PASSPORT_USAGE", false),
		Ingestion:  r.isOn("PASSPORT_INGESTION", false),
		Migrate:    r.isOn("PASSPORT_MIGRATE", false),

		DatabaseEngine:   r.databaseEngine(),
		SharedRateLimits: r.isOn("PASSPORT_SHARED_RATE_LIMITS", false),
	}
	s.LaggingLoads = r.isOn("PASSPORT_REPLICA_LOADS", false)
	if getenv("PASSPORT_REPLICA_URL") != "" && getenv("PASSPORT_DATABASE_URL") == "" {
		r.addf("PASSPORT_REPLICA_URL", "there is nothing to follow without PASSPORT_DATABASE_URL")
	}
	if s.LaggingLoads && getenv("PASSPORT_REPLICA_URL") == "" {
		r.addf("PASSPORT_REPLICA_LOADS", "it does nothing without PASSPORT_REPLICA_URL")
	}
	if s.Migrate && getenv("PASSPORT_DATABASE_URL") == "" {
		r.addf("PASSPORT_MIGRATE", "there is nothing to migrate without PASSPORT_DATABASE_URL")
	}
	if s.SharedRateLimits && (!s.RateLimit || getenv("PASSPORT_DATABASE_URL") == "") {
		r.addf("PASSPORT_SHARED_RATE_LIMITS", "it does nothing without PASSPORT_DATABASE_URL and PASSPORT_RATE_LIMIT")
	}
	if err := r.err(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the pools.
func (s *Server) Close() {
	for _, pool := range []*pgxpool.Pool{s.Pool, s.Replica} {
		if pool != nil {
			pool.Close()
		}
	}
}

// Engine returns an engine with the configuration on the store.
func (s *Scoring) Engine(on passport.Store, logger *slog.Logger) (*passport.Engine, error) {
	options := []passport.Option{passport.WithTrustedIssuers(s.Issuers...), passport.WithLogger(logger)}
	if s.HumanPoints {
		var points passport.HumanPoints
		if s.MetaMaskOG {
			points.Capped = passport.MetaMaskOG()
		}
		options = append(options, passport.WithHumanPoints(points))
	}
	if s.LaggingLoads {
		options = append(options, passport.WithLaggingLoads())
	}
	if s.Linked != nil {
		options = append(options, passport.WithGroups(s.Linked, passport.FailScoring))
	}
	return passport.New(on, options...)
}

// reader reads one variable at a time, and collects the problems.
type reader struct {
	getenv   Getenv
	problems []error
}

func (r *reader) addf(name, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(name+": "+format, args...))
}

func (r *reader) err() error {
	if r.problems == nil {
		return nil
	}
	return fmt.Errorf("%w:\n%w", ErrInvalid, errors.Join(r.problems...))
}

// scoring reads the configuration of an engine. On a database it must have
// issuers; in memory there is one of its own.
func (r *reader) scoring(onDatabase bool) Scoring {
	s := Scoring{
		Issuers:     r.issuers(),
		HumanPoints: r.isOn("PASSPORT_HUMAN_POINTS", false),
		MetaMaskOG:  r.isOn("PASSPORT_METAMASK_OG", false),
		Linked:      r.linked(),
	}
	if onDatabase && r.getenv("PASSPORT_TRUSTED_ISSUERS") == "" {
		r.addf("PASSPORT_TRUSTED_ISSUERS", "no credential would ever count without it")
	}
	if s.MetaMaskOG && !s.HumanPoints {
		r.addf("PASSPORT_METAMASK_OG", "it does nothing without PASSPORT_HUMAN_POINTS")
	}
	return s
}

func (r *reader) isOn(name string, otherwise bool) bool {
	switch value := r.getenv(name); value {
	case "":
		return otherwise
	case "on", "off":
		return value == "on"
	default:
		r.addf(name, `%.20q is neither "on" nor "off"`, value)
		return otherwise
	}
}

func (r *reader) addr() string {
	addr := r.getenv("PASSPORT_ADDR")
	if addr == "" {
		return "127.0.0.1:8080"
	}
	if _, port, err := net.SplitHostPort(addr); err != nil {
		r.addf("PASSPORT_ADDR", "%.100q is not host:port", addr)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		r.addf("PASSPORT_ADDR", "%.20q is not the number of a port", port)
	}
	return addr
}

func (r *reader) publicURL() string {
	text := r.getenv("PASSPORT_PUBLIC_URL")
	if text == "" {
		return ""
	}
	if err := passporthttp.CheckPublicURL(text); err != nil {
		r.addf("PASSPORT_PUBLIC_URL", "%w", err)
	}
	return text
}

func (r *reader) metadata() []byte {
	name := r.getenv("PASSPORT_METADATA")
	if name == "" {
		return nil
	}
	document, err := os.ReadFile(name) //nolint:gosec // the operator names it
	if err != nil {
		r.addf("PASSPORT_METADATA", "%w", err)
	}
	return document
}

func (r *reader) linked() *groups.Static {
	name := r.getenv("PASSPORT_LINKED_WALLETS")
	if name == "" {
		return nil
	}
	file, err := os.Open(name) //nolint:gosec // the operator names it
	if err != nil {
		r.addf("PASSPORT_LINKED_WALLETS", "%w", err)
		return nil
	}
	defer func() { _ = file.Close() }()
	linked, err := groups.Parse(file)
	if err != nil {
		r.addf("PASSPORT_LINKED_WALLETS", "%s: %w", name, err)
	}
	return linked
}

func (r *reader) databaseEngine() pgstore.Engine {
	engine := pgstore.Engine(r.getenv("PASSPORT_ENGINE"))
	if engine == "" {
		return pgstore.Postgres
	}
	if err := engine.Validate(); err != nil {
		r.addf("PASSPORT_ENGINE", "%w", err)
	}
	return engine
}

// pool returns nil if the variable is not set or invalid.
func (r *reader) pool(ctx context.Context, name string, configure ...func(*pgxpool.Config)) *pgxpool.Pool {
	url := r.getenv(name)
	if url == "" {
		return nil
	}
	pool, err := pgstore.OpenPool(ctx, url, configure...) // connects later
	if err != nil {
		r.addf(name, "%w", err)
		return nil
	}
	return pool
}

func (r *reader) issuers() (issuers []string) {
	list := r.getenv("PASSPORT_TRUSTED_ISSUERS")
	if list == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(list), &issuers); err != nil {
		r.addf("PASSPORT_TRUSTED_ISSUERS", `it is not a JSON list of DIDs, such as ["did:ethr:0x…"]`)
	} else if _, err := passport.New(memstore.New(), passport.WithTrustedIssuers(issuers...)); err != nil {
		r.addf("PASSPORT_TRUSTED_ISSUERS", "%w", err)
	}
	return issuers
}
