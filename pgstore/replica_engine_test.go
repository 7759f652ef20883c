package pgstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// attempts are the numbers of attempts of an engine's calls.
type attempts struct {
	mu sync.Mutex
	of []int
}

func (a *attempts) observe(_ context.Context, o passport.Observation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of = append(a.of, o.Attempts)
}

// take returns those since the last call.
func (a *attempts) take() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.of
	a.of = nil
	return taken
}

// A scoring that read stale data on the replica is retried on the primary, and
// one that did not is two round trips, one to each.
func requireRetryOfStaleLoad(t *testing.T, f *followed) {
	s, n := f.counted(time.Hour)
	var tries attempts
	r := rivalsOn(t, f.world, s, passport.WithLaggingLoads(), passport.WithObserver(tries.observe))
	r.stamp(alice, "account", "Google")
	f.pair.CatchUp(t)
	score := func() *passport.Result {
		result, err := r.engine.Score(t.Context(), 1, alice)
		require.NoError(t, err)
		return result
	}
	for range 3 { // prepares the statements
		score()
		f.pair.CatchUp(t)
	}
	require.Equal(t, []int{1, 1, 1}, tries.take())
	primary, replica := n.since(func() { score() })
	assert.EqualValues(t, 1, primary)
	assert.EqualValues(t, 1, replica)
	assert.Equal(t, []int{1}, tries.take())

	f.pause()
	r.stamp(alice, "account", "Github")
	preview, err := r.engine.Preview(t.Context(), 1, alice)
	require.NoError(t, err)
	assert.Equal(t, "1.5", preview.Score.String(), "it shows what the replica has")
	preview, err = r.engine.On(s.Primary()).Preview(t.Context(), 1, alice)
	require.NoError(t, err)
	assert.Equal(t, "3.5", preview.Score.String())
	tries.take()
	assert.Equal(t, "3.5", score().Score.String())
	assert.Equal(t, []int{2}, tries.take())

	// A claim that another wallet has made since is lost to the retry.
	r.stamp(bob, "account", "Google")
	result, err := r.engine.Score(t.Context(), 1, bob)
	require.NoError(t, err)
	assert.Equal(t, "0", result.Score.String())
	assert.Equal(t, []int{2}, tries.take())
	for scored, err := range r.engine.ScoreAll(t.Context(), 1, func(yield func(string) bool) { _ = yield(alice) && yield(bob) }) {
		require.NoError(t, err)
		require.NoError(t, scored.Err)
		assert.Equal(t, map[string]string{alice: "3.5", bob: "0"}[scored.Address], scored.Result.Score.String())
	}
	tries.take()

	// One that may write nothing does not read there.
	r.stamp(alice, "another account", "Google")
	result, err = r.engine.LeavingUnchanged(time.Hour).Score(t.Context(), 1, alice)
	require.NoError(t, err)
	assert.False(t, result.Unchanged)
	assert.Equal(t, []int{1}, tries.take())
}

// A replica stores the rows where the primary does, so that a wallet is known
// on both.
func requireKnownOnBoth(t *testing.T, f *followed) {
	s, n := f.counted(time.Hour)
	r := rivalsOn(t, f.world, s)
	r.stamp(alice, "account", "Google")
	c := changes(load(t, s, alice))
	receipt, err := s.Apply(t.Context(), c)
	require.NoError(t, err)
	f.pair.CatchUp(t)
	q := store.Query{Community: 1, Addresses: []store.Address{alice}, MayLag: true}
	for _, version := range []string{c.Wallets[0].Version, receipt.Wallets[0].Version} {
		q.Known = map[store.Address]store.Known{alice: {Version: version}}
		primary, _ := n.since(func() {
			snapshot, err := s.Load(t.Context(), q)
			require.NoError(t, err)
			assert.True(t, snapshot.Wallets[0].Unchanged)
			_, err = s.Apply(t.Context(), changes(snapshot))
			require.NoError(t, err)
			f.pair.CatchUp(t)
		})
		assert.LessOrEqual(t, primary, int64(2), "Apply, for which statements are prepared")
	}
}

