package storetest_test

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// brokenBounds are stores that do not keep the bounds on what they read.
var brokenBounds = map[string]fault{
	"reads what it should omit":      {"bounds", readsOmitted(func(store.Omission) bool { return true })},
	"reads credentials of any size":  {"bounds/a credential with too many values is omitted", readsOmitted(isTooLarge)},
	"reads credentials of any depth": {"bounds/a credential with too many levels is omitted", readsOmitted(isTooLarge)},
	"reads wallets of any size":      {"bounds/of a wallet that is too large the oldest are omitted", readsOmitted(isTooMany)},
	"reads any number":               {"bounds/of too many credentials the next one is omitted", readsOmitted(isTooMany)},
	"counts live credentials": {
		"bounds/of too many credentials the next one is omitted",
		overlooks(func(c *store.StoredCredential) bool { return c.Revoked }),
	},
	"does not return what it omits": {"bounds", returnsOnlyRead},
	"forgets what it omits":         {"bounds/an omitted credential leaves a score with its reason", returnsOnlyRead},
	"omits everything": {"bounds/a credential within the bounds is read", wallets(func(w *store.Wallet) {
		for i := range w.Credentials {
			w.Credentials[i].Document, w.Credentials[i].Omitted = nil, store.OmittedTooLarge
		}
	})},
	"overlooks what is too large": {"bounds", overlooks(func(c *store.StoredCredential) bool { return store.TooLarge(c.Document) })},
	"hides nothing behind what it omits": {
		"bounds/an omitted credential hides an older one of its provider",
		overlooks(func(c *store.StoredCredential) bool { return store.TooLarge(c.Document) }),
	},
	"has no version of what it omits": {"bounds/the version changes with a credential that is omitted", versions(func(s *store.State, address store.Address) any {
		return slices.DeleteFunc(liveOf(s, address), func(c store.StoredCredential) bool { return store.TooLarge(c.Document) })
	})},
	"has a version of what is live": {
		"bounds/a document that comes within the bounds is a change",
		ofLive(eachOf(func(c store.StoredCredential) any { return []any{c.ID, c.UpdatedAt, string(c.Document)} })),
	},
	"loads claims on every nullifier": {"bounds", loadsAllClaims},
	"loads claims of one with too many nullifiers": {
		"bounds/no claim for a credential with too many nullifiers", loadsAllClaims,
	},
	"compares subjects by letter": {
		"bounds/no claim for a credential about another subject or provider",
		about(func(subject map[string]any) {
			if id, _ := subject["id"].(string); id != strings.ToLower(id) {
				subject["id"] = ""
			}
		}),
	},
}

func isTooLarge(o store.Omission) bool { return o == store.OmittedTooLarge }

func isTooMany(o store.Omission) bool { return o == store.OmittedTooMany }

// readsOmitted is a store that reads some of the credentials that it should
// omit.
func readsOmitted(which func(store.Omission) bool) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if err != nil {
				return nil, err
			}
			stored := b.Good.State().Credentials
			for i := range snapshot.Wallets[0].Credentials {
				c := &snapshot.Wallets[0].Credentials[i]
				if c.Omitted != "" && which(c.Omitted) {
					at := slices.IndexFunc(stored, func(s store.StoredCredential) bool { return s.ID == c.ID })
					c.Omitted, c.Document = "", stored[at].Document
				}
			}
			return snapshot, nil
		}
	}
}

func returnsOnlyRead(b *brokenstore.Store) {
	wallets(func(w *store.Wallet) {
		w.Credentials = slices.DeleteFunc(w.Credentials, func(c store.Credential) bool { return c.Omitted != "" })
	})(b)
}

func loadsAllClaims(b *brokenstore.Store) {
	snapshots(func(q store.Query, s *store.Snapshot) {
		s.Claims = nil
		for _, c := range b.Good.State().Claims {
			if c.Community == q.Community {
				s.Claims = append(s.Claims, c.Claim)
			}
		}
	})(b)
}

// brokenTexts are stores that do not keep every text as it is.
var brokenTexts = map[string]fault{
	"escapes what it keeps":         {"hostile text/quotes", respells(respelling(`'`, `''`))},
	"ends a statement":              {"hostile text/SQL", respells(func(text string) string { return strings.TrimSuffix(text, "--") })},
	"unescapes":                     {"hostile text/backslashes", respells(respelling(`\\`, `\`))},
	"takes ? for a placeholder":     {"hostile text/patterns and formats", respells(respelling("?", "$1"))},
	"takes {} for an empty array":   {"hostile text/JSON and arrays", respells(respelling("{}", ""))},
	"trims":                         {"hostile text/white space and controls", respells(strings.TrimSpace)},
	"drops controls":                {"hostile text/white space and controls", respells(respelling("\x7f", ""))},
	"keeps one byte of a character": {"hostile text/other scripts", keeps(func(r rune) bool { return r <= unicode.MaxLatin1 })},
	"composes characters":           {"hostile text/lookalikes and composed characters", respells(respelling("e\u0301", "é"))},
	"keeps the first plane":         {"hostile text/emoji and higher planes", keeps(func(r rune) bool { return r <= 0xffff })},
	"drops directions":              {"hostile text/directions", respells(respelling("\u202e", ""))},
	"measures nullifiers in bytes": {"hostile text/the widest nullifier", applies(func(c *store.Changes) {
		for i := range c.Claims {
			c.Claims[i].Nullifier = c.Claims[i].Nullifier[:min(store.MaxNullifier, len(c.Claims[i].Nullifier))]
		}
	})},
}

// respells is a store that loads other names of providers than it was given.
func respells(change func(string) string) broken {
	return wallets(func(w *store.Wallet) {
		for i := range w.Credentials {
			w.Credentials[i].Provider = change(w.Credentials[i].Provider)
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

func respelling(old, by string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, old, by) }
}

// unkept reports whether no column holds the text.
func unkept(text string) bool { return !utf8.ValidString(text) || strings.ContainsRune(text, 0) }
