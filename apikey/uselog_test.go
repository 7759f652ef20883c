package apikey

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func use(n int) store.Use { return store.Use{KeyID: "id", At: noon, Path: strconv.Itoa(n)} }

func paths(from, to int) []string {
	var want []string
	for n := from; n < to; n++ {
		want = append(want, strconv.Itoa(n))
	}
	return want
}

func TestUsesAreWrittenInBatchesAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written uses
		log := newUseLog(t, &written, WithUseBatch(10))
		for n := range 25 {
			require.True(t, log.Record(use(n)))
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()
		synctest.Wait()
		assert.Equal(t, []int{10, 10, 5}, written.batches)
		require.True(t, log.Record(use(25)))
		synctest.Wait()
		assert.Equal(t, paths(0, 26), written.paths(), "a single use does not wait for company")
		stop()
		require.NoError(t, <-done)
		assert.Zero(t, log.Dropped())
	})
}

func TestRecordNeverWaits(t *testing.T) {
	log := newUseLog(t, &uses{}, WithUseCapacity(3))
	for n := range 10 {
		assert.Equal(t, n < 3, log.Record(use(n)))
	}
	assert.EqualValues(t, 7, log.Dropped())
}

func TestWhatIsQueuedIsWrittenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written uses
		written.before = func(ctx context.Context, _ []store.Use) error {
			time.Sleep(100 * time.Millisecond)
			return ctx.Err()
		}
		log := newUseLog(t, &written, WithUseBatch(5))
		ctx, stop := context.WithCancel(t.Context())
		for n := range 50 {
			require.True(t, log.Record(use(n)))
		}
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()
		time.Sleep(150 * time.Millisecond)
		stop()
		require.NoError(t, <-done)
		assert.Equal(t, paths(0, 50), written.paths())
		assert.False(t, log.Record(use(50)), "it is closed")
		assert.EqualValues(t, 1, log.Dropped())
		require.ErrorIs(t, log.Run(t.Context()), ErrAlreadyRun)
	})
}

func TestTheTimeToDrainIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written uses
		written.before = func(ctx context.Context, _ []store.Use) error {
			<-ctx.Done() // a database that does not answer
			return ctx.Err()
		}
		log := newUseLog(t, &written, WithUseBatch(5), WithDrainTimeout(3*time.Second))
		for n := range 50 {
			require.True(t, log.Record(use(n)))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		require.ErrorIs(t, log.Run(ctx), context.DeadlineExceeded)
		assert.Equal(t, 4*time.Second, time.Since(began))
		assert.EqualValues(t, 50, log.Dropped(), "all that was not written is counted")
	})
}

func TestABatchIsTriedAgainWhileTheStoreIsUnavailable(t *testing.T) {
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
		{"unknown outcome: never twice", 1, store.ErrUnknownOutcome, 0, 3, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var written uses
				calls := 0
				written.before = func(context.Context, []store.Use) error {
					calls++
					if calls <= c.fails {
						return fmt.Errorf("add: %w", c.with)
					}
					return nil
				}
				var text bytes.Buffer
				log := newUseLog(t, &written, WithUseLogger(slog.New(slog.NewTextHandler(&text, nil))))
				for n := range 3 {
					log.Record(use(n))
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

func TestOneBadUseDoesNotTakeOthersWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written uses
		written.before = func(_ context.Context, batch []store.Use) error {
			for _, u := range batch {
				if u.Path == "2" {
					return store.ErrNotFound
				}
			}
			return nil
		}
		var text bytes.Buffer
		log := newUseLog(t, &written, WithUseLogger(slog.New(slog.NewTextHandler(&text, nil))))
		for n := range 5 {
			bad := use(n)
			bad.Query = []byte(`{"token":"s3cret"}`)
			log.Record(bad)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		require.NoError(t, log.Run(ctx))
		assert.Equal(t, []string{"0", "1", "3", "4"}, written.paths())
		assert.EqualValues(t, 1, log.Dropped())
		assert.NotContains(t, text.String(), "s3cret")
	})
}

// An outage that begins behind a refused batch takes no longer than another: the
// uses are not waited for one by one, or the queue would overflow meanwhile.
func TestAnOutageThatBeginsWhileABatchIsSplitIsWaitedOutOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		instead func(call int) error // of writing a single use
		written int
		takes   time.Duration
	}{
		{"for good", func(call int) error {
			if call > 3 {
				return store.ErrUnavailable
			}
			return nil
		}, 3, 1500 * time.Millisecond},
		{"every other time", func(call int) error {
			if call%2 == 0 {
				return store.ErrUnavailable
			}
			return nil
		}, 5, 1500 * time.Millisecond},
		{"once", func(call int) error {
			if call == 3 {
				return store.ErrUnavailable
			}
			return nil
		}, 100, 100 * time.Millisecond},
		{"with an unknown outcome", func(call int) error {
			if call > 3 {
				return store.ErrUnknownOutcome
			}
			return nil
		}, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var written uses
				calls := 0
				written.before = func(_ context.Context, batch []store.Use) error {
					if len(batch) > 1 {
						return store.ErrInvalid
					}
					calls++
					return c.instead(calls)
				}
				log := newUseLog(t, &written)
				for n := range 100 {
					require.True(t, log.Record(use(n)))
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

// Every use is written or counted as dropped, whenever it is recorded.
func TestNoUseIsLostUncounted(t *testing.T) {
	var written uses
	log := newUseLog(t, &written, WithUseCapacity(50), WithUseBatch(7))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wait, running sync.WaitGroup
	running.Go(func() { assert.NoError(t, log.Run(ctx)) })
	for range 8 {
		wait.Go(func() {
			for n := range 2000 {
				log.Record(use(n))
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
