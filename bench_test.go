package passport_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// BenchmarkScore20 scores a wallet of 20 credentials on memstore, with all
// proofs to be checked and with all of them in the cache. Run with -cpu 1,2 to
// see that cold uses all processors.
func BenchmarkScore20(b *testing.B) {
	issuer := passporttest.NewIssuer()
	mem := memstore.New()
	weights := map[string]string{}
	for i := range 20 {
		provider := fmt.Sprintf("Provider%02d", i)
		weights[provider] = "1.5"
		signed, err := issuer.Issue(alice, provider, "account", passporttest.Nullifiers("v0:"+provider, "v1:"+provider))
		if err != nil {
			b.Fatal(err)
		}
		stamp, err := passport.ReadCredential(signed)
		if err != nil {
			b.Fatal(err)
		}
		if err := mem.AddCredentials(b.Context(), store.Address(alice), stamp); err != nil {
			b.Fatal(err)
		}
	}
	document, err := json.Marshal(weights)
	if err != nil {
		b.Fatal(err)
	}
	if err := mem.PutCommunity(b.Context(), store.Community{ID: 1, Name: "One", Weights: document, Threshold: "20"}); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		cacheSize int
	}{{"cold", 0}, {"warm", passport.DefaultCacheSize}} {
		b.Run(c.name, func(b *testing.B) {
			engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()), passport.WithCacheSize(c.cacheSize))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := engine.Score(b.Context(), 1, alice); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if result, err := engine.Score(b.Context(), 1, alice); err != nil || !result.Passing {
					b.Fatal(result, err)
				}
			}
		})
	}
}
