package apikey

import (
	"log/slog"
	"time"
)

// Option configures a [Checker].
type Option func(*settings)

// What a [Checker] does unless it is told otherwise.
const (
	// DefaultSlowChecks is the number of slow checks at a time.
	DefaultSlowChecks = 1
	// DefaultSlowShare is the part of one processor that slow checks get.
	DefaultSlowShare = 0.1
	// DefaultMaxIterations is the iteration count up to which a row is believed:
	// a third of a second of work or so, ten times as long on the clock.
	DefaultMaxIterations = 2_000_000
)

// WithClock sets the clock by which keys expire and are created, [time.Now] by
// default. The budget of slow checks is not measured by it.
func WithClock(now func() time.Time) Option {
	return func(s *settings) { s.now = now }
}

// WithSlowChecks sets how many slow checks may run at a time, 1 to 1000,
// [DefaultSlowChecks] by default. Those of one prefix always run one after
// another.
func WithSlowChecks(n int) Option {
	return func(s *settings) { s.slowChecks = n }
}

// WithSlowShare sets the part of one processor that slow checks get in the long
// run, 0.001 to 100, [DefaultSlowShare] by default; those of one prefix get a
// fifth of it. More lets the owners of many keys that are not yet migrated in
// sooner; an attacker can use it up.
func WithSlowShare(share float64) Option {
	return func(s *settings) { s.slowShare = share }
}

// WithMaxIterations sets the iteration count above which a row's PBKDF2 hash
// is refused without computing it, 1 to 5,000,000, [DefaultMaxIterations] by
// default.
func WithMaxIterations(n int) Option {
	return func(s *settings) { s.maxIterations = n }
}

// WithLogger sets where the checker reports (warn) that a key could not be
// migrated. It logs prefixes, never keys or hashes. The default is silence.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) { s.logger = logger }
}

type settings struct {
	now           func() time.Time
	slowChecks    int
	slowShare     float64
	maxIterations int
	logger        *slog.Logger
}

func newSettings(options []Option) settings {
	s := settings{
		now:           time.Now,
		slowChecks:    DefaultSlowChecks,
		slowShare:     DefaultSlowShare,
		maxIterations: DefaultMaxIterations,
		logger:        slog.New(slog.DiscardHandler),
	}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	return s
}

func (s *settings) validate(f *faults) {
	if s.now == nil {
		f.addf("WithClock got nil")
	}
	within(f, "WithSlowChecks", s.slowChecks, 1, 1000)
	within(f, "WithSlowShare", s.slowShare, 0.001, 100)
	within(f, "WithMaxIterations", s.maxIterations, 1, 5_000_000) // most of a second of work, which a budget can pay
	if s.logger == nil {
		f.addf("WithLogger got nil")
	}
}
