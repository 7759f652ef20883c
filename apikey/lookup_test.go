package apikey

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

// slowRows take their time to find a key, and fail if the query is cancelled.
type slowRows struct {
	*rows

	takes         time.Duration
	mu            sync.Mutex
	running, most int
	cut           int // queries that were cancelled
}

func (s *slowRows) query(ctx context.Context) error {
	s.mu.Lock()
	s.running++
	s.most = max(s.most, s.running)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
	}()
	select {
	case <-ctx.Done():
		s.mu.Lock()
		s.cut++
		s.mu.Unlock()
		return ctx.Err()
	case <-time.After(s.takes):
		return nil
	}
}

func (s *slowRows) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	if err := s.query(ctx); err != nil {
		return nil, err
	}
	return s.rows.FindKey(ctx, prefix)
}

func (s *slowRows) MigrateKey(ctx context.Context, id, sha256 string) error {
	if err := s.query(ctx); err != nil {
		return err
	}
	return s.rows.MigrateKey(ctx, id, sha256)
}

func TestCheck_CallerLeaves(t *testing.T) {
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"hangs up": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Millisecond, cancel)
			return ctx, cancel
		},
		"sets a short deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Millisecond)
		},
	} {
		for _, key := range []string{goodKey, "nobody12.wrong"} {
			t.Run(name+" "+key[:8], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					slow := &slowRows{rows: newRows(sha256Row()), takes: time.Second}
					ctx, cancel := end(t.Context())
					defer cancel()
					began := time.Now()
					_, _ = newChecker(t, slow).Check(ctx, key)
					assert.Equal(t, slow.takes, time.Since(began), "the query runs to its end")
					assert.Zero(t, slow.cut)
				})
			})
		}
	}
}

// The work of a slow check is not lost when the caller that caused it leaves.
func TestCheck_MigratesAfterCallerLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowRows{rows: newRows(pbkdf2Row())}
		checker := newChecker(t, slow)
		ctx, hangUp := context.WithCancel(t.Context())
		checker.derive = func(*djangoHash, string) (bool, time.Duration) { hangUp(); return true, 0 }
		_, _ = checker.Check(ctx, goodKey)
		assert.Equal(t, goodSHA256, slow.row("Gh4kLm2p").SHA256)
	})
}

func TestCheck_LookupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowRows{rows: newRows(), takes: 2 * time.Second}
		checker := newChecker(t, slow)
		ctx, hangUp := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		left := 0
		for range 10 * maxLookups {
			callers.Go(func() {
				if _, err := checker.Check(ctx, "nobody12.wrong"); errors.Is(err, context.Canceled) {
					slow.mu.Lock()
					left++
					slow.mu.Unlock()
				}
			})
		}
		synctest.Wait()
		hangUp()
		synctest.Wait()
		slow.mu.Lock()
		assert.Equal(t, maxLookups, slow.running)
		assert.Equal(t, 9*maxLookups, left, "those that wait for a place leave at once")
		slow.mu.Unlock()
		callers.Wait()
		assert.Equal(t, maxLookups, slow.most)
		assert.Empty(t, checker.lookups)
	})
}

func TestCheck_LookupDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowRows{rows: newRows(sha256Row()), takes: time.Hour}
		checker := newChecker(t, slow)
		var callers sync.WaitGroup
		check := func() {
			began := time.Now()
			_, err := checker.Check(t.Context(), goodKey)
			assert.ErrorIs(t, err, store.ErrUnavailable)
			assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller has none")
			assert.Equal(t, lookupTimeout, time.Since(began))
		}
		for range maxLookups {
			callers.Go(check)
		}
		callers.Wait()
		assert.Equal(t, maxLookups, slow.cut)
		for range maxLookups {
			checker.lookups <- struct{}{}
		}
		check() // it gets no place
		assert.Equal(t, maxLookups, slow.cut)
	})
}
