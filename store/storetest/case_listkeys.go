package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// listsKeys demands that the query returns these keys.
func (w *world) listsKeys(q store.KeyQuery, want ...store.Key) {
	w.t.Helper()
	w.unchanged(func() {
		got, err := role[store.KeyLister](w).ListKeys(w.ctx, q)
		require.NoError(w.t, err)
		equal(w, want, slices.Clip(got))
		for i := range got {
			w.exact(got[i].CreatedAt, got[i].ExpiresAt)
		}
	})
}

// listKeysCases are about lists of API keys.
func listKeysCases() []Case {
	guest := func(k *store.Key) { k.Account = 2 }
	// withGuest adds the account 2 and replaces all keys.
	withGuest := func(w *world, keys ...store.Key) {
		w.t.Helper()
		w.edit(func(s *store.State) {
			s.Accounts, s.Keys = append(s.Accounts, store.Account{ID: 2, Username: "guest"}), keys
		})
	}
	return []Case{
		{Name: "ListKeys returns the keys of one account or of all", run: func(w *world) {
			a, b, c := apiKey("a"), apiKey("b", guest), apiKey("c")
			withGuest(w, c, a, b)
			w.listsKeys(store.KeyQuery{Account: 1, Limit: 10}, a, c)
			w.listsKeys(store.KeyQuery{Account: 2, Limit: 10}, b)
			w.listsKeys(store.KeyQuery{Limit: 10}, a, b, c)
		}},
		{Name: "ListKeys returns revoked and expired keys and bare ones", run: func(w *world) {
			revoked := apiKey("a", func(k *store.Key) { k.Revoked = true })
			expired := apiKey("b", func(k *store.Key) { k.ExpiresAt = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) })
			bare := apiKey("c", func(k *store.Key) { k.SHA256, k.RateLimit, k.Name, k.ExpiresAt = "", "", "", time.Time{} })
			w.keys(bare, expired, revoked)
			w.listsKeys(store.KeyQuery{Limit: 10}, revoked, expired, bare)
		}},
		{Name: "ListKeys orders prefixes by bytes and goes on after one", run: func(w *world) {
			var keys []store.Key
			for _, prefix := range []string{" ", "%", "B", "_", "a", "b", "ü", "\U0001F600"} {
				keys = append(keys, apiKey(prefix))
			}
			w.keys(reversed(keys)...)
			w.listsKeys(store.KeyQuery{Limit: len(keys)}, keys...)
			w.listsKeys(store.KeyQuery{Limit: 3}, keys[:3]...)
			for i := range keys {
				w.listsKeys(store.KeyQuery{After: keys[i].Prefix, Limit: 3}, keys[i+1:min(i+4, len(keys))]...)
			}
			w.listsKeys(store.KeyQuery{After: "aa", Limit: 1}, keys[5])
		}},
		{Name: "ListKeys of an account without keys is no error", run: func(w *world) {
			w.keys(apiKey("a"))
			w.listsKeys(store.KeyQuery{Account: 1<<63 - 1, Limit: store.MaxPage})
		}},
		{Name: "ListKeys refuses a malformed query", run: func(w *world) {
			w.keys(apiKey("a"))
			for _, q := range []store.KeyQuery{
				{},
				{Limit: -1},
				{Limit: store.MaxPage + 1},
				{Limit: 1, Account: -1},
				{Limit: 1, After: "\x00"},
				{Limit: 1, After: "\xff"},
				{Limit: 1, After: strings.Repeat("a", store.MaxKeyPrefix+1)},
			} {
				w.fails(store.ErrInvalid, errorOf(role[store.KeyLister](w).ListKeys(w.ctx, q)), "%v", q)
			}
		}},
		{Name: "ListKeys returns the error of a context that has ended", run: func(w *world) {
			w.keys(apiKey("a"))
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.KeyLister](w).ListKeys(ctx, store.KeyQuery{Limit: 1}))
			})
		}},
	}
}
