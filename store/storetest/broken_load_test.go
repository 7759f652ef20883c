package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// loads is a store whose snapshots are changed, but for those without a wallet.
func loads(change func(store.Query, *store.Snapshot)) broken {
	return broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		snapshot, err := h.Load(ctx, q)
		if err == nil && len(snapshot.Wallets) > 0 {
			change(q, snapshot)
		}
		return snapshot, err
	}}
}

// queries is a store that loads the answer to another query.
func queries(change func(*store.Query)) broken {
	return broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		change(&q)
		return h.Load(ctx, q)
	}}
}

// sees is a store that takes the rows for others than they are.
func sees(change func(store.Query, tables)) broken {
	return broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		seen := harness{memstore.New()}
		t := h.tables()
		change(q, t)
		seen.fill(t)
		return seen.Load(ctx, q)
	}}
}

// overlooks is a store that does not see some of the rows of a table.
func overlooks(table string, which func(row) bool) broken {
	return sees(func(_ store.Query, t tables) { t[table] = slices.DeleteFunc(t[table], which) })
}

// prefers is a store that selects no credential when there is a better one of
// its wallet and provider.
func prefers(better func(a, b row) bool) broken {
	return sees(func(_ store.Query, t tables) {
		all := slices.Clone(t["ceramic_cache_ceramiccache"])
		t["ceramic_cache_ceramiccache"] = slices.DeleteFunc(t["ceramic_cache_ceramiccache"], func(r row) bool {
			return slices.ContainsFunc(all, func(other row) bool {
				return other["address"] == r["address"] && other["provider"] == r["provider"] && better(other, r)
			})
		})
	})
}

// claimsAsIf is a store that loads claims as if the subjects of credentials
// were others.
func claimsAsIf(change func(subject row)) broken {
	return sees(func(_ store.Query, t tables) {
		for _, r := range t["ceramic_cache_ceramiccache"] {
			stamp, _ := r["stamp"].(row)
			if subject, is := stamp["credentialSubject"].(row); is {
				change(subject)
			}
		}
	})
}

// refusesToLoad is a store that cannot answer some queries.
func refusesToLoad(kind error, which func(store.Query) bool) broken {
	return broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		if which(q) {
			return nil, kind
		}
		return h.Load(ctx, q)
	}}
}

// loadsPoints is a store whose snapshots of points are changed.
func loadsPoints(change func(*store.PointsQuery, *store.PointsSnapshot)) broken {
	return loads(func(q store.Query, s *store.Snapshot) {
		if s.Points != nil {
			change(q.Points, s.Points)
		}
	})
}

// respells is a store that loads other names of providers than it was given.
func respells(change func(string) string) broken {
	return loads(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets[0].Credentials {
			c := &s.Wallets[0].Credentials[i]
			c.Provider = change(c.Provider)
		}
	})
}

// keeps is a store that has a question mark for every other character.
func keeps(known func(rune) bool) broken {
	return respells(func(text string) string {
		return strings.Map(func(r rune) rune {
			if known(r) {
				return r
			}
			return '?'
		}, text)
	})
}

func drops(old string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, old, "") }
}

func unkept(text string) bool { return !utf8.ValidString(text) || strings.ContainsRune(text, 0) }

