package passport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// batch is one attempt to score some wallets of a community together. A
// scoring is a batch of one.
type batch struct {
	engine    *Engine
	community int64
	asked     []Address // the addresses to score, each once
	// lastScores asks for the last scores even if they do not decide anything.
	lastScores bool
	attempt    int  // the number of this attempt, from 1
	mayLag     bool // what is read

	wallets []Address       // the addresses, and the others of their groups
	units   []unit          // of the wallets, in their order
	place   map[Address]int // of the wallets, if some may be linked
	ties    int             // times that former units were added

	snapshot *store.Snapshot
	terms    terms
	holdings []holding // of the wallets, in their order

	loading, verifying, applying time.Duration // the times spent
}

// run makes one attempt. It writes nothing if it is a preview.
func (b *batch) run(ctx context.Context, preview bool) (*decision, error) {
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	return b.finish(ctx, preview)
}

// prepare loads the wallets and verifies their credentials. Its error is a
// *[ScoringError] if the terms of the community cannot be read.
func (b *batch) prepare(ctx context.Context) error {
	if err := b.gather(ctx); err != nil {
		return err
	}
	trusting := true
	for {
		if err := b.load(ctx, trusting); err != nil {
			return fmt.Errorf("loading: %w", err)
		}
		tied, err := b.tie(ctx)
		if err != nil {
			return err
		}
		if tied {
			continue
		}
		if b.terms, err = b.engine.glossary.termsOf(&b.snapshot.Community); err != nil {
			return b.unscorable(err)
		}
		began := time.Now()
		within, end := b.begin(ctx, StepVerify, len(b.wallets))
		ok, err := b.verify(within)
		b.verifying += time.Since(began)
		end(err)
		if err != nil {
			return fmt.Errorf("verifying the credentials: %w", err)
		}
		if ok {
			return nil
		}
		trusting = false
	}
}

// placeOf returns the place of an address that is asked for, by its place among
// those.
func (b *batch) placeOf(asked int) int {
	if b.place == nil {
		return asked
	}
	return b.place[b.asked[asked]]
}

// unscorable returns the error of a community with such a fault.
func (b *batch) unscorable(cause error) error {
	return &ScoringError{Community: b.community, Address: b.asked[0], Err: cause}
}

// load reads the wallets. Unless it is trusting, it reads all documents.
func (b *batch) load(ctx context.Context, trusting bool) error {
	e := b.engine
	q := store.Query{
		Community: b.community,
		Addresses: b.wallets,
		At:        store.Microseconds(e.settings.clock()),
		MayLag:    b.mayLag,
		LastScore: b.compared() || len(b.wallets) > len(b.units) || b.ties > 0,
		Groups:    e.settings.grouped,
		Points:    e.settings.points.query(),
	}
	if e.planning != nil && !e.planning.at.IsZero() {
		q.At = e.planning.at
	}
	b.holdings = make([]holding, len(b.wallets))
	for i, address := range b.wallets {
		known := e.validator.memory.recall(address)
		b.holdings[i] = holding{address: address, known: known}
		if said, is := known.known(); is && trusting {
			if q.Known == nil {
				q.Known = make(map[Address]store.Known, len(b.wallets))
			}
			q.Known[address] = said
		}
	}
	began := time.Now()
	ctx, end := b.begin(ctx, StepLoad, len(b.wallets))
	snapshot, err := e.store.Load(ctx, q)
	b.loading += time.Since(began)
	if err == nil {
		err = b.check(snapshot, q.Known)
	}
	end(err)
	if err == nil && e.planning != nil {
		e.planning.terms.replace(&snapshot.Community)
	}
	b.snapshot = snapshot
	return err
}

// mayLag reports whether what the attempt reads may lag, though it writes.
func (e *Engine) mayLag(attempt int) bool {
	return e.settings.lagging && attempt == 1 && e.leaving <= 0
}

// compared reports whether the results have the score before.
func (b *batch) compared() bool { return b.lastScores || b.engine.leaving > 0 }

