package storetest_test

import (
	"context"
	"strings"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// callers is a store that finds changed callers.
func callers(change func(b *brokenstore.Store, c *store.Caller, scorer string)) broken {
	return func(b *brokenstore.Store) {
		b.On.FindCaller = func(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
			caller, err := b.Good.FindCaller(ctx, prefix, scorer)
			if err == nil {
				change(b, caller, scorer)
			}
			return caller, err
		}
	}
}

// callersIn is a store that finds callers in a changed content.
func callersIn(change func(*store.State)) broken {
	return func(b *brokenstore.Store) {
		b.On.FindCaller = func(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
			return b.Like(change).FindCaller(ctx, prefix, scorer)
		}
	}
}

// refusesCallers is a store that does not find some of the callers.
func refusesCallers(kind error, which func(*store.Caller) bool) broken {
	return func(b *brokenstore.Store) {
		b.On.FindCaller = func(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
			caller, err := b.Good.FindCaller(ctx, prefix, scorer)
			if err == nil && which(caller) {
				return nil, store.Errorf("find_caller", kind, "it is not found")
			}
			return caller, err
		}
	}
}

const returnsKey = "callers/FindCaller returns the key that FindKey returns"

// brokenCallers are stores that find keys and communities together wrongly.
var brokenCallers = map[string]fault{
	"hides revoked callers": {returnsKey, refusesCallers(store.ErrNotFound, func(c *store.Caller) bool { return c.Key.Revoked })},
	"hides expired callers": {returnsKey, refusesCallers(store.ErrNotFound, func(c *store.Caller) bool { return c.Key.ExpiresAt.Year() == 2000 })},
	"finds callers without their hash": {returnsKey, callers(func(_ *brokenstore.Store, c *store.Caller, _ string) {
		c.Key.SHA256 = ""
	})},
	"mixes up the permissions of callers": {returnsKey, callers(func(_ *brokenstore.Store, c *store.Caller, _ string) {
		c.Key.ReadScores, c.Key.Historical = c.Key.Historical, c.Key.ReadScores
	})},
	"notes which callers there were": {returnsKey, before("FindCaller", func(s *store.State) {
		for i := range s.Keys {
			s.Keys[i].Name = "used"
		}
	})},
	"finds no caller and no error": {"callers/FindCaller finds nothing for the prefix of no key", hides("FindCaller", store.ErrNotFound)},
	"misses a community in place of a key": {"callers/FindCaller finds nothing for the prefix of no key", errs("FindCaller", func(err error) error {
		if store.KindOf(err) == store.KindNotFound {
			return store.Errorf("find_caller", store.ErrCommunityNotFound, "there is no such community")
		}
		return err
	})},
	"finds no community of a caller by its external id": {
		"callers/FindCaller finds the community of the account of the key",
		callersIn(func(s *store.State) {
			for i := range s.Communities {
				s.Communities[i].ExternalID = ""
			}
		}),
	},
	"finds no community of a caller by its id": {
		"callers/FindCaller finds the community of the account of the key",
		callers(func(_ *brokenstore.Store, c *store.Caller, scorer string) {
			if store.CommunityID(scorer) == c.Community {
				c.Community = 0
			}
		}),
	},
	"finds communities of other callers": {
		"callers/FindCaller finds no community of another account",
		callers(func(b *brokenstore.Store, c *store.Caller, scorer string) {
			for account := int64(1); c.Community == 0 && account < 3; account++ {
				c.Community, _ = b.Good.FindCommunity(context.Background(), account, scorer)
			}
		}),
	},
	"prefers the ids of communities of callers": {
		"callers/FindCaller prefers the ExternalID to the id",
		callers(func(b *brokenstore.Store, c *store.Caller, scorer string) {
			for _, other := range b.Good.State().Communities {
				if other.ID == store.CommunityID(scorer) {
					c.Community = other.ID
				}
			}
		}),
	},
	"finds deleted communities of callers": {
		"callers/FindCaller finds no deleted community",
		callersIn(func(s *store.State) {
			for i := range s.Communities {
				s.Communities[i].Deleted = false
			}
		}),
	},
	"finds no caller without a community": {
		"callers/FindCaller finds the key whatever the scorer holds",
		refusesCallers(store.ErrCommunityNotFound, func(c *store.Caller) bool { return c.Community == 0 }),
	},
	"refuses a text for the scorer of a caller": {
		"callers/FindCaller finds the key whatever the scorer holds",
		refuses("FindCaller", store.ErrInvalid, func(text string) bool { return strings.Contains(text, "\x00b") }),
	},
	"finds callers after their time": {
		"callers/FindCaller returns the error of a context that has ended",
		given("FindCaller", context.WithoutCancel),
	},
}
