// Package passporttest is for the tests of programs that score stamps.
//
//   - [World] is a community with an engine, on an in-memory store or, with
//     [On], on your own; [World.Stamp] gives a wallet a stamp.
//   - [Faults] makes calls of a store fail, as a database would.
//   - [FakeScorer] takes the place of an engine, for code that only needs scores.
//   - [Issuer] signs real credentials, and [Clock] stands still until it is moved.
//
// A test that scores:
//
//	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1.5", "Github": "2"}, passporttest.Threshold("3"))
//	world.Stamp(alice, "Google", "account-1")
//	result := world.MustScore(alice)
package passporttest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// World is a community on a store, with an engine, an issuer that it trusts,
// and a clock that all of them go by. The engine repeats a scoring that lost a
// race as often as [passport.DefaultRetry], but without waiting.
type World struct {
	// Engine scores on the store and trusts Issuer.
	Engine *passport.Engine
	// Faults stands between Engine and the store, and makes calls fail.
	Faults *Faults
	// Store holds the rows in memory; nil if the world is [On] another store.
	Store *memstore.Store
	// Issuer signs the stamps.
	Issuer *Issuer
	// Clock shows the moment of every scoring: noon of 2026-01-01, UTC, to
	// begin with.
	Clock *Clock
	// Community is the id of the one community, 1.
	Community int64

	t    testing.TB
	rows Store
}

// Store is what a world needs of a store. *memstore.Store and *pgstore.Store
// are such stores.
type Store interface {
	store.Store
	store.Communities
	store.Credentials
}

// WorldOption configures a [World].
type WorldOption interface{ apply(p *plan) }

type plan struct {
	rows      Store
	on        bool // rows are the host's
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

// On makes the world on the store, in place of a new one in memory. It must not
// have a community 1 yet: give each test a database of its own, or a transaction
// that it rolls back (pgstore.InTx).
func On(store Store) WorldOption { return on{store} }

type on struct{ store Store }

func (o on) apply(p *plan) { p.rows, p.on = o.store, true }

// NewWorld returns a world for the test, which fails at once when an option
// makes no sense.
func NewWorld(t testing.TB, options ...WorldOption) *World {
	t.Helper()
	w := &World{
		Issuer:    NewIssuer(),
		Clock:     NewClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)),
		Community: 1,
		t:         t,
	}
	p := plan{
		community: store.Community{ID: w.Community, Name: "Test", Threshold: "1"},
		weights:   Weights{},
		options: []passport.Option{
			passport.WithTrustedIssuers(w.Issuer.DID()), passport.WithClock(w.Clock.Now), passport.WithRetry(withoutWaiting),
		},
	}
	for _, option := range options {
		if option != nil {
			option.apply(&p)
		}
	}
	if p.on && p.rows == nil {
		t.Fatal("passporttest.On got nil")
	}
	if !p.on {
		w.Store = memstore.New(memstore.WithClock(w.Clock.Now))
		p.rows = w.Store
	}
	w.rows, w.Faults = p.rows, NewFaults(p.rows)
	w.putCommunity(&p)
	var err error
	if w.Engine, err = passport.New(w.Faults, p.options...); err != nil {
		t.Fatalf("making the engine: %v", err)
	}
	return w
}

func (w *World) putCommunity(p *plan) {
	w.t.Helper()
	for provider, weight := range p.weights {
		if _, err := passport.ParseDecimal(weight); err != nil {
			w.t.Fatalf("the weight of %s: %v", provider, err)
		}
	}
	var err error
	if p.community.Weights, err = json.Marshal(p.weights); err != nil {
		w.t.Fatalf("writing the weights: %v", err)
	}
	_, err = w.rows.Load(w.t.Context(), store.Query{Community: w.Community})
	switch {
	case err == nil:
		w.t.Fatalf("making the community: the store has a community %d already", w.Community)
	case !errors.Is(err, store.ErrCommunityNotFound):
		w.t.Fatalf("looking for the community: %v", err)
	}
	if err := w.rows.PutCommunity(w.t.Context(), p.community); err != nil {
		w.t.Fatalf("making the community: %v", err)
	}
}

// withoutWaiting is the default policy with waits of 0.
func withoutWaiting() retry.Backoff {
	policy := passport.DefaultRetry()
	return retry.BackoffFunc(func() (time.Duration, bool) {
		_, stop := policy.Next()
		return 0, stop
	})
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
	if err := w.rows.AddCredentials(w.t.Context(), string(parsed), stamp); err != nil {
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

// MustDecimal returns the decimal that the text spells, for expected values. It
// panics if [passport.ParseDecimal] refuses the text.
func MustDecimal(text string) passport.Decimal {
	decimal, err := passport.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return decimal
}
