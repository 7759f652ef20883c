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

// slowKeys is a store whose queries take time, and fail if they are cancelled.
type slowKeys struct {
	*fakeKeys

	takes         time.Duration
	mu            sync.Mutex
	running, most int
	cut           int // queries that were cancelled
}

func (s *slowKeys) query(ctx context.Context) error {
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

func (s *slowKeys) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	if err := s.query(ctx); err != nil {
		return nil, err
	}
	return s.fakeKeys.FindKey(ctx, prefix)
}

func (s *slowKeys) MigrateKey(ctx context.Context, id, sha256 string) error {
	if err := s.query(ctx); err != nil {
		return err
	}
	return s.fakeKeys.MigrateKey(ctx, id, sha256)
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
					slow := &slowKeys{fakeKeys: newKeys(sha256Row()), takes: time.Second}
					ctx, cancel := end(t.Context())
					defer cancel()
					began := time.Now()
					_, _ = newRegistry(t, slow).Check(ctx, key)
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
		slow := &slowKeys{fakeKeys: newKeys(pbkdf2Row())}
		registry := newRegistry(t, slow)
		ctx, hangUp := context.WithCancel(t.Context())
		registry.compare = func(*djangoHash, string) (bool, time.Duration) { hangUp(); return true, 0 }
		_, _ = registry.Check(ctx, goodKey)
		assert.Equal(t, goodSHA256, slow.row("Gh4kLm2p").SHA256)
	})
}

func TestCheck_LookupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowKeys{fakeKeys: newKeys(), takes: 2 * time.Second}
		registry := newRegistry(t, slow)
		ctx, hangUp := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		left := 0
		for range 10 * maxLookups {
			callers.Go(func() {
				if _, err := registry.Check(ctx, "nobody12.wrong"); errors.Is(err, context.Canceled) {
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
		assert.Equal(t, 9*maxLookups, left, "callers that wait for a place leave at once")
		slow.mu.Unlock()
		callers.Wait()
		assert.Equal(t, maxLookups, slow.most)
		assert.Empty(t, registry.lookups)
	})
}

func TestCheck_LookupDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowKeys{fakeKeys: newKeys(sha256Row()), takes: time.Hour}
		registry := newRegistry(t, slow)
		var callers sync.WaitGroup
		check := func() {
			began := time.Now()
			_, err := registry.Check(t.Context(), goodKey)
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
			registry.lookups <- struct{}{}
		}
		check() // it gets no place
		assert.Equal(t, maxLookups, slow.cut)
	})
}
