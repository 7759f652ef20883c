package pgstore_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

var levels = []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable}

// Each race is between a scoring in a transaction that is still open, and one
// in a host's transaction that has read before the first is committed.
func TestGroups_LostRace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before  []store.GroupClaim
		wallets []store.Address // of mine, bob and carol if there are none
		first   func(context.Context, *pgstore.Store) error
		mine    func(*store.Snapshot) *store.Changes
		want    []store.GroupClaim
	}{
		"groups with a common wallet": {
			first: func(ctx context.Context, s *pgstore.Store) error { return scoreGroup(ctx, s, alice, alice, bob) },
			mine:  func(s *store.Snapshot) *store.Changes { return claiming(s, groupClaim(bob, bob, carol)) },
			want:  []store.GroupClaim{groupClaim(alice, alice, bob)},
		},
		"two canonical wallets of a group": {
			first:   func(ctx context.Context, s *pgstore.Store) error { return scoreGroup(ctx, s, alice, bob, carol, alice) },
			wallets: []store.Address{alice, bob, carol},
			mine:    func(s *store.Snapshot) *store.Changes { return claiming(s, groupClaim(bob, alice, bob, carol)) },
			want:    []store.GroupClaim{groupClaim(alice, alice, bob, carol)},
		},
		"a wallet alone and a new group": {
			first: func(ctx context.Context, s *pgstore.Store) error { return scoreGroup(ctx, s, alice, alice, bob) },
			mine:  func(s *store.Snapshot) *store.Changes { return claiming(s) },
			want:  []store.GroupClaim{groupClaim(alice, alice, bob)},
		},
		"a claim that another of its wallets removes": {
			before: []store.GroupClaim{groupClaim(alice, alice, bob)},
			first: func(ctx context.Context, s *pgstore.Store) error {
				snapshot, err := loadGroup(ctx, s, alice)
				if err == nil {
					_, err = s.Apply(ctx, claiming(snapshot))
				}
				return err
			},
			mine: func(s *store.Snapshot) *store.Changes { return claiming(s, s.GroupClaims...) },
		},
	} {
		for _, level := range levels {
			t.Run(name+", "+string(level), func(t *testing.T) {
				w := newWorld(t)
				s := newStore(w.pool)
				for _, claim := range c.before {
					w.claimed(claim.Key, string(claim.Canonical), claim.ClaimedAt.Format("2006-01-02T15:04:05.000000Z"))
				}
				mine := c.wallets
				if mine == nil {
					mine = []store.Address{bob, carol}
				}
				first, second := w.begin(pgx.ReadCommitted), w.begin(level)
				snapshot, err := loadGroup(t.Context(), s.InTx(second), mine...)
				require.NoError(t, err)
				require.Len(t, snapshot.GroupClaims, len(c.before))

				require.NoError(t, c.first(t.Context(), s.InTx(first)))
				lost := make(chan error, 1)
				go func() {
					_, err := s.InTx(second).Apply(context.Background(), c.mine(snapshot))
					lost <- err
				}()
				w.requireWaiting()
				require.NoError(t, first.Commit(t.Context()))
				err = <-lost
				require.ErrorIs(t, err, store.ErrConflict)
				assert.Equal(t, level == pgx.ReadCommitted, store.Retryable(err), "%v", err)
				require.NoError(t, second.Commit(t.Context()))
				w.requireGroups(c.want...)
				if level == pgx.ReadCommitted {
					require.NoError(t, scoreGroup(t.Context(), s, bob, mine...))
					w.requireGroups(groupClaim(bob, mine...))
				}
			})
		}
	}
}

// begin begins a transaction on a connection of its own.
func (w *world) begin(level pgx.TxIsoLevel) pgx.Tx {
	w.tb.Helper()
	conn, err := pgx.Connect(context.Background(), w.url)
	require.NoError(w.tb, err)
	w.tb.Cleanup(func() { _ = conn.Close(context.Background()) }) // which ends a transaction that a failed test left open
	tx, err := conn.BeginTx(context.Background(), pgx.TxOptions{IsoLevel: level})
	require.NoError(w.tb, err)
	return tx
}