// brokenLoads are stores whose Load is broken.
var brokenLoads = map[string]fault{
	"answers in an order of its own": {"load", broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		q.Addresses = slices.Sorted(slices.Values(q.Addresses))
		return h.Load(ctx, q)
	}}},
	"does not see deleted communities": {"load", broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		snapshot, err := h.Load(ctx, q)
		if errors.Is(err, store.ErrCommunityNotFound) {
			return &store.Snapshot{}, nil
		}
		return snapshot, err
	}}},
	"leaves expired claims out": {"load", loads(func(q store.Query, s *store.Snapshot) {
		s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return !c.ExpiresAt.After(q.At) })
	})},
	"leaves the last score out": {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Score = nil })},
	"has its own idea of now":   {"load", loads(func(_ store.Query, s *store.Snapshot) { s.At = s.At.AddDate(0, 0, 1) })},
	"keeps no scale": {"load", loads(func(_ store.Query, s *store.Snapshot) {
		s.Community.Threshold = strings.TrimRight(s.Community.Threshold, "0")
	})},
	"forgets the overlay":          {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Community.Overlay = nil })},
	"orders credentials backwards": {"load", loads(func(_ store.Query, s *store.Snapshot) { slices.Reverse(s.Wallets[0].Credentials) })},
	"returns points unasked":       {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Points = &store.PointsSnapshot{} })},
	"hands out an empty version":   {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Version = "" })},
	"changes the version on read":  {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Version = fmt.Sprintf("%p", s) })},

	"wants an address": {
		"load/returns the community alone when no address is asked for",
		refusesToLoad(store.ErrInvalid, func(q store.Query) bool { return len(q.Addresses) == 0 }),
	},
	"knows one rule": {
		"load/returns another rule as it is",
		loads(func(_ store.Query, s *store.Snapshot) { s.Community.Rule = "LIFO" }),
	},
	"takes a weight of null for 0": {
		"load/returns weights that are no decimals as they are",
		loads(func(_ store.Query, s *store.Snapshot) {
			s.Community.Weights = bytes.ReplaceAll(s.Community.Weights, []byte("null"), []byte("0"))
		}),
	},
	"has a threshold without a scorer": {
		"load/returns no weights and no threshold when the community has no scorer",
		loads(func(_ store.Query, s *store.Snapshot) {
			s.Community.Threshold = cmp.Or(s.Community.Threshold, "0.00000")
		}),
	},
	"takes an unknown scorer for a binary one": {
		"load/returns no weights and no threshold for a type of scorer that is unknown",
		sees(func(_ store.Query, t tables) {
			for _, r := range t["scorer_weighted_scorer"] {
				if r["type"] != "WEIGHTED" {
					r["type"] = "WEIGHTED_BINARY"
				}
			}
		}),
	},
	"has one overlay for all communities": {"load/returns no overlay of another community", sees(func(q store.Query, t tables) {
		for _, r := range t["account_customization"] {
			r["scorer_id"] = q.Community
		}
	})},

	"does not know an address that it has never seen": {
		"load/an address never seen has an empty wallet",
		broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := h.Load(ctx, q)
			if err == nil && len(snapshot.Wallets) > 0 && len(snapshot.Wallets[0].Credentials) == 0 {
				return nil, store.ErrNotFound
			}
			return snapshot, err
		}},
	},
	"selects no credential": {
		"load/selects the address's credentials",
		overlooks("ceramic_cache_ceramiccache", func(row) bool { return true }),
	},
	"selects everybody's credentials": {"load/selects nobody else's", sees(func(q store.Query, t tables) {
		for _, r := range t["ceramic_cache_ceramiccache"] {
			r["address"] = q.Addresses[0]
		}
	})},
	"selects deleted credentials":         {"load/selects no deleted credential", undeleted()},
	"loads claims of deleted credentials": {"load/returns no claim on what a deleted credential lists", undeleted()},
	"lets deleted credentials hide older ones": {
		"load/a deleted newer one does not hide an older one",
		prefers(func(a, b row) bool {
			return a["deleted_at"] != nil && a["updated_at"].(string) > b["updated_at"].(string)
		}),
	},
	"selects credentials of the service only": {
		"load/selects a credential of every type",
		overlooks("ceramic_cache_ceramiccache", func(r row) bool { return r["type"] != 1.0 }),
	},
	"selects the credential of the highest id": {
		"load/of one provider selects only the one updated last",
		prefers(func(a, b row) bool { return a["id"].(float64) > b["id"].(float64) }),
	},
	"selects the first of equals": {
		"load/of equals selects the one with the highest id",
		prefers(func(a, b row) bool {
			return a["updated_at"] == b["updated_at"] && a["id"].(float64) < b["id"].(float64)
		}),
	},
	"returns the score of any community": {"load/returns no score of another community", sees(func(q store.Query, t tables) {
		for _, r := range t["registry_passport"] {
			r["community_id"] = q.Community
		}
	})},
	"loads deleted communities": {"load/must return ErrCommunityNotFound when the community is deleted", sees(func(_ store.Query, t tables) {
		for _, r := range t["account_community"] {
			r["deleted_at"] = nil
		}
	})},
	"takes the weights of every scorer from one table": {
		"load/takes the weights from the table of the scorer's type",
		sees(func(_ store.Query, t tables) {
			for _, r := range t["scorer_weighted_scorer"] {
				r["type"] = "WEIGHTED_BINARY"
			}
		}),
	},
	"hides expired credentials": {
		"load/selects expired ones too",
		overlooks("ceramic_cache_ceramiccache", func(r row) bool { return r["expiration_date"].(string) < "2026" }),
	},
	"selects revoked credentials": {
		"load/selects no revoked credential",
		overlooks("ceramic_cache_revocation", func(row) bool { return true }),
	},
	"takes a revocation for everybody's": {
		"load/a revocation of the same proof elsewhere revokes nothing here",
		sees(func(_ store.Query, t tables) {
			for _, revoked := range column(t["ceramic_cache_revocation"], "proof_value") {
				t["ceramic_cache_ceramiccache"] = slices.DeleteFunc(t["ceramic_cache_ceramiccache"], func(r row) bool { return r["proof_value"] == revoked })
			}
			t["ceramic_cache_revocation"] = []row{}
		}),
	},
	"loads credentials without moments": {
		"load/returns a credential as its row has it",
		loads(func(_ store.Query, s *store.Snapshot) { noMoments(s.Wallets[0].Credentials) }),
	},

	"keeps the zone of the query": {
		"load/a moment is in UTC and whole microseconds",
		loads(func(q store.Query, s *store.Snapshot) { s.At = s.At.In(q.At.Location()) }),
	},
	"keeps the nanoseconds of the query": {
		"load/a moment is in UTC and whole microseconds",
		loads(func(q store.Query, s *store.Snapshot) { s.At = q.At.UTC() }),
	},
	"tells the time in its own zone": {
		"load/without one it is the store's clock, in UTC and whole microseconds",
		loads(func(_ store.Query, s *store.Snapshot) { s.At = s.At.In(time.FixedZone("east", 3600)) }),
	},
	"tells the time in nanoseconds": {
		"load/without one it is the store's clock, in UTC and whole microseconds",
		loads(func(_ store.Query, s *store.Snapshot) { s.At = s.At.Add(1) }),
	},
	"takes a moment out of range for none": {"load/a moment that no column holds must return ErrInvalid", queries(func(q *store.Query) {
		if year := q.At.Year(); year < 1 || year > 9999 {
			q.At = time.Time{}
		}
	})},
	"knows addresses in any case": {
		"load/an address that is malformed or asked for twice must return ErrInvalid",
		queries(func(q *store.Query) {
			q.Addresses = slices.Clone(q.Addresses)
			for i := range q.Addresses {
				q.Addresses[i] = strings.ToLower(q.Addresses[i])
			}
		}),
	},
	"loads once what is asked for twice": {
		"load/an address that is malformed or asked for twice must return ErrInvalid",
		queries(func(q *store.Query) { q.Addresses = slices.Compact(slices.Sorted(slices.Values(q.Addresses))) }),
	},
	"notes what was loaded": {"load/must change nothing", notesLoads()},

	"returns a claim for each credential": {
		"load/returns a claim once, however often its nullifier is listed",
		loads(func(_ store.Query, s *store.Snapshot) { s.Claims = slices.Repeat(s.Claims, 2) }),
	},
	"returns claims of every community": {"load/returns no claim of another community", sees(func(q store.Query, t tables) {
		for _, r := range t["registry_hashscorerlink"] {
			r["community_id"] = q.Community
		}
	})},
	"does not know hashes": {
		"load/returns the claim on an older credential's hash",
		claimsAsIf(func(subject row) { delete(subject, "hash") }),
	},
	"knows hashes of version 0.0.0 only": {"load/returns the claim on an older credential's hash", claimsAsIf(func(subject row) {
		if hash, _ := subject["hash"].(string); !strings.HasPrefix(hash, "v0.0.0:") {
			delete(subject, "hash")
		}
	})},
	"takes a text for a list of it": {"load/looks past whatever is no nullifier", claimsAsIf(func(subject row) {
		if text, is := subject["nullifiers"].(string); is {
			subject["nullifiers"] = []string{text}
		}
	})},
	"chokes on a credential that is no object": {
		"load/looks past whatever is no nullifier",
		broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			for _, stamp := range column(h.tables()["ceramic_cache_ceramiccache"], "stamp") {
				if _, is := stamp.(row); !is {
					return nil, store.ErrFault
				}
			}
			return h.Load(ctx, q)
		}},
	},
	"makes a score up": {"load/an address that was never scored has no score", makesScoresUp()},

	"makes an award of nothing": {
		"snapshot points/are empty for an address without history",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
			for i := range p.Wallets {
				if len(p.Wallets[i].Awards) == 0 {
					p.Wallets[i].Awards = []store.Award{{}}
				}
			}
		}),
	},
	"loads points backwards": {
		"snapshot points/hold the awards of each address, in the wallets' order",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) { slices.Reverse(p.Wallets) }),
	},
	"loads awards without their chain": {
		"snapshot points/hold the awards of each address, in the wallets' order",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
			for i := range p.Wallets {
				noChains(p.Wallets[i].Awards)
			}
		}),
	},
	"knows one community of an address": {
		"snapshot points/hold the communities in which an address qualified",
		sees(func(q store.Query, t tables) {
			t["registry_humanpointscommunityqualifiedusers"] = slices.DeleteFunc(t["registry_humanpointscommunityqualifiedusers"],
				func(r row) bool { return r["community_id"] != float64(q.Community) })
		}),
	},
	"tells lists that nobody asked for": {
		"snapshot points/hold those of the queried lists that an address is on",
		queries(func(q *store.Query) {
			if q.Points != nil {
				q.Points = &store.PointsQuery{Lists: append(slices.Clone(q.Points.Lists), "other"), Counted: q.Points.Counted}
			}
		}),
	},
	"counts what the address was given": {
		"snapshot points/count the awards of the queried actions over all addresses",
		sees(func(q store.Query, t tables) {
			t["registry_humanpoints"] = slices.DeleteFunc(t["registry_humanpoints"], func(r row) bool { return r["address"] != q.Addresses[0] })
		}),
	},
	"counts twice what is queried twice": {
		"snapshot points/count an action once, and name a list once, that is queried twice",
		loadsPoints(func(q *store.PointsQuery, p *store.PointsSnapshot) {
			for _, action := range repeated(q.Counted) {
				p.Given[action] *= 2
			}
		}),
	},
	"names a list twice that is queried twice": {
		"snapshot points/count an action once, and name a list once, that is queried twice",
		loadsPoints(func(q *store.PointsQuery, p *store.PointsSnapshot) {
			p.Wallets[0].Lists = append(p.Wallets[0].Lists, repeated(q.Lists)...)
		}),
	},
	"chokes on the odd name of a list": {
		"snapshot points/are none of a list or an action whose name no column holds",
		refusesToLoad(store.ErrInvalid, func(q store.Query) bool { return q.Points != nil && slices.ContainsFunc(q.Points.Lists, unkept) }),
	},
	"chokes on the odd name of an action": {
		"snapshot points/are none of a list or an action whose name no column holds",
		refusesToLoad(store.ErrInvalid, func(q store.Query) bool { return q.Points != nil && slices.ContainsFunc(q.Points.Counted, unkept) }),
	},
	"counts no action of an odd name": {
		"snapshot points/are none of a list or an action whose name no column holds",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
			maps.DeleteFunc(p.Given, func(action string, _ int) bool { return unkept(action) })
		}),
	},
	"tells inactive actions too": {
		"snapshot points/hold the values of active actions only",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) { p.Values["HPH"] = 5 }),
	},
}

