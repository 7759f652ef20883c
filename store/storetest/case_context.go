package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

var aliceAtNoon = store.Query{Community: community, Addresses: []store.Address{alice}, At: noon}

func contextCases() []Case {
	return []Case{
		{Name: "Load after the end", run: func(w *world) {
			_, err := w.Load(w.ended(), aliceAtNoon)
			require.ErrorIs(w.t, err, context.Canceled)
			assert.NotErrorIs(w.t, err, store.ErrInternal)
		}},
		{Name: "Load after the deadline", run: func(w *world) {
			ctx, cancel := context.WithDeadline(w.ctx, time.Unix(0, 0))
			defer cancel()
			_, err := w.Load(ctx, aliceAtNoon)
			assert.ErrorIs(w.t, err, context.DeadlineExceeded)
		}},
		{Name: "Apply after the end", run: func(w *world) {
			changes := w.scored([]store.Address{alice})
			w.unchanged(func() {
				_, err := w.Apply(w.ended(), changes)
				require.ErrorIs(w.t, err, context.Canceled)
				assert.False(w.t, store.Retryable(err))
				assert.NotErrorIs(w.t, err, store.ErrInternal)
			})
		}},
		{Name: "Apply after calls that were cancelled", run: func(w *world) {
			changes := w.scored([]store.Address{alice})
			for range 20 {
				_, err := w.Apply(w.ended(), changes)
				require.ErrorIs(w.t, err, context.Canceled)
			}
			w.apply(changes)
		}},
		{Name: "Load while it runs", run: func(w *world) {
			w.midway(func(ctx context.Context) error {
				_, err := w.Load(ctx, aliceAtNoon)
				return err
			})
			w.load(alice)
		}},
		{Name: "Apply while it runs", run: func(w *world) {
			changes := w.scored([]store.Address{alice}, events(numbered(alice, "1"), numbered(alice, "2")))
			written, unknown := w.midway(func(ctx context.Context) error {
				_, err := w.Apply(ctx, changes)
				return err
			})
			w.apply(changes)
			recorded := len(w.state().Events)
			assert.Zero(w.t, recorded%2, "half of a change set")
			assert.GreaterOrEqual(w.t, recorded, 2*(written+1))
			assert.LessOrEqual(w.t, recorded, 2*(written+unknown+1))
		}},
		{Name: "Load leaves no goroutine", run: func(w *world) {
			w.leavesNone(func() { w.load(alice) })
		}},
		{Name: "Apply leaves no goroutine", run: func(w *world) {
			changes := w.scored([]store.Address{alice})
			w.leavesNone(func() { w.apply(changes) })
		}},
	}
}

// midway makes 300 calls whose contexts end while they run, each after a number
// of looks at it. It returns how many succeeded all the same, and of how many
// the outcome is unknown.
func (w *world) midway(call func(context.Context) error) (succeeded, unknown int) {
	w.t.Helper()
	const calls, looks = 300, 30
	for i := range calls {
		ctx, end := context.WithCancel(w.ctx)
		ending := &endingContext{Context: ctx, end: end}
		ending.left.Store(int64(1 + i%looks))
		err := call(ending)
		ended := ctx.Err() != nil
		end()
		switch {
		case err == nil:
			succeeded++
			assert.Positive(w.t, i%looks, "a store must look at its context again after the beginning of a call")
		case !ended:
			require.NoError(w.t, err)
		default:
			require.ErrorIs(w.t, err, context.Canceled)
			assert.False(w.t, store.Retryable(err))
			if errors.Is(err, store.ErrUnknownOutcome) {
				unknown++
			}
		}
	}
	return succeeded, unknown
}

// endingContext ends by itself after a number of looks at it.
type endingContext struct {
	context.Context

	left atomic.Int64
	end  context.CancelFunc
}

func (c *endingContext) look() {
	if c.left.Add(-1) == 0 {
		c.end()
	}
}

func (c *endingContext) Done() <-chan struct{} {
	defer c.look()
	return c.Context.Done()
}

func (c *endingContext) Err() error {
	defer c.look()
	return c.Context.Err()
}

// leavesNone demands that goroutines which a call starts do not pile up.
func (w *world) leavesNone(call func()) {
	w.t.Helper()
	call() // what is started once may stay
	const calls, most = 40, 20
	label := fmt.Sprintf("%p", w)
	pprof.Do(w.ctx, pprof.Labels("storetest", label), func(context.Context) {
		for range calls {
			call()
		}
	})
	left := 0
	for range 200 {
		if left = goroutines(label); left < most {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	assert.Less(w.t, left, most, "goroutines that %d calls have left", calls)
}

// goroutines returns how many there are with the label, which a goroutine has
// from the one that started it.
func goroutines(label string) (n int) {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		panic(err) // a buffer takes everything
	}
	alike := 0
	for line := range strings.Lines(profile.String()) {
		if count, _, begins := strings.Cut(line, " @ "); begins {
			alike, _ = strconv.Atoi(count)
		} else if strings.HasPrefix(line, "# labels:") && strings.Contains(line, label) {
			n += alike
		}
	}
	return n
}
