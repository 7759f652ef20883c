package passport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/credential"
)

// Option configures an [Engine].
type Option func(*settings)

// WithTrustedIssuers adds to the DIDs whose credentials are believed, compared
// letter by letter with a credential's issuer. At least one is required, and
// each must pass [credential.CheckIssuer].
func WithTrustedIssuers(dids ...string) Option {
	return func(s *settings) {
		for _, did := range dids {
			s.issuers[did] = true
		}
	}
}

// WithHumanPoints awards points to passing addresses in communities of the
// human points program. Without it none are awarded.
func WithHumanPoints(points HumanPoints) Option {
	if points.Capped != nil {
		points.Capped = new(*points.Capped) // the caller's may change
	}
	return func(s *settings) { s.points = &points }
}

// WithV0NullifiersOnly looks at those nullifiers only that begin with "v0", the
// reference's switch to a single nullifier per account. A credential without
// one is left out.
func WithV0NullifiersOnly() Option {
	return func(s *settings) { s.v0Only = true }
}

// Verifier checks the proof of a credential. [credential.Verifier] is the
// default.
//
// Verify must return nil only if the proof holds, a *[credential.Error] (as
// errors.As sees it) if it does not, and any other error when it could not tell: the
// scoring then fails, rather than counting less than is due. It must return when
// the context ends, and must be safe for concurrent use.
//
// That a proof holds is remembered, see [WithCacheSize], and the verifier not
// asked again. One that looks at what can change, such as a list of keys that have
// leaked, needs WithCacheSize(0).
type Verifier interface {
	Verify(ctx context.Context, signed *credential.Signed, now time.Time) error
}

// WithVerifier replaces the verifier.
func WithVerifier(verifier Verifier) Option {
	return func(s *settings) { s.verifier = verifier }
}

// DefaultCacheSize is the number of verified credentials that an engine
// remembers unless it is told otherwise: about 10 MB.
const DefaultCacheSize = 10_000

// WithCacheSize sets how many verified credentials the engine remembers, about
// 1 kB each; 0 turns the memory off. Only proofs that hold are remembered, by a
// digest of the whole credential; expiry, issuer, subject and whether its row is
// revoked are looked at each time.
func WithCacheSize(credentials int) Option {
	return func(s *settings) { s.cacheSize = credentials }
}

// WithRetry sets how a scoring that lost a race is repeated; the function is
// called once per scoring, and where it returns nil nothing is repeated. The
// default is [DefaultRetry].
func WithRetry(backoff func() retry.Backoff) Option {
	return func(s *settings) { s.backoff = backoff }
}

// WithClock makes the function's answer the moment of each scoring, in place
// of the store's clock; the zero time leaves it to the store. It is for tests, and
// must be safe for concurrent use.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.clock = now }
}

// WithLogger sets where the engine reports lost races (debug), recorded
// scoring errors (warn), and failures of the store and of verifiers (error). It logs addresses
// and community ids, never credentials or nullifiers. The default is silence.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithObserver adds a function that is called at the end of every Score, Preview
// and Latest of a valid address, on the caller's goroutine: for metrics and
// traces. Concurrent calls call it concurrently. If it panics, so does the
// caller, and the score stays recorded.
func WithObserver(observe func(context.Context, Observation)) Option {
	return func(s *settings) { s.observers = append(s.observers, observe) }
}

// Observation is how one call of Score, Preview or Latest went.
type Observation struct {
	Community int64
	Address   Address
	// Preview and Latest report which call it was: at most one is set, and
	// neither for Score.
	Preview, Latest bool
	// Attempts counts the times the scoring was begun: above 1 after a lost
	// race.
	Attempts int
	// Verified and Remembered count the credentials of the last attempt whose
	// proof was checked, and those whose proof was known to hold.
	Verified, Remembered int
	// Load, Verify and Apply are the times spent in all attempts together.
	Load, Verify, Apply time.Duration
	// Result is what Score or Preview returned, Standing what Latest did, and Err
	// the error of either.
	Result   *Result
	Standing *Standing
	Err      error
}

type settings struct {
	issuers   map[string]bool
	points    *HumanPoints
	v0Only    bool
	verifier  Verifier
	cacheSize int
	backoff   func() retry.Backoff
	clock     func() time.Time
	logger    *slog.Logger
	observers []func(context.Context, Observation)
}

func newSettings(options []Option) settings {
	s := settings{
		issuers:   map[string]bool{},
		verifier:  &credential.Verifier{},
		cacheSize: DefaultCacheSize,
		backoff:   DefaultRetry,
		clock:     func() time.Time { return time.Time{} },
		logger:    slog.New(slog.DiscardHandler),
	}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	return s
}

// validate reports every fault, joined.
func (s *settings) validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrMisconfigured}, args...)...))
	}
	if len(s.issuers) == 0 {
		fault("no trusted issuer, so no stamp would ever count: use WithTrustedIssuers")
	}
	for did := range s.issuers {
		if err := credential.CheckIssuer(did); err != nil {
			fault("trusted %w", err)
		}
	}
	if s.verifier == nil {
		fault("WithVerifier got nil")
	}
	if s.cacheSize < 0 {
		fault("cache size %d is negative", s.cacheSize)
	}
	if s.backoff == nil {
		fault("WithRetry got nil")
	}
	if s.clock == nil {
		fault("WithClock got nil")
	}
	if s.logger == nil {
		fault("WithLogger got nil")
	}
	for _, observe := range s.observers {
		if observe == nil {
			fault("WithObserver got nil")
		}
	}
	if s.points != nil {
		s.points.validate(fault)
	}
	return errors.Join(faults...)
}
