package passport

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/passport-sdk/passport-go/internal/logattr"
)

// bulkRun is one run of ScoreAll or Rescore.
type bulkRun struct {
	settings  bulkSettings
	engine    *Engine
	community int64
	waiting   chan *parcel // to be prepared
	workers   sync.WaitGroup
	underway  []*parcel           // in the order of their addresses
	last      map[Address]*parcel // the last one that is under way with an address
}

// parcel is a part of the addresses of a run.
type parcel struct {
	items []item
	after []*parcel     // have some of the addresses, and go first
	first *attempt      // at all its items that are valid
	done  chan struct{} // closed when the items are settled, or err is set
	err   error         // ends the run

	within context.Context //nolint:containedctx // of its step, from one goroutine to the next
	end    func(error)     // ends its step
}

// item is one address of a run.
type item struct {
	given       string
	observation Observation
	settled     bool
}

// bulk scores the addresses and yields their outcomes.
func (e *Engine) bulk(ctx context.Context, community int64, addresses func(context.Context) iter.Seq2[string, error], options []BulkOption, yield func(Scored, error) bool) {
	settings, err := newBulkSettings(options)
	r := &bulkRun{settings: settings, engine: e, community: community, last: map[Address]*parcel{}}
	began := time.Now()
	ctx, end := e.settings.begin(ctx, Step{Name: StepScoreAll, Community: community})
	if err == nil {
		err = r.run(ctx, addresses(ctx), yield)
	}
	if err == nil {
		err = ctx.Err() // it may have ended the addresses
	}
	if errors.Is(err, errLeft) {
		end(nil)
		return
	}
	end(err)
	if err != nil {
		err = fmt.Errorf("scoring community %d: %w", community, err)
		if ctx.Err() == nil && !errors.Is(err, ErrCommunityNotFound) {
			e.settings.logger.LogAttrs(ctx, slog.LevelError, "bulk scoring failed", slog.String("operation", string(StepScoreAll)),
				slog.Int64("community", community), logattr.Duration(time.Since(began)), logattr.Error(err))
		}
		yield(Scored{}, err)
	}
}

// errLeft is the end of a run whose loop over the outcomes was left.
var errLeft = errors.New("the loop over the outcomes was left")

// run yields all outcomes. Its error ends the run.
func (r *bulkRun) run(ctx context.Context, addresses iter.Seq2[string, error], yield func(Scored, error) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	r.start(ctx)
	defer r.workers.Wait()
	defer close(r.waiting)
	defer cancel()
	most := mostUnderway * r.settings.workers
	var failed error
	next := &parcel{}
	for given, err := range addresses {
		if failed = err; err != nil {
			break
		}
		i := item{given: given, observation: Observation{Community: r.community, Bulk: true}}
		i.observation.Address, i.observation.Err = ParseAddress(given)
		i.settled = i.observation.Err != nil
		if other := r.last[i.observation.Address]; other != nil {
			if other == next { // it is scored again, so by a later batch
				r.send(next)
				next = &parcel{}
			}
			next.after = append(next.after, other)
		}
		if !i.settled {
			r.last[i.observation.Address] = next
		}
		if next.items = append(next.items, i); len(next.items) == r.settings.size {
			r.send(next)
			next = &parcel{}
		}
		if err := r.deliver(ctx, most, yield); err != nil {
			return err
		}
	}
	r.send(next)
	if err := r.deliver(ctx, 0, yield); err != nil {
		return err
	}
	return failed
}

// mostUnderway is the number of parcels for each worker: one is written, one
// loaded, and one is ready for either.
const mostUnderway = 3

// start starts the workers, which end with the context once waiting is closed.
// Each is a pair of goroutines: one loads and verifies a batch while the other
// writes the one before it.
func (r *bulkRun) start(ctx context.Context) {
	r.waiting = make(chan *parcel, mostUnderway*r.settings.workers+2) // run sends two at most before it delivers
	prepared := make(chan *parcel)
	for range r.settings.workers {
		r.workers.Go(func() {
			for p := range r.waiting {
				if !p.step(func() error { return r.begin(ctx, p) }) {
					continue
				}
				select {
				case prepared <- p:
				case <-ctx.Done():
					p.step(ctx.Err)
				}
			}
		})
		r.workers.Go(func() {
			for {
				select {
				case p := <-prepared:
					if p.step(func() error { return r.settle(p.within, p.valid(), p.first) }) {
						p.finish(nil)
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// send hands the parcel to the workers.
func (r *bulkRun) send(p *parcel) {
	p.done, p.end = make(chan struct{}), func(error) {}
	r.underway = append(r.underway, p)
	r.waiting <- p
}

// step reports whether the work on the parcel went well. Otherwise the parcel
// is done, and ends the run.
func (p *parcel) step(work func() error) (ok bool) {
	err := errors.New("scoring a batch ended its goroutine")
	defer func() {
		// A panic in a goroutine of ours would end the host's program.
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("scoring a batch panicked: %v", panicked)
		}
		if err != nil {
			p.finish(err)
		}
	}()
	err = work()
	return err == nil
}

// finish marks the parcel as done.
func (p *parcel) finish(err error) {
	p.err = err
	p.end(err)
	close(p.done)
}

// valid returns the items whose addresses are.
func (p *parcel) valid() []*item {
	var items []*item
	for i := range p.items {
		if p.items[i].observation.Err == nil {
			items = append(items, &p.items[i])
		}
	}
	return items
}

// deliver yields the outcomes of the parcels that are done, in their order, and
// waits while more than most are under way. Its error is that of a parcel that
// ends the run, or errLeft.
func (r *bulkRun) deliver(ctx context.Context, most int, yield func(Scored, error) bool) error {
	for len(r.underway) > 0 {
		p := r.underway[0]
		if len(r.underway) <= most {
			select {
			case <-p.done:
			default:
				return nil
			}
		}
		<-p.done
		for i := range p.items {
			o := &p.items[i].observation
			if !p.items[i].settled {
				return p.err
			}
			if o.Address != "" {
				for _, observe := range r.engine.settings.observers {
					observe(ctx, *o)
				}
			}
			if !yield(Scored{Address: p.items[i].given, Result: o.Result, Err: o.Err}, nil) {
				return errLeft
			}
			if r.last[o.Address] == p {
				delete(r.last, o.Address)
			}
		}
		r.underway[0], r.underway = nil, r.underway[1:]
	}
	return nil
}
