package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// keyLists is a store whose lists of keys are changed.
func keyLists(change func([]store.Key) []store.Key) broken { return returns("ListKeys", change) }

// keyQueries is a store that lists the keys of another query.
func keyQueries(change func(*store.KeyQuery)) broken {
	return given("ListKeys", func(q store.KeyQuery) store.KeyQuery {
		change(&q)
		return q
	})
}

// without is a store whose lists of keys lack some.
func without(hidden func(store.Key) bool) broken {
	return keyLists(func(keys []store.Key) []store.Key { return slices.DeleteFunc(keys, hidden) })
}

// brokenKeyLists are stores that list API keys wrongly.
var brokenKeyLists = map[string]fault{
	"lists the keys of all accounts":  {"listing keys/ListKeys returns the keys of one account or of all", keyQueries(func(q *store.KeyQuery) { q.Account = 0 })},
	"lists the keys of one account":   {"listing keys/ListKeys returns the keys of one account or of all", keyQueries(func(q *store.KeyQuery) { q.Account = cmp.Or(q.Account, 1) })},
	"lists no revoked keys":           {"listing keys/ListKeys returns revoked and expired keys and bare ones", without(func(k store.Key) bool { return k.Revoked })},
	"lists no expired keys":           {"listing keys/ListKeys returns revoked and expired keys and bare ones", without(func(k store.Key) bool { return k.ExpiresAt.Year() == 2000 })},
	"lists no keys without a SHA-256": {"listing keys/ListKeys returns revoked and expired keys and bare ones", without(func(k store.Key) bool { return k.SHA256 == "" })},
	"lists keys without regard to case": {"listing keys/ListKeys orders prefixes by bytes and goes on after one", keyLists(func(keys []store.Key) []store.Key {
		slices.SortFunc(keys, func(a, b store.Key) int {
			return cmp.Compare(strings.ToLower(a.Prefix), strings.ToLower(b.Prefix))
		})
		return keys
	})},
	"lists from the first key on":      {"listing keys/ListKeys orders prefixes by bytes and goes on after one", keyQueries(func(q *store.KeyQuery) { q.After = "" })},
	"lists one key too many":           {"listing keys/ListKeys orders prefixes by bytes and goes on after one", keyQueries(func(q *store.KeyQuery) { q.Limit = min(q.Limit+1, store.MaxPage) })},
	"knows no account without keys":    {"listing keys/ListKeys of an account without keys is no error", refuses("ListKeys", store.ErrNotFound, func(q store.KeyQuery) bool { return q.Account > 2 })},
	"lists as many keys as it can":     {"listing keys/ListKeys refuses a malformed query", keyQueries(func(q *store.KeyQuery) { q.Limit = max(1, min(q.Limit, store.MaxPage)) })},
	"lists the keys of any account":    {"listing keys/ListKeys refuses a malformed query", keyQueries(func(q *store.KeyQuery) { q.Account = max(0, q.Account) })},
	"lists keys after any text":        {"listing keys/ListKeys refuses a malformed query", keyQueries(func(q *store.KeyQuery) { q.After = strings.ToValidUTF8(strings.Trim(q.After, "\x00"), "") })},
	"lists keys without their secrets": {"listing keys/ListKeys returns the keys of one account or of all", keyLists(func(keys []store.Key) []store.Key { return eachListed(keys, func(k *store.Key) { k.Hash = "" }) })},
	"lists keys after the end":         {"listing keys/ListKeys returns the error of a context that has ended", hides("ListKeys", context.Canceled)},
}

// eachListed changes each key.
func eachListed(keys []store.Key, change func(*store.Key)) []store.Key {
	for i := range keys {
		change(&keys[i])
	}
	return keys
}
