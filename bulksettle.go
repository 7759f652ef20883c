package passport

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/store"
)

// attempt is a batch that was prepared, and the error of that.
type attempt struct {
	batch *batch
	err   error
}

// begin prepares the first attempt at the parcel.
func (r *bulkRun) begin(ctx context.Context, p *parcel) error {
	for _, earlier := range p.after {
		<-earlier.done // at the latest when the context ends
	}
	if items := p.valid(); len(items) > 0 {
		step := Step{Name: StepBatch, Community: r.community, Wallets: len(items)}
		if len(items) == 1 {
			step.Address = items[0].observation.Address
		}
		within, end := r.engine.settings.begin(ctx, step)
		p.within, p.end = within, end
		p.first = r.prepare(within, items)
	}
	return nil
}

func (r *bulkRun) prepare(ctx context.Context, items []*item) *attempt {
	b := &batch{engine: r.engine, community: r.community, asked: make([]Address, len(items)), lastScores: true, attempt: items[0].observation.Attempts + 1}
	b.mayLag = r.engine.mayLag(b.attempt)
	for i := range items {
		b.asked[i] = items[i].observation.Address
	}
	return &attempt{b, b.prepare(ctx)}
}

// settle scores the items together, and if that fails in parts. Its error ends
// the run.
func (r *bulkRun) settle(ctx context.Context, items []*item, first *attempt) error {
	if len(items) == 0 {
		return nil
	}
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
	r.engine.settings.logger.LogAttrs(ctx, slog.LevelDebug, "a batch is scored in halves", slog.String("operation", string(StepScoreAll)),
		slog.Int64("community", r.community), slog.Int("wallets", len(items)), slog.Int("attempts", items[0].observation.Attempts), logattr.Error(err))
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
			result := d.results[try.batch.placeOf(i)] // which may be kept, without the others
			o.Result, items[i].settled = &result, true
		}
	}
	return err
}

// scoreAlone scores an item whose batches failed as Score does. An error of the
// address is its outcome, and any other ends the run.
func (r *bulkRun) scoreAlone(ctx context.Context, i *item) error {
	s := scoring{engine: r.engine, observation: i.observation, began: time.Now()}
	result, err := s.run(ctx)
	i.observation = s.observation
	if err != nil && endsRun(ctx, err) {
		return err
	}
	i.observation.Result, i.observation.Err, i.settled = result, err, true
	return nil
}

// isAway reports whether the database, or the source of groups, may be back
// soon.
func isAway(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, ErrGroups)
}

// endsRun reports whether the error would be that of every other wallet too, or
// whether a host's transaction has to begin again: after a lost race that is
// final the database may refuse all else in it.
func endsRun(ctx context.Context, err error) bool {
	var impossible *ScoringError
	isFinal := errors.Is(err, store.ErrConflict) && !store.Retryable(err)
	if ctx.Err() != nil || isAway(err) || isFinal || errors.As(err, &impossible) {
		return true
	}
	everyones := []store.Kind{store.KindMisconfigured, store.KindNotFound, store.KindReadOnly, store.KindSchema, store.KindPermission}
	return slices.Contains(everyones, store.KindOf(err))
}
