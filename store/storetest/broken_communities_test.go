package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// puts is a store that puts changed communities.
func puts(change func(*store.Community)) broken {
	return given("PutCommunity", func(c store.Community) store.Community {
		c.Customization = maps.Clone(c.Customization)
		change(&c)
		return c
	})
}

// putsDespite is a store that puts another community instead of failing.
func putsDespite(kind error, change func(*store.Community)) broken {
	return func(b *brokenstore.Store) {
		b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
			err := b.Good.PutCommunity(ctx, c)
			if errors.Is(err, kind) {
				change(&c)
				return b.Good.PutCommunity(ctx, c)
			}
			return err
		}
	}
}

// afterPut is a store that changes its communities once it has put one.
func afterPut(change func(put *store.Community, c *store.StoredCommunity)) broken {
	return instead("PutCommunity", func(c *call) []reflect.Value {
		put := c.args[1].Interface().(store.Community)
		results, err := c.good()
		if err == nil {
			c.b.Edit(func(s *store.State) {
				for i := range s.Communities {
					change(&put, &s.Communities[i])
				}
			})
		}
		return results
	})
}

// loads is a store whose snapshots have a changed community.
func loads(change func(*store.Community)) broken {
	return returns("Load", func(s *store.Snapshot) *store.Snapshot {
		change(&s.Community)
		return s
	})
}

// oneAtATime is a store in which a method fails while another call of it runs.
// A call waits a little for another one.
func oneAtATime(method string) broken {
	var running atomic.Int32
	another := make(chan struct{}, 100)
	return instead(method, func(c *call) []reflect.Value {
		defer running.Add(-1)
		if running.Add(1) > 1 {
			another <- struct{}{}
			return c.fail(store.Errorf(method, store.ErrUnavailable, "it is busy"))
		}
		select {
		case <-another:
		case <-time.After(50 * time.Millisecond):
		}
		results, _ := c.good()
		return results
	})
}

