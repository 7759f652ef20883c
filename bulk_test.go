package passport_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// crowd returns the addresses of n made-up wallets.
func crowd(n int) []string {
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = passporttest.Address(fmt.Sprint("wallet ", i))
	}
	return addresses
}

// all returns the outcomes of a run, and the error that ended it.
func all(run iter.Seq2[passport.Scored, error]) (scored []passport.Scored, failed error) {
	for outcome, err := range run {
		if err != nil {
			return scored, err
		}
		scored = append(scored, outcome)
	}
	return scored, nil
}

// hooked is a store whose calls may be refused or watched.
type hooked struct {
	*memstore.Store

	mu     sync.Mutex
	load   func(store.Query) error
	loaded func(store.Query, *store.Snapshot)
	apply  func(*store.Changes) error
	wrote  func(*store.Receipt)
	loads  [][]store.Address
}

func (h *hooked) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loads = append(h.loads, q.Addresses)
	if h.load != nil {
		if err := h.load(q); err != nil {
			return nil, err
		}
	}
	snapshot, err := h.Store.Load(ctx, q)
	if err == nil && h.loaded != nil {
		h.loaded(q, snapshot)
	}
	return snapshot, err
}

func (h *hooked) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.apply != nil {
		if err := h.apply(c); err != nil {
			return nil, err
		}
	}
	receipt, err := h.Store.Apply(ctx, c)
	if err == nil && h.wrote != nil {
		h.wrote(receipt)
	}
	return receipt, err
}

// newCrowd returns a world of n wallets, each with a stamp, and a store that
// can be hooked into.
func newCrowd(t *testing.T, n int, options ...passport.Option) (*passporttest.World, *hooked, *passport.Engine, []string) {
	t.Helper()
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.Options(options))
	addresses := crowd(n)
	for _, address := range addresses {
		world.Stamp(address, "Google", address)
	}
	h := &hooked{Store: world.Store}
	return world, h, world.Engine.On(h), addresses
}

func TestScoreAll(t *testing.T) {
	var mu sync.Mutex
	var seen []passport.Observation
	var second atomic.Int64 // the calls of another observer
	world, h, engine, addresses := newCrowd(t, 7, passport.WithObserver(func(_ context.Context, o passport.Observation) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, o)
	}), passport.WithObserver(func(context.Context, passport.Observation) { second.Add(1) }))
	upper := "0x" + strings.ToUpper(addresses[2][2:])
	given := slices.Concat(addresses[:2], []string{"nonsense", upper}, addresses[3:], []string{""})

	for round := range 2 {
		scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(given), passport.WithBatchSize(3)))
		require.NoError(t, err)
		require.Len(t, scored, len(given))
		for i, s := range scored {
			assert.Equal(t, given[i], s.Address)
			if i == 2 || i == len(given)-1 {
				require.ErrorIs(t, s.Err, passport.ErrInvalidAddress)
				assert.Nil(t, s.Result)
				continue
			}
			require.NoError(t, s.Err)
			assert.Equal(t, store.Address(strings.ToLower(given[i])), s.Result.Address)
			assert.True(t, s.Result.Passing)
			if round == 0 {
				assert.Nil(t, s.Result.Before)
			} else {
				assert.True(t, s.Result.Before.Passing)
				assert.Equal(t, "1", s.Result.Before.Score.String())
			}
		}
	}
	assert.Len(t, h.loads, 6, "three batches a round")
	assert.Len(t, world.Store.State().Events, 14)
	require.Len(t, seen, 14, "one for each valid address")
	assert.EqualValues(t, 14, second.Load())
	for i, o := range seen {
		assert.True(t, o.Bulk)
		assert.Equal(t, 1, o.Attempts)
		assert.NotNil(t, o.Result)
		assert.Equal(t, i < 7, o.Verified == 1)
		assert.Equal(t, i >= 7, o.Remembered == 1)
	}
}

func TestScoreAll_None(t *testing.T) {
	world, h, engine, _ := newCrowd(t, 0)
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{})))
	require.NoError(t, err)
	assert.Empty(t, scored)
	scored, err = all(engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{"a", "b"}), passport.WithBatchSize(1)))
	require.NoError(t, err)
	assert.Len(t, scored, 2)
	assert.Empty(t, h.loads)

	world, h, engine, addresses := newCrowd(t, 2)
	scored, err = all(engine.ScoreAll(t.Context(), world.Community, slices.Values(append([]string{"a", "b"}, addresses...))))
	require.NoError(t, err)
	assert.Len(t, scored, 4)
	assert.Len(t, h.loads, 1, "they do not divide a batch")
}

