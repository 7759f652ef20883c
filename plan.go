package passport

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Plan is what a scoring would return and write.
type Plan struct {
	// Result is what Score would return. Its Before is set, as that of ScoreAll
	// is.
	Result *Result
	// Changes are what Score would write, for all wallets of a group. It has no
	// wallets if an engine that is LeavingUnchanged would write nothing. It must
	// not be applied: the claims that it rests on may be those of other plans.
	Changes *store.Changes
}

// Terms are what a community weighs stamps by. A field that is not set stands
// for the community's own.
type Terms struct {
	// Weights and Threshold are as those of [store.Community].
	Weights   json.RawMessage
	Threshold string
	// Customization replaces that of the community unless it is nil; an empty one
	// has no weights.
	Customization map[string]string
}

// PlanOption configures a [Planner].
type PlanOption func(*planning)

// planning is how a planner differs from its engine.
type planning struct {
	at      time.Time
	terms   Terms
	issuers map[string]bool // nil: the engine's
}

// At makes plans for that moment: credentials, claims and scores are as they
// are now, and expire as they would then. The zero time stands for the present.
func At(moment time.Time) PlanOption {
	return func(p *planning) { p.at = store.Microseconds(moment) }
}

// Under makes plans under other terms.
func Under(terms Terms) PlanOption {
	return func(p *planning) { p.terms = terms }
}

// Trusting replaces the engine's trusted issuers; see [WithTrustedIssuers].
func Trusting(dids ...string) PlanOption {
	return func(p *planning) {
		p.issuers = make(map[string]bool, len(dids))
		for _, did := range dids {
			p.issuers[did] = true
		}
	}
}

// Planner decides as its engine does, perhaps at another moment or under other
// terms, and writes nothing. Make it with [Engine.Planner]. It is safe for
// concurrent use.
type Planner struct{ engine *Engine }

