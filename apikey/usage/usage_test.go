package usage

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func newLog(t testing.TB, db store.UsageLog, options ...Option) *Log {
	t.Helper()
	log, err := New(db, options...)
	require.NoError(t, err)
	return log
}

// fakeUsage is a store that keeps what a Log has written.
type fakeUsage struct {
	mu      sync.Mutex
	written []store.Usage
	batches []int
	before  func(ctx context.Context, batch []store.Usage) error
}

func (u *fakeUsage) AddUsage(ctx context.Context, batch ...store.Usage) error {
	if u.before != nil {
		if err := u.before(ctx, batch); err != nil {
			return err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.written = append(u.written, batch...)
	u.batches = append(u.batches, len(batch))
	return nil
}

func (u *fakeUsage) paths() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var paths []string
	for _, usage := range u.written {
		paths = append(paths, usage.Path)
	}
	return paths
}

func call(n int) store.Usage { return store.Usage{KeyID: "id", At: noon, Path: strconv.Itoa(n)} }

func paths(from, to int) []string {
	var want []string
	for n := from; n < to; n++ {
		want = append(want, strconv.Itoa(n))
	}
	return want
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		log := newLog(t, &written, WithBatch(10))
		for n := range 25 {
			require.True(t, log.Record(call(n)))
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()
		synctest.Wait()
		assert.Equal(t, []int{10, 10, 5}, written.batches)
		require.True(t, log.Record(call(25)))
		synctest.Wait()
		assert.Zero(t, log.Queued())
		assert.Equal(t, paths(0, 26), written.paths(), "a single usage does not wait")
		stop()
		require.NoError(t, <-done)
		assert.Zero(t, log.Dropped())
	})
}

func TestRecord_Full(t *testing.T) {
	log := newLog(t, &fakeUsage{}, WithCapacity(3))
	for n := range 10 {
		assert.Equal(t, n < 3, log.Record(call(n)))
	}
	assert.EqualValues(t, 7, log.Dropped())
	assert.Equal(t, 3, log.Queued())
}

func TestRun_Drain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		written.before = func(ctx context.Context, _ []store.Usage) error {
			time.Sleep(100 * time.Millisecond)
			return ctx.Err()
		}
		log := newLog(t, &written, WithBatch(5))
		ctx, stop := context.WithCancel(t.Context())
		for n := range 50 {
			require.True(t, log.Record(call(n)))
		}
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()
		time.Sleep(150 * time.Millisecond)
		stop()
		require.NoError(t, <-done)
		assert.Equal(t, paths(0, 50), written.paths())
		assert.False(t, log.Record(call(50)), "it is closed")
		assert.EqualValues(t, 1, log.Dropped())
		require.ErrorIs(t, log.Run(t.Context()), ErrAlreadyRun)
	})
}

func TestRun_DrainTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		written.before = func(ctx context.Context, _ []store.Usage) error {
			<-ctx.Done() // a database that does not answer
			return ctx.Err()
		}
		log := newLog(t, &written, WithBatch(5), WithDrainTimeout(3*time.Second))
		for n := range 50 {
			require.True(t, log.Record(call(n)))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		require.ErrorIs(t, log.Run(ctx), context.DeadlineExceeded)
		assert.Equal(t, 4*time.Second, time.Since(began))
		assert.EqualValues(t, 50, log.Dropped(), "each usage that was not written is counted")
	})
}

func TestRun_Retry(t *testing.T) {
	for _, c := range []struct {
		name    string
		fails   int
		with    error
		written int
		dropped uint64
		calls   int
	}{
		{"back in time", 4, store.ErrUnavailable, 3, 0, 5},
		{"gone for long", 100, store.ErrUnavailable, 0, 3, 5},
		{"unknown outcome", 1, store.ErrUnknownOutcome, 0, 3, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var written fakeUsage
				calls := 0
				written.before = func(context.Context, []store.Usage) error {
					calls++
					if calls <= c.fails {
						return fmt.Errorf("add: %w", c.with)
					}
					return nil
				}
				var text bytes.Buffer
				log := newLog(t, &written, WithLogger(slog.New(slog.NewTextHandler(&text, nil))))
				for n := range 3 {
					log.Record(call(n))
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				require.NoError(t, log.Run(ctx))
				assert.Len(t, written.written, c.written)
				assert.Equal(t, c.dropped, log.Dropped())
				assert.Equal(t, c.calls, calls)
				assert.Equal(t, c.dropped > 0, text.Len() > 0)
			})
		})
	}
}

