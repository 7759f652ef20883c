package slowcheck

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

var errRefused = errors.New("refused")

// lookups checks keys as a registry does. The owner of prefix "owner<n>" sends
// "owner<n>.right". A comparison stands in for PBKDF2: it takes its time on the
// bubble's clock.
type lookups struct {
	guard *Guard
	each  time.Duration // of work
	takes time.Duration // of one comparison; each if it is 0

	read    atomic.Int64 // rows
	spent   atomic.Int64 // work
	running atomic.Int32
	most    atomic.Int32
	panics  bool
}

func newLookups(each time.Duration, atOnce int) *lookups {
	return &lookups{guard: New(atOnce, 0.1), each: each}
}

func (l *lookups) check(ctx context.Context, key string) error {
	prefix, secret, _ := strings.Cut(key, ".")
	if l.guard.RejectEarly(prefix, key) {
		return ErrBusy
	}
	l.read.Add(1)
	matches, err := l.guard.Check(ctx, prefix, "hash of "+prefix, key, func() (bool, time.Duration) {
		l.most.Store(max(l.most.Load(), l.running.Add(1)))
		defer l.running.Add(-1)
		if l.panics {
			panic("boom")
		}
		l.spent.Add(int64(l.each))
		time.Sleep(max(l.each, l.takes))
		return secret == "right", l.each
	})
	if err == nil && !matches {
		return errRefused
	}
	return err
}

// attack sends 200 keys a second for the given time, each of them repeat times.
func attack(t *testing.T, l *lookups, lasts time.Duration, repeat int, wait *sync.WaitGroup) {
	t.Helper()
	for n := range int(lasts / (5 * time.Millisecond)) {
		wait.Go(func() {
			time.Sleep(time.Duration(n) * 5 * time.Millisecond)
			err := l.check(t.Context(), fmt.Sprintf("owner0.guess%d", n/repeat))
			if !errors.Is(err, errRefused) && !errors.Is(err, ErrBusy) {
				t.Errorf("a guess got %v", err)
			}
		})
	}
}

const pbkdf2Takes = 150 * time.Millisecond // 600,000 iterations

// attempts returns how often the owner had to ask, once a second, and how long
// that took.
func attempts(t *testing.T, l *lookups, key string) (int, time.Duration) {
	t.Helper()
	began := time.Now()
	for n := 1; ; n++ {
		err := l.check(t.Context(), key)
		if err == nil {
			return n, time.Since(began)
		}
		require.ErrorIs(t, err, ErrBusy)
		require.Less(t, n, 1000)
		time.Sleep(time.Second)
	}
}

func TestGuard_FloodCost(t *testing.T) {
	for _, repeat := range []int{1, 2, 20} {
		t.Run(fmt.Sprintf("each guess %d times", repeat), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLookups(pbkdf2Takes, 4)
				var wait sync.WaitGroup
				attack(t, l, time.Minute, repeat, &wait)
				wait.Wait()
				spent := time.Duration(l.spent.Load())
				assert.Less(t, spent, 2450*time.Millisecond, "2 % of 65 s, and 1 s of savings")
				assert.Greater(t, spent, time.Second, "slow checks are not simply turned off")
				assert.EqualValues(t, 1, l.most.Load(), "one prefix has one check at a time")
			})
		})
	}
}

func TestGuard_FloodReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(pbkdf2Takes, 1)
		l.takes = 10 * pbkdf2Takes // it works a tenth of the time
		var wait sync.WaitGroup
		attack(t, l, time.Minute, 1, &wait)
		wait.Wait()
		// One a second, and the queue behind each key that is hashed.
		assert.Greater(t, l.read.Load(), int64(60))
		assert.Less(t, l.read.Load(), int64(200), "of 12,000")
	})
}

func TestGuard_Flood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(pbkdf2Takes, 1)
		var wait sync.WaitGroup
		attack(t, l, time.Minute, 1, &wait)
		time.Sleep(30*time.Second + time.Millisecond)
		asked, took := attempts(t, l, "owner0.right")
		assert.Equal(t, 2, asked)
		assert.Less(t, took, 2*time.Second)
		wait.Wait()
	})
}

