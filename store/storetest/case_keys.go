package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// apiKey is a key with that prefix, with changes.
func apiKey(prefix string, change ...func(*store.Key)) store.Key {
	key := store.Key{
		ID: prefix + ".sha256$aa", Prefix: prefix, Hash: "sha256$aa", SHA256: "sha256$bb", Name: "mine", Account: 1,
		CreatedAt: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), ExpiresAt: time.Date(2036, 2, 1, 0, 0, 0, 1000, time.UTC),
		RateLimit: "125/15m", ReadScores: true, SubmitPassports: true,
	}
	for _, f := range change {
		f(&key)
	}
	return key
}

// keyID is the id of the key with that prefix.
const keyID = "abcd1234.sha256$aa"

// noPrefixes are the prefix of no key.
func noPrefixes() []string {
	return []string{
		"", "ABCD1234", "abcd123", "abcd1234 ", "abcd1234.", "abcd123%", "abcd123_", "' or '' ='", "\x00", "abcd123\x00", "\xff",
		"ééééééééé", strings.Repeat("a", 1<<20),
	}
}

// keys replaces all keys.
func (w *world) keys(keys ...store.Key) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Keys = keys })
}

// keyBecomes demands that the step changes the key abcd1234 like that, and no
// other part of the content.
func (w *world) keyBecomes(change func(*store.Key), step func()) {
	w.t.Helper()
	w.becomes(func(s *store.State) {
		s.Keys = slices.Clone(s.Keys)
		for i := range s.Keys {
			if s.Keys[i].Prefix == "abcd1234" {
				change(&s.Keys[i])
			}
		}
	}, step)
}

// found returns the key with that prefix.
func (w *world) found(prefix string) store.Key {
	w.t.Helper()
	key, err := role[store.Keys](w).FindKey(w.ctx, prefix)
	require.NoError(w.t, err)
	require.NotNil(w.t, key)
	return *key
}

// keysCases are about API keys.
func keysCases() []Case {
	cases := append(findKeyCases(), addKeyCases()...)
	cases = append(cases, refusedKeyCases()...)
	return append(cases, changeKeyCases()...)
}

