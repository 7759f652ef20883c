package store

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Pruner is the role that removes what is old, in steps.
type Pruner interface {
	// Prune must take one step, a transaction of its own: it looks at the first
	// rows of the kind behind After, at most Limit, and removes those that are
	// older than Before. It must not wait for a scoring, nor make one wait for
	// longer than the step; a row that another transaction has locked may be
	// passed over. Repeated until More is false, with Last in the place of After,
	// it must remove every row that is older, if rows were written in the order of
	// their times. It must return [ErrInvalid] when [Pruning.Validate] refuses the
	// step.
	//
	// A claim must stay until it has expired by the store's clock, whatever the
	// time is. The newest [ActionScoreUpdate] event of an address in a community
	// that is not after the time must stay too, so that [ScoreFinder] answers
	// about any later moment as before. The answers about earlier moments are
	// lost.
	Prune(ctx context.Context, p Pruning) (*Pruned, error)
}

// PruneKind is a kind of rows that grow old.
type PruneKind string

// The kinds.
const (
	PruneEvents PruneKind = "events" // by [RecordedEvent.At]
	PruneUsage  PruneKind = "usage"  // by [Usage.At]
	// PruneClaims are claims by the time at which they have expired. An expired
	// claim is free to take, so that nothing depends on it.
	PruneClaims PruneKind = "claims"
)

// Pruning is a step of pruning.
type Pruning struct {
	Kind   PruneKind
	Before time.Time // rows older than this are removed
	// After is the Last of the step before, 0 for the first.
	After int64
	Limit int // the number of rows that the step looks at, 1 to MaxPrune
}

// MaxPrune is the number of rows that a step of pruning looks at.
const MaxPrune = 50_000

// Pruned is the outcome of a step.
type Pruned struct {
	Removed int
	Last    int64 // the place at which the step has ended
	More    bool  // whether another step may find older rows
}

// Validate reports what is wrong with the step; the fault wraps [ErrInvalid].
func (p *Pruning) Validate() error {
	switch p.Kind {
	case PruneEvents, PruneUsage, PruneClaims:
	default:
		return fmt.Errorf("%w: %q, %q and %q are pruned, not %.40q", ErrInvalid, PruneEvents, PruneUsage, PruneClaims, string(p.Kind))
	}
	switch {
	case p.Limit < 1 || p.Limit > MaxPrune:
		return fmt.Errorf("%w: a step of pruning looks at 1 to %d rows, not %d", ErrInvalid, MaxPrune, p.Limit)
	case p.After < 0:
		return fmt.Errorf("%w: a step of pruning begins behind a place, and places are not below 0", ErrInvalid)
	}
	if err := CheckTime(p.Before); err != nil {
		return fmt.Errorf("%w: the time before which rows are removed: %w", ErrInvalid, err)
	}
	return nil
}

// PruneAll takes steps until no row is older, and yields each; a caller that
// waits between two steps sets the pace. An error ends the sequence. To go on
// after one, or after a break, begin with the Last of the last step as After,
// or from the beginning.
func PruneAll(ctx context.Context, s Pruner, p Pruning) iter.Seq2[Pruned, error] {
	return func(yield func(Pruned, error) bool) {
		p := p // the sequence may be used again
		for more := true; more; {
			step, err := s.Prune(ctx, p)
			if err != nil {
				yield(Pruned{}, err)
				return
			}
			if !yield(*step, nil) {
				return
			}
			p.After, more = step.Last, step.More
		}
	}
}
