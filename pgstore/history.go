package pgstore

import (
	"context"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// ScoreAt implements [store.History].
func (s *Store) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	if err := store.CheckAddress(address); err != nil {
		return nil, store.Errorf("score_at", store.ErrInvalid, "%w", err)
	}
	var events []store.RecordedEvent
	err := s.on.read(ctx, s.statements.scoreAt.with(community, address, within(at)).each(eventsInto(&events, address)))
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, store.Errorf("score_at", store.ErrNotFound, "%s has no score in community %d at %v", address, community, at)
	}
	return &events[0], nil
}

// ListEvents implements [store.History].
func (s *Store) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	if err := checkPage(address, &page); err != nil {
		return nil, store.Errorf("list_events", store.ErrInvalid, "%w", err)
	}
	list := s.statements.listEvents
	if page.After > 0 {
		list = s.statements.listEventsAfter
	}
	var events []store.RecordedEvent
	err := s.on.read(ctx, list.with(community, address, highest(&page), page.After, int64(page.Limit)).
		each(eventsInto(&events, address)))
	if err != nil {
		return nil, err
	}
	if page.After > 0 {
		slices.Reverse(events)
	}
	return events, nil
}

// eventsInto returns what takes a row of an event about the address.
func eventsInto(events *[]store.RecordedEvent, address string) func(scanFunc) error {
	return func(scan scanFunc) error {
		event := store.RecordedEvent{Event: store.Event{Address: address}}
		var data string
		var at storedMoment
		if err := scan(&event.ID, &event.Action, &data, &at); err != nil {
			return err
		}
		event.Data = []byte(data)
		var err error
		event.At, err = at.known()
		*events = append(*events, event)
		return err
	}
}

// ListClaims implements [store.History].
func (s *Store) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	if err := store.CheckAddress(address); err != nil {
		return nil, store.Errorf("list_claims", store.ErrInvalid, "%w", err)
	}
	var claims []store.Claim
	err := s.on.read(ctx, s.statements.listClaims.with(community, address).each(func(scan scanFunc) error {
		var claim store.Claim
		var expires storedMoment
		if err := scan(&claim.Nullifier, &claim.Address, &expires); err != nil {
			return err
		}
		var err error
		claim.ExpiresAt, err = expires.known()
		claims = append(claims, claim)
		return err
	}))
	if err != nil {
		return nil, err
	}
	return claims, nil
}
