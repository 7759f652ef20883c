package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// LastScore implements [store.LastScorer].
func (s *Store) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	return viewOf(ctx, s, "last_score", address, func(d *data, address store.Address) (*store.RecordedScore, error) {
		weighing, err := d.community(community)
		if err != nil {
			return nil, err
		}
		score, found := d.scores[place{address, community}]
		if !found {
			return nil, fail(store.ErrNotFound, "%s has no score in community %d", address, community)
		}
		now, err := s.clock()
		if err != nil {
			return nil, err
		}
		last := &store.RecordedScore{Score: score.Score, ReadAt: now, Scorer: weighing.Scorer}
		for _, c := range d.live(address) {
			if !slices.Contains(last.Live, c.Provider) {
				last.Live = append(last.Live, c.Provider)
			}
		}
		return last, nil
	})
}

// ScoreAt implements [store.ScoreFinder].
func (s *Store) ScoreAt(
	ctx context.Context, community int64, address store.Address, at time.Time,
) (*store.RecordedEvent, error) {
	return viewOf(ctx, s, "score_at", address, func(d *data, address store.Address) (*store.RecordedEvent, error) {
		newest := d.scoreAt(place{address, community}, at)
		if newest == nil {
			return nil, fail(store.ErrNotFound, "%s has no score in community %d at %v", address, community, at)
		}
		return newest, nil
	})
}

// scoreAt returns the newest score's event at or before the time, or nil.
func (d *data) scoreAt(at place, moment time.Time) (newest *store.RecordedEvent) {
	for _, event := range d.events[at] {
		if event.Action == store.ActionScoreUpdate && !event.At.After(moment) && (newest == nil || !event.At.Before(newest.At)) {
			newest = &event
		}
	}
	return newest
}

// ListEvents implements [store.History].
func (s *Store) ListEvents(
	ctx context.Context, community int64, address store.Address, page store.Page,
) ([]store.RecordedEvent, error) {
	if err := page.Validate(); err != nil {
		return nil, named("list_events", err)
	}
	return viewOf(ctx, s, "list_events", address, func(d *data, address store.Address) ([]store.RecordedEvent, error) {
		events := d.events[place{address, community}]
		low, high := cut(events, func(e store.RecordedEvent) int64 { return e.ID }, page)
		listed := slices.Clone(events[low:high])
		slices.Reverse(listed)
		return listed, nil
	})
}

// ListClaims implements [store.History].
func (s *Store) ListClaims(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
	return viewOf(ctx, s, "list_claims", address, func(d *data, address store.Address) (claims []store.Claim, err error) {
		for nullifier, holder := range d.claims[community] {
			if holder.Address == address {
				claims = append(claims, store.Claim{Nullifier: nullifier, Holder: holder})
			}
		}
		slices.SortFunc(claims, func(a, b store.Claim) int { return cmp.Compare(a.Nullifier, b.Nullifier) })
		return claims, nil
	})
}