// Planner returns a planner on the engine's store. It shares the engine's cache
// unless it trusts other issuers. Its errors wrap [ErrMisconfigured].
func (e *Engine) Planner(options ...PlanOption) (*Planner, error) {
	p := &planning{}
	problems.Apply(p, options)
	p.terms.Customization = maps.Clone(p.terms.Customization)
	other := *e
	other.planning, other.glossary = p, newGlossary()
	if p.issuers != nil {
		other.settings.issuers = p.issuers
		other.validator = newValidator(&other.settings)
	}
	found := problems.New(ErrMisconfigured)
	if len(other.settings.issuers) == 0 {
		found.Addf("no trusted issuer, so no stamp would ever count")
	}
	for did := range p.issuers {
		if err := credential.CheckIssuer(did); err != nil {
			found.Addf("trusted %w", err)
		}
	}
	if err := p.terms.check(); err != nil {
		found.Addf("terms: %w", err)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	return &Planner{&other}, nil
}

// check returns an error if no wallet could be scored under the terms.
func (t *Terms) check() error {
	community := store.Community{Rule: ruleLIFO, Weights: json.RawMessage("{}"), Threshold: "0"}
	t.replace(&community)
	_, err := termsOf(&community)
	return err
}

// replace puts the terms in the place of the community's.
func (t *Terms) replace(community *store.Community) {
	if t.Weights != nil {
		community.Weights = t.Weights
	}
	if t.Threshold != "" {
		community.Threshold = t.Threshold
	}
	if t.Customization != nil {
		community.Customization = t.Customization
	}
}

// Plan returns what [Engine.Score] would do. Its errors are those of
// [Engine.Preview].
func (p *Planner) Plan(ctx context.Context, community int64, address string) (*Plan, error) {
	for planned, err := range p.PlanAll(ctx, community, func(yield func(string) bool) { yield(address) }) {
		if err != nil {
			return nil, err
		}
		return planned.Plan, planned.Err
	}
	return nil, fmt.Errorf("planning for community %d: %w", community, ctx.Err())
}

// Planned is the plan for one address of a run.
type Planned struct {
	Address string // as it was given
	// Plan is nil if Err is set, which is an error of the address as in [Scored].
	Plan *Plan
	Err  error
}

// planBatch is the number of wallets that are planned together.
const planBatch = DefaultBatchSize

// PlanAll plans to score the addresses one after the other, and yields the
// plans in their order. Each rests on the claims that those before it would
// have made, so that the run ends as [Engine.ScoreAll] would with one worker,
// but for claims of groups. It holds these claims, and the wallets of one
// batch, in memory.
//
// An error that is yielded ends the run: those that end a run of ScoreAll.
func (p *Planner) PlanAll(ctx context.Context, community int64, addresses iter.Seq[string]) iter.Seq2[Planned, error] {
	return func(yield func(Planned, error) bool) {
		if addresses == nil {
			yield(Planned{}, fmt.Errorf("planning for community %d: %w: there is no sequence of addresses", community, ErrMisconfigured))
			return
		}
		r := planRun{engine: p.engine, community: community, made: map[string]store.Holder{}}
		var batch []Planned
		deliver := func() bool {
			if err := r.plan(ctx, batch); err != nil {
				yield(Planned{}, fmt.Errorf("planning for community %d: %w", community, err))
				return false
			}
			for _, planned := range batch {
				if !yield(planned, nil) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		for address := range addresses {
			if batch = append(batch, Planned{Address: address}); len(batch) == planBatch && !deliver() {
				return
			}
		}
		deliver()
	}
}

// planRun is one run of PlanAll.
type planRun struct {
	engine    *Engine
	community int64
	made      map[string]store.Holder // the claims that its plans would have made
}

// plan completes the batch. Its error ends the run.
func (r *planRun) plan(ctx context.Context, batch []Planned) error {
	for len(batch) > 0 {
		n := r.distinct(batch)
		within, end := r.engine.settings.begin(ctx, Step{Name: StepPlan, Community: r.community, Wallets: n})
		err := r.planSome(within, batch[:n])
		end(err)
		if err != nil {
			return err
		}
		batch = batch[n:]
	}
	return ctx.Err()
}

// distinct returns how many of the batch have different addresses.
func (r *planRun) distinct(batch []Planned) int {
	seen := make(map[Address]bool, len(batch))
	for i := range batch {
		address, err := ParseAddress(batch[i].Address)
		if err == nil && seen[address] {
			return i
		}
		seen[address] = err == nil
	}
	return len(batch)
}

// planSome plans for different addresses, which are read together or, if that
// fails, one by one.
func (r *planRun) planSome(ctx context.Context, some []Planned) error {
	var asked []Address
	var places []int
	for i := range some {
		address, err := ParseAddress(some[i].Address)
		if some[i].Err = err; err == nil {
			asked, places = append(asked, address), append(places, i)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	attempts := 0
	b, err := repeat(ctx, r.engine.settings.backoff, isAway, func(ctx context.Context) (*batch, error) {
		attempts++
		try := &batch{engine: r.engine, community: r.community, asked: asked, lastScores: true, attempt: attempts, mayLag: true}
		return try, try.prepare(ctx)
	})
	switch {
	case err == nil && (len(places) == 1 || b.ties == 0):
		return r.decide(ctx, b, some, places)
	case err != nil && endsRun(ctx, err):
		return err
	case len(places) == 1:
		some[places[0]].Err = err
		return nil
	}
	for _, i := range places {
		if err := r.planSome(ctx, some[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// decide plans for each of the addresses by what was prepared for all.
func (r *planRun) decide(ctx context.Context, b *batch, some []Planned, places []int) error {
	held := make(map[string]store.Holder, len(b.snapshot.Claims))
	for _, claim := range b.snapshot.Claims {
		held[claim.Nullifier] = claim.Holder
	}
	planned := map[int]*Plan{} // by place in the batch
	for _, part := range b.parts() {
		part.claim(r.made, held)
		d, err := part.finish(ctx, true)
		if err != nil {
			return err
		}
		for _, swap := range d.changes.Claims {
			if !swap.From.Equal(swap.To) {
				r.made[swap.Nullifier] = swap.To
			}
		}
		for i := range d.results {
			planned[part.first+i] = &Plan{Result: &d.results[i], Changes: &d.changes}
		}
	}
	for k, i := range places {
		some[i].Plan = planned[b.placeOf(k)]
	}
	return nil
}

// part is some of the wallets of a batch.
type part struct {
	batch

	first int // the place of the first one
}

// parts returns a part for each unit, or one for all units that claims of the
// past tie together.
func (b *batch) parts() []part {
	if b.ties > 0 {
		return []part{{batch: *b}}
	}
	parts := make([]part, len(b.units))
	for k, u := range b.units {
		p := part{*b, u.from}
		p.wallets, p.holdings = b.wallets[u.from:u.to], b.holdings[u.from:u.to]
		snapshot := *b.snapshot
		snapshot.Wallets = b.snapshot.Wallets[u.from:u.to]
		if snapshot.Points != nil {
			points := *snapshot.Points
			points.Wallets = points.Wallets[u.from:u.to]
			snapshot.Points = &points
		}
		p.snapshot = &snapshot
		u.from, u.to, u.asked = 0, u.to-u.from, u.asked-u.from
		p.units = []unit{u}
		parts[k] = p
	}
	return parts
}

// claim makes the claims of the snapshot those on the nullifiers of the part:
// the ones that were made, or else the ones that are held.
func (p *part) claim(made, held map[string]store.Holder) {
	claims := map[string]store.Holder{}
	for i := range p.holdings {
		for k := range p.holdings[i].candidates {
			for _, nullifier := range p.holdings[i].candidates[k].content.Nullifiers {
				holder, is := made[nullifier]
				if !is {
					holder, is = held[nullifier]
				}
				if is {
					claims[nullifier] = holder
				}
			}
		}
	}
	p.snapshot.Claims = nil
	for nullifier, holder := range claims {
		p.snapshot.Claims = append(p.snapshot.Claims, store.Claim{Nullifier: nullifier, Holder: holder})
	}
}
