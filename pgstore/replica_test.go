package pgstore_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// followed is a world on a primary that a standby follows.
type followed struct {
	*world

	t       *testing.T
	pair    *pgtest.Pair
	replica string // the URL of the database there
}

func newFollowed(t *testing.T, pair *pgtest.Pair) *followed {
	t.Helper()
	primary, standby := pair.New(t)
	f := &followed{newWorldOn(t, primary), t, pair, standby}
	pair.CatchUp(t)
	return f
}

// onReplica opens a pool on the replica.
func (f *followed) onReplica(configure ...func(*pgxpool.Config)) *pgxpool.Pool {
	f.t.Helper()
	return openPool(f.t, f.replica, configure...)
}

// pause has the standby replay nothing until the test ends or calls resume.
func (f *followed) pause() (resume func()) {
	f.t.Helper()
	f.pair.CatchUp(f.t)
	f.pair.Standby.Exec(f.t, "select pg_wal_replay_pause()")
	standby := f.onReplica()
	require.Eventually(f.t, func() bool {
		return rows(f.t, standby, "select pg_get_wal_replay_pause_state()")[0] == "paused"
	}, time.Minute, time.Millisecond)
	resume = func() { exec(f.t, standby, "select pg_wal_replay_resume()") }
	f.t.Cleanup(resume)
	return resume
}

// TestWithReplica is one test because a standby lags for all at once, and a
// pair of servers takes seconds to start.
func TestWithReplica(t *testing.T) {
	t.Parallel()
	pair := pgtest.NewPair(t)
	for name, test := range map[string]func(*testing.T, *followed){
		"reads":        requireLaggingReads,
		"bound":        requireBoundedLag,
		"idle primary": requireNoLagWhenIdle,
		"rights":       requireLagForAnyRole,
		"outages":      requireReadsInOutages,
		"no replica":   requireNoReadsElsewhere,
		"stale load":   requireRetryOfStaleLoad,
		"known":        requireKnownOnBoth,
		"contention":   requireNoDoubleClaim,
		"Latest":       requireLatest,
	} {
		t.Run(name, func(t *testing.T) { test(t, newFollowed(t, pair)) })
	}
	t.Run("suite", func(t *testing.T) { requireSuiteOnReplica(t, pair) })
}

// read returns something that a read of the store finds.
type read func(ctx context.Context, s *pgstore.Store) (any, error)

// lags are the reads that may lag, and keeps those that may not.
var lags, keeps = map[string]read{
	"Load": func(ctx context.Context, s *pgstore.Store) (any, error) {
		snapshot, err := s.Load(ctx, store.Query{Community: 1, Addresses: []store.Address{alice}, MayLag: true})
		if err != nil {
			return nil, err
		}
		return len(snapshot.Wallets[0].Credentials), nil
	},
	"LastScore": func(ctx context.Context, s *pgstore.Store) (any, error) {
		last, err := s.LastScore(ctx, 1, alice)
		if err != nil {
			return nil, err
		}
		return last.Value, nil
	},
	"ScoreAt": func(ctx context.Context, s *pgstore.Store) (any, error) {
		event, err := s.ScoreAt(ctx, 1, alice, future)
		if err != nil {
			return nil, err
		}
		return event.ID, nil
	},
	"ListEvents": func(ctx context.Context, s *pgstore.Store) (any, error) {
		events, err := s.ListEvents(ctx, 1, alice, store.Page{Limit: 9, MayLag: true})
		return len(events), err
	},
	"ListCredentials": func(ctx context.Context, s *pgstore.Store) (any, error) {
		page, err := s.ListCredentials(ctx, alice, store.Page{Limit: 9, MayLag: true})
		if err != nil {
			return nil, err
		}
		return len(page.Credentials), nil
	},
	"ListClaims": func(ctx context.Context, s *pgstore.Store) (any, error) {
		claims, err := s.ListClaims(ctx, 1, alice)
		return len(claims), err
	},
	"ListGroupClaims": func(ctx context.Context, s *pgstore.Store) (any, error) {
		claims, err := s.ListGroupClaims(ctx, 1, alice)
		return len(claims), err
	},
	"LoadPoints": func(ctx context.Context, s *pgstore.Store) (any, error) {
		ledger, err := s.LoadPoints(ctx, alice)
		if err != nil {
			return nil, err
		}
		return ledger.Multiplier, nil
	},
	"ListAddresses": func(ctx context.Context, s *pgstore.Store) (any, error) {
		return s.ListAddresses(ctx, store.AddressQuery{Community: 1, Limit: 9})
	},
}, map[string]read{
	"Load": func(ctx context.Context, s *pgstore.Store) (any, error) {
		snapshot, err := s.Load(ctx, store.Query{Community: 1, Addresses: []store.Address{alice}})
		if err != nil {
			return nil, err
		}
		return len(snapshot.Wallets[0].Credentials), nil
	},
	"ListEvents": func(ctx context.Context, s *pgstore.Store) (any, error) {
		events, err := s.ListEvents(ctx, 1, alice, store.Page{Limit: 9})
		return len(events), err
	},
	"ListCredentials": func(ctx context.Context, s *pgstore.Store) (any, error) {
		page, err := s.ListCredentials(ctx, alice, store.Page{Limit: 9})
		if err != nil {
			return nil, err
		}
		return len(page.Credentials), nil
	},
	"ListKeys": func(ctx context.Context, s *pgstore.Store) (any, error) {
		keys, err := s.ListKeys(ctx, store.KeyQuery{Account: 1, Limit: 9})
		return len(keys), err
	},
}

