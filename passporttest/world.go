// Package passporttest is for the tests of programs that score stamps.
//
//   - [World] is a community with an engine, in memory or [On] your own store.
//   - [Faults] makes calls of a store fail, as a database would.
//   - [FakeScorer] takes the place of an engine, for code that only needs
//     scores.
//   - [Issuer] signs real credentials, and [Clock] stands still until it is
//     moved.
package passporttest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// World is a community on a store, with an engine. The engine repeats a scoring
// that lost a race as often as [passport.DefaultRetry], but without waiting.
type World struct {
	Engine    *passport.Engine // scores on the store and trusts Issuer
	Faults    *Faults          // stands between Engine and the store
	Store     *memstore.Store  // nil if the world is On another store
	Issuer    *Issuer          // signs the stamps
	Clock     *Clock           // the time of every scoring, at first noon of 2026-01-01, UTC
	Community int64            // the id of the one community, 1

	t  testing.TB
	on Store
}

// Store is what a world needs. memstore.Store and pgstore.Store have it.
type Store interface {
	store.Store
	store.Communities
	store.Credentials
}

// WorldOption configures a [World].
type WorldOption interface{ apply(p *plan) }

type plan struct {
	store     Store
	community store.Community
	weights   Weights
	options   []passport.Option
}

// Weights are the community's, a decimal by provider. Others count 0.
type Weights map[string]string

func (w Weights) apply(p *plan) { maps.Copy(p.weights, w) }

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
// have a community 1 yet: give each test a database of its own, or a
// transaction that it rolls back (pgstore.InTx).
func On(store Store) WorldOption { return on{store} }

type on struct{ store Store }

func (o on) apply(p *plan) { p.store = o.store }

// NewWorld returns a world for the test, which an invalid option fails at once.
func NewWorld(t testing.TB, options ...WorldOption) *World {
	t.Helper()
	w := &World{
		Issuer:    NewIssuer(),
		Clock:     NewClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)),
		Community: 1,
		t:         t,
	}
	w.Store = memstore.New(memstore.WithClock(w.Clock.Now))
	p := plan{
		store:     w.Store,
		community: store.Community{ID: w.Community, Name: "Test", Threshold: "1"},
		weights:   Weights{},
		options: []passport.Option{
			passport.WithTrustedIssuers(w.Issuer.DID()), passport.WithClock(w.Clock.Now),
			passport.WithRetry(func() retry.Backoff { return retry.WithCappedDuration(0, passport.DefaultRetry()) }),
		},
	}
	for _, option := range options {
		if option != nil {
			option.apply(&p)
		}
	}
	if p.store == nil {
		t.Fatal("passporttest.On got nil")
	}
	if p.store != Store(w.Store) {
		w.Store = nil
	}
	w.on, w.Faults = p.store, NewFaults(p.store)
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
	p.community.Weights, _ = json.Marshal(p.weights) //nolint:errchkjson // texts: cannot fail
	_, err := w.on.Load(w.t.Context(), store.Query{Community: w.Community})
	switch {
	case err == nil:
		w.t.Fatalf("making the community: the store has a community %d already", w.Community)
	case !errors.Is(err, store.ErrCommunityNotFound):
		w.t.Fatalf("looking for the community: %v", err)
	}
	if err := w.on.PutCommunity(w.t.Context(), p.community); err != nil {
		w.t.Fatalf("making the community: %v", err)
	}
}

// Stamp gives the address, in any letter case, a stamp that it owns the account
// at the provider, in place of an earlier one of the provider. An error fails
// the test at once.
func (w *World) Stamp(address, provider, account string, options ...CredentialOption) {
	w.t.Helper()
	signed, err := w.Issuer.Issue(address, provider, account, options...)
	if err != nil {
		w.t.Fatal(err)
	}
	stamp, err := passport.ReadCredential(signed)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.on.AddCredentials(w.t.Context(), store.Address(address), stamp); err != nil {
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

// Address returns the address of a made-up wallet, the same for the same name.
func Address(name string) string {
	digest := sha256.Sum256([]byte("passporttest address " + name))
	return "0x" + hex.EncodeToString(digest[:20])
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

// Clock is a clock that stands still until it is moved. It is safe for
// concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows the given time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, forwards or, if d is negative, back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set sets the clock to the given time.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}