// check returns an error if the snapshot does not answer the query.
func (b *batch) check(snapshot *store.Snapshot, asked map[Address]store.Known) error {
	wrong := func(problem string) error { return fmt.Errorf("%w: %s", store.ErrInternal, problem) }
	switch {
	case snapshot == nil:
		return wrong("the store returned no snapshot")
	case len(snapshot.Wallets) != len(b.wallets) || snapshot.Community.ID != b.community:
		return wrong("the snapshot is not of the queried address and community")
	case snapshot.At.IsZero():
		return wrong("the snapshot has no time")
	case snapshot.At != store.Microseconds(snapshot.At):
		return wrong("the time of the snapshot is not in UTC and whole microseconds")
	case b.engine.settings.points != nil && (snapshot.Points == nil || len(snapshot.Points.Wallets) != len(b.wallets)):
		return wrong("the snapshot lacks the queried points")
	}
	for i := range snapshot.Wallets {
		wallet := &snapshot.Wallets[i]
		if wallet.Address != b.wallets[i] {
			return wrong("the snapshot is not of the queried address and community")
		}
		if _, is := asked[wallet.Address]; wallet.Unchanged && (!is || len(wallet.Credentials) > 0) {
			return wrong("a wallet is unchanged since a version that the query does not have")
		}
	}
	return nil
}

// verify finds the newest credential of each provider with its verdict, and
// remembers it. It reports false if the documents of a wallet are needed that
// were not read.
func (b *batch) verify(ctx context.Context) (bool, error) {
	v := b.engine.validator
	for i := range b.holdings {
		h, wallet := &b.holdings[i], &b.snapshot.Wallets[i]
		if !wallet.Unchanged {
			h.candidates = newest(candidatesOf(wallet.Credentials))
		} else if !v.recall(h, b.snapshot.At) {
			return false, nil
		}
	}
	if err := v.validate(ctx, b.snapshot.At, b.holdings); err != nil {
		return false, err
	}
	for i := range b.holdings {
		if h := &b.holdings[i]; !h.recalled {
			h.known = v.memory.remember(h.address, b.snapshot.Wallets[i].Version, h.candidates)
		}
	}
	return true, nil
}

// finish decides about the wallets that were prepared, and writes the decision
// unless it is a preview. Its error is a *[ScoringError] if the fault is the
// community's.
func (b *batch) finish(ctx context.Context, preview bool) (*decision, error) {
	s := &b.engine.settings
	d, err := decide(b.snapshot, b.wallets, b.units, b.holdings, rules{b.terms, s.points, b.engine.leaving, b.compared(), s.grouped})
	if err != nil {
		return nil, b.unscorable(err)
	}
	if preview {
		return d, nil
	}
	if b.snapshot.Points != nil {
		for i := range d.results {
			if d.results[i].Unchanged {
				d.results[i].credit(b.snapshot.Points, i, &store.WalletChanges{}, nil)
			}
		}
	}
	if len(d.changes.Wallets) == 0 {
		return d, nil
	}
	return d, b.write(ctx, d)
}

// write applies the decision, and completes its results.
func (b *batch) write(ctx context.Context, d *decision) error {
	receipt, err := b.apply(ctx, &d.changes)
	if err != nil {
		return err
	}
	for k, i := range d.written {
		given := receipt.Wallets[k]
		if b.snapshot.Points != nil {
			d.results[i].credit(b.snapshot.Points, i, &d.changes.Wallets[k], given.Given)
		}
		h := &b.holdings[i]
		if _, is := h.known.known(); is && given.Version != "" {
			b.engine.validator.memory.renew(h.address, h.known, given.Version)
		}
	}
	return nil
}

func (b *batch) apply(ctx context.Context, changes *store.Changes) (*store.Receipt, error) {
	began := time.Now()
	ctx, end := b.begin(ctx, StepApply, len(changes.Wallets))
	receipt, err := b.engine.store.Apply(ctx, changes)
	b.applying += time.Since(began)
	if err == nil && !answers(receipt, changes) {
		err = fmt.Errorf("%w: the store returned no receipt for the address", store.ErrInternal)
	}
	end(err)
	if errors.Is(err, store.ErrConflict) {
		for i := range b.holdings {
			b.engine.validator.memory.renew(b.holdings[i].address, b.holdings[i].known, "")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("applying: %w", err)
	}
	return receipt, nil
}

// answers reports whether the receipt is for the change set.
func answers(receipt *store.Receipt, changes *store.Changes) bool {
	if receipt == nil || len(receipt.Wallets) != len(changes.Wallets) {
		return false
	}
	for i := range receipt.Wallets {
		if len(receipt.Wallets[i].Given) != len(changes.Wallets[i].Awards) {
			return false
		}
	}
	return true
}