// brokenTexts are stores that do not keep every text as it is.
var brokenTexts = map[string]fault{
	"escapes what it keeps": {"hostile text", respells(func(text string) string { return strings.ReplaceAll(text, `'`, `''`) })},
	"takes ? for a placeholder": {
		"hostile text/patterns and formats are kept as they are",
		respells(func(text string) string { return strings.ReplaceAll(text, "?", "$1") }),
	},
	"takes {} for an empty array":   {"hostile text/JSON and arrays are kept as they are", respells(drops("{}"))},
	"trims":                         {"hostile text/white space and controls are kept as they are", respells(strings.TrimSpace)},
	"drops controls":                {"hostile text/white space and controls are kept as they are", respells(drops("\x7f"))},
	"keeps one byte of a character": {"hostile text/other scripts are kept as they are", keeps(func(r rune) bool { return r <= unicode.MaxLatin1 })},
	"composes characters": {
		"hostile text/what looks alike and what is composed are kept as they are",
		respells(func(text string) string { return strings.ReplaceAll(text, "e\u0301", "é") }),
	},
	"keeps the first plane only": {
		"hostile text/emoji and planes beyond the first are kept as they are",
		keeps(func(r rune) bool { return r <= 0xffff }),
	},
	"drops directions": {"hostile text/directions are kept as they are", respells(drops("\u202e"))},
	"measures nullifiers in bytes": {"hostile text/the widest nullifier are kept as they are", applies(func(c *store.Changes) {
		c.Claims = slices.Clone(c.Claims)
		for i := range c.Claims {
			c.Claims[i].Nullifier = c.Claims[i].Nullifier[:min(store.MaxNullifier, len(c.Claims[i].Nullifier))]
		}
	})},
}

