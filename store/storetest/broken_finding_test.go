package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// finds is a store that looks for another text.
func finds(change func(string) string) broken { return given("FindCommunity", change) }

// findsIn is a store that looks for a community in a changed content.
func findsIn(change func(*store.State)) broken {
	return func(b *brokenstore.Store) {
		b.On.FindCommunity = func(ctx context.Context, account int64, scorer string) (int64, error) {
			return b.Like(change).FindCommunity(ctx, account, scorer)
		}
	}
}

// brokenFinding are stores that find communities wrongly.
var brokenFinding = map[string]fault{
	"finds no external id": {"finding communities/a community is found by its ExternalID", finds(func(s string) string { return strings.TrimPrefix(s, "0x") })},
	"finds by external id alone": {"finding communities/a community is found by its id", finds(func(s string) string {
		if store.CommunityID(s) > 0 {
			return ""
		}
		return s
	})},
	"takes ids before external ids": {"finding communities/the ExternalID comes before the id", findsIn(func(s *store.State) {
		for i := range s.Communities {
			s.Communities[i].ExternalID = strings.TrimPrefix(s.Communities[i].ExternalID, "1")
		}
	})},
	"finds communities of all accounts": {"finding communities/communities of other accounts are not found", func(b *brokenstore.Store) {
		b.On.FindCommunity = func(ctx context.Context, account int64, scorer string) (int64, error) {
			id, err := b.Good.FindCommunity(ctx, account, scorer)
			for other := int64(1); err != nil && other < 3; other++ {
				id, err = b.Good.FindCommunity(ctx, other, scorer)
			}
			return id, err
		}
	}},
	"finds deleted communities": {"finding communities/a deleted community is not found", findsIn(func(s *store.State) {
		for i := range s.Communities {
			s.Communities[i].Deleted = false
		}
	})},
	"is stopped by a deleted external id": {"finding communities/a deleted ExternalID does not hide an id", func(b *brokenstore.Store) {
		b.On.FindCommunity = func(ctx context.Context, account int64, scorer string) (int64, error) {
			if slices.ContainsFunc(b.Good.State().Communities, func(c store.StoredCommunity) bool { return c.Deleted && c.ExternalID == scorer }) {
				return 0, store.Errorf("find", store.ErrCommunityNotFound, "it is deleted")
			}
			return b.Good.FindCommunity(ctx, account, scorer)
		}
	}},
	"finds what is only alike": {"finding communities/no text and no account finds what is not there", finds(strings.TrimSpace)},
	"overflows": {"finding communities/no text and no account finds what is not there", finds(func(s string) string {
		if s == "18446744073709551617" {
			return "1"
		}
		return s
	})},
	"refuses a text": {"finding communities/no text and no account finds what is not there", refuses("FindCommunity", store.ErrInvalid, func(scorer string) bool {
		return strings.Contains(scorer, "\x00")
	})},
	"finds nothing and no error": {"finding communities", hides("FindCommunity", store.ErrCommunityNotFound)},
	"trims external ids":         {"finding communities/an ExternalID may be any text", finds(func(s string) string { return strings.TrimLeft(s, "0") })},
	"notes what is looked for": {"finding communities/finding changes nothing", before("FindCommunity", func(s *store.State) {
		s.Events = append(s.Events, store.StoredEvent{RecordedEvent: store.RecordedEvent{ID: 1 + int64(len(s.Events)), Event: store.Event{Action: "GET", Data: []byte(`{}`)}}})
	})},
}

// brokenAccounts are stores whose accounts and lists are broken.
var brokenAccounts = map[string]fault{
	"creates users again":      {"accounts and lists/PutAccount returns the account of the user", given("PutAccount", func(name string) string { return name + "'" })},
	"ignores case in names":    {"accounts and lists/names that differ in anything are different users", given("PutAccount", strings.ToLower)},
	"trims the names of users": {"accounts and lists/names that differ in anything are different users", given("PutAccount", strings.TrimSpace)},
	"cuts the names of users": {"accounts and lists/PutAccount refuses a malformed name", given("PutAccount", func(name string) string {
		return name[:min(len(name), store.MaxUsername)]
	})},
	"creates an account for every call": {"accounts and lists/PutAccount creates the account of a user", after("PutAccount", func(s *store.State) {
		s.Accounts = append(s.Accounts, store.Account{ID: 100 + int64(len(s.Accounts)), Username: "another"})
	})},
	"returns an account before it exists": {"accounts and lists/an account that was created may own communities", func(b *brokenstore.Store) {
		b.On.PutAccount = func(ctx context.Context, username string) (int64, error) {
			return b.Like(func(*store.State) {}).PutAccount(ctx, username)
		}
	}},
	"only adds to lists": {"accounts and lists/a list has the members that it was last given", func(b *brokenstore.Store) {
		b.On.PutAddressList = func(ctx context.Context, name string, addresses ...store.Address) error {
			for _, list := range b.Good.State().Lists {
				if list.Name == name {
					addresses = append(list.Members, addresses...)
				}
			}
			return b.Good.PutAddressList(ctx, name, addresses...)
		}
	}},
	"refuses an address that is given twice": {
		"accounts and lists/an address that is given twice is a member once",
		refuses("PutAddressList", store.ErrConflict, func(addresses []store.Address) bool {
			return len(slices.Compact(slices.Sorted(slices.Values(addresses)))) < len(addresses)
		}),
	},
	"keeps addresses as they are given": {"accounts and lists/a list takes addresses in any letter case", func(b *brokenstore.Store) {
		b.On.PutAddressList = func(ctx context.Context, name string, addresses ...store.Address) error {
			err := b.Good.PutAddressList(ctx, name, addresses...)
			if err == nil {
				b.Edit(func(s *store.State) { s.Lists = []store.AddressList{{Name: name, Members: addresses}} })
			}
			return err
		}
	}},
	"keeps a list that becomes empty": {"accounts and lists/a list may be empty", func(b *brokenstore.Store) {
		b.On.PutAddressList = func(ctx context.Context, name string, addresses ...store.Address) error {
			if len(addresses) == 0 {
				return nil
			}
			return b.Good.PutAddressList(ctx, name, addresses...)
		}
	}},
	"has one list":          {"accounts and lists/a list leaves others alone", given("PutAddressList", func(string) string { return "og" })},
	"passes over bad names": {"accounts and lists/a list with a malformed name is refused", hides("PutAddressList", store.ErrInvalid)},
	"puts a list member by member": {"accounts and lists/a list with a malformed address is refused", func(b *brokenstore.Store) {
		b.On.PutAddressList = func(ctx context.Context, name string, addresses ...store.Address) error {
			var failed error
			for i := range addresses {
				failed = errors.Join(failed, b.Good.PutAddressList(ctx, name, addresses[:i+1]...))
			}
			return failed
		}
	}},
}
