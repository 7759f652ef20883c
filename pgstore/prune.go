package pgstore

import (
	"context"

	"github.com/passport-sdk/passport-go/store"
)

// Prune implements [store.Pruner]. It looks at events and usage in the order of
// their ids, at all of them where ids do not grow with time, and claims no more
// than a row's lock. In a host's transaction it holds the locks until that
// ends.
//
// Usage without a time, which other programs may write, stays.
func (s *Store) Prune(ctx context.Context, p store.Pruning) (*store.Pruned, error) {
	if err := p.Validate(); err != nil {
		return nil, store.Errorf("prune", store.ErrInvalid, "%w", err)
	}
	var name string
	switch p.Kind {
	case store.PruneEvents:
		name = "prune_events"
	case store.PruneUsage:
		name = "prune_usage"
	case store.PruneClaims:
		name = "prune_claims"
	}
	pruned := &store.Pruned{}
	step := s.texts.call(name, store.Microseconds(p.Before), p.After, int64(p.Limit))
	err := s.on.write(ctx, []call{step.each(func(scan scanFunc) error {
		var older bool
		err := scan(&pruned.Removed, &pruned.Last, &pruned.More, &older)
		pruned.More = pruned.More && (older || s.idsWithoutOrder)
		return err
	})})
	if err != nil {
		return nil, err
	}
	return pruned, nil
}
