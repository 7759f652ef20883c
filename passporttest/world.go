// Package passporttest is for the tests of programs that score stamps: an
// issuer that signs real credentials, a clock that stands still, and a ready
// world with a community on an in-memory store.
//
//	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1.5", "Github": "2"}, passporttest.Threshold("3"))
//	world.Stamp(alice, "Google", "account-1")
//	result := world.MustScore(alice)
package passporttest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// World is a community on an in-memory store, with an engine, an issuer that
// it trusts, and a clock that all of them go by.
type World struct {
	// Engine scores on Store and trusts Issuer.
	Engine *passport.Engine
	// Store holds the rows.
	Store *memstore.Store
	// Issuer signs the stamps.
	Issuer *Issuer
	// Clock shows the moment of every scoring: noon of 2026-01-01, UTC, to
	// begin with.
	Clock *Clock
	// Community is the id of the one community.
	Community int64

	t testing.TB
}

// WorldOption configures a [World].
type WorldOption interface{ apply(p *plan) }

type plan struct {
	community store.Community
	weights   Weights
	options   []passport.Option
}

// Weights are the community's, a decimal for each provider. Without them every
// provider counts 0.
type Weights map[string]string

func (w Weights) apply(p *plan) {
	if w != nil {
		p.weights = w
	}
}

// Threshold is the community's, a decimal; "1" without it.
type Threshold string

func (t Threshold) apply(p *plan) { p.community.Threshold = string(t) }

// HumanPoints puts the community into the human points program.
type HumanPoints passport.HumanPoints

func (h HumanPoints) apply(p *plan) {
	p.community.HumanPoints = true
	p.options = append(p.options, passport.WithHumanPoints(passport.HumanPoints(h)))
}

// Options configure the engine, after the world has.
type Options []passport.Option

func (o Options) apply(p *plan) { p.options = append(p.options, o...) }

// NewWorld returns a world for the test, which fails at once when an option
// makes no sense.
func NewWorld(t testing.TB, options ...WorldOption) *World {
	t.Helper()
	clock := NewClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	w := &World{
		Store:     memstore.New(memstore.WithClock(clock.Now)),
		Issuer:    NewIssuer(),
		Clock:     clock,
		Community: 1,
		t:         t,
	}
	p := plan{
		community: store.Community{ID: w.Community, Name: "Test", Threshold: "1"},
		weights:   Weights{},
		options:   []passport.Option{passport.WithTrustedIssuers(w.Issuer.DID())},
	}
	for _, option := range options {
		if option != nil {
			option.apply(&p)
		}
	}
	for provider, weight := range p.weights {
		if _, err := passport.ParseDecimal(weight); err != nil {
			t.Fatalf("the weight of %s: %v", provider, err)
		}
	}
	var err error
	if p.community.Weights, err = json.Marshal(p.weights); err != nil {
		t.Fatalf("writing the weights: %v", err)
	}
	if err := w.Store.PutCommunity(t.Context(), p.community); err != nil {
		t.Fatalf("making the community: %v", err)
	}
	if w.Engine, err = passport.New(w.Store, p.options...); err != nil {
		t.Fatalf("making the engine: %v", err)
	}
	return w
}

// Stamp gives the address a stamp: it owns the account at the provider. The
// address's earlier stamp of that provider is replaced. The address may be in
// any case, as for a scoring.
func (w *World) Stamp(address, provider, account string, options ...CredentialOption) {
	w.t.Helper()
	signed, err := w.Issuer.Issue(address, provider, account, options...)
	if err != nil {
		w.t.Fatal(err)
	}
	stamp, err := passport.NewCredential(signed)
	if err != nil {
		w.t.Fatal(err)
	}
	parsed, err := passport.ParseAddress(address)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Store.AddCredentials(w.t.Context(), string(parsed), stamp); err != nil {
		w.t.Fatalf("giving %s a stamp of %s: %v", address, provider, err)
	}
}

// MustScore scores the address; an error fails the test at once.
func (w *World) MustScore(address string) *passport.Result {
	w.t.Helper()
	result, err := w.Engine.Score(w.t.Context(), w.Community, address)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// Address returns a wallet's address for the name: always the same, and
// another for every other name.
func Address(name string) string {
	const size = 20
	digest := sha256.Sum256([]byte("passporttest address " + name))
	return "0x" + hex.EncodeToString(digest[:size])
}
