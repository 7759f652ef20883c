// Package usage records the calls that are made with API keys.
package usage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// A batch, or the parts into which it is split, is retried after 0.1, 0.2, 0.4
// and 0.8 s, and then dropped.
const (
	retries   = 4
	firstWait = 100 * time.Millisecond
)

// ErrAlreadyRun: Run was called before. A log runs once.
var ErrAlreadyRun = errors.New("the usage log was run before")

// Log writes usages later than they are recorded: Record queues them, and Run
// writes them in the background, or Flush when it is called. Make it with
// [New]. It is safe for concurrent use and starts no goroutine of its own: the
// host runs Run, or calls Flush where nothing may run in the background.
type Log struct {
	db              store.UsageLog
	capacity, batch int
	drain           time.Duration
	logger          *slog.Logger

	queue   chan store.Usage
	wake    chan struct{} // has a token if something was queued since Run looked
	turn    chan struct{} // has a token while usages are taken and written
	dropped atomic.Uint64
	started atomic.Bool
	mu      sync.RWMutex // so that nothing is queued once closed is set
	closed  bool
}

// Option configures a [Log].
type Option func(*Log)

// WithCapacity sets how many usages may wait to be written, 1 to 100,000; 4096
// by default. Each takes a few kB if it holds a response.
func WithCapacity(n int) Option { return func(l *Log) { l.capacity = n } }

// WithBatch sets the largest number of usages that are written at a time, 1 to
// 1000; 100 by default.
func WithBatch(n int) Option { return func(l *Log) { l.batch = n } }

// WithDrainTimeout sets how long Run may continue once its context has ended,
// above 0; 10 s by default.
func WithDrainTimeout(d time.Duration) Option { return func(l *Log) { l.drain = d } }

// WithLogger sets the logger of dropped usages (warn). It logs numbers and the
// store's errors, never usages. The default is silence.
func WithLogger(logger *slog.Logger) Option { return func(l *Log) { l.logger = logger } }

// New returns a log that writes to the store. It returns every problem of the
// configuration, joined, each wrapping [store.ErrMisconfigured].
func New(db store.UsageLog, options ...Option) (*Log, error) {
	l := &Log{db: db, capacity: 4096, batch: 100, drain: 10 * time.Second, logger: slog.New(slog.DiscardHandler)}
	problems.Apply(l, options)
	found := problems.New(store.ErrMisconfigured)
	found.Checkf(db != nil, "New got a nil store")
	problems.CheckRange(found, "WithCapacity", l.capacity, 1, 100_000)
	problems.CheckRange(found, "WithBatch", l.batch, 1, 1000)
	found.Checkf(l.drain > 0, "WithDrainTimeout got %v, want more than 0", l.drain)
	found.Checkf(l.logger != nil, "WithLogger got nil")
	if err := found.Err(); err != nil {
		return nil, err
	}
	l.queue = make(chan store.Usage, l.capacity)
	l.wake, l.turn = make(chan struct{}, 1), make(chan struct{}, 1)
	return l, nil
}

// Record queues the usage and never waits. It returns false, and counts the
// usage as dropped, when the queue is full or Run has ended. The slices of the
// usage must not be changed afterwards. Usages that are recorded before Run or
// Flush is called wait for it.
func (l *Log) Record(usage store.Usage) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if !l.closed {
		select {
		case l.queue <- usage:
			select {
			case l.wake <- struct{}{}:
			default: // Run has yet to look
			}
			return true
		default:
		}
	}
	l.dropped.Add(1)
	return false
}

// Dropped returns the number of usages that were recorded and not written: the
// queue was full, the drain timeout was over, the context of Flush ended while
// they were being written, or the store refused them, was unavailable for too
// long, or did not report whether it wrote them.
func (l *Log) Dropped() uint64 { return l.dropped.Load() }

// Queued returns the number of usages that wait to be written, without those
// that are being written.
func (l *Log) Queued() int { return len(l.queue) }

