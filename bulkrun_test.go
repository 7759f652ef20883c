package passport_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

func TestScoreAll_Away(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		times int
		ends  bool
	}{
		"for a moment":            {store.ErrUnavailable, 3, false},
		"for good":                {store.ErrUnavailable, 1000, true},
		"unknown outcome":         {store.ErrUnknownOutcome, 1, false},
		"unknown outcome, always": {store.ErrUnknownOutcome, 1000, true},
	} {
		t.Run(name, func(t *testing.T) {
			world, h, engine, addresses := newCrowd(t, 30)
			calls := 0
			h.apply = func(changes *store.Changes) error {
				if changes.Wallets[0].Address != store.Address(addresses[10]) || calls == c.times {
					return nil
				}
				calls++
				assert.Len(t, changes.Wallets, 10, "a batch stays whole")
				return store.Errorf("apply", c.err, "no answer")
			}
			scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithBatchSize(10)))
			if c.ends {
				require.ErrorIs(t, err, c.err)
				assert.Len(t, scored, 10, "those before it are final")
				assert.Equal(t, 6, calls, "the retry policy decides")
				return
			}
			require.NoError(t, err)
			assert.Len(t, scored, 30)
			assert.Equal(t, c.times, calls)
		})
	}
}

func TestScoreAll_Community(t *testing.T) {
	world, _, engine, addresses := newCrowd(t, 20)
	scored, err := all(engine.ScoreAll(t.Context(), 99, slices.Values(addresses), passport.WithBatchSize(5)))
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)
	assert.Empty(t, scored)

	_, err = all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	before := world.Store.State()
	broken := before
	broken.Communities = slices.Clone(before.Communities)
	broken.Communities[0].Weights = []byte(`{"Google":"much"}`)
	require.NoError(t, world.Store.SetState(broken))
	scored, err = all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithBatchSize(5)))
	require.ErrorIs(t, err, passport.ErrInvalidWeights)
	var impossible *passport.ScoringError
	require.ErrorAs(t, err, &impossible)
	assert.Empty(t, scored)
	assert.Equal(t, before.Scores, world.Store.State().Scores, "the good scores stay")
}

func TestScoreAll_Break(t *testing.T) {
	for name, leave := range map[string]func(run iter.Seq2[passport.Scored, error]){
		"break": func(run iter.Seq2[passport.Scored, error]) {
			for range run {
				break
			}
		},
		"panic": func(run iter.Seq2[passport.Scored, error]) {
			defer func() { _ = recover() }()
			for range run {
				panic("enough")
			}
		},
		"goexit": func(run iter.Seq2[passport.Scored, error]) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range run {
					runtime.Goexit()
				}
			}()
			<-done
		},
		"pull": func(run iter.Seq2[passport.Scored, error]) {
			next, stop := iter.Pull2(run)
			_, _, _ = next()
			stop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			world, _, engine, addresses := newCrowd(t, 60)
			before := runtime.NumGoroutine()
			leave(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithBatchSize(2), passport.WithWorkers(4)))
			// A goroutine is counted for a moment after it has said that it is done.
			for i := 0; i < 1000 && runtime.NumGoroutine() > before; i++ {
				time.Sleep(time.Millisecond)
			}
			assert.LessOrEqual(t, runtime.NumGoroutine(), before, "all goroutines have ended when the run has")
		})
	}
}

// A fault ends a run at once, however many addresses there are.
func TestScoreAll_Endless(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 40, passport.WithRetry(func() retry.Backoff { return nil }))
	h.apply = func(*store.Changes) error { return store.ErrUnavailable }
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, func(yield func(string) bool) {
		for i := 0; yield(addresses[i%len(addresses)]); i++ {
		}
	}, passport.WithBatchSize(2)))
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.Empty(t, scored)
}

// A run that was left has returned when its calls of the store have.
func TestScoreAll_BreakWaits(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 20)
	var working atomic.Int32
	h.apply = func(*store.Changes) error {
		working.Add(1)
		defer working.Add(-1)
		time.Sleep(20 * time.Millisecond)
		return nil
	}
	for range engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithBatchSize(1), passport.WithWorkers(4)) {
		break
	}
	assert.Zero(t, working.Load())
}

