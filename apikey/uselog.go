package apikey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/store"
)

// What a [UseLog] does unless it is told otherwise.
const (
	// DefaultUseCapacity is the number of uses that wait to be written, a few
	// kB each if they carry responses.
	DefaultUseCapacity = 4096
	// DefaultUseBatch is the number of uses that are written at a time.
	DefaultUseBatch = 100
	// DefaultDrainTimeout is the time that is left to write what is queued once
	// the context of Run has ended.
	DefaultDrainTimeout = 10 * time.Second
)

// A batch, or what it is split into, is written again after 0.1, 0.2, 0.4 and
// 0.8 s, then given up.
const (
	useRetries   = 4
	firstUseWait = 100 * time.Millisecond
)

// ErrAlreadyRun: the log was run before, whether it still runs or has ended. It
// runs once.
var ErrAlreadyRun = errors.New("the use log was run before")

// UseLog writes what keys were used for, off the path of the calls: Record
// queues, Run writes. Make it with [NewUseLog]. It is safe for concurrent use and
// starts no goroutine of its own: the host runs Run.
type UseLog struct {
	rows    store.Uses
	batch   int
	drain   time.Duration
	logger  *slog.Logger
	queue   chan store.Use
	dropped atomic.Uint64
	started atomic.Bool

	mu     sync.RWMutex // so that nothing is queued once closed is set
	closed bool
}

// UseOption configures a [UseLog].
type UseOption func(*useSettings)

type useSettings struct {
	capacity, batch int
	drain           time.Duration
	logger          *slog.Logger
}

// WithUseCapacity sets how many uses wait to be written, 1 to 100,000,
// [DefaultUseCapacity] by default.
func WithUseCapacity(n int) UseOption {
	return func(s *useSettings) { s.capacity = n }
}

// WithUseBatch sets how many uses are written at a time at the most, 1 to 1000,
// [DefaultUseBatch] by default.
func WithUseBatch(n int) UseOption {
	return func(s *useSettings) { s.batch = n }
}

// WithDrainTimeout sets how long Run may go on once its context has ended,
// [DefaultDrainTimeout] by default. It is above 0: with no time at all, whatever
// is queued would be dropped.
func WithDrainTimeout(d time.Duration) UseOption {
	return func(s *useSettings) { s.drain = d }
}

// WithUseLogger sets where it is reported (warn) that uses were dropped. It
// logs numbers and the store's errors, never the uses. The default is silence.
func WithUseLogger(logger *slog.Logger) UseOption {
	return func(s *useSettings) { s.logger = logger }
}

// NewUseLog returns a log that writes to the rows. It reports every fault of the
// configuration at once, each wrapping [store.ErrMisconfigured].
func NewUseLog(rows store.Uses, options ...UseOption) (*UseLog, error) {
	s := useSettings{
		capacity: DefaultUseCapacity,
		batch:    DefaultUseBatch,
		drain:    DefaultDrainTimeout,
		logger:   slog.New(slog.DiscardHandler),
	}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	var f faults
	if rows == nil {
		f.addf("NewUseLog got nil rows")
	}
	s.validate(&f)
	if err := f.err(); err != nil {
		return nil, err
	}
	return &UseLog{rows: rows, batch: s.batch, drain: s.drain, logger: s.logger, queue: make(chan store.Use, s.capacity)}, nil
}

func (s *useSettings) validate(f *faults) {
	within(f, "WithUseCapacity", s.capacity, 1, 100_000)
	within(f, "WithUseBatch", s.batch, 1, 1000)
	if s.drain <= 0 {
		f.addf("WithDrainTimeout got %v, want more than 0", s.drain)
	}
	if s.logger == nil {
		f.addf("WithUseLogger got nil")
	}
}