// Latest may be a moment old; a host that has just scored reads the primary.
func requireLatest(t *testing.T, f *followed) {
	s := pgstore.New(f.pool, pgstore.WithReplica(f.onReplica(), time.Hour))
	r := rivalsOn(t, f.world, s)
	r.stamp(alice, "account", "Google")
	f.pause()
	result, err := r.engine.Score(t.Context(), 1, alice)
	require.NoError(t, err)
	last, err := r.engine.Latest(t.Context(), 1, alice)
	require.NoError(t, err, "a first score is looked for on the primary")
	assert.Equal(t, result.ScoredAt, last.ScoredAt)
}

// Scorings that all begin with what a replica knows, which lags, end as those
// on the primary do: no account counts for two wallets, none is lost.
func requireNoDoubleClaim(t *testing.T, f *followed) {
	f.pair.Standby.Exec(t, "alter system set recovery_min_apply_delay = '50ms'")
	f.pair.Standby.Exec(t, "select pg_reload_conf()")
	t.Cleanup(func() {
		f.pair.Standby.Exec(t, "alter system reset recovery_min_apply_delay")
		f.pair.Standby.Exec(t, "select pg_reload_conf()")
	})
	s := pgstore.New(f.newPool(manyAtOnce), pgstore.WithReplica(f.onReplica(manyAtOnce), time.Hour))
	var tries attempts
	r := rivalsOn(t, f.world, s, passport.WithLaggingLoads(), passport.WithObserver(tries.observe))
	rival := addresses(48)
	for i, address := range rival {
		r.stamp(address, []string{"account", "another account"}[i%2], "Google")
	}
	f.pair.CatchUp(t)
	holders := map[string]int{}
	stale := 0
	for range 3 { // the later ones with what the engine remembers
		for i, result := range r.scoreAll(16, rival) {
			nullifier := passporttest.Nullifier("Google", []string{"account", "another account"}[i%2])
			holds := r.value("select address = $2 from registry_hashscorerlink where hash = $1", nullifier, rival[i]) == "true"
			assert.Equal(t, result.Score.String() == "1.5", holds, "the wallet that counts the stamp holds its nullifier")
			if holds {
				holders[nullifier+" "+rival[i]]++
			}
		}
		for _, n := range tries.take() {
			stale += n - 1
		}
	}
	assert.Len(t, holders, 2, "a claim stays where it was first made")
	assert.Positive(t, stale, "nothing was stale")
	assert.Equal(t, "2", r.value("select count(*) from registry_hashscorerlink"))
	assert.Equal(t, "2", r.value("select count(*) from registry_stamp"))
	assert.Equal(t, "144", r.value("select count(*) from registry_event where action = 'SCU'"))
	t.Logf("%d retries of 144 scorings", stale)
}

// laggingStore is a store all of whose reads may lag.
type laggingStore struct{ *harness }

func (l laggingStore) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	q.MayLag = true
	return l.harness.Load(ctx, q)
}

// Where a commit waits for the replica to have replayed it, the store is held
// to the whole contract with its reads on the replica.
func requireSuiteOnReplica(t *testing.T, pair *pgtest.Pair) {
	pair.Primary.Exec(t, "alter system set synchronous_standby_names = '*'")
	pair.Primary.Exec(t, "alter system set synchronous_commit = remote_apply")
	pair.Primary.Exec(t, "select pg_reload_conf()")
	var primary, replica int64
	var counts []*trips
	newHarness := reused(t, func() emptied {
		f, n := newFollowed(t, pair), new(trips)
		counts = append(counts, n)
		onPrimary := f.newPool(pgtest.CountTrips(&n.primary))
		s := pgstore.New(onPrimary, pgstore.WithReplica(f.onReplica(pgtest.CountTrips(&n.replica)), time.Hour))
		return laggingStore{&harness{s, pgtest.NewTables(t, f.url, "public")}}
	})
	t.Run("cases", func(t *testing.T) {
		runSuite(t, newHarness, []string{"lagging", "engine", "last score", "history"})
	})
	for _, n := range counts {
		primary, replica = primary+n.primary.Load(), replica+n.replica.Load()
	}
	assert.Positive(t, replica)
	t.Logf("%d round trips to the primary, %d to the replica", primary, replica)
}