func findKeyCases() []Case {
	return []Case{
		{Name: "FindKey returns the key with that prefix", run: func(w *world) {
			other := apiKey("other", func(k *store.Key) {
				k.ReadScores, k.Historical, k.SubmitPassports, k.CreateScorers = false, true, false, true
				k.Name, k.RateLimit, k.CreatedAt = "yours", "1/s", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			})
			w.keys(apiKey("abcd1234"), other)
			w.unchanged(func() {
				equal(w, apiKey("abcd1234"), w.found("abcd1234"))
				equal(w, other, w.found("other"))
			})
			w.exact(w.found("other").CreatedAt, w.found("other").ExpiresAt)
		}},
		{Name: "FindKey returns revoked keys", run: func(w *world) {
			revoked := apiKey("revoked", func(k *store.Key) { k.Revoked = true })
			w.keys(revoked)
			equal(w, revoked, w.found("revoked"))
		}},
		{Name: "FindKey returns expired keys", run: func(w *world) {
			expired := apiKey("expired", func(k *store.Key) { k.ExpiresAt = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) })
			w.keys(expired)
			equal(w, expired, w.found("expired"))
		}},
		{Name: "FindKey returns keys that lack something", run: func(w *world) {
			bare := apiKey("abcd1234", func(k *store.Key) { k.SHA256, k.RateLimit, k.Name, k.ExpiresAt = "", "", "", time.Time{} })
			w.keys(bare)
			equal(w, bare, w.found("abcd1234"))
		}},
		{Name: "FindKey finds nothing for the prefix of no key", run: func(w *world) {
			w.keys(apiKey("abcd1234"))
			for _, prefix := range noPrefixes() {
				key, err := role[store.Keys](w).FindKey(w.ctx, prefix)
				w.fails(store.ErrNotFound, err, "%.20q", prefix)
				assert.Nil(w.t, key)
			}
			equal(w, apiKey("abcd1234"), w.found("abcd1234")) // it still answers
		}},
		{Name: "FindKey finds a prefix of any text", run: func(w *world) {
			prefixes := []string{"'", `"\`, "%_", "üüüüüüüü", "\U0001F600 \t", "null"}
			var keys []store.Key
			for _, prefix := range prefixes {
				keys = append(keys, apiKey(prefix))
			}
			w.keys(keys...)
			for _, prefix := range prefixes {
				equal(w, apiKey(prefix), w.found(prefix))
			}
		}},
	}
}

func addKeyCases() []Case {
	// adds demands that the key is added, and found again as want.
	adds := func(w *world, key, want store.Key) {
		w.t.Helper()
		w.becomes(func(s *store.State) { s.Keys = append(slices.Clone(s.Keys), want) }, func() {
			require.NoError(w.t, role[store.Keys](w).AddKey(w.ctx, key))
		})
		equal(w, want, w.found(key.Prefix))
	}
	return []Case{
		{Name: "AddKey inserts the key", run: func(w *world) {
			key := apiKey("abcd1234", func(k *store.Key) { k.Name = `'"\ %s {"a":1} ` + "\U0001F600" })
			adds(w, key, key)
		}},
		{Name: "AddKey keeps each permission apart", run: func(w *world) {
			for i, permit := range []func(*store.Key){
				func(k *store.Key) { k.ReadScores = true },
				func(k *store.Key) { k.Historical = true },
				func(k *store.Key) { k.SubmitPassports = true },
				func(k *store.Key) { k.CreateScorers = true },
				func(k *store.Key) { k.Revoked = true },
			} {
				key := store.Key{ID: fmt.Sprint("id ", i), Prefix: fmt.Sprint("p", i), SHA256: "sha256$bb", Account: 1, CreatedAt: noon}
				permit(&key)
				adds(w, key, key)
			}
		}},
		{Name: "AddKey inserts a key that lacks something", run: func(w *world) {
			bare := apiKey("abcd1234", func(k *store.Key) { k.SHA256, k.RateLimit, k.Name, k.ExpiresAt = "", "", "", time.Time{} })
			adds(w, bare, bare)
		}},
		{Name: "AddKey inserts a key of the full width", run: func(w *world) {
			wide := apiKey("üüüüüüüü", func(k *store.Key) {
				k.ID, k.Hash, k.SHA256 = strings.Repeat("ü", store.MaxKeyID), strings.Repeat("ü", store.MaxKeyID), strings.Repeat("ü", store.MaxKeySHA256)
				k.Name, k.RateLimit = strings.Repeat("ü", store.MaxKeyName), strings.Repeat("ü", store.MaxRateLimit)
			})
			adds(w, wide, wide)
		}},
		{Name: "AddKey takes the clock of the store for a creation that is zero", run: func(w *world) {
			require.NoError(w.t, role[store.Keys](w).AddKey(w.ctx, apiKey("abcd1234", func(k *store.Key) { k.CreatedAt = time.Time{} })))
			created := w.found("abcd1234").CreatedAt
			assert.WithinDuration(w.t, time.Now(), created, time.Hour)
			w.exact(created)
		}},
		{Name: "AddKey keeps times in whole microseconds", run: func(w *world) {
			key := apiKey("abcd1234", func(k *store.Key) {
				k.CreatedAt = time.Date(1, 1, 2, 0, 0, 0, 1999, time.FixedZone("", 5*3600+1800))
				k.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
			})
			adds(w, key, apiKey("abcd1234", func(k *store.Key) {
				k.CreatedAt, k.ExpiresAt = store.Microseconds(key.CreatedAt), store.Microseconds(key.ExpiresAt)
			}))
			w.exact(w.found("abcd1234").CreatedAt, w.found("abcd1234").ExpiresAt)
		}},
	}
}

