package simulation

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go/store"
)

var (
	seeds   = flag.Uint64("seeds", 1200, "number of seeds to play")
	oneSeed = flag.Uint64("seed", 0, "the one seed to play, step by step")
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(1000) // much is made, little is kept
	goleak.VerifyTestMain(m)
}

// play plays the world of the seed, and returns its history, if that must be
// kept, with its content at the end.
func play(t *testing.T, seed uint64, under rig, keep bool) (history string, err error) {
	t.Helper()
	finished := false
	defer func() {
		if !finished {
			fmt.Fprintf(os.Stderr, "seed %d has not come to its end\n", seed)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		var w *world
		if w, err = newWorld(seed, under, keep); err != nil {
			return
		}
		err = w.play(t.Context())
		if err == nil {
			err = w.wrong
		}
		if keep {
			must(w.store.Good.Save(&w.history))
		}
		history = w.history.String()
	})
	finished = true
	return history, err
}

func TestSimulation(t *testing.T) {
	if *oneSeed != 0 {
		history, err := play(t, *oneSeed, rig{}, true)
		t.Log(history)
		require.NoError(t, err)
		return
	}
	var next atomic.Uint64
	for worker := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprintf("worker %d", worker), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1); seed <= *seeds && !t.Failed(); seed = next.Add(1) {
				_, err := play(t, seed, rig{}, false)
				require.NoError(t, err, "seed %d; step by step: go test ./simulation -run TestSimulation -v -args -seed %d", seed, seed)
			}
		})
	}
}

// The order of goroutines and the number of processors make no difference.
func TestPlay_SameSeed(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for seed := range uint64(50) {
		runtime.GOMAXPROCS(1)
		first, err := play(t, seed+1, rig{}, true)
		require.NoError(t, err)
		runtime.GOMAXPROCS(8)
		again, err := play(t, seed+1, rig{}, true)
		require.NoError(t, err)
		require.Equal(t, first, again, "seed %d", seed+1)
	}
}

// A simulation in which little happens proves little.
func TestPlay_Trouble(t *testing.T) {
	var all strings.Builder
	for seed := range uint64(100) {
		history, err := play(t, seed+1, rig{}, true)
		require.NoError(t, err)
		all.WriteString(history)
	}
	for _, c := range []string{"counted", "deduplicated", "left out", "the clock jumps by -", "MM2", "SCB", "HKY", "HBI", "SOG", "TCO", ": unchanged ", "score all in"} {
		assert.Contains(t, all.String(), c)
	}
	never := []error{store.ErrNotFound, store.ErrInvalid, store.ErrInternal, context.Canceled}
	for _, kind := range classes {
		if !isOneOf(kind, never...) {
			assert.Contains(t, all.String(), ": "+kind.Error())
		}
	}
}