func TestScoreAll_Misconfigured(t *testing.T) {
	world, _, engine, addresses := newCrowd(t, 1)
	for name, run := range map[string]iter.Seq2[passport.Scored, error]{
		"WithWorkers":     engine.ScoreAll(t.Context(), 1, slices.Values(addresses), passport.WithWorkers(0)),
		"too many":        engine.ScoreAll(t.Context(), 1, slices.Values(addresses), passport.WithWorkers(65)),
		"WithBatchSize":   engine.ScoreAll(t.Context(), 1, slices.Values(addresses), passport.WithBatchSize(0)),
		"large batches":   engine.ScoreAll(t.Context(), 1, slices.Values(addresses), passport.WithBatchSize(1001)),
		"no addresses":    engine.ScoreAll(t.Context(), 1, nil),
		"no store":        world.Engine.On(nil).ScoreAll(t.Context(), 1, slices.Values(addresses)),
		"no lister":       engine.On(struct{ store.Store }{world.Store}).Rescore(t.Context(), store.AddressQuery{Community: 1}),
		"no store listed": world.Engine.On(nil).Rescore(t.Context(), store.AddressQuery{Community: 1}),
	} {
		t.Run(name, func(t *testing.T) {
			scored, err := all(run)
			require.ErrorIs(t, err, passport.ErrMisconfigured)
			if strings.HasPrefix(name, "With") {
				require.ErrorContains(t, err, name)
			}
			assert.Empty(t, scored)
		})
	}
	scored, err := all(engine.ScoreAll(t.Context(), 1, slices.Values(addresses), nil, passport.WithWorkers(64), passport.WithBatchSize(1000)))
	require.NoError(t, err)
	assert.Len(t, scored, 1)
}

func TestScoreAll_Duplicates(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 3)
	a, b, c := addresses[0], addresses[1], addresses[2]
	given := []string{a, b, "0x" + strings.ToUpper(a[2:]), c, b, b, a}
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(given)))
	require.NoError(t, err)
	require.Len(t, scored, len(given))
	seen := map[store.Address]bool{}
	for i, s := range scored {
		require.NoError(t, s.Err)
		address := store.Address(strings.ToLower(given[i]))
		assert.Equal(t, address, s.Result.Address)
		assert.Equal(t, seen[address], s.Result.Before != nil, "each is scored after the one before it")
		seen[address] = true
	}
	assert.Equal(t, []int{2, 3, 2}, []int{len(h.loads[0]), len(h.loads[1]), len(h.loads[2])}, "a batch ends before an address is repeated")
	assert.Len(t, world.Store.State().Events, 7)
}

// A wallet that cannot be scored costs no other its score.
func TestScoreAll_OneFails(t *testing.T) {
	broken := errors.New("broken")
	for name, fail := range map[string]func(h *hooked, bad store.Address){
		"load": func(h *hooked, bad store.Address) {
			h.load = func(q store.Query) error {
				if slices.Contains(q.Addresses, bad) {
					return store.Errorf("load", store.ErrInternal, "%w", broken)
				}
				return nil
			}
		},
		"apply": func(h *hooked, bad store.Address) {
			h.apply = func(c *store.Changes) error {
				if slices.ContainsFunc(c.Wallets, func(w store.WalletChanges) bool { return w.Address == bad }) {
					return store.Errorf("apply", store.ErrInvalid, "%w", broken)
				}
				return nil
			}
		},
		"always loses": func(h *hooked, bad store.Address) {
			h.apply = func(c *store.Changes) error {
				if slices.ContainsFunc(c.Wallets, func(w store.WalletChanges) bool { return w.Address == bad }) {
					return store.Errorf("apply", store.ErrConflict, "%w", broken)
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			world, h, engine, addresses := newCrowd(t, 40)
			fail(h, store.Address(addresses[17]))
			scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithBatchSize(16)))
			require.NoError(t, err)
			require.Len(t, scored, 40)
			for i, s := range scored {
				if i == 17 {
					require.ErrorIs(t, s.Err, broken)
					require.ErrorContains(t, s.Err, addresses[17])
					assert.Nil(t, s.Result)
					continue
				}
				require.NoError(t, s.Err)
				assert.True(t, s.Result.Passing)
			}
			assert.Len(t, world.Store.State().Scores, 39)
			assert.Len(t, world.Store.State().Events, 39, "none was written twice")
		})
	}
}

func TestScoreAll_LostRace(t *testing.T) {
	var attempts []int
	world, h, engine, addresses := newCrowd(t, 8, passport.WithObserver(func(_ context.Context, o passport.Observation) {
		attempts = append(attempts, o.Attempts)
	}))
	raced := false
	h.apply = func(c *store.Changes) error {
		if !raced && c.Wallets[0].Address == store.Address(addresses[0]) {
			raced = true // a stamp is added between Load and Apply
			world.Stamp(addresses[3], "Github", "account")
		}
		return nil
	}
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithBatchSize(8)))
	require.NoError(t, err)
	assert.Len(t, scored[3].Result.Stamps, 2)
	assert.Equal(t, []int{2, 2, 2, 2, 2, 2, 2, 2}, attempts, "once together, once in halves")
	assert.Len(t, world.Store.State().Events, 8)
}
