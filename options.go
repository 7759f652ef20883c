package passport

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/internal/problems"
)

// Option configures an [Engine].
type Option func(*settings)

// WithTrustedIssuers adds DIDs to the trusted issuers. A credential's issuer
// must equal one exactly. At least one is required, and each must pass
// [credential.CheckIssuer].
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

// WithV0NullifiersOnly ignores nullifiers that do not begin with "v0", as the
// service's switch to a single nullifier per account does. A credential without
// one is left out.
func WithV0NullifiersOnly() Option {
	return func(s *settings) { s.v0Only = true }
}

// Verifier checks the proof of a credential. [credential.Verifier] is the
// default.
//
// Verify must return nil if the proof holds, a *[credential.Error] (by
// errors.As) if it does not, and any other error if it could not decide, which
// fails the scoring. It must return when the context ends, and must be safe for
// concurrent use.
//
// Valid proofs are cached. A verifier that depends on data that can change,
// such as a list of leaked keys, needs WithCacheSize(0).
type Verifier interface {
	Verify(ctx context.Context, signed *credential.Signed, now time.Time) error
}

// WithVerifier replaces the verifier.
func WithVerifier(verifier Verifier) Option {
	return func(s *settings) { s.verifier = verifier }
}

// DefaultCacheSize is the default of [WithCacheSize]: about 10 MB.
const DefaultCacheSize = 10_000

// WithCacheSize sets how many credentials the engine remembers, about 1 kB
// each, those of the wallets that were scored last; 0 turns the cache off. A
// store need not read the credentials of a remembered wallet again until they
// change.
//
// Only valid proofs are relied on: a credential is remembered by a digest of
// its whole text, and expiry, issuer, subject and revocation are checked each
// time.
func WithCacheSize(credentials int) Option {
	return func(s *settings) { s.cacheSize = credentials }
}

// WithRetry sets how a scoring that lost a race is retried. The function is
// called once per scoring; if it returns nil there is no retry. The default is
// [DefaultRetry].
func WithRetry(backoff func() retry.Backoff) Option {
	return func(s *settings) { s.backoff = backoff }
}

// WithLaggingLoads lets the first read of a scoring lag (store.Query.MayLag),
// so that a store with a replica reads there. Without it only the reads of
// Preview, Latest and plans may.
//
// A lag costs a retry and never a claim that counts twice: Apply checks the
// credentials and all claims that were read, and the retry reads the primary.
// The rest may be as old as the replica: the community's terms, lists of
// addresses, Result.Before, and the time of the scoring, which is by the
// replica's clock. An engine that is [Engine.LeavingUnchanged] reads the
// primary, as a scoring that writes nothing checks nothing.
func WithLaggingLoads() Option {
	return func(s *settings) { s.lagging = true }
}

// WithClock sets the time of each scoring, for tests. When the function returns
// the zero time, the store's clock is used. It must be safe for concurrent use.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.clock = now }
}

// WithLogger sets the logger of lost races (debug), recorded scoring errors
// (warn), and failures of the store and of verifiers (error). The default
// discards all.
//
// The attributes are operation (a [StepName]), community, address or wallets,
// attempts, duration_ms, and of the error its text, its kind ([store.KindOf])
// and, if it is a store's, store_operation and sqlstate. None has a credential
// or a nullifier.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

// WithObserver adds a function that is called at the end of every Score,
// Preview and Latest of a valid address, and for each valid address of ScoreAll
// and Rescore before its result is yielded, on the caller's goroutine, for
// metrics and traces. It must be safe for concurrent use. If it panics, the
// score stays recorded.
func WithObserver(observe func(context.Context, Observation)) Option {
	return func(s *settings) { s.observers = append(s.observers, observe) }
}

// Observation is how one call of Score, Preview or Latest went, or the scoring
// of one address in ScoreAll.
type Observation struct {
	Community int64
	Address   Address
	// Preview, Latest and Bulk report which call it was, Bulk that of ScoreAll or
	// Rescore; all are false for Score.
	Preview, Latest, Bulk bool
	// Attempts is above 1 after a lost race, and in ScoreAll after any other
	// failure of a batch that the address was in.
	Attempts int
	// Verified and Remembered count the credentials of the last attempt whose
	// proof was checked, and those whose valid proof was remembered.
	Verified, Remembered int
	// Load, Verify and Apply are the times spent in all attempts together. Wallets
	// that were scored as a batch share its times equally.
	Load, Verify, Apply time.Duration
	// Result is what Score or Preview returned, LastScore what Latest returned,
	// and Err the error of either.
	Result    *Result
	LastScore *LastScore
	Err       error
}

type settings struct {
	issuers   map[string]bool
	points    *HumanPoints
	v0Only    bool
	verifier  Verifier
	cacheSize int
	backoff   func() retry.Backoff
	lagging   bool
	clock     func() time.Time
	logger    *slog.Logger
	observers []observer
	tracers   []Tracer

	groups       Groups
	grouped      bool // WithGroups was used
	groupFailure GroupFailure
}

type observer = func(context.Context, Observation)

func newSettings(options []Option) settings {
	s := settings{
		issuers:   map[string]bool{},
		verifier:  &credential.Verifier{},
		cacheSize: DefaultCacheSize,
		backoff:   DefaultRetry,
		clock:     func() time.Time { return time.Time{} },
		logger:    slog.New(slog.DiscardHandler),
	}
	problems.Apply(&s, options)
	return s
}

// validate returns every problem, joined.
func (s *settings) validate() error {
	found := problems.New(ErrMisconfigured)
	if len(s.issuers) == 0 {
		found.Addf("no trusted issuer, so no stamp would ever count: use WithTrustedIssuers")
	}
	for did := range s.issuers {
		if err := credential.CheckIssuer(did); err != nil {
			found.Addf("trusted %w", err)
		}
	}
	if s.cacheSize < 0 {
		found.Addf("cache size %d is negative", s.cacheSize)
	}
	for _, option := range []struct {
		name  string
		isNil bool
	}{
		{"WithVerifier", s.verifier == nil},
		{"WithRetry", s.backoff == nil},
		{"WithClock", s.clock == nil},
		{"WithLogger", s.logger == nil},
		{"WithGroups", s.grouped && s.groups == nil},
		{"WithObserver", slices.ContainsFunc(s.observers, func(o observer) bool { return o == nil })},
		{"WithTracer", slices.ContainsFunc(s.tracers, func(t Tracer) bool { return t == nil })},
	} {
		if option.isNil {
			found.Addf("%s got nil", option.name)
		}
	}
	if f := s.groupFailure; f != FailScoring && f != WithholdPassing && f != ScoreAlone {
		found.Addf("%.60q is no way to go on without groups", string(f))
	}
	if s.points != nil {
		s.points.validate(found)
	}
	return found.Err()
}

// DefaultRetry is the service's retry policy: up to five more attempts after
// 50, 100, 200, 400 and 800 ms, each with a jitter of up to 50 ms.
func DefaultRetry() retry.Backoff {
	waits := retry.WithMaxRetries(5, retry.WithCappedDuration(time.Second, retry.NewExponential(50*time.Millisecond)))
	return retry.BackoffFunc(func() (time.Duration, bool) {
		wait, stop := waits.Next()
		return wait + rand.N(50*time.Millisecond), stop //nolint:gosec // jitter need not be unpredictable
	})
}
