package apikey

import (
	"context"
	"hash/crc32"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Limiter counts calls. [MemoryLimiter] counts those of one process; a host
// with several plugs in one that they share. It must be safe for concurrent
// use.
type Limiter interface {
	// Take must count one call of the key with that prefix and tell whether it
	// is within the rate. An error means that it could not be counted; the
	// caller decides whether the call passes.
	Take(ctx context.Context, prefix string, rate Rate) (Quota, error)
}

// Quota is what a call was told about its rate limit.
type Quota struct {
	// Allowed tells whether the call passes.
	Allowed bool
	// Unlimited tells that nothing was counted; the fields below are then zero.
	Unlimited bool
	// Limit is the number of calls of a window, Remaining that of calls that
	// may still pass in this one.
	Limit, Remaining int
	// Reset is the time until the window ends, above 0 and at most the period of
	// the rate: what a refused caller should wait.
	Reset time.Duration
}

// DefaultWindows is the number of windows that a [MemoryLimiter] keeps unless
// it is told otherwise: about 20 MB.
const DefaultWindows = 100_000

// MemoryLimiter counts the calls of this process, in fixed windows: they begin
// at the multiples of the period since 1970, put off by the CRC-32 of the
// prefix modulo the period, so that not all keys start afresh at one moment.
// Exactly the rate's number of calls pass in a window. A clock that is set back
// opens no window, and a window still ends within one period of any call in it.
// Make it with [NewMemoryLimiter]. It is safe for concurrent use and starts no
// goroutine.
type MemoryLimiter struct {
	now     func() time.Time
	mu      sync.Mutex
	windows *simplelru.LRU[string, *window]
}

type window struct {
	end    int64 // nanoseconds since 1970
	period int64
	calls  int
}

// LimiterOption configures a [MemoryLimiter].
type LimiterOption func(*limiterSettings)

type limiterSettings struct {
	now     func() time.Time
	windows int
}

// WithWindowClock sets the clock of the windows, [time.Now] by default.
func WithWindowClock(now func() time.Time) LimiterOption {
	return func(s *limiterSettings) { s.now = now }
}

// WithWindows sets how many windows are kept, 1 to 10,000,000, [DefaultWindows]
// by default. When more keys than that call at a time, those that have not
// called for longest start afresh, so that the memory stays bounded.
func WithWindows(n int) LimiterOption {
	return func(s *limiterSettings) { s.windows = n }
}

// NewMemoryLimiter returns a limiter that has counted nothing yet. It reports
// every fault of the configuration at once, each wrapping [store.ErrMisconfigured].
func NewMemoryLimiter(options ...LimiterOption) (*MemoryLimiter, error) {
	s := limiterSettings{now: time.Now, windows: DefaultWindows}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	var f faults
	if s.now == nil {
		f.addf("WithWindowClock got nil")
	}
	within(&f, "WithWindows", s.windows, 1, 10_000_000)
	if err := f.err(); err != nil {
		return nil, err
	}
	return &MemoryLimiter{now: s.now, windows: newLRU[string, *window](s.windows)}, nil
}

// Take implements [Limiter]. It fails only if the context has ended, and then
// counts nothing.
func (l *MemoryLimiter) Take(ctx context.Context, prefix string, rate Rate) (Quota, error) {
	if err := ctx.Err(); err != nil {
		return Quota{}, err
	}
	if rate.Unlimited() {
		return Quota{Allowed: true, Unlimited: true}, nil
	}
	limit, period := max(rate.Calls, 0), int64(min(rate.Period, maxPeriod))
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now().UnixNano()
	l.dropEnded(now)

	w, known := l.windows.Get(prefix)
	if !known || w.period != period || w.end <= now {
		w = &window{end: windowStart(now, period, prefix) + period, period: period}
		l.windows.Add(prefix, w)
	}
	w.end = min(w.end, now+period) // of a clock that was set back
	w.calls = min(w.calls, limit) + 1
	return Quota{
		Allowed:   w.calls <= limit,
		Limit:     limit,
		Remaining: max(limit-w.calls, 0),
		Reset:     time.Duration(w.end - now),
	}, nil
}

// windowStart returns the start of the window that holds now.
func windowStart(now, period int64, prefix string) int64 {
	phase := int64(crc32.ChecksumIEEE([]byte(prefix))) * int64(time.Second) % period
	into := (now - phase) % period
	if into < 0 {
		into += period
	}
	return now - into
}

// dropEnded forgets up to two of the windows that were not used for longest,
// if they have ended: as each call adds at most one, few outlive their end.
func (l *MemoryLimiter) dropEnded(now int64) {
	for range 2 {
		_, oldest, ok := l.windows.GetOldest()
		if !ok || now < oldest.end {
			return
		}
		l.windows.RemoveOldest()
	}
}
