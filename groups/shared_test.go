package groups_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
)

// outcome is what a call of a cache returned.
type outcome struct {
	got []passport.Group
	err error
}

// begin calls in a goroutine, and returns once all goroutines wait.
func begin(ctx context.Context, cache *groups.Cache, addresses ...passport.Address) <-chan outcome {
	ended := make(chan outcome, 1)
	go func() {
		got, err := cache.GroupsOf(ctx, addresses...)
		ended <- outcome{got, err}
	}()
	synctest.Wait()
	return ended
}

// slowly makes each call of the source take a second.
func slowly(ctx context.Context, _ int) error {
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Callers that need the same wallets share calls; others ask for theirs.
func TestCache_Shared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &origin{groups: []passport.Group{of("1", alice, bob)}, before: slowly}
		cache := newCache(t, source)
		first := begin(t.Context(), cache, alice)
		second := begin(t.Context(), cache, alice)
		third := begin(t.Context(), cache, carol, alice, bob)
		assert.Equal(t, []string{"a11c", "ca40 b0b0"}, source.asked())
		one := of("1", alice, bob)
		assert.Equal(t, outcome{got: []passport.Group{one}}, <-first)
		assert.Equal(t, outcome{got: []passport.Group{one}}, <-second)
		assert.Equal(t, outcome{got: []passport.Group{{}, one, one}}, <-third)
		assert.Empty(t, source.asked())
	})
}

// A failure is that of all who share the call. The next caller asks again.
func TestCache_SharedFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("away")
		source := &origin{err: broken, before: slowly}
		cache := newCache(t, source)
		first, second := begin(t.Context(), cache, alice), begin(t.Context(), cache, bob, alice)
		require.ErrorIs(t, (<-first).err, broken)
		require.ErrorIs(t, (<-second).err, broken)
		assert.Equal(t, []string{"a11c", "b0b0"}, source.asked())
		source.set(nil)
		_, err := cache.GroupsOf(t.Context(), alice)
		require.NoError(t, err)
	})
}

// A caller that leaves ends its call of the source, and costs no other an
// answer.
func TestCache_Leaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &origin{groups: []passport.Group{of("1", alice, bob)}, before: slowly}
		cache := newCache(t, source)
		leading, leave := context.WithCancel(t.Context())
		waiting, tire := context.WithCancel(t.Context())
		first, second, third := begin(leading, cache, alice), begin(waiting, cache, alice), begin(t.Context(), cache, alice)
		tire()
		require.ErrorIs(t, (<-second).err, context.Canceled)
		leave()
		require.ErrorIs(t, (<-first).err, context.Canceled)
		assert.Equal(t, outcome{got: []passport.Group{of("1", alice, bob)}}, <-third)
		assert.Equal(t, []string{"a11c", "a11c"}, source.asked())
		_, err := cache.GroupsOf(leading, alice)
		require.NoError(t, err, "a kept answer costs no time")
	})
}

// A source that panics does so for its caller. Others that share the call get
// an error, and the next caller asks again.
func TestCache_Panic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &origin{}
		source.before = func(_ context.Context, call int) error {
			time.Sleep(time.Second)
			if call == 1 {
				panic("of the source")
			}
			return nil
		}
		cache := newCache(t, source)
		thrown := make(chan any)
		go func() {
			defer func() { thrown <- recover() }()
			_, _ = cache.GroupsOf(t.Context(), alice)
		}()
		synctest.Wait()
		second := begin(t.Context(), cache, alice)
		assert.Equal(t, "of the source", <-thrown)
		require.ErrorContains(t, (<-second).err, "panicked")
		_, err := cache.GroupsOf(t.Context(), alice)
		require.NoError(t, err)
	})
}

// Many callers, failures and changes at once leave the cache as it should be.
func TestCache_Together(t *testing.T) {
	source := &origin{groups: []passport.Group{of("1", alice, bob)}}
	cache := newCache(t, source, groups.WithFresh(1), groups.WithStale(time.Microsecond))
	wallets := []passport.Address{alice, bob, carol}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 500 {
				ctx, cancel := context.WithCancel(t.Context())
				if n%7 == 0 {
					cancel()
				}
				switch rand.IntN(20) {
				case 0:
					source.set(errors.New("away"))
				case 1:
					source.set(nil, of("2", bob, carol))
				case 2:
					source.set(nil, of("1", alice, bob))
				}
				from := rand.IntN(3)
				asked := wallets[from : from+1+rand.IntN(3-from)]
				got, err := cache.GroupsOf(ctx, asked...)
				if err == nil {
					assert.Len(t, got, len(asked))
				}
				cancel()
			}
		})
	}
	wg.Wait()
	source.set(nil, of("1", alice, bob))
	time.Sleep(time.Microsecond)
	got, err := cache.GroupsOf(t.Context(), alice, carol)
	require.NoError(t, err)
	assert.Equal(t, []passport.Group{of("1", alice, bob), {}}, got)
}
