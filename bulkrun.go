package passport

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"

	"github.com/passport-sdk/passport-go/store"
)

// bulkRun is one run of ScoreAll or Rescore.
type bulkRun struct {
	bulkSettings
	engine    *Engine
	community int64
	// loading and writing have room for as many batches as may do so at a time.
	loading, writing chan struct{}
	goroutines       sync.WaitGroup
	underway         []*parcel           // in the order of their addresses
	last             map[Address]*parcel // the last one that is under way with an address
}

// parcel is a part of the addresses of a run that is scored by a goroutine.
type parcel struct {
	items []item
	after []*parcel     // have some of the addresses, and go first
	done  chan struct{} // closed when the items are settled, or err is set
	err   error         // ends the run
}

// item is one address of a run.
type item struct {
	given       string
	observation Observation
	settled     bool
}

// bulk scores the addresses and yields their outcomes.
func (e *Engine) bulk(ctx context.Context, community int64, addresses iter.Seq2[string, error], options []BulkOption, yield func(Scored, error) bool) {
	settings, err := newBulkSettings(options)
	r := &bulkRun{bulkSettings: settings, engine: e, community: community, last: map[Address]*parcel{}}
	goesOn := true
	if err == nil {
		goesOn, err = r.run(ctx, addresses, yield)
	}
	if err == nil && goesOn {
		err = ctx.Err() // it may have ended the addresses
	}
	if err != nil {
		err = fmt.Errorf("scoring community %d: %w", community, err)
		if ctx.Err() == nil && !errors.Is(err, ErrCommunityNotFound) {
			e.settings.logger.ErrorContext(ctx, "bulk scoring failed", slog.Int64("community", community), slog.Any("error", err))
		}
		yield(Scored{}, err)
	}
}

// run reports false if the loop over the outcomes was left. Its error ends the
// run.
func (r *bulkRun) run(ctx context.Context, addresses iter.Seq2[string, error], yield func(Scored, error) bool) (goesOn bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer r.goroutines.Wait()
	defer cancel()
	r.loading, r.writing = make(chan struct{}, r.workers), make(chan struct{}, r.workers)
	var failed error
	next := &parcel{}
	for given, err := range addresses {
		if failed = err; err != nil {
			break
		}
		i := item{given: given, observation: Observation{Community: r.community, Bulk: true}}
		i.observation.Address, i.observation.Err = ParseAddress(given)
		i.settled = i.observation.Err != nil
		if other := r.last[i.observation.Address]; other != nil && !i.settled {
			if other == next { // it is scored again, so by a later batch
				r.send(ctx, next)
				next = &parcel{}
			}
			next.after = append(next.after, other)
		}
		if !i.settled {
			r.last[i.observation.Address] = next
		}
		if next.items = append(next.items, i); len(next.items) == r.size {
			r.send(ctx, next)
			next = &parcel{}
		}
		if goesOn, err := r.deliver(ctx, mostUnderway*r.workers, yield); !goesOn || err != nil {
			return goesOn, err
		}
	}
	if len(next.items) > 0 {
		r.send(ctx, next)
	}
	if goesOn, err := r.deliver(ctx, 0, yield); !goesOn || err != nil {
		return goesOn, err
	}
	return true, failed
}

// mostUnderway is the number of parcels for each worker: one is written, one
// loaded, and one is ready for either.
const mostUnderway = 3

// send begins to score the parcel.
func (r *bulkRun) send(ctx context.Context, p *parcel) {
	p.done = make(chan struct{})
	r.underway = append(r.underway, p)
	r.goroutines.Go(func() {
		defer close(p.done)
		p.err = errors.New("scoring a batch ended its goroutine")
		// A panic in a goroutine of ours would end the host's program.
		defer func() {
			if panicked := recover(); panicked != nil {
				p.err = fmt.Errorf("scoring a batch panicked: %v", panicked)
			}
		}()
		p.err = r.score(ctx, p)
	})
}