func TestGuard_ManyGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(pbkdf2Takes, 1)
		for n := range 10 {
			_ = l.check(t.Context(), fmt.Sprintf("owner0.first%d", n))
		}
		err := l.check(t.Context(), "owner0.right")
		require.ErrorIs(t, err, ErrBusy)
		for n := range 40_000 {
			err := l.check(t.Context(), fmt.Sprintf("owner0.guess%d", n))
			require.ErrorIs(t, err, ErrBusy)
		}
		err = l.check(t.Context(), "owner0.right")
		require.NoError(t, err)
	})
}

func TestGuard_RepeatedGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(pbkdf2Takes, 1)
		var wait sync.WaitGroup
		attack(t, l, 5*time.Minute, 3, &wait)
		time.Sleep(30*time.Second + time.Millisecond)
		asked, took := attempts(t, l, "owner0.right")
		t.Log(asked, took)
		assert.Greater(t, asked, 1)
		assert.Less(t, took, 2*time.Minute, "at most the guesses that were queued before it, 7.5 s each")
		wait.Wait()
	})
}

// An attacker that sends many guesses before the owner's key, and keeps sending
// them, does not take precedence: half of the checks go to a key drawn by lot.
func TestGuard_SeededGuesses(t *testing.T) {
	const perSecond = 8.7 // guesses
	const runs = 10
	var total time.Duration
	for seed := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) {
			l := newLookups(pbkdf2Takes, 1)
			l.guard.queue.random = rand.New(rand.NewPCG(seed, seed))
			const guesses = 2000 // four hours of the budget
			for n := range guesses {
				_ = l.check(t.Context(), fmt.Sprintf("owner0.guess%d", n))
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var attack sync.WaitGroup
			attack.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					attack.Go(func() { _ = l.check(ctx, fmt.Sprintf("owner0.guess%d", n%guesses)) })
					interval := float64(time.Second) / perSecond
					time.Sleep(time.Duration(interval))
				}
			})
			time.Sleep(time.Minute)
			asked, took := attempts(t, l, "owner0.right")
			t.Logf("seed %d: accepted after %d attempts in %v", seed, asked, took)
			assert.Less(t, took, time.Hour)
			total += took
			stop()
			attack.Wait()
		})
	}
	assert.Less(t, total/runs, 15*time.Minute, "on average")
}

// A refused guess counts as new when it is repeated. Otherwise an attacker
// could send the same guesses in turns.
func TestGuard_RefusedGuess(t *testing.T) {
	l := newLookups(0, 1)
	err := l.check(t.Context(), "owner0.wrong")
	require.ErrorIs(t, err, errRefused)
	assert.Zero(t, l.guard.attempts.Len())
}

func TestGuard_OtherOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(pbkdf2Takes, 1)
		var wait sync.WaitGroup
		attack(t, l, time.Minute, 1, &wait)
		time.Sleep(10 * time.Second)
		for n := 1; n < 20; n++ {
			asked, took := attempts(t, l, fmt.Sprintf("owner%d.right", n))
			assert.Equal(t, 1, asked)
			assert.LessOrEqual(t, took, 2*pbkdf2Takes)
			time.Sleep(time.Second)
		}
		wait.Wait()
	})
}

func TestGuard_EqualKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(pbkdf2Takes, 1)
		for _, key := range []string{"owner0.wrong", "owner0.right"} {
			l.spent.Store(0)
			var wait sync.WaitGroup
			for range 100 {
				wait.Go(func() {
					err := l.check(t.Context(), key)
					assert.Equal(t, key == "owner0.right", err == nil, err)
				})
			}
			wait.Wait()
			assert.Equal(t, pbkdf2Takes, time.Duration(l.spent.Load()))
		}
	})
}

