package pgstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// ScoreAt implements [store.History].
func (s *Store) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	if err := store.CheckAddress(address); err != nil {
		return nil, fmt.Errorf("score_at: %w", err)
	}
	var events []store.RecordedEvent
	err := s.on.read(ctx, s.statements.scoreAt.with(community, address, within(at)).each(eventsInto(&events, address)))
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("score_at: %w: %s has no score in community %d at %v", store.ErrNotFound, address, community, at)
	}
	return &events[0], nil
}

// within returns the moment, or the nearest one that a column holds.
func within(at time.Time) time.Time {
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	switch {
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return moment(at)
}

// ListEvents implements [store.History].
func (s *Store) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	if err := checkPage(address, &page); err != nil {
		return nil, fmt.Errorf("list_events: %w", err)
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
		return nil, fmt.Errorf("list_claims: %w", err)
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

// ListCredentials implements [store.Credentials].
func (s *Store) ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error) {
	if err := checkPage(address, &page); err != nil {
		return nil, fmt.Errorf("list_credentials: %w", err)
	}
	list := s.statements.listCredentials
	if page.After > 0 {
		list = s.statements.listCredentialsAfter
	}
	listed := &store.CredentialPage{}
	err := s.on.read(ctx, list.with(address, highest(&page), page.After, int64(page.Limit)).each(func(scan scanFunc) error {
		var c store.Credential
		var stamp string
		var updated storedMoment
		if err := scan(&listed.Newer, &listed.Older, &c.ID, &c.Provider, &stamp, &updated); err != nil {
			return err
		}
		if c.ID != 0 {
			c.Stamp, c.UpdatedAt = []byte(stamp), updated.Time
			listed.Credentials = append(listed.Credentials, c)
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return listed, nil
}

// highest returns the highest id that a row of the page can have.
func highest(page *store.Page) int64 {
	if page.Before > 0 {
		return page.Before - 1
	}
	return math.MaxInt64
}

func checkPage(address string, page *store.Page) error {
	if err := store.CheckAddress(address); err != nil {
		return err
	}
	return page.Validate()
}
