// Server offers scores over HTTP, by the contract of the Django service, on that
// service's database or on one of its own.
//
//	go run ./examples/server
//
// runs with nothing installed: in memory, with the world of examples/quickstart
// and a key to try it with. What it does is set by the environment; switches are
// "on" or "off":
//
//	PASSPORT_ADDR             where it listens (127.0.0.1:8080)
//	PASSPORT_PUBLIC_URL       what links begin with, such as https://api.example.org:
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
//	PASSPORT_INGESTION        take credentials in: POST /v2/stamps/{address} (off)
//	PASSPORT_MIGRATE          create missing tables at the start (off: only check)
//
// Ingestion is for callers who may be trusted with everybody's stamps: it takes a
// key that has submit_passports. See passporthttp.WithIngestion.
//
// It ends with 0 on SIGTERM, 1 when it cannot do its work, and 2 when its
// configuration makes no sense.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/memstore"
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

// errConfiguration: the environment does not say what to do.
var errConfiguration = errors.New("the configuration makes no sense")

// run serves until the context ends.
func run(ctx context.Context, getenv func(string) string, out, logTo io.Writer) error {
	c, err := read(ctx, getenv)
	if err != nil {
		return err
	}
	kept, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer kept.close()
	s, err := assemble(c, kept, slog.New(slog.NewJSONHandler(logTo, nil)))
	if err != nil {
		return err
	}

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "listening on http://%s\n", listener.Addr())
	if err == nil && kept.demo {
		err = invite(ctx, out, s.keys, apikey.NewKey{
			Name: "demo", Account: kept.account, ReadScores: true, Historical: true, SubmitPassports: c.ingestion,
		}, listener.Addr())
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return passporthttp.Serve(ctx, listener, s.handler, s.uses.Run)
}

// service is what answers, with what it needs.
type service struct {
	keys    *apikey.Checker
	uses    *apikey.UseLog
	handler *passporthttp.Handler
}

func assemble(c *config, kept *keeping, logger *slog.Logger) (*service, error) {
	engine, err := newEngine(c, kept, logger)
	if err != nil {
		return nil, err
	}
	keys, err := apikey.New(kept.rows, apikey.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	uses, err := apikey.NewUseLog(kept.rows, apikey.WithUseLogger(logger))
	if err != nil {
		return nil, err
	}
	options := []passporthttp.Option{
		passporthttp.WithKeys(keys), passporthttp.WithLogger(logger), passporthttp.WithReady(kept.ready),
	}
	if c.publicURL != "" {
		options = append(options, passporthttp.WithPublicURL(c.publicURL))
	}
	if c.rateLimit {
		options = append(options, passporthttp.WithRateLimits())
	}
	if c.usage {
		options = append(options, passporthttp.WithUses(uses))
	}
	if c.pointsData {
		options = append(options, passporthttp.WithPoints(kept.rows))
	}
	if c.leftOut {
		options = append(options, passporthttp.WithLeftOut())
	}
	if c.metadata != nil {
		options = append(options, passporthttp.WithMetadata(c.metadata))
	}
	if c.ingestion {
		options = append(options, passporthttp.WithIngestion(kept.rows))
	}
	handler := passporthttp.New(engine, kept.rows, options...)
	if err := handler.Err(); err != nil {
		return nil, fmt.Errorf("%w:\n%w", errConfiguration, err)
	}
	return &service{keys, uses, handler}, nil
}

func newEngine(c *config, kept *keeping, logger *slog.Logger) (*passport.Engine, error) {
	options := []passport.Option{passport.WithTrustedIssuers(kept.issuers...), passport.WithLogger(logger)}
	if c.humanPoints {
		var points passport.HumanPoints
		if c.metaMaskOG {
			points.Capped = passport.MetaMaskOG()
		}
		options = append(options, passport.WithHumanPoints(points))
	}
	return passport.New(kept.rows, options...)
}

// config is what the environment says.
type config struct {
	addr, publicURL                      string
	pool                                 *pgxpool.Pool // nil: in memory
	issuers                              []string
	metadata                             []byte // nil: none
	humanPoints, metaMaskOG              bool
	pointsData, leftOut                  bool
	rateLimit, usage, ingestion, migrate bool
}

// read reports every fault at once.
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
	if e.faults != nil {
		if c.pool != nil {
			c.pool.Close()
		}
		return nil, fmt.Errorf("%w:\n%w", errConfiguration, errors.Join(e.faults...))
	}
	return c, nil
}

// environment is read one variable at a time, and remembers what is wrong.
type environment struct {
	getenv func(string) string
	faults []error
}

func (e *environment) faultf(name, format string, args ...any) {
	e.faults = append(e.faults, fmt.Errorf(name+": "+format, args...))
}

func (e *environment) isOn(name string, otherwise bool) bool {
	switch value := e.getenv(name); value {
	case "":
		return otherwise
	case "on", "off":
		return value == "on"
	default:
		e.faultf(name, `%.20q is neither "on" nor "off"`, value)
		return otherwise
	}
}

