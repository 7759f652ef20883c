package ratelimit

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Memory is a [Limiter] that counts the calls of this process, in fixed
// windows ([Rate.Windows]), which begin at different times for different keys.
// Exactly the rate's number of calls pass in a
// window. A clock that is set back opens no window, and a window still ends
// within one period of any call in it. Make it with [NewMemory]. It is safe for
// concurrent use and starts no goroutine.
type Memory struct {
	now     func() time.Time
	size    int
	mu      sync.Mutex
	windows *simplelru.LRU[string, *window]
}

type window struct {
	end    int64 // nanoseconds since 1970
	period int64
	calls  int
}

// Option configures a [Memory].
type Option func(*Memory)

// WithClock sets the clock of the windows, [time.Now] by default.
func WithClock(now func() time.Time) Option { return func(l *Memory) { l.now = now } }

// WithWindows sets how many windows are kept, 1 to 10,000,000; 100,000, about
// 20 MB, by default. When more keys than that call at a time, the least
// recently used windows are dropped, and their keys start at 0.
func WithWindows(n int) Option { return func(l *Memory) { l.size = n } }

// NewMemory returns a limiter that has counted nothing yet. It returns every
// problem of the configuration, joined, each wrapping [store.ErrMisconfigured].
func NewMemory(options ...Option) (*Memory, error) {
	l := &Memory{now: time.Now, size: 100_000}
	problems.Apply(l, options)
	found := problems.New(store.ErrMisconfigured)
	found.Checkf(l.now != nil, "WithClock got nil")
	problems.CheckRange(found, "WithWindows", l.size, 1, 10_000_000)
	if err := found.Err(); err != nil {
		return nil, err
	}
	l.windows, _ = simplelru.NewLRU[string, *window](l.size, nil) // fails for a size below 1 only
	return l, nil
}

// Take implements [Limiter]. Its only error is that of a context that has
// ended; the call is not counted then.
func (l *Memory) Take(ctx context.Context, prefix string, rate Rate) (Quota, error) {
	if err := ctx.Err(); err != nil {
		return Quota{}, err
	}
	if rate.Unlimited() {
		return Quota{Allowed: true, Unlimited: true}, nil
	}
	windows := rate.Windows(prefix)
	period := int64(windows.Period)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now().UnixNano()
	l.dropEnded(now)

	w, known := l.windows.Get(prefix)
	if !known || w.period != period || w.end <= now {
		w = &window{end: windows.end(now), period: period}
		l.windows.Add(prefix, w)
	}
	w.end = min(w.end, now+period) // of a clock that was set back
	w.calls = min(w.calls, windows.Limit) + 1
	return windows.Quota(w.calls, time.Duration(w.end-now)), nil
}

// dropEnded drops up to two of the least recently used windows if they have
// ended. As each call adds at most one window, few stay beyond their end.
func (l *Memory) dropEnded(now int64) {
	for range 2 {
		_, oldest, ok := l.windows.GetOldest()
		if !ok || now < oldest.end {
			return
		}
		l.windows.RemoveOldest()
	}
}