// meeting is a store whose first calls wait until so many are under way.
type meeting struct {
	store.Store

	loads, applies gathering
}

type gathering struct {
	missing atomic.Int32
	met     chan struct{}
}

func (g *gathering) join(ctx context.Context) error {
	if g.missing.Add(-1) == 0 {
		close(g.met)
	}
	select {
	case <-g.met:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *meeting) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if err := m.loads.join(ctx); err != nil {
		return nil, err
	}
	return m.Store.Load(ctx, q)
}

func (m *meeting) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if err := m.applies.join(ctx); err != nil {
		return nil, err
	}
	return m.Store.Apply(ctx, c)
}

func TestWithWorkers(t *testing.T) {
	const workers = 4
	world, h, engine, addresses := newCrowd(t, 5*workers)
	m := &meeting{Store: h.Store}
	for _, g := range []*gathering{&m.loads, &m.applies} {
		g.missing.Store(workers)
		g.met = make(chan struct{})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	scored, err := all(engine.On(m).ScoreAll(ctx, world.Community, slices.Values(addresses), passport.WithBatchSize(1), passport.WithWorkers(workers)))
	require.NoError(t, err, "as many batches are loaded, and written, as there are workers")
	assert.Len(t, scored, 5*workers)
}

// A batch is loaded while the one before it is written.
func TestScoreAll_Overlap(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 3)
	o := &overlapping{Store: h.Store, second: make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	scored, err := all(engine.On(o).ScoreAll(ctx, world.Community, slices.Values(addresses), passport.WithBatchSize(1), passport.WithWorkers(1)))
	require.NoError(t, err)
	assert.Len(t, scored, 3)
}

// overlapping is a store whose Apply waits for a second Load.
type overlapping struct {
	store.Store

	loads  atomic.Int32
	second chan struct{}
}

func (o *overlapping) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if o.loads.Add(1) == 2 {
		close(o.second)
	}
	return o.Store.Load(ctx, q)
}

func (o *overlapping) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	select {
	case <-o.second:
		return o.Store.Apply(ctx, c)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A batch waits for each batch that has one of its addresses.
func TestScoreAll_After(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 4)
	slow := &late{Store: h.Store, of: store.Address(addresses[1])}
	given := []string{addresses[0], addresses[2], addresses[1], addresses[3], addresses[0], addresses[1]}
	scored, err := all(engine.On(slow).ScoreAll(t.Context(), world.Community, slices.Values(given), passport.WithBatchSize(2), passport.WithWorkers(4)))
	require.NoError(t, err)
	require.Len(t, scored, 6)
	assert.Nil(t, scored[2].Result.Before)
	assert.NotNil(t, scored[4].Result.Before)
	assert.NotNil(t, scored[5].Result.Before)
}

// late is a store that takes its time to write an address.
type late struct {
	store.Store

	of store.Address
}

func (l *late) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if slices.ContainsFunc(c.Wallets, func(w store.WalletChanges) bool { return w.Address == l.of }) {
		time.Sleep(50 * time.Millisecond)
	}
	return l.Store.Apply(ctx, c)
}

// These errors would be those of every other wallet.
func TestScoreAll_EveryonesError(t *testing.T) {
	const refused = "42501"
	for _, kind := range []error{
		passport.ErrMisconfigured, store.ErrNotFound, store.ErrReadOnly, store.ErrSchema, &store.Error{Kind: store.ErrInternal, SQLState: refused},
	} {
		world, h, engine, addresses := newCrowd(t, 3)
		h.load = func(store.Query) error { return kind }
		scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
		require.ErrorIs(t, err, kind)
		assert.Empty(t, scored)
		assert.Len(t, h.loads, 1)
	}
}

