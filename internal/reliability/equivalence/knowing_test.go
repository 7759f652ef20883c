package equivalence

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// knownDifferences are differences that only a query which knows wallets or
// asks for last scores can notice.
func knownDifferences() map[string]func(b *brokenstore.Store) {
	// loads replaces Load by a function that is given the one that works.
	type load = func(ctx context.Context, q store.Query) (*store.Snapshot, error)
	loads := func(other func(good load, ctx context.Context, q store.Query) (*store.Snapshot, error)) func(b *brokenstore.Store) {
		return func(b *brokenstore.Store) {
			b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) { return other(b.Good.Load, ctx, q) }
		}
	}
	return map[string]func(b *brokenstore.Store){
		"takes an old version for the present one": func(b *brokenstore.Store) {
			given := map[string]store.Address{}
			loads(func(good load, ctx context.Context, q store.Query) (*store.Snapshot, error) {
				plain := q
				plain.Known = nil
				snapshot, err := good(ctx, plain)
				if err != nil {
					return nil, err
				}
				old := q.Known
				q.Known = maps.Clone(old)
				for _, w := range snapshot.Wallets {
					given[w.Version] = w.Address
					if k, is := q.Known[w.Address]; is && given[k.Version] == w.Address {
						k.Version = w.Version
						q.Known[w.Address] = k
					}
				}
				if snapshot, err = good(ctx, q); err != nil {
					return nil, err
				}
				for i := range snapshot.Wallets {
					if w := &snapshot.Wallets[i]; w.Unchanged {
						w.Version = old[w.Address].Version
					}
				}
				return snapshot, nil
			})(b)
		},
		"misses a claim on a known nullifier": brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
			if slices.ContainsFunc(s.Wallets, func(w store.Wallet) bool { return w.Unchanged }) {
				s.Claims = s.Claims[:max(0, len(s.Claims)-1)]
			}
		}),
		"returns claims on what is known of a changed wallet": loads(func(good load, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := good(ctx, q)
			if err != nil {
				return nil, err
			}
			q.Known = maps.Clone(q.Known)
			for _, w := range snapshot.Wallets {
				if k, is := q.Known[w.Address]; is {
					q.Known[w.Address] = store.Known{Version: w.Version, Nullifiers: k.Nullifiers}
				}
			}
			named, err := good(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, c := range named.Claims {
				if !slices.Contains(snapshot.Claims, c) {
					snapshot.Claims = append(snapshot.Claims, c)
				}
			}
			return snapshot, nil
		}),
		"reads the last score of another community": loads(func(good load, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := good(ctx, q)
			q.Community = 3 - q.Community
			if other, failed := good(ctx, q); err == nil && failed == nil {
				for i := range snapshot.Wallets {
					snapshot.Wallets[i].LastScore = other.Wallets[i].LastScore
				}
			}
			return snapshot, err
		}),
		"reads last scores unasked": loads(func(good load, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			q.LastScore = true
			return good(ctx, q)
		}),
		"takes a last score for younger than it is": brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
			for i := range s.Wallets {
				if last := s.Wallets[i].LastScore; last != nil && !last.ScoredAt.IsZero() {
					last.ScoredAt = last.ScoredAt.Add(time.Hour)
				}
			}
		}),
		"swaps the last scores of two wallets": brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
			if n := len(s.Wallets); n > 1 {
				s.Wallets[0].LastScore, s.Wallets[n-1].LastScore = s.Wallets[n-1].LastScore, s.Wallets[0].LastScore
			}
		}),
		"reads no multiplier": brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
			if s.Points != nil {
				for i := range s.Points.Wallets {
					s.Points.Wallets[i].Multiplier = 1
				}
			}
		}),
	}
}

// ignoring opens a store in memory that ignores what a query knows.
func ignoring(_ context.Context, content store.State, _ map[string][]row) (roles, readsState, error) {
	mem := brokenstore.New()
	mem.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
		q.Known = nil
		return mem.Good.Load(ctx, q)
	}
	return mem, mem.State, mem.Good.SetState(content)
}

// A store that heeds what a query knows promises the same as one that does not.
// It needs no database.
func TestEquivalence_Known(t *testing.T) {
	ends := compareStores(t, ignoring, func(*brokenstore.Store) {})
	assert.NotEmpty(t, ends[opUnchanged])
	assert.NotEmpty(t, ends[opLeft])
	noticed(t, ignoring, knownDifferences())
}