// deliver yields the outcomes of the parcels that are done, in their order, and
// waits while more than most are under way. It reports false if the loop over
// the outcomes was left, and returns the error of a parcel that ends the run.
func (r *bulkRun) deliver(ctx context.Context, most int, yield func(Scored, error) bool) (goesOn bool, err error) {
	for len(r.underway) > 0 {
		p := r.underway[0]
		if len(r.underway) <= most {
			select {
			case <-p.done:
			default:
				return true, nil
			}
		}
		<-p.done
		for i := range p.items {
			o := &p.items[i].observation
			if !p.items[i].settled {
				return true, p.err
			}
			if o.Address != "" {
				for _, observe := range r.engine.settings.observers {
					observe(ctx, *o)
				}
			}
			if !yield(Scored{Address: p.items[i].given, Result: o.Result, Err: o.Err}, nil) {
				return false, nil
			}
			if r.last[o.Address] == p {
				delete(r.last, o.Address)
			}
		}
		r.underway[0], r.underway = nil, r.underway[1:]
	}
	return true, nil
}

// score settles the items of the parcel. Its error ends the run.
func (r *bulkRun) score(ctx context.Context, p *parcel) error {
	var items []*item
	for i := range p.items {
		if !p.items[i].settled {
			items = append(items, &p.items[i])
		}
	}
	if len(items) == 0 {
		return nil
	}
	for _, earlier := range p.after {
		<-earlier.done // at the latest when the context ends
	}
	var first *attempt
	err := within(ctx, r.loading, func() error {
		first = r.prepare(ctx, items)
		return nil
	})
	if err != nil {
		return err
	}
	return within(ctx, r.writing, func() error { return r.settle(ctx, items, first) })
}

// within calls the function when the channel has room, which it then takes.
func within(ctx context.Context, room chan struct{}, call func() error) error {
	select {
	case room <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-room }()
	return call()
}

// attempt is a batch that was prepared, and the error of that.
type attempt struct {
	*batch
	err error
}

func (r *bulkRun) prepare(ctx context.Context, items []*item) *attempt {
	b := &batch{engine: r.engine, community: r.community, addresses: make([]Address, len(items)), lastScores: true}
	for i := range items {
		b.addresses[i] = items[i].observation.Address
	}
	return &attempt{b, b.prepare(ctx)}
}

// settle scores the items together, and if that fails in parts. Its error ends
// the run.
func (r *bulkRun) settle(ctx context.Context, items []*item, first *attempt) error {
	_, err := repeat(ctx, r.engine.settings.backoff, isAway, func(ctx context.Context) (struct{}, error) {
		try := first
		if first = nil; try == nil {
			try = r.prepare(ctx, items)
		}
		return struct{}{}, r.finish(ctx, items, try)
	})
	switch {
	case err == nil:
		return nil
	case endsRun(ctx, err):
		return err
	case len(items) == 1:
		return r.scoreAlone(ctx, items[0])
	}
	r.engine.settings.logger.DebugContext(ctx, "a batch is scored in halves",
		slog.Int64("community", r.community), slog.Int("wallets", len(items)), slog.Any("error", err))
	half := len(items) / 2
	for _, part := range [][]*item{items[:half], items[half:]} {
		if err := r.settle(ctx, part, nil); err != nil {
			return err
		}
	}
	return nil
}

// finish decides and writes what was prepared, and settles the items.
func (r *bulkRun) finish(ctx context.Context, items []*item, try *attempt) error {
	var d *decision
	err := try.err
	if err == nil {
		d, err = try.batch.finish(ctx, false)
	}
	for i := range items {
		o := &items[i].observation
		o.Attempts++
		o.spent(try.batch, i)
		if err == nil {
			result := d.results[i] // which may be kept, without the others
			o.Result, items[i].settled = &result, true
		}
	}
	return err
}

// scoreAlone scores an item whose batches failed as Score does. An error of the
// address is its outcome, and any other ends the run.
func (r *bulkRun) scoreAlone(ctx context.Context, i *item) error {
	s := scoring{engine: r.engine, observation: i.observation}
	result, err := s.run(ctx)
	i.observation = s.observation
	if err != nil && endsRun(ctx, err) {
		return err
	}
	i.observation.Result, i.observation.Err, i.settled = result, err, true
	return nil
}

// isAway reports whether the database may be back soon.
func isAway(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome)
}

// endsRun reports whether the error would be that of every other wallet too.
func endsRun(ctx context.Context, err error) bool {
	var impossible *ScoringError
	if ctx.Err() != nil || isAway(err) || errors.As(err, &impossible) {
		return true
	}
	switch store.KindOf(err) {
	case store.KindMisconfigured, store.KindNotFound, store.KindReadOnly, store.KindSchema, store.KindPermission:
		return true
	default:
		return false
	}
}
