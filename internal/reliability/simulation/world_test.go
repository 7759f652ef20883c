package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// backend is the store that a world is played on: memstore, or one that is
// broken on purpose.
type backend interface {
	store.Store
	store.Credentials
	store.Communities
	store.History
	WriteRows(w io.Writer) error
}

// rig is what is under test.
type rig struct {
	// store wraps the store, nil for memstore as it is.
	store func(mem *memstore.Store) backend
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

	wallets     []string
	communities []int64
	accounts    int // per provider
	badOneIn    int // credentials with a defect
	trouble     trouble
	// pause is how long a client rests between two things, at most: the shorter,
	// the more of them are under way at once.
	pause time.Duration
	// rush has everyone score at once when a round begins.
	rush    bool
	capped  *passport.CappedAward
	lists   []string
	rounds  int
	clients []*client
	// engine is the one that all clients share.
	engine *passport.Engine

	// mu is for the eyes of the race detector: one client works at a time.
	mu    sync.Mutex
	store backend
	model *model
	// wrong is the first thing that was not as it must be.
	wrong error
	// history is what happened, line by line; kept when it is asked for.
	history strings.Builder
	keep    bool
}

// trouble is how often things go wrong, once in so many times; 0 is never.
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
		w.wallets = append(w.wallets, passporttest.Address(fmt.Sprintf("wallet %d", i)))
	}
	for i := range d.between(1, 6) {
		w.communities = append(w.communities, int64(i+1))
	}
	mem := memstore.New(memstore.WithClock(w.clock.now))
	w.store = mem
	if under.store != nil {
		w.store = under.store(mem)
	}
	var err error
	if w.engine, err = w.newEngine(d, mem, under.options); err != nil {
		return nil, err
	}
	for i := range d.between(1, 5) {
		w.clients = append(w.clients, newClient(w, i, w.engine, under.engine))
	}
	return w, nil
}

// newEngine makes the engine that all clients share, and its memory with it.
func (w *world) newEngine(d die, on passport.Store, more []passport.Option) (*passport.Engine, error) {
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
	return passport.New(on, append(options, more...)...)
}

// play sets the world up, lets the clients loose round by round, and looks at
// the rows whenever all is quiet. It returns what was not as it must be.
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

// quiet looks at the rows while nobody works, and returns them.
func (w *world) quiet() (*rows, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wrong != nil {
		return nil, w.wrong
	}
	rows, err := readRows(w.store)
	if err != nil {
		return nil, err
	}
	return rows, errors.Join(rows.keepPromises(w), rows.equal(w.model))
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

// violated keeps the first thing that is not as it must be, and tells whether
// there is one.
func (w *world) violated(err error) bool {
	if w.wrong == nil {
		w.wrong = err
	}
	return w.wrong != nil
}

// community draws what a community asks for: mostly something that makes sense.
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
		c.Overlay = map[string]string{}
		for _, provider := range some(d, providers, 3) {
			c.Overlay[provider] = fmt.Sprintf("%d.%d", d.IntN(3), d.IntN(100))
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
