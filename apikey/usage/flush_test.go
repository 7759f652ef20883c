package usage

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// recorded returns a log with n usages in its queue.
func recorded(t *testing.T, db store.UsageLog, n int, options ...Option) *Log {
	t.Helper()
	log := newLog(t, db, options...)
	for i := range n {
		require.True(t, log.Record(call(i)))
	}
	return log
}

func TestFlush(t *testing.T) {
	var written fakeUsage
	log := recorded(t, &written, 25, WithBatch(10))
	require.NoError(t, log.Flush(t.Context()))
	assert.Equal(t, []int{10, 10, 5}, written.batches, "without Run")
	require.NoError(t, log.Flush(t.Context()), "there is nothing to write")
	require.True(t, log.Record(call(25)))
	require.NoError(t, log.Flush(t.Context()))
	assert.Equal(t, paths(0, 26), written.paths())
	assert.Zero(t, log.Dropped())
}

// Usages that Run has taken from the queue may not be written yet.
func TestFlush_BesideRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		written.before = func(context.Context, []store.Usage) error { time.Sleep(time.Second); return nil }
		log := recorded(t, &written, 25, WithBatch(10))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()
		time.Sleep(1500 * time.Millisecond)
		for n := 25; n < 30; n++ {
			require.True(t, log.Record(call(n)))
		}
		require.NoError(t, log.Flush(t.Context()))
		assert.Equal(t, paths(0, 30), written.paths())
		stop()
		require.NoError(t, <-done)
		require.NoError(t, log.Flush(t.Context()), "after Run")
	})
}

// Only what was recorded before the call is waited for, however much follows.
func TestFlush_Later(t *testing.T) {
	var written fakeUsage
	log := recorded(t, &written, 3, WithBatch(1))
	written.before = func(context.Context, []store.Usage) error { log.Record(call(99)); return nil }
	require.NoError(t, log.Flush(t.Context()))
	assert.Equal(t, paths(0, 3), written.paths())
}

func TestFlush_ContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		written.before = func(ctx context.Context, batch []store.Usage) error {
			if batch[0].Path == "10" {
				<-ctx.Done() // a database that does not answer
			}
			return ctx.Err()
		}
		log := recorded(t, &written, 25, WithBatch(5))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		require.ErrorIs(t, log.Flush(ctx), context.DeadlineExceeded)
		assert.Equal(t, paths(0, 10), written.paths())
		assert.EqualValues(t, 5, log.Dropped(), "the batch that may have been written")
		require.ErrorIs(t, log.Flush(ctx), context.DeadlineExceeded)
		assert.EqualValues(t, 5, log.Dropped(), "nothing was taken")
		require.NoError(t, log.Flush(t.Context()), "the rest has waited")
		assert.Len(t, written.paths(), 20)
	})
}

// A Flush that must wait for another ends with its own context.
func TestFlush_ContextEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		written.before = func(context.Context, []store.Usage) error { time.Sleep(time.Minute); return nil }
		log := recorded(t, &written, 1)
		done := make(chan error)
		go func() { done <- log.Flush(t.Context()) }()
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		require.ErrorIs(t, log.Flush(ctx), context.DeadlineExceeded)
		require.NoError(t, <-done)
		assert.Equal(t, paths(0, 1), written.paths())
	})
}

func TestFlush_Drops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		fails := store.ErrUnavailable
		written.before = func(context.Context, []store.Usage) error { return fails }
		log := recorded(t, &written, 3)
		began := time.Now()
		require.NoError(t, log.Flush(t.Context()), "dropped, as by Run")
		assert.Equal(t, 1500*time.Millisecond, time.Since(began), "after the retries of Run")
		assert.EqualValues(t, 3, log.Dropped())
		fails = nil
		require.NoError(t, log.Flush(t.Context()))
		assert.Empty(t, written.paths())
	})
}

// A Run whose drain timeout is over while another writes drops what is left.
func TestRun_DrainTimeoutBesideFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written fakeUsage
		written.before = func(context.Context, []store.Usage) error { time.Sleep(time.Minute); return nil }
		log := recorded(t, &written, 3, WithBatch(1), WithDrainTimeout(time.Second))
		done := make(chan error)
		go func() { done <- log.Flush(t.Context()) }()
		synctest.Wait()
		ended, end := context.WithCancel(t.Context())
		end()
		require.ErrorIs(t, log.Run(ended), context.DeadlineExceeded)
		require.NoError(t, <-done)
		assert.Equal(t, paths(0, 1), written.paths())
		assert.EqualValues(t, 2, log.Dropped())
	})
}

// Every usage is written once or counted as dropped, whichever function wrote
// it.
func TestFlush_Concurrent(t *testing.T) {
	var written fakeUsage
	log := newLog(t, &written, WithCapacity(50), WithBatch(7))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wait, running sync.WaitGroup
	running.Go(func() { assert.NoError(t, log.Run(ctx)) })
	for range 8 {
		wait.Go(func() {
			for n := range 1000 {
				log.Record(call(n))
				if n%10 == 0 {
					assert.NoError(t, log.Flush(t.Context()))
				}
			}
		})
	}
	wait.Wait()
	stop()
	running.Wait()
	assert.EqualValues(t, 8000, uint64(len(written.paths()))+log.Dropped())
}