// found returns what the reads find.
func found(t *testing.T, reads map[string]read, s *pgstore.Store) map[string]any {
	t.Helper()
	answers := map[string]any{}
	for name, read := range reads {
		answer, err := read(t.Context(), s)
		require.NoError(t, err, name)
		answers[name] = answer
	}
	return answers
}

// write changes what every read of the two kinds finds.
func (f *followed) write() {
	f.t.Helper()
	s := pgstore.New(f.pool)
	n := f.value("select count(*) from registry_event")
	other := store.Address(passporttest.Address(n))
	for _, address := range []store.Address{alice, other} {
		require.NoError(f.t, s.AddCredentials(f.t.Context(), address, store.CredentialInput{Provider: "Provider" + n, Document: []byte(`{}`)}))
	}
	require.NoError(f.t, s.AddKey(f.t.Context(), apiKey("key"+n)))
	c := changes(load(f.t, s, alice), claim("n"+n, alice))
	c.Wallets[0].Score.Value = n
	_, err := s.Apply(f.t.Context(), c)
	require.NoError(f.t, err)
	f.exec(`insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id) values ($1, $2, now(), 1)`,
		store.GroupKey([]store.Address{alice, other}), alice)
	f.exec(`insert into registry_humanpointsmultiplier values ($1, 2)
		on conflict (address) do update set multiplier = registry_humanpointsmultiplier.multiplier + 1`, alice)
}

func requireLaggingReads(t *testing.T, f *followed) {
	f.write()
	primary := pgstore.New(f.pool)
	before, kept := found(t, lags, primary), found(t, keeps, primary)
	f.pause()
	f.write()
	after, now := found(t, lags, primary), found(t, keeps, primary)
	for name := range lags {
		require.NotEqual(t, before[name], after[name], name)
	}
	for name := range keeps {
		require.NotEqual(t, kept[name], now[name], name)
	}
	for name, s := range map[string]*pgstore.Store{
		"pgx":    pgstore.New(f.pool, pgstore.WithReplica(f.onReplica(), time.Hour)),
		"lib/pq": pgstore.NewDB(openSQL(t, "postgres", f.url), pgstore.WithReplica(openSQL(t, "postgres", f.replica), time.Hour)),
	} {
		assert.Equal(t, before, found(t, lags, s), name)
		assert.Equal(t, now, found(t, keeps, s), name)
		assert.Equal(t, after, found(t, lags, s.Primary()), name)
		lag, err := s.Lag(t.Context())
		require.NoError(t, err)
		assert.Positive(t, lag, name)
		assert.Less(t, lag, time.Minute, name)
	}
	s := pgstore.New(f.pool, pgstore.WithReplica(f.onReplica(), time.Hour))
	require.NoError(t, pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		assert.Equal(t, after, found(t, lags, s.InTx(tx)))
		return nil
	}))

	// A row that is not there yet is looked for on the primary.
	f.exec(`insert into registry_passport (address, community_id, requires_calculation) values ($1, 2, false)`, bob)
	f.exec(`insert into registry_score (passport_id, status, score, stamp_scores, stamps) select id, 'DONE', 7, '{}', '{}' from registry_passport where address = $1`, bob)
	last, err := s.LastScore(t.Context(), 2, bob)
	require.NoError(t, err)
	assert.Equal(t, "7", last.Value)
	_, err = s.LastScore(t.Context(), 2, carol)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.Load(t.Context(), store.Query{Community: 99, MayLag: true})
	require.ErrorIs(t, err, store.ErrCommunityNotFound)
	assert.Equal(t, before, found(t, lags, s), "none of this is held against the replica")
}

