package passport

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

func TestLowerASCII(t *testing.T) {
	for text, want := range map[string]string{
		"AMZ":     "amz",
		"amz":     "amz",
		"@[`{":    "@[`{",
		"0xÀĀΑ":   "0xÀĀΑ",
		"\u212a":  "\u212a", // the Kelvin sign, whose lower case is k
		"did:PKH": "did:pkh",
	} {
		assert.Equal(t, want, lowerASCII(text))
	}
}

// processors sets the number of processors for the test.
func processors(t *testing.T, n int) {
	t.Helper()
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func TestParallel(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100} {
		calls := make([]atomic.Int32, n)
		require.NoError(t, parallel(t.Context(), n, func(i int) error {
			calls[i].Add(1)
			return nil
		}))
		for i := range calls {
			assert.EqualValues(t, 1, calls[i].Load(), "call %d of %d", i, n)
		}
	}
}

func TestParallel_Processors(t *testing.T) {
	for name, c := range map[string]struct{ calls, processors, together int }{
		"more calls than processors": {calls: 9, processors: 3, together: 3},
		"more processors than calls": {calls: 2, processors: 4, together: 2},
		"one processor":              {calls: 3, processors: 1, together: 1},
	} {
		t.Run(name, func(t *testing.T) {
			processors(t, c.processors)
			synctest.Test(t, func(t *testing.T) {
				var begun atomic.Int32
				release := make(chan struct{})
				ended := make(chan error)
				go func() {
					ended <- parallel(t.Context(), c.calls, func(int) error {
						begun.Add(1)
						<-release
						return nil
					})
				}()
				synctest.Wait()
				assert.EqualValues(t, c.together, begun.Load())
				close(release)
				require.NoError(t, <-ended)
				assert.EqualValues(t, c.calls, begun.Load())
			})
			assert.Equal(t, c.processors, runtime.GOMAXPROCS(0), "their number is unchanged")
		})
	}
}

func TestParallel_Failure(t *testing.T) {
	processors(t, 1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		ctx   context.Context
		work  func(int) error
		begun int
		want  string
	}{
		"an error":              {t.Context(), func(int) error { return broken }, 1, "broken"},
		"a panic":               {t.Context(), func(int) error { panic("boom") }, 1, "verifying a credential panicked: boom"},
		"an ended context":      {ended, func(int) error { return nil }, 0, "context canceled"},
		"an error of the third": {t.Context(), func(i int) error { return map[int]error{2: broken}[i] }, 3, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			begun := 0
			err := parallel(c.ctx, 10, func(i int) error {
				begun++
				return c.work(i)
			})
			require.EqualError(t, err, c.want)
			assert.Equal(t, c.begun, begun)
		})
	}
}

// A host's verifier may end its goroutine, as a failed test does. Its
// credential must not count as verified.
func TestParallel_Goexit(t *testing.T) {
	processors(t, 2)
	exited := make(chan struct{})
	err := parallel(t.Context(), 2, func(int) error {
		if bytes.Contains(debug.Stack(), []byte("testing.tRunner(")) { // the caller's own goroutine
			<-exited
			return nil
		}
		close(exited)
		runtime.Goexit()
		return nil
	})
	require.EqualError(t, err, "verifying a credential ended its goroutine")
}

// A store reads whatever the verifier accepts, written with white space as a
// store writes it, and claims for whatever it lists.
func TestBounds(t *testing.T) {
	assert.GreaterOrEqual(t, store.MaxDocumentBytes, 2*credential.MaxSize)
	assert.Greater(t, store.MaxDocumentDepth, credential.MaxDepth)
	assert.Equal(t, credential.MaxNullifiers, store.MaxNullifiers)
	assert.Equal(t, credential.ReasonTooLarge, Reason(store.OmittedTooLarge))
}

func TestOmitted(t *testing.T) {
	for why, want := range map[store.Omission]struct {
		reason Reason
		why    string
	}{
		"":                    {"", ""},
		store.OmittedTooMany:  {ReasonTooManyCredentials, "the wallet has more than 1000 credentials, or more than 4194304 bytes of them, newer ones first"},
		store.OmittedTooLarge: {credential.ReasonTooLarge, "it has more than 131072 bytes or 1000 levels"},
		"a store's own":       {"a store's own", "the store has omitted it"},
	} {
		reason, text := omitted(why)
		assert.Equal(t, want.reason, reason)
		assert.Equal(t, want.why, text)
	}
}

func TestParallel_LateError(t *testing.T) {
	processors(t, 2)
	synctest.Test(t, func(t *testing.T) {
		late := errors.New("late")
		err := parallel(t.Context(), 2, func(i int) error {
			if i == 0 {
				synctest.Wait() // for the other goroutine, which finds no more work
				return late
			}
			return nil
		})
		assert.Equal(t, late, err)
	})
}

func TestParallel_StopsAfterError(t *testing.T) {
	processors(t, 2)
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		early := errors.New("early")
		err := parallel(t.Context(), 1000, func(i int) error {
			calls.Add(1)
			if i == 0 {
				return early
			}
			synctest.Wait() // for the goroutine that has failed
			return nil
		})
		assert.Equal(t, early, err)
		assert.LessOrEqual(t, calls.Load(), int64(2))
	})
}
