package apikey

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// slowWork stands in for PBKDF2: it takes its time on the bubble's clock and
// counts what it took.
type slowWork struct {
	each    time.Duration
	spent   atomic.Int64
	running atomic.Int32
	most    atomic.Int32
}

func (w *slowWork) derive(h *djangoHash, key string) (bool, time.Duration) {
	w.most.Store(max(w.most.Load(), w.running.Add(1)))
	defer w.running.Add(-1)
	w.spent.Add(int64(w.each))
	time.Sleep(w.each)
	return key == "owner"+h.salt+".right", w.each
}

// slowRow is a key whose owner sends "owner<n>.right".
func slowRow(n int) store.Key {
	prefix := fmt.Sprintf("owner%d", n)
	return store.Key{
		ID: prefix, Prefix: prefix, Account: 1,
		Hash: fmt.Sprintf("pbkdf2_sha256$600000$%d$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM=", n),
	}
}

func slowChecker(t *testing.T, work *slowWork, prefixes int, options ...Option) *Checker {
	t.Helper()
	var keys []store.Key
	for n := range prefixes {
		keys = append(keys, slowRow(n))
	}
	checker := newChecker(t, newRows(keys...), options...)
	checker.derive = work.derive
	return checker
}

// attack sends 200 keys a second for the given time, each as often as told, and
// returns when the last of them has been answered.
func attack(t *testing.T, checker *Checker, lasts time.Duration, repeat int, wait *sync.WaitGroup) {
	t.Helper()
	for n := range int(lasts / (5 * time.Millisecond)) {
		wait.Go(func() {
			time.Sleep(time.Duration(n) * 5 * time.Millisecond)
			_, err := checker.Check(t.Context(), fmt.Sprintf("owner0.guess%d", n/repeat))
			if !errors.Is(err, ErrRefused) && !errors.Is(err, ErrBusy) {
				t.Errorf("a guess got %v", err)
			}
		})
	}
}

const pbkdf2Takes = 150 * time.Millisecond // 600 000 iterations

func TestAFloodCostsAFewPercentOfOneProcessor(t *testing.T) {
	for _, repeat := range []int{1, 2, 20} {
		t.Run(fmt.Sprintf("each guess %d times", repeat), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				work := &slowWork{each: pbkdf2Takes}
				var wait sync.WaitGroup
				attack(t, slowChecker(t, work, 1, WithSlowChecks(4)), time.Minute, repeat, &wait)
				wait.Wait()
				spent := time.Duration(work.spent.Load())
				assert.Less(t, spent, 2450*time.Millisecond, "2 % of 65 s, and 1 s that was saved up")
				assert.Greater(t, spent, time.Second, "and it is not simply turned off")
				assert.EqualValues(t, 1, work.most.Load(), "one prefix has one check at a time")
			})
		})
	}
}

func TestAFloodHardlyReadsTheRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := &slowWork{each: pbkdf2Takes}
		checker := slowChecker(t, work, 1)
		checker.derive = func(h *djangoHash, key string) (bool, time.Duration) {
			time.Sleep(9 * pbkdf2Takes) // it works a tenth of the time
			return work.derive(h, key)
		}
		read := 0
		checker.rows.(*rows).find = func(string) error { read++; return nil }
		var wait sync.WaitGroup
		attack(t, checker, time.Minute, 1, &wait)
		wait.Wait()
		// Once a second, and the line behind each that is hashed.
		assert.Greater(t, read, 60)
		assert.Less(t, read, 200, "of 12 000")
	})
}

// A key whose SHA-256 another process has stored while guesses pour in gets in
// when it asks again, and at once when a second has passed.
func TestAKeyThatHasBecomeFastElsewhereGetsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := slowChecker(t, &slowWork{each: pbkdf2Takes}, 1)
		var wait sync.WaitGroup
		attack(t, checker, 20*time.Second, 1, &wait)
		time.Sleep(10*time.Second + time.Millisecond)
		require.NoError(t, checker.rows.MigrateKey(t.Context(), "owner0", sha256Text("owner0.right")))
		_, err := checker.Check(t.Context(), "owner0.right")
		require.ErrorIs(t, err, ErrBusy)
		_, err = checker.Check(t.Context(), "owner0.right")
		require.NoError(t, err)

		require.NoError(t, checker.rows.(*rows).RevokeKey(t.Context(), "owner0"))
		time.Sleep(hashFresh + time.Millisecond)
		_, err = checker.Check(t.Context(), "owner0.other")
		require.ErrorIs(t, err, ErrRefused)
		wait.Wait()
	})
}

