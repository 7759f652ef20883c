package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// rig is under test: memstore and the engine, or ones that are broken.
type rig struct {
	// store breaks the store, nil for memstore as it is.
	store func(b *brokenstore.Store)
	// engine wraps the engine of a client, nil for the engine as it is.
	engine func(e *passport.Engine, w *world) passport.Scorer
	// options come after those of the world.
	options []passport.Option
}

// world is one run of the simulation.
type world struct {
	seed  uint64
	under rig
	mint  *mint
	clock *clock

	wallets     []store.Address
	communities []int64
	accounts    int // per provider
	badOneIn    int // credentials with a defect
	trouble     trouble
	// pause is the longest rest of a client between two calls. The shorter it is,
	// the more calls are under way at once.
	pause time.Duration
	// rush has all clients score at once when a round begins.
	rush    bool
	capped  *passport.CappedAward
	lists   []string
	rounds  int
	clients []*client
	// engine is the one that all clients share.
	engine *passport.Engine

	// mu is for the race detector: one client works at a time.
	mu    sync.Mutex
	store *brokenstore.Store
	model *model
	// wrong is the first fault.
	wrong error
	// history is the course of the world, line by line, if it is kept.
	history strings.Builder
	keep    bool
}

// trouble has how often calls go wrong, once in so many times; 0 is never.
type trouble struct{ fault, deadline, jump, slow int }

// newWorld draws the world of the seed. It must be called in the bubble.
func newWorld(seed uint64, under rig, keep bool) (*world, error) {
	d := newDie(seed, 0)
	w := &world{
		seed: seed, under: under, mint: newMint(), clock: newClock(), model: newModel(), keep: keep,
		accounts: d.between(1, 3),
		badOneIn: one(d, []int{0, 10, 3}),
		trouble:  trouble{fault: one(d, []int{0, 20, 6, 3}), deadline: one(d, []int{0, 10, 3}), jump: one(d, []int{0, 20, 8}), slow: one(d, []int{0, 10, 3})},
		pause:    one(d, []time.Duration{0, 30 * time.Millisecond, 3 * time.Second}),
		lists:    []string{"team", "SeasonedPassportOGs", "TheChosenOnes", "MetaMaskOG2"},
		rounds:   d.between(1, 3),
		rush:     d.oneIn(2),
	}
	for i := range d.between(2, 5) {
		w.wallets = append(w.wallets, store.Address(passporttest.Address(fmt.Sprintf("wallet %d", i))))
	}
	for i := range d.between(1, 6) {
		w.communities = append(w.communities, int64(i+1))
	}
	w.store = brokenstore.New(memstore.WithClock(w.clock.now))
	if under.store != nil {
		under.store(w.store)
	}
	var err error
	if w.engine, err = w.newEngine(d, under.options); err != nil {
		return nil, err
	}
	for i := range d.between(1, 5) {
		w.clients = append(w.clients, newClient(w, i, w.engine, under.engine))
	}
	return w, nil
}

// newEngine makes the engine that all clients share, and its cache with it.
func (w *world) newEngine(d die, more []passport.Option) (*passport.Engine, error) {
	retries := uint64(d.IntN(6))
	options := []passport.Option{
		passport.WithTrustedIssuers(w.mint.issuer.DID()),
		passport.WithCacheSize(one(d, []int{0, 5, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000})),
		// Without chance, and in steps that keep to the turns.
		passport.WithRetry(func() retry.Backoff {
			return retry.WithMaxRetries(retries, retry.NewExponential(50*time.Millisecond))
		}),
	}
	if !d.oneIn(4) {
		points := passport.HumanPoints{Start: noon.Add(d.duration(-time.Hour, time.Hour))}
		if !d.oneIn(3) {
			w.capped = &passport.CappedAward{List: "MetaMaskOG2", Action: "MM2", Limit: d.between(1, 3)}
			points.Capped = w.capped
		}
		w.model.pointsFrom = &points.Start
		options = append(options, passport.WithHumanPoints(points))
	}
	return passport.New(w.store, append(options, more...)...)
}

// play sets the world up, runs the clients round by round, and checks the
// content whenever none is at work. It returns the first fault.
func (w *world) play(ctx context.Context) error {
	host := &client{world: w, name: "host", die: newDie(w.seed, 1), calm: true}
	for _, community := range w.communities {
		host.putCommunity(ctx, community)
	}
	for _, list := range w.lists {
		host.putList(ctx, list, some(host.die, w.wallets, len(w.wallets))...)
	}
	if w.rush {
		host.putList(ctx, "MetaMaskOG2", w.wallets...)
	}
	for _, address := range w.wallets {
		host.add(ctx, address)
	}
	for range w.rounds {
		var all sync.WaitGroup
		for _, c := range w.clients {
			all.Go(func() { c.live(ctx) })
		}
		all.Wait()
		if _, err := w.quiet(); err != nil {
			return err
		}
		w.clock.jump(host.duration(0, 100*time.Hour))
	}
	return w.settle(ctx, host)
}

// quiet checks the content while no client works, and returns it.
func (w *world) quiet() (*store.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wrong != nil {
		return nil, w.wrong
	}
	state := w.store.Good.State()
	return &state, w.check(&state)
}

// notef adds a line to the history.
func (w *world) notef(who, format string, args ...any) {
	if w.keep {
		fmt.Fprintf(&w.history, "%s %-8s %s\n", w.clock.now().Format("2006-01-02 15:04:05.000000000"), who, fmt.Sprintf(format, args...))
	}
}

// restedOn returns the claims of others that the scorings under way rest on.
func (w *world) restedOn() []nullifier {
	var claims []nullifier
	for _, c := range w.clients {
		if c.under == nil || c.read == nil {
			continue
		}
		for _, n := range slices.Sorted(maps.Keys(c.read.held)) {
			claims = append(claims, nullifier{c.under.community, n})
		}
	}
	return claims
}

// violated keeps the first fault, and reports whether there is one.
func (w *world) violated(err error) bool {
	if w.wrong == nil {
		w.wrong = err
	}
	return w.wrong != nil
}

// community draws the terms of a community, good ones mostly.
func (w *world) community(d die, id int64) store.Community {
	c := store.Community{
		ID: id, Name: fmt.Sprintf("Community %d", id), HumanPoints: !d.oneIn(3),
		Scorer: one(d, []string{"", store.ScorerBinary, store.ScorerWeighted}), Threshold: one(d, []string{"0", "1", "2.5", "4.00001", "30"}),
	}
	if w.rush && id == w.communities[0] {
		c.HumanPoints, c.Threshold = true, "0"
	}
	weights := map[string]any{}
	for _, provider := range some(d, providers, len(providers)) {
		text := fmt.Sprintf("%d.%0*d", d.IntN(4), d.between(1, 4), d.IntN(10))
		weights[provider] = text
		if d.oneIn(2) {
			weights[provider] = json.Number(text)
		}
	}
	if d.oneIn(3) {
		c.Customization = map[string]string{}
		for _, provider := range some(d, providers, 3) {
			c.Customization[provider] = fmt.Sprintf("%d.%d", d.IntN(3), d.IntN(100))
		}
	}
	fault := d.IntN(30)
	switch fault {
	case 0:
		c.Rule = "FIFO"
	case 1:
		weights["Google"] = "heavy"
	}
	if fault != 2 {
		var err error
		c.Weights, err = json.Marshal(weights)
		must(err)
	}
	return c
}
