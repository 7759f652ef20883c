package groups

import (
	"math"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Option configures [NewCache].
type Option func(*settings)

type settings struct {
	fresh, stale, timeout time.Duration
	wallets               int
	now                   func() time.Time
}

// WithFresh sets for how long an answer is given without asking again, 1 minute
// by default. A change of a group is noticed that much later.
func WithFresh(d time.Duration) Option { return func(s *settings) { s.fresh = d } }

// WithStale sets the age up to which an answer is given while the source fails,
// 10 minutes by default. It is 0, for never, or at least that of [WithFresh].
func WithStale(d time.Duration) Option { return func(s *settings) { s.stale = d } }

// WithTimeout sets how long a call of the source may take until it counts as
// failed, 2 s by default.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithWallets sets the number of wallets whose group is kept, 100,000 by
// default and at least [store.MaxGroup]. The least recently used are dropped.
func WithWallets(n int) Option { return func(s *settings) { s.wallets = n } }

// WithClock sets the clock, [time.Now] by default. The function must be safe
// for concurrent use, and must not call the cache. Nil is ignored.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		if now != nil {
			s.now = now
		}
	}
}

func (s *settings) check(found *problems.List) {
	problems.CheckRange(found, "WithFresh", s.fresh, 1, math.MaxInt64)
	problems.CheckRange(found, "WithTimeout", s.timeout, 1, math.MaxInt64)
	problems.CheckRange(found, "WithWallets", s.wallets, store.MaxGroup, math.MaxInt32)
	found.Checkf(s.stale == 0 || s.stale >= s.fresh, "WithStale got %v, want 0 or at least %v", s.stale, s.fresh)
}