func refusedKeyCases() []Case {
	refused := func(w *world, kind error, key store.Key) {
		w.t.Helper()
		w.unchanged(func() { w.fails(kind, role[store.Keys](w).AddKey(w.ctx, key), "%.100v", key) })
	}
	cases := []Case{
		{Name: "AddKey refuses an account that does not exist", run: func(w *world) {
			for _, account := range []int64{2, 1<<63 - 1} {
				refused(w, store.ErrNotFound, apiKey("abcd1234", func(k *store.Key) { k.Account = account }))
			}
		}},
		{Name: "AddKey refuses a prefix and an id that are taken", run: func(w *world) {
			w.keys(apiKey("abcd1234", func(k *store.Key) { k.Revoked = true }))
			refused(w, store.ErrConflict, apiKey("abcd1234", func(k *store.Key) { k.ID = "other.sha256$aa" }))
			refused(w, store.ErrConflict, apiKey("other", func(k *store.Key) { k.ID = keyID }))
			refused(w, store.ErrConflict, apiKey("abcd1234"))
		}},
	}
	for name, spoil := range map[string]func(*store.Key){
		"without an id":             func(k *store.Key) { k.ID = "" },
		"with a long id":            func(k *store.Key) { k.ID = strings.Repeat("i", store.MaxKeyID+1) },
		"without a prefix":          func(k *store.Key) { k.Prefix = "" },
		"with a dot in its prefix":  func(k *store.Key) { k.Prefix = "a.b" },
		"without a hash":            func(k *store.Key) { k.Hash, k.SHA256 = "", "" },
		"without an account":        func(k *store.Key) { k.Account = 0 },
		"with a NUL":                func(k *store.Key) { k.Name = "\x00" },
		"with invalid UTF-8":        func(k *store.Key) { k.RateLimit = "\xff" },
		"that expires too late":     func(k *store.Key) { k.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"that expires at the start": func(k *store.Key) { k.ExpiresAt = time.Time{}.Add(1) },
	} {
		cases = append(cases, Case{Name: "AddKey refuses a key " + name, run: func(w *world) {
			refused(w, store.ErrInvalid, apiKey("abcd1234", spoil))
		}})
	}
	return cases
}

func changeKeyCases() []Case {
	unmigrated := func(k *store.Key) { k.SHA256 = "" }
	migrate := func(w *world, id, sha256 string) {
		w.t.Helper()
		require.NoError(w.t, role[store.Keys](w).MigrateKey(w.ctx, id, sha256), "%.20q", id)
	}
	return []Case{
		{Name: "MigrateKey sets the SHA256 of that key alone", run: func(w *world) {
			w.keys(apiKey("abcd1234", unmigrated), apiKey("other", unmigrated))
			w.keyBecomes(func(k *store.Key) { k.SHA256 = "sha256$cc" }, func() { migrate(w, keyID, "sha256$cc") })
		}},
		{Name: "MigrateKey leaves an SHA256 that exists", run: func(w *world) {
			w.keys(apiKey("abcd1234"))
			w.unchanged(func() { migrate(w, keyID, "sha256$cc") })
		}},
		{Name: "MigrateKey of an unknown key is no error", run: func(w *world) {
			w.keys(apiKey("abcd1234", unmigrated))
			w.unchanged(func() {
				for _, id := range append(noPrefixes(), "abcd1234", keyID+" ", strings.ToUpper(keyID)) {
					migrate(w, id, "sha256$cc")
				}
			})
		}},
		{Name: "MigrateKey refuses a malformed SHA256", run: func(w *world) {
			w.keys(apiKey("abcd1234", unmigrated))
			w.unchanged(func() {
				for _, sha256 := range []string{"", "\x00", "\xff", strings.Repeat("h", store.MaxKeySHA256+1)} {
					for _, id := range []string{keyID, "none"} {
						w.fails(store.ErrInvalid, role[store.Keys](w).MigrateKey(w.ctx, id, sha256), "%.20q", sha256)
					}
				}
			})
		}},
		{Name: "RevokeKey revokes that key alone", run: func(w *world) {
			w.keys(apiKey("abcd1234"), apiKey("other"))
			revoke := func() { require.NoError(w.t, role[store.Keys](w).RevokeKey(w.ctx, "abcd1234")) }
			w.keyBecomes(func(k *store.Key) { k.Revoked = true }, revoke)
			w.unchanged(revoke)
		}},
		{Name: "RevokeKey finds nothing for the prefix of no key", run: func(w *world) {
			w.keys(apiKey("abcd1234"))
			w.unchanged(func() {
				for _, prefix := range noPrefixes() {
					w.fails(store.ErrNotFound, role[store.Keys](w).RevokeKey(w.ctx, prefix), "%.20q", prefix)
				}
			})
		}},
		{Name: "the methods return the error of a context that has ended", run: func(w *world) {
			w.keys(apiKey("abcd1234", unmigrated))
			role := role[store.Keys](w)
			w.ends(
				func(ctx context.Context) error { return errorOf(role.FindKey(ctx, "abcd1234")) },
				func(ctx context.Context) error { return role.AddKey(ctx, apiKey("other")) },
				func(ctx context.Context) error { return role.MigrateKey(ctx, keyID, "sha256$cc") },
				func(ctx context.Context) error { return role.RevokeKey(ctx, "abcd1234") })
		}},
	}
}