func TestScoreAll_Cancelled(t *testing.T) {
	world, _, engine, addresses := newCrowd(t, 40)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var yielded int
	var ended error
	for s, err := range engine.ScoreAll(ctx, world.Community, slices.Values(addresses), passport.WithBatchSize(4)) {
		if err != nil {
			ended = err
			continue
		}
		require.NoError(t, s.Err, "the end of the context is no wallet's fault")
		if yielded++; yielded == 4 {
			cancel()
		}
	}
	require.ErrorIs(t, ended, context.Canceled)
	assert.Less(t, yielded, 40)
	assert.GreaterOrEqual(t, len(world.Store.State().Scores), yielded)

	_, err := all(engine.ScoreAll(ctx, world.Community, slices.Values([]string{})))
	require.ErrorIs(t, err, context.Canceled, "it may have ended the addresses")
}

func TestScoreAll_Panic(t *testing.T) {
	for text, stop := range map[string]func(){
		"scoring a batch panicked: index out of range": func() { panic("index out of range") },
		"scoring a batch ended its goroutine":          runtime.Goexit,
	} {
		t.Run(text, func(t *testing.T) {
			world, h, engine, addresses := newCrowd(t, 20)
			h.load = func(q store.Query) error {
				if slices.Contains(q.Addresses, store.Address(addresses[8])) {
					stop()
				}
				return nil
			}
			scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithBatchSize(4)))
			require.ErrorContains(t, err, text)
			assert.Len(t, scored, 8)
		})
	}
}

// A run holds as much memory at the end of many addresses as at its start.
func TestScoreAll_FlatMemory(t *testing.T) {
	world, _, engine, addresses := newCrowd(t, 500)
	const total = 10_000
	taken, n := 0, 0
	source := func(yield func(string) bool) {
		for i := range total {
			if taken++; !yield(addresses[i%len(addresses)]) {
				return
			}
		}
	}
	var live []uint64
	engine = engine.LeavingUnchanged(time.Hour) // the store must not grow
	for s, err := range engine.ScoreAll(t.Context(), world.Community, source) {
		require.NoError(t, err)
		require.NoError(t, s.Err)
		n++
		assert.LessOrEqual(t, taken-n, 7*passport.DefaultBatchSize, "addresses are taken as they are needed")
		if n%1000 == 0 {
			runtime.GC()
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			live = append(live, stats.HeapAlloc)
		}
	}
	require.Equal(t, total, n)
	assert.Less(t, slices.Max(live[5:]), slices.Max(live[:5])+(4<<20))
}

func TestScoreAll_NoRetry(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 4, passport.WithRetry(func() retry.Backoff { return nil }))
	h.apply = func(*store.Changes) error { return store.ErrUnavailable }
	_, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.Len(t, h.loads, 1)
}

// An error that ends a run is logged, unless it is the caller's.
func TestScoreAll_Log(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	world, h, engine, addresses := newCrowd(t, 4, passport.WithLogger(logger), passport.WithRetry(func() retry.Backoff { return nil }))
	run := func(ctx context.Context, community int64) error {
		log.Reset()
		_, err := all(engine.ScoreAll(ctx, community, slices.Values(addresses)))
		require.ErrorContains(t, err, fmt.Sprintf("scoring community %d: ", community))
		return err
	}
	require.ErrorIs(t, run(t.Context(), 99), passport.ErrCommunityNotFound)
	assert.Empty(t, log.String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, world.Community), context.Canceled)
	assert.Empty(t, log.String())
	h.apply = func(*store.Changes) error { return store.ErrUnavailable }
	require.ErrorIs(t, run(t.Context(), world.Community), store.ErrUnavailable)
	assert.Regexp(t, `^time=\S+ level=ERROR msg="bulk scoring failed" operation=score_all community=1 duration_ms=[0-9.]+ kind=unavailable error="scoring community 1: .*"\n$`, log.String())

	log.Reset()
	h.apply = func(c *store.Changes) error {
		if len(c.Wallets) > 2 {
			return store.ErrConflict
		}
		return nil
	}
	_, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	assert.Regexp(t, `^time=\S+ level=DEBUG msg="a batch is scored in halves" operation=score_all community=1 wallets=4 attempts=1 kind=conflict error=".*conflict.*"\n$`, log.String())
}
