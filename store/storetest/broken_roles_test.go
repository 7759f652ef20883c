package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// brokenRoles is a store with functions in place of the methods of its roles;
// those that are nil work.
type brokenRoles struct {
	harness
	load    func(*store.Snapshot)
	put     func(context.Context, harness, store.Community) error
	remove  func(context.Context, harness, int64) error
	find    func(context.Context, harness, int64, string) (int64, error)
	account func(context.Context, harness, string) (int64, error)
	list    func(context.Context, harness, string, []string) error
	listed  func(context.Context, harness, string, store.Page) (*store.CredentialPage, error)
	scoreAt func(context.Context, harness, int64, string, time.Time) (*store.RecordedEvent, error)
	events  func(context.Context, harness, int64, string, store.Page) ([]store.RecordedEvent, error)
	claims  func(context.Context, harness, int64, string) ([]store.Claim, error)
}

func (b brokenRoles) on(h harness) storetest.Harness {
	b.harness = h
	return b
}

func (b brokenRoles) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := b.harness.Load(ctx, q)
	if err == nil && b.load != nil {
		b.load(snapshot)
	}
	return snapshot, err
}

func (b brokenRoles) PutCommunity(ctx context.Context, c store.Community) error {
	if b.put == nil {
		return b.harness.PutCommunity(ctx, c)
	}
	return b.put(ctx, b.harness, c)
}

func (b brokenRoles) DeleteCommunity(ctx context.Context, id int64) error {
	if b.remove == nil {
		return b.harness.DeleteCommunity(ctx, id)
	}
	return b.remove(ctx, b.harness, id)
}

func (b brokenRoles) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	if b.find == nil {
		return b.harness.FindCommunity(ctx, account, scorer)
	}
	return b.find(ctx, b.harness, account, scorer)
}

func (b brokenRoles) PutAccount(ctx context.Context, username string) (int64, error) {
	if b.account == nil {
		return b.harness.PutAccount(ctx, username)
	}
	return b.account(ctx, b.harness, username)
}

func (b brokenRoles) PutAddressList(ctx context.Context, name string, addresses ...string) error {
	if b.list == nil {
		return b.harness.PutAddressList(ctx, name, addresses...)
	}
	return b.list(ctx, b.harness, name, addresses)
}

func (b brokenRoles) ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error) {
	if b.listed == nil {
		return b.harness.ListCredentials(ctx, address, page)
	}
	return b.listed(ctx, b.harness, address, page)
}

func (b brokenRoles) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	if b.scoreAt == nil {
		return b.harness.ScoreAt(ctx, community, address, at)
	}
	return b.scoreAt(ctx, b.harness, community, address, at)
}

func (b brokenRoles) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	if b.events == nil {
		return b.harness.ListEvents(ctx, community, address, page)
	}
	return b.events(ctx, b.harness, community, address, page)
}

func (b brokenRoles) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	if b.claims == nil {
		return b.harness.ListClaims(ctx, community, address)
	}
	return b.claims(ctx, b.harness, community, address)
}

// puts is a store that puts changed communities.
func puts(change func(*store.Community)) brokenRoles {
	return brokenRoles{put: func(ctx context.Context, h harness, c store.Community) error {
		change(&c)
		return h.PutCommunity(ctx, c)
	}}
}

// afterPutting is a store that does something more once it has put a community.
func afterPutting(more func(c store.Community, t tables)) brokenRoles {
	return brokenRoles{put: func(ctx context.Context, h harness, c store.Community) error {
		if err := h.PutCommunity(ctx, c); err != nil {
			return err
		}
		h.edit(func(t tables) { more(c, t) })
		return nil
	}}
}

// pages is a store whose pages of credentials are changed.
func pages(change func(store.Page, *store.CredentialPage)) brokenRoles {
	return brokenRoles{listed: func(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
		listed, err := h.ListCredentials(ctx, address, page)
		if err == nil {
			change(page, listed)
		}
		return listed, err
	}}
}