// undeleted is a store that knows no deletion. Of live credentials no two are
// filed alike, so each gets a type of its own.
func undeleted() broken {
	return sees(func(_ store.Query, t tables) {
		for _, r := range t["ceramic_cache_ceramiccache"] {
			r["deleted_at"], r["type"] = nil, r["id"]
		}
	})
}

func notesLoads() broken {
	return broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		h.edit(func(t tables) {
			t["registry_event"] = append(t["registry_event"], row{"action": "GET", "community_id": q.Community, "data": row{}})
		})
		return h.Load(ctx, q)
	}}
}

func makesScoresUp() broken {
	return loads(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			if s.Wallets[i].Score == nil {
				s.Wallets[i].Score = &store.Score{Status: store.StatusDone, Value: "0"}
			}
		}
	})
}

// column returns one column of all rows.
func column(rows []row, name string) []any {
	var values []any
	for _, r := range rows {
		values = append(values, r[name])
	}
	return values
}

// repeated returns the texts that were there before.
func repeated(texts []string) []string {
	var again []string
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			again = append(again, text)
		}
	}
	return again
}

func noChains(awards []store.Award) {
	for i := range awards {
		awards[i].ChainID = 0
	}
}

func noMoments(credentials []store.Credential) {
	for i := range credentials {
		credentials[i].UpdatedAt = time.Time{}
	}
}
