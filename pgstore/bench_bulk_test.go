package pgstore_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

const (
	bulkWallets = 500
	bulkWorkers = 2
)

// BenchmarkScoreAll compares ScoreAll over 500 wallets of 20 stamps with Score
// on as many goroutines as it has workers, which writes everything. The two
// take turns; the medians are reported. The rows are
//
//   - rescored: nothing has changed, and everything is written;
//   - unchanged: nothing has changed, and ScoreAll leaves it alone;
//   - first: the wallets have no score, and their proofs are remembered;
//   - cold: the same, and no proof is: it is also compared with a run on
//     memstore, which has the signatures to check and next to nothing else.
func BenchmarkScoreAll(b *testing.B) {
	for _, c := range []struct {
		name         string
		first, cold  bool
		leavingAlone time.Duration
	}{
		{name: "rescored"},
		{name: "unchanged", leavingAlone: 24 * time.Hour},
		{name: "first", first: true},
		{name: "cold", first: true, cold: true},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newBulkWorld(b)
			works := []func(){
				func() { w.oneByOne(w.engine(c.cold, w.store)) },
				func() { w.all(w.engine(c.cold, w.store).LeavingUnchanged(c.leavingAlone)) },
			}
			if c.cold {
				works = append(works, func() { w.all(w.newEngine(w.memory)) })
			}
			medians := inTurns(b, 1, func() { w.prepare(c.first, c.cold) }, works...)
			b.ReportMetric(0, "ns/op") // of all works together, which means nothing
			b.ReportMetric(bulkWallets/medians[0].Seconds(), "wallets/s-by-Score")
			b.ReportMetric(bulkWallets/medians[1].Seconds(), "wallets/s-by-ScoreAll")
			b.ReportMetric(float64(medians[0])/float64(medians[1]), "×Score")
			if c.cold {
				b.ReportMetric(float64(medians[1])/float64(medians[2]), "×memstore")
			}
		})
	}
}

// bulkWorld has wallets of 20 stamps among the rows of others.
type bulkWorld struct {
	duel

	b         *testing.B
	store     *pgstore.Store
	memory    *memstore.Store
	warm      *passport.Engine // has scored all wallets
	addresses []string
	stamps    map[string][]store.CredentialInput
}

func newBulkWorld(b *testing.B) *bulkWorld {
	b.Helper()
	w := &bulkWorld{duel: duel{world: newWorld(b)}, b: b, stamps: map[string][]store.CredentialInput{}}
	w.crowd()
	w.stamped(b) // the weights, and a wallet that is not scored here
	w.store = newStore(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 2 * bulkWorkers }))
	for i := range bulkWallets {
		wallet := passporttest.Address(fmt.Sprint("bulk ", i))
		stamps := twentyStamps(b, w.signer, wallet)
		require.NoError(b, w.store.AddCredentials(b.Context(), store.Address(wallet), stamps...))
		w.addresses, w.stamps[wallet] = append(w.addresses, wallet), stamps
	}
	w.warm = w.newEngine(w.store)
	w.all(w.warm)
	w.exec("vacuum analyze")
	return w
}

// prepare deletes the scores, if the scorings are first ones, and puts wallets
// without scores into a memstore, if that is needed.
func (w *bulkWorld) prepare(first, inMemory bool) {
	if first {
		w.forget(w.addresses...)
	}
	if !inMemory {
		return
	}
	w.memory = memstore.New()
	community := load(w.b, w.store).Community
	community.Account = 0
	require.NoError(w.b, w.memory.PutCommunity(w.b.Context(), community))
	for wallet, stamps := range w.stamps {
		require.NoError(w.b, w.memory.AddCredentials(w.b.Context(), store.Address(wallet), stamps...))
	}
}

// engine returns an engine that remembers all wallets or, if it is cold, none.
func (w *bulkWorld) engine(cold bool, on store.Store) *passport.Engine {
	if cold {
		return w.newEngine(on)
	}
	return w.warm
}

func (w *bulkWorld) newEngine(on store.Store) *passport.Engine {
	engine, err := passport.New(on, passport.WithTrustedIssuers(w.issuer), passport.WithCacheSize(2*bulkWallets*benchStamps))
	require.NoError(w.b, err)
	return engine
}

func (w *bulkWorld) all(engine *passport.Engine) {
	scored := 0
	for outcome, err := range engine.ScoreAll(context.Background(), 1, slices.Values(w.addresses), passport.WithWorkers(bulkWorkers)) {
		require.NoError(w.b, err)
		require.NoError(w.b, outcome.Err)
		require.True(w.b, outcome.Result.Passing)
		scored++
	}
	require.Equal(w.b, bulkWallets, scored)
}

func (w *bulkWorld) oneByOne(engine *passport.Engine) {
	due := make(chan string)
	var workers sync.WaitGroup
	for range bulkWorkers {
		workers.Go(func() {
			for address := range due {
				if result, err := engine.Score(context.Background(), 1, address); err != nil || !result.Passing {
					w.b.Errorf("%s: %+v, %v", address, result, err)
				}
			}
		})
	}
	for _, address := range w.addresses {
		due <- address
	}
	close(due)
	workers.Wait()
}

// BenchmarkScoring_FreshConnection compares the first 100 scorings of a
// connection with 100 on one that has settled on its plans. Connecting is not
// counted.
func BenchmarkScoring_FreshConnection(b *testing.B) {
	const scorings = 100
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
		b.Run(mode.String(), func(b *testing.B) {
			d := newDuel(b, mode, rescored)
			settled, _ := d.link()
			fresh, _ := d.link()
			times := func(work func()) func() {
				return func() {
					for range scorings {
						work()
					}
				}
			}
			onFresh, one := times(d.scoring(b, fresh)), d.scoring(b, fresh)
			connect := func() {
				fresh.Reset()
				require.NoError(b, fresh.Ping(context.Background()))
			}
			medians := inTurns(b, 1, connect, times(d.scoring(b, settled)), onFresh, one)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(medians[0].Microseconds())/scorings, "µs/settled")
			b.ReportMetric(float64(medians[1])/float64(medians[0]), "×settled")
			b.ReportMetric(float64(medians[2].Microseconds()), "µs/very-first")
		})
	}
}

// BenchmarkScoring_NeverAnalyzed compares a scoring on tables without
// statistics, whose rows were inserted after the connection had made its plans,
// with one on tables that were analyzed.
func BenchmarkScoring_NeverAnalyzed(b *testing.B) {
	for _, c := range []struct {
		name string
		kind kind
	}{{"rescored", rescored}, {"first", first}} {
		b.Run(c.name, func(b *testing.B) {
			analyzed := newDuel(b, pgx.QueryExecModeCacheStatement, c.kind)
			never := &duel{world: newWorld(b), mode: pgx.QueryExecModeCacheStatement, kind: c.kind}
			for _, table := range []string{
				"ceramic_cache_ceramiccache", "registry_passport", "registry_score", "registry_stamp",
				"registry_hashscorerlink", "registry_event",
			} {
				never.exec("alter table " + table + " set (autovacuum_enabled = off)")
			}
			never.weighed(b)
			pool, _ := never.link()
			onNever := never.scoring(b, pool)
			for range 10 { // the server makes its plans
				onNever()
			}
			never.crowd()
			analyzedPool, _ := analyzed.link()
			medians := inTurns(b, 10, func() { analyzed.prepare(); never.prepare() }, analyzed.scoring(b, analyzedPool), onNever)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(medians[0].Microseconds()), "µs/analyzed")
			b.ReportMetric(float64(medians[1])/float64(medians[0]), "×analyzed")
		})
	}
}