// tellsEvents is a store whose lists of events are changed.
func tellsEvents(change func(store.Page, []store.RecordedEvent) []store.RecordedEvent) brokenRoles {
	return brokenRoles{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
		events, err := h.ListEvents(ctx, community, address, page)
		return change(page, events), err
	}}
}

// tellsClaims is a store whose lists of claims are changed.
func tellsClaims(change func([]store.Claim) []store.Claim) brokenRoles {
	return brokenRoles{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
		claims, err := h.ListClaims(ctx, community, address)
		return change(claims), err
	}}
}

// finds is a store that looks for another text.
func finds(change func(string) string) brokenRoles {
	return brokenRoles{find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
		return h.FindCommunity(ctx, account, change(scorer))
	}}
}

// looksBack is a store that looks for the score at another moment.
func looksBack(change func(time.Time) time.Time) brokenRoles {
	return brokenRoles{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
		return h.ScoreAt(ctx, community, address, change(at))
	}}
}

// storesWithBrokenRoles are stores whose roles are broken.
var storesWithBrokenRoles = map[string]fault{
	"loads no external id":          {"communities", brokenRoles{load: func(s *store.Snapshot) { s.Community.ExternalID = "" }}},
	"loads no account":              {"communities", brokenRoles{load: func(s *store.Snapshot) { s.Community.Account = 0 }}},
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
	"calls a conflict invalid": {"communities", brokenRoles{put: func(ctx context.Context, h harness, c store.Community) error {
		err := h.PutCommunity(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			return store.ErrInvalid
		}
		return err
	}}},
	"puts what it then refuses": {"communities", brokenRoles{put: func(ctx context.Context, h harness, c store.Community) error {
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
	"numbers customizations only": {"overlays", afterPutting(func(_ store.Community, t tables) {
		for _, r := range t["account_customization"] {
			r["path"] = strings.TrimPrefix(r["path"].(string), "community-")
		}
	})},
	"deletes for good": {"finding communities", brokenRoles{remove: func(ctx context.Context, h harness, id int64) error {
		if err := h.DeleteCommunity(ctx, id); err != nil {
			return err
		}
		h.edit(func(t tables) {
			t["account_community"] = slices.DeleteFunc(t["account_community"], func(r row) bool { return r["id"] == float64(id) })
			t["registry_hashscorerlink"] = []row{}
		})
		return nil
	}}},
	"deletes again": {"finding communities", brokenRoles{remove: func(ctx context.Context, h harness, id int64) error {
		if err := h.DeleteCommunity(ctx, id); !errors.Is(err, store.ErrCommunityNotFound) {
			return err
		}
		return nil
	}}},
	"finds what is only alike":     {"finding communities", finds(strings.TrimSpace)},
	"finds no external id":         {"finding communities/must return that with the ExternalID", finds(func(s string) string { return strings.TrimPrefix(s, "0x") })},
	"finds communities of anybody": {"finding communities", brokenRoles{find: findsOfAnybody}},
	"takes ids before external ids": {"finding communities", brokenRoles{find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
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
	"chokes on a text": {"finding communities", brokenRoles{find: func(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
		if strings.Contains(scorer, "\x00") {
			return 0, store.ErrInvalid
		}
		return h.FindCommunity(ctx, account, scorer)
	}}},
	"knows users in any case": {"accounts and lists", brokenRoles{account: func(ctx context.Context, h harness, username string) (int64, error) {
		return h.PutAccount(ctx, strings.ToLower(username))
	}}},
	"makes users anew": {"accounts and lists", brokenRoles{account: func(ctx context.Context, h harness, username string) (int64, error) {
		return h.PutAccount(ctx, username+"'")
	}}},
	"only adds to lists": {"accounts and lists", brokenRoles{list: func(ctx context.Context, h harness, name string, addresses []string) error {
		var members []string
		for _, r := range h.tables()["account_addresslistmember"] {
			members = append(members, r["address"].(string))
		}
		return h.PutAddressList(ctx, name, append(members, addresses...)...)
	}}},
	"lowers addresses": {"accounts and lists", brokenRoles{list: func(ctx context.Context, h harness, name string, addresses []string) error {
		for i := range addresses {
			addresses[i] = strings.ToLower(addresses[i])
		}
		return h.PutAddressList(ctx, name, addresses...)
	}}},
	"lists the oldest first":       {"listing", pages(func(_ store.Page, p *store.CredentialPage) { slices.Reverse(p.Credentials) })},
	"never knows of newer ones":    {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Newer = false })},
	"never knows of older ones":    {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Older = false })},
	"takes a full page for a sign": {"listing", pages(func(q store.Page, p *store.CredentialPage) { p.Older = len(p.Credentials) == q.Limit })},
	"takes the cursor for a sign":  {"listing", pages(func(q store.Page, p *store.CredentialPage) { p.Newer = p.Newer || q.Before > 0 })},
	"knows nothing beside no row": {"listing", pages(func(_ store.Page, p *store.CredentialPage) {
		none := len(p.Credentials) == 0
		p.Newer, p.Older = p.Newer && !none, p.Older && !none
	})},
	"lists one of each provider":     {"listing", pages(func(_ store.Page, p *store.CredentialPage) { p.Credentials = compact(p.Credentials) })},
	"lists without moments":          {"listing", pages(func(_ store.Page, p *store.CredentialPage) { noMoments(p.Credentials) })},
	"lists from the cursor on":       {"listing", asks(func(p *store.Page) { p.Before += min(p.Before, 1) })},
	"lists from the newest after":    {"listing", asks(func(p *store.Page) { p.After = 0 })},
	"lists whatever is asked for":    {"listing", asks(func(p *store.Page) { p.Limit = max(1, min(p.Limit, store.MaxPage)) })},
	"looks back strictly":            {"history", looksBack(func(at time.Time) time.Time { return at.Add(-time.Microsecond) })},
	"looks back too late":            {"history", looksBack(func(at time.Time) time.Time { return at.Add(time.Microsecond) })},
	"looks back by the second":       {"history", looksBack(func(at time.Time) time.Time { return at.Truncate(time.Second) })},
	"looks back in years of 64 bits": {"history", looksBack(func(at time.Time) time.Time { return time.Unix(0, at.UnixNano()) })},
	"looks back at other events": {"history", brokenRoles{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
		events, err := h.ListEvents(ctx, community, address, store.Page{Limit: 100})
		for _, event := range events {
			if !event.At.After(at) {
				return &event, nil
			}
		}
		return nil, errors.Join(err, store.ErrNotFound)
	}}},
	"has no history and no error": {"history", brokenRoles{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
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
	"tells claims of every community": {"history", brokenRoles{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
		first, err := h.ListClaims(ctx, community, address)
		second, other := h.ListClaims(ctx, 2, address)
		return append(first, second...), errors.Join(err, other)
	}}},
	"overflows at the last id": {"history", brokenRoles{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
		if page.After == math.MaxInt64 {
			page.After = 0
		}
		return h.ListEvents(ctx, community, address, page)
	}}},

	"lists without the context": {
		"listing/must return the error of the context when it has ended",
		brokenRoles{listed: func(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
			return h.ListCredentials(context.WithoutCancel(ctx), address, page)
		}},
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

	"finds by external id alone": {"finding communities/must return that with the id when none has the ExternalID", finds(func(s string) string {
		if store.CommunityID(s) > 0 {
			return ""
		}
		return s
	})},
	"deletes nothing": {
		"finding communities/deleting must make Load return ErrCommunityNotFound",
		brokenRoles{remove: func(context.Context, harness, int64) error { return nil }},
	},
	"leaves deleted what is put again": {
		"finding communities/putting one that is deleted must make it be there again",
		brokenRoles{put: func(ctx context.Context, h harness, c store.Community) error {
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

	"makes one user at a time": {"accounts and lists/PutAccount at once for one user must return one account", oneUserAtATime()},
	"minds an address that is given twice": {
		"accounts and lists/a list must have an address once that is given twice",
		brokenRoles{list: func(ctx context.Context, h harness, name string, addresses []string) error {
			if len(repeated(addresses)) > 0 {
				return store.ErrConflict
			}
			return h.PutAddressList(ctx, name, addresses...)
		}},
	},

	"tells claims of whom it was not asked about": {
		"history/ListClaims must follow a claim that changes hands",
		brokenRoles{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
			h.edit(func(t tables) {
				for _, r := range t["registry_hashscorerlink"] {
					r["address"] = address
				}
			})
			return h.ListClaims(ctx, community, address)
		}},
	},
	"misses events": {
		"history/none is no error",
		brokenRoles{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
			events, err := h.ListEvents(ctx, community, address, page)
			return events, errors.Join(err, missing(len(events)))
		}},
	},
	"misses claims": {
		"history/none is no error",
		brokenRoles{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
			claims, err := h.ListClaims(ctx, community, address)
			return claims, errors.Join(err, missing(len(claims)))
		}},
	},
	"looks back at addresses in any case": {
		"history/all must return ErrInvalid for a malformed address or page",
		brokenRoles{scoreAt: func(ctx context.Context, h harness, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
			return h.ScoreAt(ctx, community, strings.ToLower(address), at)
		}},
	},
	"tells as many events as it is asked for": {
		"history/all must return ErrInvalid for a malformed address or page",
		brokenRoles{events: func(ctx context.Context, h harness, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
			page.Limit = min(page.Limit, store.MaxPage)
			return h.ListEvents(ctx, community, address, page)
		}},
	},
	"has no claims of a malformed address": {
		"history/all must return ErrInvalid for a malformed address or page",
		brokenRoles{claims: func(ctx context.Context, h harness, community int64, address string) ([]store.Claim, error) {
			claims, err := h.ListClaims(ctx, community, address)
			return claims, passesOver(store.ErrInvalid, err)
		}},
	},
}

// oneUserAtATime is a store that looks for a user before it makes one, and
// gives up when another is faster.
func oneUserAtATime() brokenRoles {
	var making sync.Mutex
	return brokenRoles{account: func(ctx context.Context, h harness, username string) (int64, error) {
		if !making.TryLock() {
			return 0, store.ErrConflict
		}
		defer making.Unlock()
		time.Sleep(meanwhile)
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

// asks is a store that returns another page of credentials than is wanted.
func asks(change func(*store.Page)) brokenRoles {
	return brokenRoles{listed: func(ctx context.Context, h harness, address string, page store.Page) (*store.CredentialPage, error) {
		change(&page)
		return h.ListCredentials(ctx, address, page)
	}}
}

// putsDespite is a store that puts another community instead of failing.
func putsDespite(kind error, change func(*store.Community)) brokenRoles {
	return brokenRoles{put: func(ctx context.Context, h harness, c store.Community) error {
		err := h.PutCommunity(ctx, c)
		if errors.Is(err, kind) {
			change(&c)
			return h.PutCommunity(ctx, c)
		}
		return err
	}}
}

func findsOfAnybody(ctx context.Context, h harness, account int64, scorer string) (int64, error) {
	id, err := h.FindCommunity(ctx, account, scorer)
	for other := int64(1); err != nil && other < 4; other++ {
		id, err = h.FindCommunity(ctx, other, scorer)
	}
	return id, err
}

func compact(credentials []store.Credential) []store.Credential {
	return slices.CompactFunc(credentials, func(a, b store.Credential) bool { return a.Provider == b.Provider })
}

func noMoments(credentials []store.Credential) {
	for i := range credentials {
		credentials[i].UpdatedAt = time.Time{}
	}
}
