package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Prune implements [store.Pruner].
func (s *Store) Prune(ctx context.Context, p store.Pruning) (pruned *store.Pruned, err error) {
	prune := map[store.PruneKind]func(*data, store.Pruning) *store.Pruned{
		store.PruneEvents: (*data).pruneEvents, store.PruneUsage: (*data).pruneUsage, store.PruneClaims: (*data).pruneClaims,
	}
	err = s.update(ctx, "prune", p.Validate(), func(d *data, now time.Time) error {
		p.Before = store.Microseconds(p.Before)
		if p.Kind == store.PruneClaims && now.Before(p.Before) {
			p.Before = now
		}
		pruned = prune[p.Kind](d, p)
		return nil
	})
	return pruned, err
}

// step looks at the rows, and returns the numbers of those that are older.
func step(p *store.Pruning, rows int, at func(int) time.Time) (older []int, pruned *store.Pruned) {
	looked := min(rows, p.Limit)
	for i := range looked {
		if at(i).Before(p.Before) {
			older = append(older, i)
		}
	}
	return older, &store.Pruned{Removed: len(older), Last: p.After, More: looked < rows && len(older) > 0}
}

func (d *data) pruneEvents(p store.Pruning) *store.Pruned {
	type row struct {
		at    place
		event store.RecordedEvent
	}
	var rows []row
	for at, events := range d.events {
		for _, event := range events {
			if event.ID > p.After {
				rows = append(rows, row{at, event})
			}
		}
	}
	sortBy(rows, func(r row) int64 { return r.event.ID })
	older, pruned := step(&p, len(rows), func(i int) time.Time { return rows[i].event.At })
	pruned.Removed = 0
	for _, i := range older {
		at, event := rows[i].at, &rows[i].event
		if newest := d.scoreAt(at, p.Before); newest != nil && newest.ID == event.ID {
			continue
		}
		d.events[at] = slices.DeleteFunc(d.events[at], func(e store.RecordedEvent) bool { return e.ID == event.ID })
		pruned.Removed++
	}
	if looked := min(len(rows), p.Limit); looked > 0 {
		pruned.Last = rows[looked-1].event.ID
	}
	return pruned
}

func (d *data) pruneUsage(p store.Pruning) *store.Pruned {
	older, pruned := step(&p, len(d.usage), func(i int) time.Time { return d.usage[i].At })
	for _, i := range slices.Backward(older) {
		d.usage = slices.Delete(d.usage, i, i+1)
	}
	return pruned
}

func (d *data) pruneClaims(p store.Pruning) *store.Pruned {
	pruned := &store.Pruned{}
	for _, claims := range d.claims {
		for nullifier, holder := range claims {
			if holder.ExpiresAt.Before(p.Before) && pruned.Removed < p.Limit {
				delete(claims, nullifier)
				pruned.Removed++
			}
		}
	}
	pruned.More = pruned.Removed == p.Limit
	return pruned
}
