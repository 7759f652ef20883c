package memstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// ScoreAt implements [store.History]. The data is shared with the store and is
// to be read only.
func (s *Store) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	const op = "score_at"
	if err := checkAddress(op, address); err != nil {
		return nil, err
	}
	var newest *eventRow
	err := s.look(ctx, op, func(d *data) error {
		for _, row := range d.Events.byPlace.find(place{address, community}) {
			if row.Action != store.ActionScoreUpdate || row.CreatedAt.After(at) {
				continue
			}
			if newest == nil || cmp.Or(row.CreatedAt.Compare(newest.CreatedAt), cmp.Compare(row.ID, newest.ID)) > 0 {
				newest = row
			}
		}
		if newest == nil {
			return store.Errorf(op, store.ErrNotFound, "%s has no score in community %d at %v", address, community, at)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return new(recorded(newest)), nil
}

// ListEvents implements [store.History]. The data is shared with the store and
// is to be read only.
func (s *Store) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	const op = "list_events"
	if err := checkPage(op, address, &page); err != nil {
		return nil, err
	}
	var events []store.RecordedEvent
	err := s.look(ctx, op, func(d *data) error {
		rows := newestFirst(d.Events.byPlace.find(place{address, community}), eventID)
		low, high := cut(rows, eventID, page)
		for _, row := range rows[low:high] {
			events = append(events, recorded(row))
		}
		return nil
	})
	return events, err
}

// ListClaims implements [store.History].
func (s *Store) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	const op = "list_claims"
	if err := checkAddress(op, address); err != nil {
		return nil, err
	}
	var claims []store.Claim
	err := s.look(ctx, op, func(d *data) error {
		for _, row := range d.Claims.byHolder.find(place{address, community}) {
			claims = append(claims, store.Claim{Nullifier: row.Hash, Address: row.Address, ExpiresAt: row.ExpiresAt})
		}
		return nil
	})
	slices.SortFunc(claims, func(a, b store.Claim) int { return strings.Compare(a.Nullifier, b.Nullifier) })
	return claims, err
}

func recorded(row *eventRow) store.RecordedEvent {
	return store.RecordedEvent{
		Event: store.Event{Action: row.Action, Address: row.Address, Data: row.Data}, ID: row.ID, At: row.CreatedAt,
	}
}

func eventID(row *eventRow) int64 { return row.ID }
