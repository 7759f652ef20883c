// Package passportotel connects an engine to OpenTelemetry: spans for its calls
// and their stages, which are the parents of what a store does in them, and
// metrics.
//
//	options, err := passportotel.Options()
//	engine, err := passport.New(store, append(options, passport.WithTrustedIssuers(issuers...))...)
//
// # Spans
//
// There is a span for each [passport.Step], named after it, such as
// "passport.score", and "passport.load" below that. All are of the kind
// internal. A tracer of pgx, such as github.com/exaring/otelpgx, makes its
// spans below the stage's, also in a host's transaction ([passport.Engine.On]).
//
// A run of ScoreAll or Rescore is one span, and each of its batches a trace of
// its own with a link to the run, so that a run of a million wallets is no
// trace of a million spans, and is sampled batch by batch.
//
// A step that fails has error.type, the kind of its error by [store.KindOf],
// and if the error is a store's the operation and the SQLSTATE. The status is
// an error, except for what was not found. The text of an error is left out,
// since it names the wallet.
//
// # Metrics
//
// The names and units of all are in the README. The number of their time series
// does not grow with the wallets, the stamps or the texts of errors. The
// counter passport.scores has the community, if there is one of that number;
// use a view of the SDK to drop it, or other attributes.
//
// With [WithAddresses] spans have the address of the wallet; metrics never do.
package passportotel

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/internal/problems"
)

// ScopeName is the name of the instrumentation scope of all spans and metrics.
const ScopeName = "github.com/passport-sdk/passport-go/contrib/otel"

// Option configures [Options].
type Option func(*settings)

type settings struct {
	tracers   trace.TracerProvider
	meters    metric.MeterProvider
	addresses bool
	logs      []*usage.Log
	pools     []namedPool
}

type namedPool struct {
	name string
	pool *pgxpool.Pool
}

// WithTracerProvider replaces the global tracer provider.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(s *settings) { s.tracers = provider }
}

// WithMeterProvider replaces the global meter provider.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(s *settings) { s.meters = provider }
}

// WithAddresses adds the address of the wallet to the spans of its call.
func WithAddresses() Option {
	return func(s *settings) { s.addresses = true }
}

// WithUsage adds the queue of the usage log, and what it has dropped, to the
// metrics.
func WithUsage(log *usage.Log) Option {
	return func(s *settings) { s.logs = append(s.logs, log) }
}

// WithPool adds the connections of the pool to the metrics, under that name. It
// can be used for several pools, each with a name of its own.
func WithPool(name string, pool *pgxpool.Pool) Option {
	return func(s *settings) { s.pools = append(s.pools, namedPool{name, pool}) }
}

// Options returns the options that connect an engine. They may be used for
// several engines.
//
// The meter provider holds the log and the pools of the options until it is
// shut down: call Options once for each of these.
//
// It returns every problem of the options, joined, each wrapping
// [passport.ErrMisconfigured], or the error of the meter provider.
func Options(options ...Option) ([]passport.Option, error) {
	s := settings{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, option := range options {
		if option == nil {
			return nil, fmt.Errorf("%w: Options got a nil option", passport.ErrMisconfigured)
		}
		option(&s)
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	meter := s.meters.Meter(ScopeName)
	r := &recorder{tracer: s.tracers.Tracer(ScopeName), addresses: s.addresses}
	failures := []error{r.instrument(meter)}
	for _, log := range s.logs {
		failures = append(failures, observeUsage(meter, log))
	}
	for _, p := range s.pools {
		failures = append(failures, observePool(meter, p))
	}
	if err := errors.Join(failures...); err != nil {
		return nil, fmt.Errorf("making the instruments: %w", err)
	}
	return []passport.Option{passport.WithTracer(r.begin), passport.WithObserver(r.observe)}, nil
}

func (s *settings) validate() error {
	found := problems.New(passport.ErrMisconfigured)
	found.Checkf(s.tracers != nil, "WithTracerProvider got nil")
	found.Checkf(s.meters != nil, "WithMeterProvider got nil")
	found.Checkf(len(s.logs) <= 1, "WithUsage is there twice")
	for _, log := range s.logs {
		found.Checkf(log != nil, "WithUsage got nil")
	}
	names := map[string]bool{}
	for _, p := range s.pools {
		found.Checkf(p.pool != nil, "WithPool got a nil pool")
		found.Checkf(p.name != "", "WithPool got no name")
		found.Checkf(!names[p.name], "WithPool got the name %q twice", p.name)
		names[p.name] = true
	}
	return found.Err()
}
