package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// brokenHistory is a store with functions in place of the methods that look
// back; those that are nil work.
type brokenHistory struct {
	harness
	scoreAt func(context.Context, harness, int64, string, time.Time) (*store.RecordedEvent, error)
	events  func(context.Context, harness, int64, string, store.Page) ([]store.RecordedEvent, error)
	claims  func(context.Context, harness, int64, string) ([]store.Claim, error)
}

func (b brokenHistory) on(h harness) storetest.Harness {
	b.harness = h
	return b
}

func (b brokenHistory) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	if b.scoreAt == nil {
		return b.harness.ScoreAt(ctx, community, address, at)
	}
	return b.scoreAt(ctx, b.harness, community, address, at)
}

func (b brokenHistory) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	if b.events == nil {
		return b.harness.ListEvents(ctx, community, address, page)
	}
	return b.events(ctx, b.harness, community, address, page)
}

func (b brokenHistory) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	if b.claims == nil {
		return b.harness.ListClaims(ctx, community, address)
	}
	return b.claims(ctx, b.harness, community, address)
}

// looksBack is a store that looks for the score at another moment.
func looksBack(change func(time.Time) time.Time) brokenHistory {
	return brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
		return h.ScoreAt(ctx, community, address, change(at))
	}}
}

// tellsEvents is a store whose lists of events are changed.
func tellsEvents(change func(store.Page, []store.RecordedEvent) []store.RecordedEvent) brokenHistory {
	return brokenHistory{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
		events, err := h.ListEvents(ctx, community, address, page)
		return change(page, events), err
	}}
}

// tellsClaims is a store whose lists of claims are changed.
func tellsClaims(change func([]store.Claim) []store.Claim) brokenHistory {
	return brokenHistory{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
		claims, err := h.ListClaims(ctx, community, address)
		return change(claims), err
	}}
}

// storesWithBrokenHistory are stores that look back at what was not so.
var storesWithBrokenHistory = map[string]fault{
	"looks back strictly":            {"history", looksBack(func(at time.Time) time.Time { return at.Add(-time.Microsecond) })},
	"looks back too late":            {"history", looksBack(func(at time.Time) time.Time { return at.Add(time.Microsecond) })},
	"looks back by the second":       {"history", looksBack(func(at time.Time) time.Time { return at.Truncate(time.Second) })},
	"looks back in years of 64 bits": {"history", looksBack(func(at time.Time) time.Time { return time.Unix(0, at.UnixNano()) })},
	"looks back at other events": {"history", brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
		events, err := h.ListEvents(ctx, community, address, store.Page{Limit: 100})
		for _, event := range events {
			if !event.At.After(at) {
				return &event, nil
			}
		}
		return nil, errors.Join(err, store.ErrNotFound)
	}}},
	"has no history and no error": {"history", brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
		event, err := h.ScoreAt(ctx, community, address, at)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return event, err
	}}},
	"tells events of scores only": {"history", tellsEvents(func(_ store.Page, events []store.RecordedEvent) []store.RecordedEvent {
		return slices.DeleteFunc(events, func(e store.RecordedEvent) bool { return e.Action != store.ActionScoreUpdate })
	})},
	"tells events by their moments": {"history", tellsEvents(func(_ store.Page, events []store.RecordedEvent) []store.RecordedEvent {
		slices.SortFunc(events, func(a, b store.RecordedEvent) int { return b.At.Compare(a.At) })
		return events
	})},
	"tells later events backwards": {"history", tellsEvents(func(p store.Page, events []store.RecordedEvent) []store.RecordedEvent {
		if p.After > 0 {
			slices.Reverse(events)
		}
		return events
	})},
	"tells events without data": {"history", tellsEvents(func(_ store.Page, events []store.RecordedEvent) []store.RecordedEvent {
		for i := range events {
			events[i].Data = nil
		}
		return events
	})},
	"tells live claims only": {"history", tellsClaims(func(claims []store.Claim) []store.Claim {
		return slices.DeleteFunc(claims, func(c store.Claim) bool { return c.ExpiresAt.Before(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)) })
	})},
	"tells claims as a dictionary does": {"history", tellsClaims(func(claims []store.Claim) []store.Claim {
		slices.SortStableFunc(claims, func(a, b store.Claim) int {
			return strings.Compare(strings.ToLower(a.Nullifier), strings.ToLower(b.Nullifier))
		})
		return claims
	})},
	"tells claims of every community": {"history", brokenHistory{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
		first, err := h.ListClaims(ctx, community, address)
		second, other := h.ListClaims(ctx, 2, address)
		return append(first, second...), errors.Join(err, other)
	}}},
	"overflows at the last id": {"history", brokenHistory{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
		if page.After == math.MaxInt64 {
			page.After = 0
		}
		return h.ListEvents(ctx, community, address, page)
	}}},
	"tells claims of whom it was not asked about": {
		"history/ListClaims must follow a claim that changes hands",
		brokenHistory{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
			h.edit(func(t tables) {
				for _, r := range t["registry_hashscorerlink"] {
					r["address"] = address
				}
			})
			return h.ListClaims(ctx, community, address)
		}},
	},
	"looks back at the first of equals": {
		"history/ScoreAt must return of equal moments the highest id",
		brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
			event, err := h.ScoreAt(ctx, community, address, at)
			if err == nil {
				for _, r := range slices.Backward(h.tables()["registry_event"]) {
					if moment, _ := time.Parse(time.RFC3339Nano, r["created_at"].(string)); moment.Equal(event.At) {
						event.ID = int64(r["id"].(float64))
					}
				}
			}
			return event, err
		}},
	},
	"looks back at an event without its data": {
		"history/ScoreAt must return the event as it was written",
		brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
			event, err := h.ScoreAt(ctx, community, address, at)
			if err == nil {
				event.Data = []byte(`{}`)
			}
			return event, err
		}},
	},
	"rounds scores": {
		"history/ScoreAt must return the data in every form that it was recorded in",
		brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
			event, err := h.ScoreAt(ctx, community, address, at)
			if err == nil {
				event.Data = bytes.ReplaceAll(event.Data, []byte("78.762"), []byte("78"))
			}
			return event, err
		}},
	},
	"looks back without the context": {
		"history/all must read only, and return the error of the context when it has ended",
		brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
			return h.ScoreAt(context.WithoutCancel(ctx), community, address, at)
		}},
	},
	"misses events": {
		"history/none is no error",
		brokenHistory{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
			events, err := h.ListEvents(ctx, community, address, page)
			return events, errors.Join(err, missing(len(events)))
		}},
	},
	"misses claims": {
		"history/none is no error",
		brokenHistory{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
			claims, err := h.ListClaims(ctx, community, address)
			return claims, errors.Join(err, missing(len(claims)))
		}},
	},
	"looks back at addresses in any case": {
		"history/all must return ErrInvalid for a malformed address or page",
		brokenHistory{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
			return h.ScoreAt(ctx, community, strings.ToLower(address), at)
		}},
	},
	"tells as many events as it is asked for": {
		"history/all must return ErrInvalid for a malformed address or page",
		brokenHistory{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
			page.Limit = min(page.Limit, store.MaxPage)
			return h.ListEvents(ctx, community, address, page)
		}},
	},
	"has no claims of a malformed address": {
		"history/all must return ErrInvalid for a malformed address or page",
		brokenHistory{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
			claims, err := h.ListClaims(ctx, community, address)
			return claims, passesOver(store.ErrInvalid, err)
		}},
	},
}