// brokenPuts are stores that put and delete communities wrongly.
var brokenPuts = map[string]fault{
	"loads no external id":         {"communities/PutCommunity creates a community", loads(func(c *store.Community) { c.ExternalID = "" })},
	"loads no account":             {"communities/PutCommunity creates a community", loads(func(c *store.Community) { c.Account = 0 })},
	"loads no customization":       {"customizations", loads(func(c *store.Community) { c.Customization = nil })},
	"forgets the external id":      {"communities", puts(func(c *store.Community) { c.ExternalID = "" })},
	"forgets the account":          {"communities", puts(func(c *store.Community) { c.Account = 0 })},
	"puts all into the first":      {"communities", puts(func(c *store.Community) { c.Account = min(c.Account, 1) })},
	"forgets the points program":   {"communities", puts(func(c *store.Community) { c.HumanPoints = false })},
	"forgets the customization":    {"communities", puts(func(c *store.Community) { c.Customization = nil })},
	"cuts the threshold":           {"communities", puts(func(c *store.Community) { c.Threshold = c.Threshold[:min(7, len(c.Threshold))] })},
	"cuts long names":              {"communities", puts(func(c *store.Community) { c.Name = c.Name[:min(len(c.Name), store.MaxCommunityName)] })},
	"drops invalid text":           {"communities", puts(func(c *store.Community) { c.Name = strings.ToValidUTF8(strings.ReplaceAll(c.Name, "\x00", ""), "") })},
	"takes an account for another": {"communities", putsDespite(store.ErrNotFound, func(c *store.Community) { c.Account = 0 })},
	"renames a community":          {"communities", putsDespite(store.ErrConflict, func(c *store.Community) { c.Name += "'" })},
	"takes an external id away":    {"communities", putsDespite(store.ErrConflict, func(c *store.Community) { c.ExternalID = "" })},
	"puts nothing that is invalid": {"communities", hides("PutCommunity", store.ErrInvalid)},
	"calls a conflict invalid": {"communities", errs("PutCommunity", func(err error) error {
		if errors.Is(err, store.ErrConflict) {
			return store.Errorf("put", store.ErrInvalid, "a conflict")
		}
		return err
	})},
	"puts what it then refuses": {"communities/an ExternalID of another community is refused", func(b *brokenstore.Store) {
		b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
			other := c
			other.ExternalID = ""
			return cmp.Or(b.Good.PutCommunity(ctx, other), b.Good.PutCommunity(ctx, c))
		}
	}},
	"keeps the customization of before": {"communities/PutCommunity leaves nothing of the one that it replaces", func(b *brokenstore.Store) {
		b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
			if old, err := b.Good.Load(ctx, store.Query{Community: c.ID}); err == nil && c.Customization == nil {
				c.Customization = old.Community.Customization
			}
			return b.Good.PutCommunity(ctx, c)
		}
	}},
	"replaces nothing of a community": {"communities", func(b *brokenstore.Store) {
		b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
			if _, err := b.Good.Load(ctx, store.Query{Community: c.ID}); err == nil {
				return nil
			}
			return b.Good.PutCommunity(ctx, c)
		}
	}},
	"prefers another scorer": {"communities/PutCommunity takes LIFO and a binary scorer if none are given", puts(func(c *store.Community) {
		c.Scorer = cmp.Or(c.Scorer, store.ScorerWeighted)
	})},
	"knows one rule": {"communities/PutCommunity keeps another rule", puts(func(c *store.Community) { c.Rule = "LIFO" })},
	"takes weights of null for empty ones": {"communities/weights that are null are none", puts(func(c *store.Community) {
		if string(bytes.TrimSpace(c.Weights)) == "null" {
			c.Weights = []byte(`{}`)
		}
	})},
	"shortens the numbers of weights": {"communities/weights keep every digit", puts(func(c *store.Community) {
		c.Weights = bytes.ReplaceAll(c.Weights, []byte("1.50"), []byte("1.5"))
	})},
	"has one threshold for all communities": {"communities/other communities are left alone", afterPut(func(put *store.Community, c *store.StoredCommunity) {
		c.Threshold = put.Threshold
	})},
	"takes the highest account": {"communities/an Account of 0 takes the first account", puts(func(c *store.Community) { c.Account = cmp.Or(c.Account, 5) })},
	"creates an account for each community": {"communities/an Account of 0 creates the first account", func(b *brokenstore.Store) {
		b.On.PutCommunity = func(ctx context.Context, c store.Community) (err error) {
			if c.Account == 0 {
				c.Account, err = b.Good.PutAccount(ctx, c.Name)
			}
			return cmp.Or(err, b.Good.PutCommunity(ctx, c))
		}
	}},
	"has ids of 53 bits": {"communities/an id may be as high as an int64", puts(func(c *store.Community) { c.ID = min(c.ID, 1<<53) })},
	"has names for all accounts": {"communities/a name may stand in two accounts", refuses("PutCommunity", store.ErrConflict, func(c store.Community) bool {
		return c.Name == "One"
	})},
	"deletes for good": {"communities", instead("DeleteCommunity", func(c *call) []reflect.Value {
		results, err := c.good()
		if err == nil {
			c.b.Edit(func(s *store.State) {
				s.Communities = slices.DeleteFunc(s.Communities, func(c store.StoredCommunity) bool { return c.Deleted })
				s.Claims = nil
			})
		}
		return results
	})},
	"deletes nothing":   {"communities/Load does not find a deleted community", nothing("DeleteCommunity")},
	"deletes again too": {"communities", hides("DeleteCommunity", store.ErrCommunityNotFound)},
	"leaves a community deleted": {"communities/PutCommunity undeletes a community", func(b *brokenstore.Store) {
		b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
			if err := b.Good.PutCommunity(ctx, c); err != nil || c.Name != "Again" {
				return err
			}
			return b.Good.DeleteCommunity(ctx, c.ID)
		}
	}},
	"deletes one community of a name": {"communities/several deleted communities may have one name", instead("DeleteCommunity", func(c *call) []reflect.Value {
		for _, stored := range c.b.Good.State().Communities {
			if stored.Deleted && stored.Name == "Again" {
				return c.fail(store.Errorf("delete", store.ErrConflict, "it is the second"))
			}
		}
		results, _ := c.good()
		return results
	})},

	"fills the lists that it creates": {"customizations/lists that are missing are created without members", after("PutCommunity", func(s *store.State) {
		s.Lists = append(s.Lists, store.AddressList{Name: "fresh", Members: []store.Address{"0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"}})
	})},
	"empties the lists of a customization": {"customizations/lists that exist keep their members", after("PutCommunity", func(s *store.State) { s.Lists = nil })},
	"cuts long providers": {"customizations/providers and lists may have the full width", puts(func(c *store.Community) {
		for provider, weight := range c.Customization {
			delete(c.Customization, provider)
			c.Customization[string([]rune(provider)[:min(100, len([]rune(provider)))])] = weight
		}
	})},
	"has one weight for a provider": {"customizations/two communities may name one list and one provider", afterPut(func(put *store.Community, c *store.StoredCommunity) {
		if len(c.Customization) > 0 {
			c.Customization = put.Customization
		}
	})},
	"removes the customizations of all": {"customizations/a customization that is removed leaves others alone", afterPut(func(put *store.Community, c *store.StoredCommunity) {
		if put.Customization == nil {
			c.Customization = nil
		}
	})},
	"only adds to a customization": {"customizations/a provider that is removed leaves others alone", func(b *brokenstore.Store) {
		b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
			if old, err := b.Good.Load(ctx, store.Query{Community: c.ID}); err == nil {
				all := maps.Clone(old.Community.Customization)
				maps.Copy(all, c.Customization)
				c.Customization = all
			}
			return b.Good.PutCommunity(ctx, c)
		}
	}},

	"mixes two that put one community": {"contended communities/communities of one id at once are one of them", func(b *brokenstore.Store) {
		var mu sync.Mutex
		var first map[string]string
		b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = c.Customization
			}
			c.Customization = first
			return b.Good.PutCommunity(ctx, c)
		}
	}},
	"is busy while it puts a community": {"contended communities/communities of one name at once are one", oneAtATime("PutCommunity")},
	"is busy while it puts an account":  {"contended communities/accounts of one user at once are one", oneAtATime("PutAccount")},
	"is busy while it puts a list":      {"contended communities/lists of one name at once are one of them", oneAtATime("PutAddressList")},
}
