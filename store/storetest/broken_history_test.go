package storetest_test

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

type (
	events = []store.RecordedEvent
	claims = []store.Claim
)

// eventPages is a store whose pages of events are changed.
func eventPages(change func(store.Page, events) events) broken {
	return instead("ListEvents", func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil {
			results[0] = reflect.ValueOf(change(c.args[3].Interface().(store.Page), results[0].Interface().(events)))
		}
		return results
	})
}

// misses is a store in which a method returns an error for an empty list.
func misses(method string) broken {
	return instead(method, func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil && results[0].Len() == 0 {
			return c.fail(store.Errorf(method, store.ErrNotFound, "there is none"))
		}
		return results
	})
}

// brokenHistory are stores that list events and claims wrongly.
var brokenHistory = map[string]fault{
	"lists events of scores only": {"history/ListEvents returns every action with the newest first", eventPages(func(_ store.Page, listed events) events {
		return slices.DeleteFunc(listed, func(e store.RecordedEvent) bool { return e.Action != store.ActionScoreUpdate })
	})},
	"lists events by their times": {"history/ListEvents returns every action with the newest first", eventPages(func(_ store.Page, listed events) events {
		slices.SortFunc(listed, func(a, b store.RecordedEvent) int { return b.At.Compare(a.At) })
		return listed
	})},
	"lists later events backwards": {"history/ListEvents returns one page", eventPages(func(page store.Page, listed events) events {
		if page.After > 0 {
			slices.Reverse(listed)
		}
		return listed
	})},
	"overflows at the highest id": {"history/ListEvents returns one page", given("ListEvents", func(page store.Page) store.Page {
		if page.After == math.MaxInt64 {
			page.After = 0
		}
		return page
	})},
	"lists events without data": {"history/ListEvents returns events as they were recorded", eventPages(func(_ store.Page, listed events) events {
		for i := range listed {
			listed[i].Data = nil
		}
		return listed
	})},
	"lists events of the hour": {"history/ListEvents returns events as they were recorded", eventPages(func(_ store.Page, listed events) events {
		for i := range listed {
			listed[i].At = listed[i].At.Truncate(time.Hour)
		}
		return listed
	})},
	"writes events backwards": {"history/ListEvents returns what a scoring wrote in its order", given("Apply", func(c *store.Changes) *store.Changes {
		reversed := *c
		reversed.Wallets = slices.Clone(c.Wallets)
		for i := range reversed.Wallets {
			reversed.Wallets[i].Events = slices.Clone(c.Wallets[i].Events)
			slices.Reverse(reversed.Wallets[i].Events)
		}
		return &reversed
	})},
	"lists as many events as it can": {"history/a malformed page is refused", given("ListEvents", func(page store.Page) store.Page {
		page.Limit = min(page.Limit, store.MaxPage)
		return page
	})},
	"removes events that were listed": {"history/listing changes nothing", after("ListEvents", func(s *store.State) { s.Events = nil })},
	"misses events":                   {"history/none is no error", misses("ListEvents")},
	"misses claims":                   {"history/none is no error", misses("ListClaims")},

	"lists live claims only": {
		"history/ListClaims returns all claims of the address by nullifier in bytes",
		returns("ListClaims", func(listed claims) claims {
			return slices.DeleteFunc(listed, func(c store.Claim) bool { return c.ExpiresAt.Before(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)) })
		}),
	},
	"lists claims without case": {
		"history/ListClaims returns all claims of the address by nullifier in bytes",
		returns("ListClaims", func(listed claims) claims {
			slices.SortStableFunc(listed, func(a, b store.Claim) int {
				return strings.Compare(strings.ToLower(a.Nullifier), strings.ToLower(b.Nullifier))
			})
			return listed
		}),
	},
	"lists claims of every community": {
		"history/ListClaims returns all claims of the address by nullifier in bytes",
		func(b *brokenstore.Store) {
			b.On.ListClaims = func(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
				first, err := b.Good.ListClaims(ctx, community, address)
				second, _ := b.Good.ListClaims(ctx, 3-community, address)
				return append(first, second...), err
			}
		},
	},
	"keeps claims listed where they were": {"history/ListClaims follows a claim that changes hands", func(b *brokenstore.Store) {
		b.On.ListClaims = func(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
			return b.Like(func(s *store.State) {
				for i := range s.Claims {
					s.Claims[i].Address = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
				}
			}).ListClaims(ctx, community, address)
		}
	}},
}