func (e *environment) addr() string {
	addr := e.getenv("PASSPORT_ADDR")
	if addr == "" {
		return "127.0.0.1:8080"
	}
	if _, port, err := net.SplitHostPort(addr); err != nil {
		e.faultf("PASSPORT_ADDR", "%.100q is not host:port", addr)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		e.faultf("PASSPORT_ADDR", "%.20q is not the number of a port", port)
	}
	return addr
}

func (e *environment) publicURL() string {
	text := e.getenv("PASSPORT_PUBLIC_URL")
	if text == "" {
		return ""
	}
	if err := passporthttp.CheckPublicURL(text); err != nil {
		e.faultf("PASSPORT_PUBLIC_URL", "%w", err)
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
		e.faultf("PASSPORT_METADATA", "%w", err)
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
		e.faultf("PASSPORT_DATABASE_URL", "%w", err)
	}
	return pool
}

func (e *environment) issuers() (issuers []string) {
	list := e.getenv("PASSPORT_TRUSTED_ISSUERS")
	if list == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(list), &issuers); err != nil {
		e.faultf("PASSPORT_TRUSTED_ISSUERS", `it is not a JSON list of DIDs, such as ["did:ethr:0x…"]`)
	} else if _, err := passport.New(memstore.New(), passport.WithTrustedIssuers(issuers...)); err != nil {
		e.faultf("PASSPORT_TRUSTED_ISSUERS", "%w", err)
	}
	return issuers
}

// contradictions are the faults that take two variables.
func (e *environment) contradictions(c *config) {
	inMemory := e.getenv("PASSPORT_DATABASE_URL") == ""
	if inMemory && c.migrate {
		e.faultf("PASSPORT_MIGRATE", "there is nothing to migrate without PASSPORT_DATABASE_URL")
	}
	if !inMemory && e.getenv("PASSPORT_TRUSTED_ISSUERS") == "" {
		e.faultf("PASSPORT_TRUSTED_ISSUERS", "no credential would ever count without it")
	}
	if c.metaMaskOG && !c.humanPoints {
		e.faultf("PASSPORT_METAMASK_OG", "it does nothing without PASSPORT_HUMAN_POINTS")
	}
}

// rows is a store with all that the server needs of one.
type rows interface {
	passport.Store
	passporthttp.Rows
	store.Credentials
	store.Uses
	store.Points
}

// keeping is where the rows are.
type keeping struct {
	rows    rows
	issuers []string
	ready   func(context.Context) error
	close   func()
	demo    bool
	account int64 // of the demo
}

func open(ctx context.Context, c *config) (*keeping, error) {
	if c.pool == nil {
		return demo(ctx, c)
	}
	check := func(ctx context.Context) error { return pgstore.CheckSchema(ctx, c.pool) }
	var err error
	if c.migrate {
		err = pgstore.Migrate(ctx, c.pool)
	}
	if err == nil {
		err = check(ctx) // which tells every difference
	}
	if err != nil {
		c.pool.Close()
		return nil, err
	}
	return &keeping{rows: pgstore.New(c.pool), issuers: c.issuers, ready: check, close: c.pool.Close}, nil
}

// credentials are those of examples/quickstart.
//
//go:embed testdata/credentials.json
var credentials []byte

const (
	community = 1
	alice     = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
)

// demo is the world of the quickstart, in memory.
func demo(ctx context.Context, c *config) (*keeping, error) {
	mem := memstore.New()
	account, err := mem.PutAccount(ctx, "demo")
	if err != nil {
		return nil, err
	}
	err = mem.PutCommunity(ctx, store.Community{
		ID: community, Account: account, Name: "Quickstart", Threshold: "3", HumanPoints: c.humanPoints,
		Weights: []byte(`{"Google": "1.5", "Github": "2", "Ens": "0.5", "Twitter": "1", "Biometrics": "10"}`),
	})
	if err != nil {
		return nil, err
	}
	var given struct {
		Issuer  string                       `json:"issuer"`
		Wallets map[string][]json.RawMessage `json:"wallets"`
	}
	if err := json.Unmarshal(credentials, &given); err != nil {
		return nil, err
	}
	for address, wallet := range given.Wallets {
		for _, signed := range wallet {
			stamp, err := passport.NewCredential(signed)
			if err != nil {
				return nil, err
			}
			if err := mem.AddCredentials(ctx, address, stamp); err != nil {
				return nil, err
			}
		}
	}
	ready := func(context.Context) error { return nil }
	return &keeping{rows: mem, issuers: append(c.issuers, given.Issuer), ready: ready, close: func() {}, demo: true, account: account}, nil
}

// invite prints how to try the demo, with a key of its own.
func invite(ctx context.Context, out io.Writer, keys *apikey.Checker, key apikey.NewKey, addr net.Addr) error {
	secret, _, err := keys.Create(ctx, key)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "in memory, gone when it ends; try:\n  curl -H 'X-API-Key: %s' http://%s/v2/stamps/%d/score/%s\n",
		secret, addr, community, alice)
	return err
}