func TestGuard_RefusalCached(t *testing.T) {
	l := newLookups(1, 1)
	for range 500 {
		err := l.check(t.Context(), "owner0.wrong")
		require.Equal(t, errRefused, err)
	}
	assert.EqualValues(t, 1, l.spent.Load())
}

func TestGuard_AtOnce(t *testing.T) {
	for _, n := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			l := newLookups(pbkdf2Takes, n)
			var wait sync.WaitGroup
			for owner := range 10 {
				wait.Go(func() {
					err := l.check(t.Context(), fmt.Sprintf("owner%d.right", owner))
					assert.NoError(t, err)
				})
			}
			wait.Wait()
			assert.EqualValues(t, n, l.most.Load())
		})
	}
}

func TestGuard_Context(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(3*time.Second, 1)
		go func() { _ = l.check(t.Context(), "owner0.wrong") }()
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := l.check(ctx, "owner1.right")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
		time.Sleep(3 * time.Second)
		err = l.check(t.Context(), "owner1.right")
		require.NoError(t, err)
		assert.Empty(t, l.guard.checks)
		assert.Empty(t, l.guard.queue.checks)
	})
}

func TestGuard_LongestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLookups(time.Minute, 1)
		go func() { _ = l.check(t.Context(), "owner0.wrong") }()
		synctest.Wait()
		began := time.Now()
		err := l.check(t.Context(), "owner1.right")
		require.ErrorIs(t, err, ErrBusy)
		assert.Equal(t, longestWait, time.Since(began))
		time.Sleep(time.Minute)
	})
}

func TestGuard_Bounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const owners = 50
		l := newLookups(time.Second, 1)
		var wait sync.WaitGroup
		for n := range 16384 {
			wait.Go(func() {
				// Each of them twice, so that many are queued.
				_ = l.check(t.Context(), fmt.Sprintf("owner%d.guess%d", n%owners, n/2/owners))
			})
		}
		synctest.Wait()
		g := l.guard
		g.mu.Lock()
		assert.LessOrEqual(t, len(g.queue.checks), maxQueue)
		assert.LessOrEqual(t, len(g.checks), maxQueue+1)
		for _, c := range g.checks {
			assert.LessOrEqual(t, c.callers, maxCallers)
		}
		g.mu.Unlock()
		wait.Wait()
		assert.Empty(t, g.queue.checks)
		assert.Empty(t, g.checks)
		assert.Equal(t, 1, g.free)
		for n := range 2 * maxAttempts {
			_ = l.check(t.Context(), fmt.Sprintf("owner%d.another%d", n%owners, n))
		}
		assert.LessOrEqual(t, g.attempts.Len(), maxAttempts)
	})
}

func TestGuard_Panic(t *testing.T) {
	l := newLookups(0, 1)
	l.panics = true
	assert.Panics(t, func() { _ = l.check(t.Context(), "owner0.right") })
	l.panics = false
	err := l.check(t.Context(), "owner0.right")
	require.NoError(t, err)
}

func TestErrBusy(t *testing.T) {
	require.ErrorIs(t, ErrBusy, store.ErrUnavailable)
}

func TestBudget(t *testing.T) {
	start := time.Now()
	b := newBudget(time.Second, 0.02, start)
	assert.Zero(t, b.wait(false, start))
	b.charge(600*time.Millisecond, start)
	assert.InDelta(t, 5*time.Second, b.wait(false, start), float64(time.Microsecond), "0.1 s short of the half")
	assert.Zero(t, b.wait(true, start))
	b.charge(time.Hour, start)
	assert.InDelta(t, 50*time.Second, b.wait(true, start), float64(time.Microsecond), "the debt is bounded")
	assert.Zero(t, b.wait(true, start.Add(51*time.Second)))
	assert.Zero(t, b.wait(false, start.Add(10000*time.Hour)))
	assert.Equal(t, time.Second, b.level)
	assert.Zero(t, b.wait(false, start), "a clock that is set back costs nothing")
}