// requireWaiting waits until a statement waits for a lock.
func (w *world) requireWaiting() {
	w.tb.Helper()
	require.Eventually(w.tb, func() bool {
		return w.waiting() != "0"
	}, patience, tick)
}

// requireGroups requires that there are those group claims.
func (w *world) requireGroups(claims ...store.GroupClaim) {
	w.tb.Helper()
	var want []string
	for _, claim := range claims {
		want = append(want, claim.Key+" "+string(claim.Canonical)+" 1")
	}
	assert.ElementsMatch(w.tb, want, w.groupRows())
}

// Another program knows nothing of the wallets' locks: the unique key decides.
func TestGroups_InsertedByService(t *testing.T) {
	t.Parallel()
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			w := newWorld(t)
			theirs := groupClaim(alice, alice, bob)
			service, tx := w.begin(pgx.ReadCommitted), w.begin(level)
			_, err := service.Exec(t.Context(), `insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
				values ($1, $2, now(), 1)`, theirs.Key, alice)
			require.NoError(t, err)
			lost := make(chan error, 1)
			go func() { lost <- scoreGroup(context.Background(), newStore(w.pool).InTx(tx), bob, alice, bob) }()
			w.requireWaiting()
			require.NoError(t, service.Commit(t.Context()))
			require.ErrorIs(t, <-lost, store.ErrConflict)
			require.NoError(t, tx.Commit(t.Context()))
			w.requireGroups(theirs)
			assert.Equal(t, "0", w.value("select count(*) from registry_score"))
		})
	}
}

// Scorings of groups that overlap leave each wallet in one group, and do not
// deadlock.
func TestGroups_Contended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tables := pgtest.NewTables(t, w.url, "public")
	score := map[string]func(ctx context.Context, canonical store.Address, wallets []store.Address) error{
		"pool": func(ctx context.Context, canonical store.Address, wallets []store.Address) error {
			return scoreGroup(ctx, newStore(tables.Pool), canonical, wallets...)
		},
	}
	for _, level := range levels {
		host := hostOnPool(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 8 }), level)
		score[string(level)] = func(ctx context.Context, canonical store.Address, wallets []store.Address) error {
			return host.begin(ctx, func(s *pgstore.Store) error { return scoreGroup(ctx, s, canonical, wallets...) })
		}
	}
	const workers, scorings = 4, 25
	var all sync.WaitGroup
	var written, lost atomic.Int64
	for name, score := range score {
		for worker := range workers {
			all.Go(func() {
				random := rand.New(rand.NewPCG(16, uint64(worker)))
				for range scorings {
					wallets := []store.Address{alice, bob, carol, dave}
					random.Shuffle(len(wallets), func(i, j int) { wallets[i], wallets[j] = wallets[j], wallets[i] })
					wallets = wallets[:2+random.IntN(2)]
					switch err := score(context.Background(), wallets[0], wallets); {
					case err == nil:
						written.Add(1)
					case errors.Is(err, store.ErrConflict), collided(err):
						lost.Add(1)
					default:
						assert.NoError(t, err, name)
						return
					}
					assert.Empty(t, w.namedTwice(), name)
				}
			})
		}
	}
	all.Wait()
	assert.EqualValues(t, len(score)*workers*scorings, written.Load()+lost.Load())
	assert.Positive(t, written.Load())
	assert.Positive(t, lost.Load(), "nothing was contended for")
	assert.Equal(t, "0", w.value("select deadlocks from pg_stat_database where datname = current_database()"))
	t.Logf("%d written, %d lost their race", written.Load(), lost.Load())
}

const dave = "0x000000000000000000000000000000000000da7e"

// namedTwice returns the wallets that more than one group claim names.
func (w *world) namedTwice() []string {
	w.tb.Helper()
	return rows(w.tb, w.pool, `select item from account_walletgroupcommunityclaim, unnest(string_to_array(group_key, ',')) as item
		group by community_id, item having count(*) > 1 order by item`)
}