// attempts returns how often the owner had to ask, once a second, and how long
// that took.
func attempts(t *testing.T, checker *Checker, key string) (int, time.Duration) {
	t.Helper()
	began := time.Now()
	for n := 1; ; n++ {
		_, err := checker.Check(t.Context(), key)
		if err == nil {
			return n, time.Since(began)
		}
		require.ErrorIs(t, err, ErrBusy)
		require.Less(t, n, 1000)
		time.Sleep(time.Second)
	}
}

func TestAnOwnerGetsInUnderAFloodOfGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := slowChecker(t, &slowWork{each: pbkdf2Takes}, 1)
		var wait sync.WaitGroup
		attack(t, checker, time.Minute, 1, &wait)
		time.Sleep(30*time.Second + time.Millisecond)
		asked, took := attempts(t, checker, "owner0.right")
		assert.Equal(t, 2, asked)
		assert.Less(t, took, 2*time.Second)
		wait.Wait()
	})
}

func TestAnOwnerIsNotForgottenAmongManyGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := slowChecker(t, &slowWork{each: pbkdf2Takes}, 1)
		for n := range 10 {
			_, _ = checker.Check(t.Context(), fmt.Sprintf("owner0.first%d", n))
		}
		_, err := checker.Check(t.Context(), "owner0.right")
		require.ErrorIs(t, err, ErrBusy)
		for n := range 40_000 {
			_, err := checker.Check(t.Context(), fmt.Sprintf("owner0.guess%d", n))
			require.ErrorIs(t, err, ErrBusy)
		}
		_, err = checker.Check(t.Context(), "owner0.right")
		require.NoError(t, err)
	})
}

func TestAnOwnerGetsInThoughGuessesAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := slowChecker(t, &slowWork{each: pbkdf2Takes}, 1)
		var wait sync.WaitGroup
		attack(t, checker, 5*time.Minute, 3, &wait)
		time.Sleep(30*time.Second + time.Millisecond)
		asked, took := attempts(t, checker, "owner0.right")
		t.Log(asked, took)
		assert.Greater(t, asked, 1)
		assert.Less(t, took, 2*time.Minute, "at most the guesses that were in line before it, 7.5 s each")
		wait.Wait()
	})
}

// An attacker that asks with many guesses before the owner does, and goes on
// asking with them, has no precedence over the owner: half of the checks go to a
// key drawn by lot.
func TestGuard_SeededGuesses(t *testing.T) {
	const perSecond = 8.7 // guesses
	const runs = 10
	var total time.Duration
	for seed := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) {
			checker := slowChecker(t, &slowWork{each: pbkdf2Takes}, 1)
			checker.guard.queue.random = rand.New(rand.NewPCG(seed, seed))
			const guesses = 2000 // four hours of the budget
			for n := range guesses {
				_, _ = checker.Check(t.Context(), fmt.Sprintf("owner0.guess%d", n))
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var attack sync.WaitGroup
			attack.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					attack.Go(func() { _, _ = checker.Check(ctx, fmt.Sprintf("owner0.guess%d", n%guesses)) })
					interval := float64(time.Second) / perSecond
					time.Sleep(time.Duration(interval))
				}
			})
			time.Sleep(time.Minute)
			asked, took := attempts(t, checker, "owner0.right")
			t.Logf("seed %d: let in after %d attempts in %v", seed, asked, took)
			assert.Less(t, took, time.Hour)
			total += took
			stop()
			attack.Wait()
		})
	}
	assert.Less(t, total/runs, 15*time.Minute, "in the mean")
}

// A guess that was refused is not remembered as one that asked before, or an
// attacker could go round.
func TestGuard_RefusedGuessLosesItsSeniority(t *testing.T) {
	checker := slowChecker(t, &slowWork{}, 1)
	_, err := checker.Check(t.Context(), "owner0.wrong")
	require.ErrorIs(t, err, ErrRefused)
	assert.Zero(t, checker.guard.attempts.Len())
}

func TestOtherOwnersDoNotNoticeAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := slowChecker(t, &slowWork{each: pbkdf2Takes}, 20)
		var wait sync.WaitGroup
		attack(t, checker, time.Minute, 1, &wait)
		time.Sleep(10 * time.Second)
		for n := 1; n < 20; n++ {
			asked, took := attempts(t, checker, fmt.Sprintf("owner%d.right", n))
			assert.Equal(t, 1, asked)
			assert.LessOrEqual(t, took, 2*pbkdf2Takes)
			time.Sleep(time.Second)
		}
		wait.Wait()
	})
}

func TestEqualKeysAreHashedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := &slowWork{each: pbkdf2Takes}
		checker := slowChecker(t, work, 1)
		for _, key := range []string{"owner0.wrong", "owner0.right"} {
			work.spent.Store(0)
			var wait sync.WaitGroup
			for range 100 {
				wait.Go(func() {
					_, err := checker.Check(t.Context(), key)
					assert.Equal(t, key == "owner0.right", err == nil, err)
				})
			}
			wait.Wait()
			assert.Equal(t, pbkdf2Takes, time.Duration(work.spent.Load()))
		}
	})
}

func TestARefusalIsRemembered(t *testing.T) {
	work := &slowWork{}
	checker := slowChecker(t, work, 1)
	hashed := 0
	checker.derive = func(*djangoHash, string) (bool, time.Duration) { hashed++; return false, 0 }
	for range 500 {
		_, err := checker.Check(t.Context(), "owner0.wrong")
		require.Equal(t, ErrRefused, err)
	}
	assert.Equal(t, 1, hashed)
}

func TestAtMostNSlowChecksRun(t *testing.T) {
	for _, n := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			work := &slowWork{each: pbkdf2Takes}
			checker := slowChecker(t, work, 10, WithSlowChecks(n))
			var wait sync.WaitGroup
			for owner := range 10 {
				wait.Go(func() {
					_, err := checker.Check(t.Context(), fmt.Sprintf("owner%d.right", owner))
					assert.NoError(t, err)
				})
			}
			wait.Wait()
			assert.EqualValues(t, n, work.most.Load())
		})
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := slowChecker(t, &slowWork{each: 3 * time.Second}, 2)
		go func() { _, _ = checker.Check(t.Context(), "owner0.wrong") }()
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := checker.Check(ctx, "owner1.right")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
		time.Sleep(3 * time.Second)
		_, err = checker.Check(t.Context(), "owner1.right")
		require.NoError(t, err)
		assert.Empty(t, checker.guard.checks)
		assert.Empty(t, checker.guard.queue.checks)
	})
}

func TestNobodyWaitsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checker := slowChecker(t, &slowWork{each: time.Minute}, 2)
		go func() { _, _ = checker.Check(t.Context(), "owner0.wrong") }()
		synctest.Wait()
		began := time.Now()
		_, err := checker.Check(t.Context(), "owner1.right")
		require.ErrorIs(t, err, ErrBusy)
		assert.Equal(t, longestWait, time.Since(began))
		time.Sleep(time.Minute)
	})
}

func TestWhatTheGuardHoldsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const owners = 50
		checker := slowChecker(t, &slowWork{each: time.Second}, owners)
		var wait sync.WaitGroup
		for n := range 16384 {
			wait.Go(func() {
				// Twice each, so that many of them are in line.
				_, _ = checker.Check(t.Context(), fmt.Sprintf("owner%d.guess%d", n%owners, n/2/owners))
			})
		}
		synctest.Wait()
		g := checker.guard
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
			_, _ = checker.Check(t.Context(), fmt.Sprintf("owner%d.another%d", n%owners, n))
		}
		assert.LessOrEqual(t, g.attempts.Len(), maxAttempts)
	})
}

func TestAPanicLeavesTheGuardUsable(t *testing.T) {
	checker := slowChecker(t, &slowWork{}, 1)
	honest := checker.derive
	checker.derive = func(*djangoHash, string) (bool, time.Duration) { panic("boom") }
	assert.Panics(t, func() { _, _ = checker.Check(t.Context(), "owner0.right") })
	checker.derive = honest
	_, err := checker.Check(t.Context(), "owner0.right")
	require.NoError(t, err)
}

func TestBudget(t *testing.T) {
	start := time.Now()
	b := newBudget(time.Second, 0.02, start)
	assert.Zero(t, b.wait(false, start))
	b.charge(600*time.Millisecond, start)
	assert.InDelta(t, 5*time.Second, b.wait(false, start), float64(time.Microsecond), "0.1 s are missing to the half")
	assert.Zero(t, b.wait(true, start))
	b.charge(time.Hour, start)
	assert.InDelta(t, 50*time.Second, b.wait(true, start), float64(time.Microsecond), "the debt is bounded")
	assert.Zero(t, b.wait(true, start.Add(51*time.Second)))
	assert.Zero(t, b.wait(false, start.Add(10000*time.Hour)))
	assert.Equal(t, time.Second, b.level)
	assert.Zero(t, b.wait(false, start), "a clock that is put back takes nothing")
}
