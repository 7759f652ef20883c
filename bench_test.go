package passport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// benchmarkWorld returns an engine on a community that weighs 20 providers.
func benchmarkWorld(b *testing.B) (*passport.Engine, *memstore.Store, *passporttest.Issuer) {
	b.Helper()
	issuer := passporttest.NewIssuer()
	mem := memstore.New()
	weights := map[string]string{}
	for i := range 20 {
		weights[fmt.Sprintf("Provider%02d", i)] = "1.5"
	}
	document, err := json.Marshal(weights)
	if err != nil {
		b.Fatal(err)
	}
	if err := mem.PutCommunity(b.Context(), store.Community{ID: 1, Name: "One", Weights: document, Threshold: "20"}); err != nil {
		b.Fatal(err)
	}
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	if err != nil {
		b.Fatal(err)
	}
	return engine, mem, issuer
}

// BenchmarkScore20 scores a wallet of 20 credentials on memstore, with all
// proofs to be checked, with all of them in the cache, and unchanged. Run with
// -cpu 1,2 to see that cold uses all processors.
func BenchmarkScore20(b *testing.B) {
	engine, mem, issuer := benchmarkWorld(b)
	giveTwenty(b, mem, issuer, alice)
	cold, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()), passport.WithCacheSize(0))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		engine *passport.Engine
	}{{"cold", cold}, {"warm", engine}, {"unchanged", engine.LeavingUnchanged(24 * time.Hour)}} {
		b.Run(c.name, func(b *testing.B) {
			if _, err := c.engine.Score(b.Context(), 1, alice); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if result, err := c.engine.Score(b.Context(), 1, alice); err != nil || !result.Passing {
					b.Fatal(result, err)
				}
			}
		})
	}
}

// countingStore has every wallet, without credentials, and keeps nothing.
type countingStore struct{ terms store.Community }

func (s countingStore) Load(_ context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot := &store.Snapshot{Community: s.terms, At: time.Now().UTC().Truncate(time.Microsecond), Wallets: make([]store.Wallet, len(q.Addresses))}
	for i, address := range q.Addresses {
		snapshot.Wallets[i] = store.Wallet{Address: address, Version: "1"}
	}
	return snapshot, nil
}

func (countingStore) Apply(_ context.Context, c *store.Changes) (*store.Receipt, error) {
	return &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}, nil
}

// BenchmarkScoreAll_Memory reports the live memory at the end of runs over
// 1,000 and over 1,000,000 addresses, and by how much the second has more.
func BenchmarkScoreAll_Memory(b *testing.B) {
	heapAfter := func(wallets int) float64 {
		community := store.Community{ID: 1, Rule: "LIFO", Scorer: store.ScorerBinary, Weights: []byte(`{"Google":"1"}`), Threshold: "1"}
		engine, err := passport.New(countingStore{community}, passport.WithTrustedIssuers(passport.HumanPassportIssuer))
		if err != nil {
			b.Fatal(err)
		}
		addresses := func(yield func(string) bool) {
			for i := 0; i < wallets && yield(fmt.Sprintf("0x%040x", i)); i++ {
			}
		}
		var stats runtime.MemStats
		n := 0
		for outcome, err := range engine.ScoreAll(b.Context(), 1, addresses) {
			if err != nil || outcome.Err != nil {
				b.Fatal(err, outcome.Err)
			}
			if n++; n == wallets { // the run still holds everything
				runtime.GC()
				runtime.ReadMemStats(&stats)
			}
		}
		return float64(stats.HeapAlloc) / (1 << 20)
	}
	for b.Loop() {
		few, many := heapAfter(1_000), heapAfter(1_000_000)
		b.ReportMetric(few, "MiB-after-1,000")
		b.ReportMetric(many, "MiB-after-1,000,000")
		b.ReportMetric(many-few, "MiB-more")
	}
}
