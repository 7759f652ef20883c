package pgstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// LastScore implements [store.LastScorer].
func (s *Store) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	const op = "last_score"
	of, err := parse(op, address)
	if err != nil {
		return nil, err
	}
	return lagging(ctx, s, func(ctx context.Context, on executor) (*store.RecordedScore, error) {
		last, err := readRows(ctx, on, s.texts.call(op, community, of), scanScore)
		switch {
		case err != nil:
			return nil, err
		case len(last) == 0:
			return nil, store.Errorf(op, store.ErrCommunityNotFound, "there is no community %d", community)
		case last[0].Status == "":
			return nil, store.Errorf(op, store.ErrNotFound, "%s has no score in community %d", of, community)
		}
		return &last[0], nil
	})
}

func scanScore(scan scanFunc) (r store.RecordedScore, err error) {
	var status, evidence, stampScores, stamps, live string
	var scored, expires, read storedTime
	if err := scan(&status, &r.Value, &r.Error, &evidence, &stampScores, &stamps,
		&scored, &expires, &read, &r.Scorer, &live); err != nil {
		return r, err
	}
	r.Status, r.ScoredAt, r.ExpiresAt, r.ReadAt = store.Status(status), scored.Time, expires.Time, read.Time
	r.Evidence, r.StampScores, r.Stamps = document(evidence), document(stampScores), document(stamps)
	if err := json.Unmarshal([]byte(live), &r.Live); err != nil {
		return r, fmt.Errorf("reading the live providers: %w", err)
	}
	return r, nil
}

// ScoreAt implements [store.ScoreFinder].
func (s *Store) ScoreAt(
	ctx context.Context, community int64, address store.Address, at time.Time,
) (*store.RecordedEvent, error) {
	const op = "score_at"
	of, err := parse(op, address)
	if err != nil {
		return nil, err
	}
	return lagging(ctx, s, func(ctx context.Context, on executor) (*store.RecordedEvent, error) {
		events, err := readRows(ctx, on, s.texts.call(op, community, of, within(at)), scanEvent(of))
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			return nil, store.Errorf(op, store.ErrNotFound, "%s has no score in community %d at %v", of, community, at)
		}
		return &events[0], nil
	})
}

// ListEvents implements [store.History].
func (s *Store) ListEvents(
	ctx context.Context, community int64, address store.Address, page store.Page,
) ([]store.RecordedEvent, error) {
	of, err := parsePage("list_events", address, &page)
	if err != nil {
		return nil, err
	}
	list := "list_events"
	if page.After > 0 {
		list = "list_events_after"
	}
	rows := s.texts.call(list, community, of, highest(&page), page.After, int64(page.Limit))
	events, err := listLagging(ctx, s.mayLag(page.MayLag), rows, scanEvent(of))
	if page.After > 0 {
		slices.Reverse(events)
	}
	return events, err
}

// scanEvent returns a function that reads an event about the address.
func scanEvent(address string) func(scanFunc) (store.RecordedEvent, error) {
	return func(scan scanFunc) (event store.RecordedEvent, err error) {
		var data string
		var at storedTime
		if err := scan(&event.ID, &event.Action, &data, &at); err != nil {
			return event, err
		}
		event.Address, event.Data = store.Address(address), []byte(data)
		event.At, err = at.known()
		return event, err
	}
}

// ListClaims implements [store.History].
func (s *Store) ListClaims(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
	of, err := parse("list_claims", address)
	if err != nil {
		return nil, err
	}
	return listLagging(ctx, s, s.texts.call("list_claims", community, of), func(scan scanFunc) (c store.Claim, err error) {
		var holder string
		var expires storedTime
		if err := scan(&c.Nullifier, &holder, &expires); err != nil {
			return c, err
		}
		c.Address = store.Address(holder)
		c.ExpiresAt, err = expires.known()
		return c, err
	})
}
