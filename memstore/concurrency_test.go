package memstore_test

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

const writers = 64

func wallet(i int) string { return fmt.Sprintf("0x%040x", i) }

func TestOneOfManyWalletsGetsANullifier(t *testing.T) {
	mem := newStore(t)
	var all sync.WaitGroup
	outcomes := make([]error, writers)
	for i := range writers {
		all.Go(func() {
			snapshot, err := mem.Load(t.Context(), store.Query{Community: community, Addresses: []string{wallet(i)}})
			if !assert.NoError(t, err) {
				return
			}
			changes := scoring(snapshot)
			changes.Claims = []store.Claim{{Nullifier: "n", Address: wallet(i), ExpiresAt: nextYear()}}
			_, outcomes[i] = mem.Apply(t.Context(), changes)
		})
	}
	all.Wait()

	var winner string
	for i, err := range outcomes {
		if err == nil {
			assert.Empty(t, winner, "one only")
			winner = wallet(i)
			continue
		}
		require.ErrorIs(t, err, store.ErrConflict)
	}
	assert.Equal(t, []string{"n " + winner}, table(t, mem, "registry_hashscorerlink", "hash", "address"))
	assert.Len(t, table(t, mem, "registry_score"), 1)
}

func TestALimitedAwardStopsExactly(t *testing.T) {
	const limit = 10
	mem := newStore(t)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			snapshot, err := mem.Load(t.Context(), store.Query{Community: community, Addresses: []string{wallet(i)}})
			if !assert.NoError(t, err) {
				return
			}
			changes := scoring(snapshot)
			changes.Wallets[0].Awards = []store.Award{{Action: "MM2", Limit: limit}}
			_, err = mem.Apply(t.Context(), changes)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Len(t, table(t, mem, "registry_humanpoints"), limit)
}

func TestWhoWaitsForOthersTellsTheTimeAfterwards(t *testing.T) {
	var reads atomic.Int64
	waiting, done := make(chan struct{}), make(chan struct{})
	mem := memstore.New(memstore.WithClock(func() time.Time {
		n := reads.Add(1)
		if n == 1 {
			close(waiting)
			select { // the other one, unless it has to wait
			case <-done:
			case <-time.After(50 * time.Millisecond):
			}
		}
		return noon().Add(time.Duration(n) * time.Second)
	}))
	var all sync.WaitGroup
	all.Go(func() { assert.NoError(t, mem.AddCredentials(t.Context(), alice, credential("Google"))) })
	<-waiting
	assert.NoError(t, mem.AddCredentials(t.Context(), alice, credential("Google")))
	close(done)
	all.Wait()
	assert.Equal(t, []string{
		"2026-06-01T12:00:01.123456+00:00 2026-06-01T12:00:02.123456+00:00",
		"2026-06-01T12:00:02.123456+00:00 <nil>",
	}, table(t, mem, "ceramic_cache_ceramiccache", "created_at", "deleted_at"))
}

func TestEverythingAtOnceIsSafe(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google", "g"))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				snapshot, err := mem.Load(t.Context(), store.Query{Community: community, Addresses: []string{alice, bob}, Points: &store.PointsQuery{}})
				if !assert.NoError(t, err) {
					return
				}
				if _, err := mem.Apply(t.Context(), scoring(snapshot)); !errors.Is(err, store.ErrConflict) {
					assert.NoError(t, err)
				}
			}
		})
		all.Go(func() {
			for range 5 {
				assert.NoError(t, mem.AddCredentials(t.Context(), alice, credential(strconv.Itoa(i), "n")))
				_, err := mem.RevokeCredentials(t.Context(), fmt.Sprint("proof of ", i))
				assert.NoError(t, err)
				assert.NoError(t, mem.WriteRows(io.Discard))
				assert.NoError(t, mem.PutCommunity(t.Context(), store.Community{ID: int64(100 + i), Name: strconv.Itoa(i)}))
			}
		})
	}
	all.Wait()
	again := newStore(t)
	text := dump(t, mem)
	read(t, again, text)
	assert.Equal(t, text, dump(t, again))
}