// Record queues the use to be written and never waits. It returns false, and
// counts the use as dropped, when the queue is full or Run has ended. The use's
// slices must not be changed afterwards. Uses that are recorded before Run is
// called wait for it.
func (l *UseLog) Record(use store.Use) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if !l.closed {
		select {
		case l.queue <- use:
			return true
		default:
		}
	}
	l.dropped.Add(1)
	return false
}

// Dropped returns how many uses were recorded and not written: the queue was
// full, the store refused them, could not be reached for too long, or left
// unknown whether it wrote them, or the time to drain was over.
func (l *UseLog) Dropped() uint64 { return l.dropped.Load() }

// Run writes what is recorded until the context ends, then closes the log,
// writes what is queued, and returns nil. It returns
// [context.DeadlineExceeded], wrapped, when the time to drain did not suffice,
// and [ErrAlreadyRun] when it is called a second time.
//
// While the store is unavailable a batch is tried again, four times within 1.5 s,
// and then dropped. One that the store refuses is written use by use, so that one
// bad use does not take others with it; they share those four, and when one of
// them fails for another reason than being refused, the rest is dropped with it.
func (l *UseLog) Run(ctx context.Context) error {
	if !l.started.CompareAndSwap(false, true) {
		return ErrAlreadyRun
	}
	writing, stop := outlive(ctx, l.drain)
	defer stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case use := <-l.queue:
			l.write(writing, l.gather(use))
		}
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	for {
		select {
		case use := <-l.queue:
			l.write(writing, l.gather(use))
		default:
			return l.ended(writing)
		}
	}
}

func (l *UseLog) ended(writing context.Context) error {
	if writing.Err() != nil {
		return fmt.Errorf("writing the last uses of API keys: %w", context.Cause(writing))
	}
	return nil
}

// outlive returns a context that ends the given time after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(context.DeadlineExceeded)
		case <-longer.Done():
		}
	})
	return longer, func() {
		forget()
		cancel(context.Canceled)
	}
}

// gather takes what is queued behind the first, up to a batch.
func (l *UseLog) gather(first store.Use) []store.Use {
	batch := []store.Use{first}
	for len(batch) < l.batch {
		select {
		case use := <-l.queue:
			batch = append(batch, use)
		default:
			return batch
		}
	}
	return batch
}

// write writes the batch, or drops what it cannot write of it and tells so.
func (l *UseLog) write(ctx context.Context, batch []store.Use) {
	again := retry.WithMaxRetries(useRetries, retry.NewExponential(firstUseWait))
	err := l.add(ctx, again, batch)
	if len(batch) > 1 && refused(err) {
		batch, err = l.writeEach(ctx, again, batch)
	}
	if err != nil {
		l.drop(ctx, batch, err)
	}
}

// writeEach writes a refused batch use by use, and drops those that the store
// refuses. It stops at the first that fails otherwise, and returns what is left:
// what keeps one from being written would take its time with each.
func (l *UseLog) writeEach(ctx context.Context, again retry.Backoff, batch []store.Use) ([]store.Use, error) {
	for i := range batch {
		switch err := l.add(ctx, again, batch[i:i+1]); {
		case refused(err):
			l.drop(ctx, batch[i:i+1], err)
		case err != nil:
			return batch[i:], err
		}
	}
	return nil, nil
}

func (l *UseLog) drop(ctx context.Context, batch []store.Use, err error) {
	l.dropped.Add(uint64(len(batch)))
	l.logger.WarnContext(ctx, "uses of API keys were dropped", "uses", len(batch), "error", err)
}

// refused tells that the store would not have the batch, whenever it is asked.
func refused(err error) bool {
	return errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrFault)
}

// add writes the uses, again while the store is unavailable. It does not write
// again what may have been written: [store.ErrUnknownOutcome].
func (l *UseLog) add(ctx context.Context, again retry.Backoff, uses []store.Use) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := l.rows.AddUses(ctx, uses...)
		if err == nil || !errors.Is(err, store.ErrUnavailable) {
			return err
		}
		wait, enough := again.Next()
		if enough {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}
