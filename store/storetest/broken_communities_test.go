package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// brokenCommunities is a store with functions in place of the methods that set
// communities up; those that are nil work.
type brokenCommunities struct {
	harness
	load    func(*store.Snapshot)
	put     func(context.Context, harness, store.Community) error
	remove  func(context.Context, harness, int64) error
	find    func(context.Context, harness, int64, string) (int64, error)
	account func(context.Context, harness, string) (int64, error)
	list    func(context.Context, harness, string, []string) error
}

func (b brokenCommunities) on(h harness) storetest.Harness {
	b.harness = h
	return b
}

func (b brokenCommunities) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := b.harness.Load(ctx, q)
	if err == nil && b.load != nil {
		b.load(snapshot)
	}
	return snapshot, err
}

func (b brokenCommunities) PutCommunity(ctx context.Context, c store.Community) error {
	if b.put == nil {
		return b.harness.PutCommunity(ctx, c)
	}
	return b.put(ctx, b.harness, c)
}

func (b brokenCommunities) DeleteCommunity(ctx context.Context, id int64) error {
	if b.remove == nil {
		return b.harness.DeleteCommunity(ctx, id)
	}
	return b.remove(ctx, b.harness, id)
}

func (b brokenCommunities) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	if b.find == nil {
		return b.harness.FindCommunity(ctx, account, scorer)
	}
	return b.find(ctx, b.harness, account, scorer)
}

func (b brokenCommunities) PutAccount(ctx context.Context, username string) (int64, error) {
	if b.account == nil {
		return b.harness.PutAccount(ctx, username)
	}
	return b.account(ctx, b.harness, username)
}

func (b brokenCommunities) PutAddressList(ctx context.Context, name string, addresses ...string) error {
	if b.list == nil {
		return b.harness.PutAddressList(ctx, name, addresses...)
	}
	return b.list(ctx, b.harness, name, addresses)
}

// puts is a store that puts changed communities.
func puts(change func(*store.Community)) brokenCommunities {
	return brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) error {
		change(&c)
		return h.PutCommunity(ctx, c)
	}}
}

// putsDespite is a store that puts another community instead of failing.
func putsDespite(kind error, change func(*store.Community)) brokenCommunities {
	return brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) error {
		err := h.PutCommunity(ctx, c)
		if errors.Is(err, kind) {
			change(&c)
			return h.PutCommunity(ctx, c)
		}
		return err
	}}
}

// afterPutting is a store that does something more once it has put a community.
func afterPutting(more func(c store.Community, t tables)) brokenCommunities {
	return brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) error {
		if err := h.PutCommunity(ctx, c); err != nil {
			return err
		}
		h.edit(func(t tables) { more(c, t) })
		return nil
	}}
}

// finds is a store that looks for another text.
func finds(change func(string) string) brokenCommunities {
	return brokenCommunities{find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
		return h.FindCommunity(ctx, account, change(scorer))
	}}
}

// afterAccount is a store that does something more once it has an account.
func afterAccount(more func(t tables)) brokenCommunities {
	return brokenCommunities{account: func(ctx context.Context, h harness, username string) (int64, error) {
		id, err := h.PutAccount(ctx, username)
		if err == nil {
			h.edit(more)
		}
		return id, err
	}}
}