// Flush writes the usages that were recorded before the call, and returns nil
// when each of them is written or, for the reasons of Run, dropped. It writes
// them itself, so it needs no Run; beside Run or another Flush it also waits
// for the usages that those are writing.
//
// If the context ends first, Flush returns its error, wrapped. A batch that was
// being written is dropped, since the store may have written it; the others
// wait for the next Flush or Run.
func (l *Log) Flush(ctx context.Context) error {
	if err := l.writeQueue(ctx); err != nil {
		return fmt.Errorf("flushing the usages of API keys: %w", err)
	}
	return nil
}

// Run writes usages until the context ends, then writes the queue and returns
// nil. It returns [context.DeadlineExceeded], wrapped, when the drain timeout
// did not suffice, and [ErrAlreadyRun] when it is called a second time.
//
// While the store is unavailable a batch is retried four times within 1.5 s,
// and then dropped. A batch that the store refuses is written one usage at a
// time, so that an invalid one does not affect the others. These share the four
// retries; at the first other error the rest is dropped.
func (l *Log) Run(ctx context.Context) error {
	if !l.started.CompareAndSwap(false, true) {
		return ErrAlreadyRun
	}
	writing, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(l.drain):
			stop(context.DeadlineExceeded)
		case <-writing.Done():
		}
	})()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-l.wake:
			_ = l.writeQueue(writing) // it fails again below
		}
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	if l.writeQueue(writing) != nil {
		err := context.Cause(writing)
		if rest := l.gather(l.capacity); len(rest) > 0 {
			l.drop(writing, rest, err)
		}
		return fmt.Errorf("writing the last usages of API keys: %w", err)
	}
	return nil
}

// writeQueue writes what is in the queue when its turn comes, until the context
// ends.
func (l *Log) writeQueue(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	}
	for left := len(l.queue); left > 0 && ctx.Err() == nil; {
		batch := l.gather(min(left, l.batch))
		if len(batch) == 0 {
			break // the drain timeout of Run was over
		}
		l.write(ctx, batch)
		left -= len(batch)
	}
	return ctx.Err()
}

// gather takes up to n usages from the queue.
func (l *Log) gather(n int) (batch []store.Usage) {
	for len(batch) < n {
		select {
		case next := <-l.queue:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// write writes the batch, and drops and logs what it cannot write.
func (l *Log) write(ctx context.Context, batch []store.Usage) {
	again := retry.WithMaxRetries(retries, retry.NewExponential(firstWait))
	err := l.add(ctx, again, batch)
	if len(batch) > 1 && refused(err) {
		batch, err = l.writeEach(ctx, again, batch)
	}
	if err != nil {
		l.drop(ctx, batch, err)
	}
}

// writeEach writes a refused batch one usage at a time, and drops those that
// the store refuses. It stops at the first other error, which would cost its
// time for each of them, and returns the rest.
func (l *Log) writeEach(ctx context.Context, again retry.Backoff, batch []store.Usage) ([]store.Usage, error) {
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

func (l *Log) drop(ctx context.Context, batch []store.Usage, err error) {
	l.dropped.Add(uint64(len(batch)))
	l.logger.WarnContext(ctx, "usages of API keys were dropped", slog.Int("usages", len(batch)), logattr.Error(err))
}

// refused reports whether the store would refuse the batch again.
func refused(err error) bool {
	return errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInternal)
}

// add writes the usages, and retries while the store is unavailable. It does
// not retry after [store.ErrUnknownOutcome]: they may have been written.
func (l *Log) add(ctx context.Context, again retry.Backoff, usages []store.Usage) error {
	return retry.Do(ctx, again, func(ctx context.Context) error {
		err := l.db.AddUsage(ctx, usages...)
		if errors.Is(err, store.ErrUnavailable) {
			return retry.RetryableError(err)
		}
		return err
	})
}