func TestRun_InvalidUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		written.before = func(_ context.Context, batch []store.Usage) error {
			for _, u := range batch {
				if u.Path == "2" {
					return store.ErrNotFound
				}
			}
			return nil
		}
		var text bytes.Buffer
		log := newLog(t, &written, WithLogger(slog.New(slog.NewTextHandler(&text, nil))))
		for n := range 5 {
			bad := call(n)
			bad.Query = []byte(`{"token":"s3cret"}`)
			log.Record(bad)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		require.NoError(t, log.Run(ctx))
		assert.Equal(t, []string{"0", "1", "3", "4"}, written.paths())
		assert.EqualValues(t, 1, log.Dropped())
		assert.Contains(t, text.String(), `level=WARN msg="usages of API keys were dropped" usages=1 kind=not_found error="not found"`)
		assert.NotContains(t, text.String(), "s3cret")
	})
}

// An outage that begins while a refused batch is written one by one takes no
// longer than another: otherwise the queue would overflow.
func TestRun_OutageInRefusedBatch(t *testing.T) {
	for _, c := range []struct {
		name    string
		instead func(calls int) error // of writing a single usage
		written int
		takes   time.Duration
	}{
		{"for good", func(calls int) error {
			if calls > 3 {
				return store.ErrUnavailable
			}
			return nil
		}, 3, 1500 * time.Millisecond},
		{"every other time", func(calls int) error {
			if calls%2 == 0 {
				return store.ErrUnavailable
			}
			return nil
		}, 5, 1500 * time.Millisecond},
		{"once", func(calls int) error {
			if calls == 3 {
				return store.ErrUnavailable
			}
			return nil
		}, 100, 100 * time.Millisecond},
		{"with an unknown outcome", func(calls int) error {
			if calls > 3 {
				return store.ErrUnknownOutcome
			}
			return nil
		}, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var written fakeUsage
				calls := 0
				written.before = func(_ context.Context, batch []store.Usage) error {
					if len(batch) > 1 {
						return store.ErrInvalid
					}
					calls++
					return c.instead(calls)
				}
				log := newLog(t, &written)
				for n := range 100 {
					require.True(t, log.Record(call(n)))
				}
				ended, end := context.WithCancel(t.Context())
				end()
				began := time.Now()
				require.NoError(t, log.Run(ended))
				assert.Equal(t, c.takes, time.Since(began))
				assert.Equal(t, paths(0, c.written), written.paths())
				assert.EqualValues(t, 100-c.written, log.Dropped())
			})
		})
	}
}

// Every usage is written or counted as dropped.
func TestRecord_Concurrent(t *testing.T) {
	var written fakeUsage
	log := newLog(t, &written, WithCapacity(50), WithBatch(7))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wait, running sync.WaitGroup
	running.Go(func() { assert.NoError(t, log.Run(ctx)) })
	for range 8 {
		wait.Go(func() {
			for n := range 2000 {
				log.Record(call(n))
				if n == 1500 {
					stop()
				}
			}
		})
	}
	wait.Wait()
	running.Wait()
	assert.EqualValues(t, 16_000, uint64(len(written.paths()))+log.Dropped())
	assert.NotEmpty(t, written.paths())
}

func TestNew_Misconfigured(t *testing.T) {
	log, err := New(nil, WithCapacity(math.MaxInt), WithBatch(0), WithDrainTimeout(0), WithLogger(nil))
	assert.Nil(t, log)
	require.ErrorIs(t, err, store.ErrMisconfigured)
	assert.Equal(t, []string{
		"misconfigured: New got a nil store", "misconfigured: WithCapacity got 9223372036854775807, want 1 to 100000",
		"misconfigured: WithBatch got 0, want 1 to 1000", "misconfigured: WithDrainTimeout got 0s, want more than 0",
		"misconfigured: WithLogger got nil",
	}, strings.Split(err.Error(), "\n"))
}

// The bounds themselves are accepted, and nothing beyond them is.
func TestOptions_Bounds(t *testing.T) {
	for _, option := range []Option{
		nil, WithCapacity(1), WithCapacity(100_000), WithBatch(1), WithBatch(1000), WithDrainTimeout(1), WithDrainTimeout(math.MaxInt64),
	} {
		_, err := New(&fakeUsage{}, option)
		require.NoError(t, err)
	}
	for want, options := range map[string][]Option{
		"WithCapacity got ": {WithCapacity(-1), WithCapacity(100_001)}, "WithBatch got ": {WithBatch(-1), WithBatch(1001)},
		"WithDrainTimeout got ": {WithDrainTimeout(-time.Second)},
	} {
		for _, option := range options {
			_, err := New(&fakeUsage{}, option)
			require.ErrorIs(t, err, store.ErrMisconfigured)
			require.ErrorContains(t, err, want)
		}
	}
}