// storesWithBrokenCommunities are stores that set communities up wrongly.
var storesWithBrokenCommunities = map[string]fault{
	"loads no external id":          {"communities", brokenCommunities{load: func(s *store.Snapshot) { s.Community.ExternalID = "" }}},
	"loads no account":              {"communities", brokenCommunities{load: func(s *store.Snapshot) { s.Community.Account = 0 }}},
	"forgets the external id":       {"communities", puts(func(c *store.Community) { c.ExternalID = "" })},
	"forgets the account":           {"communities", puts(func(c *store.Community) { c.Account = 0 })},
	"puts all into the first":       {"communities", puts(func(c *store.Community) { c.Account = min(c.Account, 1) })},
	"forgets the points program":    {"communities", puts(func(c *store.Community) { c.HumanPoints = false })},
	"forgets the overlay put":       {"communities", puts(func(c *store.Community) { c.Overlay = nil })},
	"cuts the threshold off":        {"communities", puts(func(c *store.Community) { c.Threshold = c.Threshold[:min(7, len(c.Threshold))] })},
	"shortens what is too long":     {"communities", puts(func(c *store.Community) { c.Name = c.Name[:min(len(c.Name), store.MaxCommunityName)] })},
	"drops invalid text":            {"communities", puts(func(c *store.Community) { c.Name = strings.ToValidUTF8(strings.ReplaceAll(c.Name, "\x00", ""), "") })},
	"takes an account that is none": {"communities", putsDespite(store.ErrNotFound, func(c *store.Community) { c.Account = 0 })},
	"renames whom it cannot put":    {"communities", putsDespite(store.ErrConflict, func(c *store.Community) { c.Name += "'" })},
	"calls a conflict invalid": {"communities", brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) error {
		err := h.PutCommunity(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			return store.ErrInvalid
		}
		return err
	}}},
	"puts what it then refuses": {"communities", brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) error {
		other := c
		other.ExternalID = ""
		if err := h.PutCommunity(ctx, other); err != nil {
			return err
		}
		return h.PutCommunity(ctx, c)
	}}},
	"shares the scorer": {"communities/are loaded as they were put", afterPutting(func(_ store.Community, t tables) {
		for _, r := range t["account_community"] {
			r["scorer_id"] = 1
		}
	})},
	"keeps the overlay of before": {
		"communities/have nothing of before once replaced by less",
		brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) error {
			if before, err := h.Load(ctx, store.Query{Community: c.ID}); err == nil && c.Overlay == nil {
				c.Overlay = before.Community.Overlay
			}
			return h.PutCommunity(ctx, c)
		}},
	},
	"takes the highest account for the first": {"communities/with an Account of 0 and none yet take the first", puts(func(c *store.Community) {
		c.Account = cmp.Or(c.Account, 5)
	})},
	"makes an account for every community": {
		"communities/with an Account of 0 get one when there is none at all",
		brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) (err error) {
			if c.Account == 0 {
				c.Account, err = h.PutAccount(ctx, c.Name)
			}
			return errors.Join(err, h.PutCommunity(ctx, c))
		}},
	},
	"has no higher id than a double tells apart": {
		"communities/of the highest id are no less a community",
		puts(func(c *store.Community) { c.ID = min(c.ID, 1<<53) }),
	},
	"prefers another scorer": {"communities/default to LIFO and a binary scorer", puts(func(c *store.Community) {
		c.Scorer = cmp.Or(c.Scorer, store.ScorerWeighted)
	})},
	"takes weights of null for empty ones": {"communities/with weights that are null have none", puts(func(c *store.Community) {
		if string(bytes.TrimSpace(c.Weights)) == "null" {
			c.Weights = []byte(`{}`)
		}
	})},
	"shortens the numbers of weights": {
		"communities/have the numbers of their weights written out, with the decimals that they were given",
		puts(func(c *store.Community) { c.Weights = bytes.ReplaceAll(c.Weights, []byte("1.50"), []byte("1.5")) }),
	},
	"has one threshold for all communities": {"communities/leave others alone", afterPutting(func(_ store.Community, t tables) {
		for _, r := range t["scorer_weighted_binaryweightedscorer"] {
			r["threshold"] = "2.5"
		}
	})},
	"adds a scorer for another type": {"communities/keep their scorer when its type changes", afterPutting(func(c store.Community, t tables) {
		if c.Scorer == store.ScorerBinary {
			t["scorer_weighted_scorer"] = append(t["scorer_weighted_scorer"], row{"id": 99, "type": store.ScorerWeighted})
		}
	})},
	"replaces the whole row": {"communities/keep what is no part of them when replaced", afterPutting(func(_ store.Community, t tables) {
		for _, r := range t["account_community"] {
			r["description"] = ""
		}
	})},

	"numbers customizations only": {"overlays", afterPutting(func(_ store.Community, t tables) {
		for _, r := range t["account_customization"] {
			r["path"] = strings.TrimPrefix(r["path"].(string), "community-")
		}
	})},
	"empties the lists of an overlay": {"overlays/make the address lists that are missing, without members", afterPutting(func(_ store.Community, t tables) {
		t["account_addresslistmember"] = []row{}
	})},
	"names rulesets by the last of their provider": {"overlays/make rulesets and a platform of custom credentials", afterPutting(func(_ store.Community, t tables) {
		for _, r := range t["account_customcredentialruleset"] {
			_, r["name"], _ = strings.Cut(r["name"].(string), "#")
		}
	})},
	"makes a platform for every community": {"overlays/use the rulesets and the platform that are there", afterPutting(func(c store.Community, t tables) {
		t["account_customplatform"] = append(t["account_customplatform"], row{"name": c.Name, "platform_type": "DEVEL"})
	})},
	"drops the overlays of all": {"overlays/leave those of other communities alone", afterPutting(func(c store.Community, t tables) {
		if c.Overlay == nil {
			t["account_allowlist"] = []row{}
		}
	})},
	"makes customizations anew": {"overlays/keep a customization that is there, and its look", afterPutting(func(_ store.Community, t tables) {
		for _, r := range t["account_customization"] {
			r["logo_caption"] = nil
		}
	})},

	"deletes for good": {"finding communities", brokenCommunities{remove: func(ctx context.Context, h harness, id int64) error {
		if err := h.DeleteCommunity(ctx, id); err != nil {
			return err
		}
		h.edit(func(t tables) {
			t["account_community"] = slices.DeleteFunc(t["account_community"], func(r row) bool { return r["id"] == float64(id) })
			t["registry_hashscorerlink"] = []row{}
		})
		return nil
	}}},
	"deletes again": {"finding communities", brokenCommunities{remove: func(ctx context.Context, h harness, id int64) error {
		if err := h.DeleteCommunity(ctx, id); !errors.Is(err, store.ErrCommunityNotFound) {
			return err
		}
		return nil
	}}},
	"finds what is only alike":     {"finding communities", finds(strings.TrimSpace)},
	"finds no external id":         {"finding communities/must return that with the ExternalID", finds(func(s string) string { return strings.TrimPrefix(s, "0x") })},
	"finds communities of anybody": {"finding communities", brokenCommunities{find: findsOfAnybody}},
	"takes ids before external ids": {"finding communities", brokenCommunities{find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
		if id := store.CommunityID(scorer); id == 1 && account == 1 {
			return id, nil
		}
		return h.FindCommunity(ctx, account, scorer)
	}}},
	"overflows": {"finding communities", finds(func(s string) string {
		if s == "18446744073709551617" {
			return "1"
		}
		return s
	})},
	"chokes on a text": {"finding communities", brokenCommunities{find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
		if strings.Contains(scorer, "\x00") {
			return 0, store.ErrInvalid
		}
		return h.FindCommunity(ctx, account, scorer)
	}}},
	"finds by external id alone": {"finding communities/must return that with the id when none has the ExternalID", finds(func(s string) string {
		if store.CommunityID(s) > 0 {
			return ""
		}
		return s
	})},
	"deletes nothing": {
		"finding communities/deleting must make Load return ErrCommunityNotFound",
		brokenCommunities{remove: func(context.Context, harness, int64) error { return nil }},
	},
	"leaves deleted what is put again": {
		"finding communities/putting one that is deleted must make it be there again",
		brokenCommunities{put: func(ctx context.Context, h harness, c store.Community) error {
			before := column(h.tables()["account_community"], "deleted_at")
			if err := h.PutCommunity(ctx, c); err != nil {
				return err
			}
			h.edit(func(t tables) {
				for i, deleted := range before {
					t["account_community"][i]["deleted_at"] = deleted
				}
			})
			return nil
		}},
	},
	"puts and finds without the context": {
		"finding communities/must return the error of the context when it has ended, and change nothing",
		brokenCommunities{
			list: func(ctx context.Context, h harness, name string, addresses []string) error {
				return h.PutAddressList(context.WithoutCancel(ctx), name, addresses...)
			},
			find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
				return h.FindCommunity(context.WithoutCancel(ctx), account, scorer)
			},
		},
	},
	"finds deleted communities": {
		"finding communities/must pass over deleted ones",
		brokenCommunities{find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
			id, err := h.FindCommunity(ctx, account, scorer)
			for _, r := range h.tables()["account_community"] {
				if r["external_scorer_id"] == scorer && r["deleted_at"] != nil {
					return int64(r["id"].(float64)), nil
				}
			}
			return id, err
		}},
	},
	"deletes one community of a name": {
		"finding communities/deleting two of one name, one after the other, must succeed",
		brokenCommunities{remove: func(ctx context.Context, h harness, id int64) error {
			for _, r := range h.tables()["account_community"] {
				if r["name"] == "Again" && r["deleted_at"] != nil {
					return store.ErrConflict
				}
			}
			return h.DeleteCommunity(ctx, id)
		}},
	},

	"knows users in any case": {"accounts and lists", brokenCommunities{account: func(ctx context.Context, h harness, username string) (int64, error) {
		return h.PutAccount(ctx, strings.ToLower(username))
	}}},
	"makes users anew": {"accounts and lists", brokenCommunities{account: func(ctx context.Context, h harness, username string) (int64, error) {
		return h.PutAccount(ctx, username+"'")
	}}},
	"only adds to lists": {"accounts and lists", brokenCommunities{list: func(ctx context.Context, h harness, name string, addresses []string) error {
		var members []string
		for _, r := range h.tables()["account_addresslistmember"] {
			members = append(members, r["address"].(string))
		}
		return h.PutAddressList(ctx, name, append(members, addresses...)...)
	}}},
	"lowers addresses": {"accounts and lists", brokenCommunities{list: func(ctx context.Context, h harness, name string, addresses []string) error {
		for i := range addresses {
			addresses[i] = strings.ToLower(addresses[i])
		}
		return h.PutAddressList(ctx, name, addresses...)
	}}},
	"makes users with an empty password": {"accounts and lists/PutAccount must create the user, who has no password, and the account", afterAccount(func(t tables) {
		for _, r := range t["auth_user"] {
			r["password"] = ""
		}
	})},
	"makes an account for every call": {"accounts and lists/PutAccount must return the account of the user", afterAccount(func(t tables) {
		t["account_account"] = append(t["account_account"], row{"user_id": 77})
	})},
	"makes the user of an account anew": {"accounts and lists/PutAccount must create the account of a user who has none", afterAccount(func(t tables) {
		for _, r := range t["auth_user"] {
			r["password"] = "!"
		}
	})},
	"trims the names of users": {
		"accounts and lists/PutAccount must tell apart names that differ in anything",
		brokenCommunities{account: func(ctx context.Context, h harness, username string) (int64, error) {
			return h.PutAccount(ctx, strings.TrimSpace(username))
		}},
	},
	"cuts the names of users": {
		"accounts and lists/PutAccount must return ErrInvalid for a malformed name, and change nothing",
		brokenCommunities{account: func(ctx context.Context, h harness, username string) (int64, error) {
			return h.PutAccount(ctx, username[:min(len(username), store.MaxUsername)])
		}},
	},
	"makes lists anew": {
		"accounts and lists/a list must keep the rows of those who stay",
		brokenCommunities{list: func(ctx context.Context, h harness, name string, addresses []string) error {
			return errors.Join(h.PutAddressList(ctx, name), h.PutAddressList(ctx, name, addresses...))
		}},
	},
	"minds a list that is empty": {
		"accounts and lists/a list may be empty",
		brokenCommunities{list: func(ctx context.Context, h harness, name string, addresses []string) error {
			return errors.Join(missing(len(addresses)), h.PutAddressList(ctx, name, addresses...))
		}},
	},
	"has one list": {
		"accounts and lists/a list must leave another alone",
		brokenCommunities{list: func(ctx context.Context, h harness, _ string, addresses []string) error {
			return h.PutAddressList(ctx, "og", addresses...)
		}},
	},
	"makes one user at a time": {"accounts and lists/PutAccount at once for one user must return one account", oneUserAtATime()},
	"minds an address that is given twice": {
		"accounts and lists/a list must have an address once that is given twice",
		brokenCommunities{list: func(ctx context.Context, h harness, name string, addresses []string) error {
			if len(repeated(addresses)) > 0 {
				return store.ErrConflict
			}
			return h.PutAddressList(ctx, name, addresses...)
		}},
	},
}

func findsOfAnybody(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
	id, err := h.FindCommunity(ctx, account, scorer)
	for other := int64(1); err != nil && other < 4; other++ {
		id, err = h.FindCommunity(ctx, other, scorer)
	}
	return id, err
}

// oneUserAtATime is a store that looks for a user before it makes one, and
// gives up when another is faster.
func oneUserAtATime() brokenCommunities {
	enter := oneAtATime()
	return brokenCommunities{account: func(ctx context.Context, h harness, username string) (int64, error) {
		leave, entered := enter()
		if !entered {
			return 0, store.ErrConflict
		}
		defer leave()
		return h.PutAccount(ctx, username)
	}}
}

// missing is an error when there is no row.
func missing(rows int) error {
	if rows == 0 {
		return store.ErrNotFound
	}
	return nil
}
