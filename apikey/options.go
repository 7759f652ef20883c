package apikey

import (
	"log/slog"
	"time"
)

// Option configures a [Registry].
type Option func(*Registry)

// WithClock sets the clock by which keys expire and are created, [time.Now] by
// default. The budget of slow checks is not measured by it.
func WithClock(now func() time.Time) Option { return func(r *Registry) { r.now = now } }

// WithSlowChecks sets how many slow checks may run at a time, 1 to 1000; 1 by
// default. Checks of one prefix never run concurrently.
func WithSlowChecks(n int) Option { return func(r *Registry) { r.slowChecks = n } }

// WithSlowShare sets the share of one processor that slow checks get on
// average, 0.001 to 100; 0.1 by default. One prefix gets a fifth of it.
// With more, the owners of many keys that are not migrated yet wait less, and
// an attacker can use more.
func WithSlowShare(share float64) Option { return func(r *Registry) { r.slowShare = share } }

// WithMaxIterations sets the iteration count above which a PBKDF2 hash is
// refused uncomputed, 1 to 5,000,000. The default, 2,000,000, is about a third
// of a second of work, ten times as long on the clock.
func WithMaxIterations(n int) Option { return func(r *Registry) { r.maxIterations = n } }

// WithLogger sets the logger of keys that could not be migrated (warn). It logs
// prefixes, never keys or hashes. The default is silence.
func WithLogger(logger *slog.Logger) Option { return func(r *Registry) { r.logger = logger } }
