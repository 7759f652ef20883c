package passport_test

import (
	"encoding/json"
	"fmt"
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
