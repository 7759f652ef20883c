package pgstore_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// Scorings of few wallets beside others that forget them, store credentials and
// prune never deadlock; each is done or loses its race. In the end nothing is
// left.
func TestForget_Contended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newStore(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 10 }))
	wallets := []store.Address{alice, bob, carol}
	choices := []store.ClaimChoice{store.ReleaseClaims, store.KeepClaims, store.AnonymizeClaims}
	add := func(address store.Address) error {
		return s.AddCredentials(context.Background(), address, store.CredentialInput{Provider: "Google", Document: wanting(address)})
	}
	forget := func(address store.Address, choice store.ClaimChoice) error {
		_, err := s.Forget(context.Background(), store.Forgetting{Address: address, Claims: choice})
		return err
	}
	for _, address := range wallets {
		require.NoError(t, add(address))
	}
	var all sync.WaitGroup
	var done, lost, scored atomic.Int64
	const workers = 8
	for worker := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(13, uint64(worker)))
			for range times(*contended, 500, 1000) / workers {
				var err error
				address := wallets[random.IntN(len(wallets))]
				switch n := random.IntN(20); {
				case n == 0:
					err = forget(address, choices[random.IntN(len(choices))])
				case n == 1:
					_, err = s.Prune(context.Background(), store.Pruning{Kind: store.PruneEvents, Before: future, Limit: 10})
				case n < 6:
					err = add(address)
				default:
					if err = contend(s, wallets, random); err == nil {
						scored.Add(1)
					}
				}
				switch {
				case err == nil:
					done.Add(1)
				case errors.Is(err, store.ErrConflict):
					lost.Add(1)
				default:
					assert.NoError(t, err)
					return
				}
			}
		})
	}
	all.Wait()
	assert.Positive(t, scored.Load())
	assert.Positive(t, lost.Load(), "nothing was contended for")
	assert.Equal(t, "0", w.value("select deadlocks from pg_stat_database where datname = current_database()"))
	assert.Equal(t, "0", w.value(`select count(*) from registry_stamp s join registry_passport p on p.id = s.passport_id
		where not exists (select from ceramic_cache_ceramiccache c where c.address = p.address)`), "stamps came back")
	for _, address := range wallets {
		require.NoError(t, forget(address, store.ReleaseClaims))
		assert.Empty(t, w.traces(string(address)))
	}
	t.Logf("%d done, %d of them scorings, %d lost their race", done.Load(), scored.Load(), lost.Load())
}

// Forget and Prune read few rows of tables that are large, but for a search.
func TestForget_Indexes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const address = "0x0000000000000000000000000000000000000011"
	fill := func(table, columns, values string) {
		w.exec(`insert into ` + table + ` (` + columns + `) select ` + values + `
			from generate_series(1, 20000) n, lateral (select '0x' || lpad(to_hex(n % 2000), 40, '0') as address) a`)
	}
	fill("registry_event", "action, address, created_at, data, community_id", `(array['SCU', 'LDP', 'FDP'])[1 + n % 3], address, now() - interval '1 day' * (20000 - n), '{}', 1 + n % 2`)
	fill("registry_hashscorerlink", "hash, address, expires_at, community_id", `'n' || n, address, now() + interval '1 day' * (n % 1000 - 500), 1 + n % 2`)
	fill("ceramic_cache_ceramiccache", "type, address, provider, stamp, updated_at, compose_db_save_status, compose_db_stream_id, proof_value", `1, address, 'p' || n, '{}', now(), '', '', ''`)
	fill("registry_humanpoints", "address, action, timestamp, tx_hash, chain_id, provider", `address, 'HKY', now(), 'h' || n, 0, ''`)
	w.exec(`insert into registry_passport (address, community_id) select '0x' || lpad(to_hex(n), 40, '0'), 1 from generate_series(1, 20000) n`)
	w.exec(`insert into registry_score (passport_id) select id from registry_passport`)
	w.exec(`insert into registry_stamp (passport_id, provider, credential) select id, 'p', '{}' from registry_passport`)
	w.exec("analyze")
	s := newStore(w.pool)
	reads := func(work func(s *pgstore.Store)) int {
		tx, err := w.pool.Begin(t.Context())
		require.NoError(t, err)
		defer func() { assert.NoError(t, tx.Rollback(t.Context())) }()
		count := func() (n int) {
			require.NoError(t, tx.QueryRow(t.Context(), `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables
				where relname ~ '^(registry|ceramic)'`, pgx.QueryExecModeSimpleProtocol).Scan(&n))
			return n
		}
		before := count() // of earlier transactions, which are reported later
		work(s.InTx(tx))
		return count() - before
	}
	forgotten := reads(func(s *pgstore.Store) {
		receipt, err := s.Forget(t.Context(), store.Forgetting{Address: address, Claims: store.AnonymizeClaims, SkipSearch: true})
		require.NoError(t, err)
		assert.Equal(t, []int{10, 10, 1, 10}, []int{receipt.Credentials, receipt.Events, receipt.Scores, receipt.Points})
	})
	assert.Positive(t, forgotten)
	assert.Less(t, forgotten, 1000)
	for _, kind := range []store.PruneKind{store.PruneEvents, store.PruneClaims} {
		pruned := reads(func(s *pgstore.Store) {
			step, err := s.Prune(t.Context(), store.Pruning{Kind: kind, Before: time.Now().Add(-10 * 24 * time.Hour), Limit: 50})
			require.NoError(t, err)
			assert.Positive(t, step.Removed)
			assert.True(t, step.More)
		})
		assert.Less(t, pruned, 1500, kind)
	}
}

// A step of pruning waits for no lock: a row that is locked stays for the next
// one.
func TestPrune_Locked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newStore(w.newPool())
	w.exec(`insert into registry_hashscorerlink (hash, address, expires_at, community_id)
		select 'n' || n, $1, '2020-01-01', 1 from generate_series(1, 5) n`, alice)
	w.exec(`insert into registry_event (action, address, created_at, data) select 'LDP', $1, '2020-01-01', '{}' from generate_series(1, 5)`, alice)
	lock, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), "update registry_hashscorerlink set address = '' where hash = 'n3'")
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), "update registry_event set data = '[]' where id = (select min(id) from registry_event)")
	require.NoError(t, err)
	for _, kind := range []store.PruneKind{store.PruneClaims, store.PruneEvents} {
		step, err := s.Prune(t.Context(), store.Pruning{Kind: kind, Before: time.Now(), Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, 4, step.Removed, kind)
	}
	require.NoError(t, lock.Rollback(t.Context()))
	for _, kind := range []store.PruneKind{store.PruneClaims, store.PruneEvents} {
		step, err := s.Prune(t.Context(), store.Pruning{Kind: kind, Before: time.Now(), Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, 1, step.Removed, kind)
	}
}
