package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// Under -race this shows that no two methods race.
func TestStore_Concurrent(t *testing.T) {
	mem := newStore(t)
	require.NoError(t, mem.AddCredentials(t.Context(), alice, credential("Google", "g")))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				snapshot, err := mem.Load(t.Context(), store.Query{
					Community: community, Addresses: []store.Address{alice}, Points: &store.PointsQuery{Lists: []string{"og"}},
				})
				if !assert.NoError(t, err) {
					return
				}
				if _, err := mem.Apply(t.Context(), scoring(snapshot)); !errors.Is(err, store.ErrConflict) {
					assert.NoError(t, err)
				}
				_, err = mem.LastScore(t.Context(), community, alice)
				assert.True(t, err == nil || errors.Is(err, store.ErrNotFound))
			}
		})
		all.Go(func() {
			name := fmt.Sprint("p", i)
			for range 5 {
				assert.NoError(t, mem.AddCredentials(t.Context(), alice, credential(name, "n")))
				_, err := mem.RevokeCredentials(t.Context(), "proof of "+name)
				assert.NoError(t, err)
				assert.NoError(t, mem.PutCommunity(t.Context(), store.Community{ID: int64(100 + i), Name: name}))
				assert.NoError(t, mem.PutAddressList(t.Context(), "og", alice))
				assert.NoError(t, mem.Save(io.Discard))
				assert.NoError(t, mem.SetState(mem.State()))
			}
		})
	}
	all.Wait()
	again := memstore.New()
	require.NoError(t, again.Restore(strings.NewReader(save(t, mem))))
	equalStates(t, mem.State(), again.State())
}

// A call that waits for another one reads the clock and the context afterwards.
func TestStore_Waits(t *testing.T) {
	locked, release := make(chan struct{}), make(chan struct{})
	now := noon()
	var first sync.Once
	mem := memstore.New(memstore.WithClock(func() time.Time {
		first.Do(func() {
			close(locked)
			<-release
		})
		return now
	}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { assert.NoError(t, mem.PutAddressList(t.Context(), "first", alice)) })
	<-locked // and the first call holds the lock
	waiting := make(chan error, 2)
	all.Go(func() { waiting <- mem.PutAddressList(ctx, "second", alice) })
	all.Go(func() {
		_, err := mem.Load(ctx, store.Query{})
		waiting <- err
	})
	all.Go(func() { assert.NoError(t, mem.AddCredentials(t.Context(), alice, credential("Google"))) })
	time.Sleep(10 * time.Millisecond) // they wait now, or begin to later
	cancel()
	now = now.Add(time.Hour)
	close(release)
	all.Wait()
	require.ErrorIs(t, <-waiting, context.Canceled)
	require.ErrorIs(t, <-waiting, context.Canceled)
	state := mem.State()
	assert.Len(t, state.Lists, 1)
	assert.Equal(t, now, state.Credentials[0].UpdatedAt)
}