// trips counts round trips.
type trips struct{ primary, replica atomic.Int64 }

// counted returns the store on one connection to each server, whose round trips
// are counted.
func (f *followed) counted(maxLag time.Duration) (*pgstore.Store, *trips) {
	f.t.Helper()
	n, one := new(trips), func(c *pgxpool.Config) { c.MaxConns = 1 }
	replica := f.onReplica(one, pgtest.CountTrips(&n.replica))
	return pgstore.New(f.newPool(one, pgtest.CountTrips(&n.primary)), pgstore.WithReplica(replica, maxLag)), n
}

// since returns the round trips of the work.
func (n *trips) since(work func()) (primary, replica int64) {
	primary, replica = n.primary.Load(), n.replica.Load()
	work()
	return n.primary.Load() - primary, n.replica.Load() - replica
}

// A replica that lags too much costs one round trip a second.
func requireBoundedLag(t *testing.T, f *followed) {
	f.write()
	resume := f.pause()
	f.write()
	const most = 50 * time.Millisecond
	s, n := f.counted(most)
	require.Eventually(t, func() bool {
		lag, err := s.Lag(t.Context())
		return assert.NoError(t, err) && lag > most
	}, time.Minute, time.Millisecond)
	want := found(t, lags, s.Primary())
	began := time.Now()
	_, replica := n.since(func() { assert.Equal(t, want, found(t, lags, s)) })
	if time.Since(began) < time.Second {
		assert.LessOrEqual(t, replica, int64(3), "a try, for which statements are prepared")
	}

	resume()
	f.pair.CatchUp(t)
	require.Eventually(t, func() bool {
		primary, _ := n.since(func() { assert.Equal(t, want, found(t, lags, s)) })
		return primary == 0
	}, time.Minute, 10*time.Millisecond, "the replica is tried again")
}

// The last commit was long ago, but the replica has it.
func requireNoLagWhenIdle(t *testing.T, f *followed) {
	f.write()
	f.pair.CatchUp(t)
	time.Sleep(200 * time.Millisecond)
	const most = 100 * time.Millisecond
	s, n := f.counted(most)
	require.Eventually(t, func() bool { // another process of the servers may write something
		lag, err := s.Lag(t.Context())
		return assert.NoError(t, err) && lag == 0
	}, time.Minute, time.Millisecond)
	_, err := s.LastScore(t.Context(), 1, alice) // prepares
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		primary, replica := n.since(func() {
			_, err := s.LastScore(t.Context(), 1, alice)
			assert.NoError(t, err)
		})
		return primary == 0 && replica == 1
	}, time.Minute, time.Millisecond, "a read is one round trip")
}

func requireLagForAnyRole(t *testing.T, f *followed) {
	const role = "reader_of_a_replica"
	f.exec("create role " + role)
	f.exec("grant select on all tables in schema public to " + role)
	f.write()
	f.pair.CatchUp(t)
	var n atomic.Int64
	s := pgstore.New(f.pool, pgstore.WithReplica(f.onReplica(pgtest.CountTrips(&n), func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "set role "+role)
			return err
		}
	}), time.Hour))
	require.Eventually(t, func() bool {
		lag, err := s.Lag(t.Context())
		return assert.NoError(t, err) && lag == 0
	}, time.Minute, time.Millisecond)
	assert.Equal(t, found(t, lags, s.Primary()), found(t, lags, s))
	f.exec("drop owned by " + role)
	f.exec("drop role " + role)
}

func TestWithReplica_Options(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := pgstore.New(w.pool, pgstore.WithReplica((*pgxpool.Pool)(nil), time.Hour))
	lag, err := s.Lag(t.Context())
	require.NoError(t, err)
	assert.Zero(t, lag)
	_, err = s.ListAddresses(t.Context(), store.AddressQuery{Community: 1, Limit: 1})
	require.NoError(t, err)

	s = pgstore.New(w.pool, pgstore.WithReplica(w.pool, -1))
	_, err = s.LastScore(t.Context(), 1, alice)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "WithReplica")
}
