package storetest

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// keyRow is a row of account_accountapikey.
func keyRow(prefix string) row {
	return row{
		"id": prefix + ".sha256$aa", "prefix": prefix, "hashed_key": "sha256$aa", "hashed_key_sha256": "sha256$bb", "name": "mine",
		"account_id": 1, "created": "2026-02-01T00:00:00Z", "expiry_date": "2036-02-01T00:00:00.000001Z", "revoked": false,
		"rate_limit": "125/15m", "read_scores": true, "historical_endpoint": false, "submit_passports": true, "create_scorers": false,
		"analysis_rate_limit": "15/1m", "embed_rate_limit": "",
	}
}

// storedKey is the key of that row.
func storedKey(prefix string) store.Key {
	return store.Key{
		ID: prefix + ".sha256$aa", Prefix: prefix, Hash: "sha256$aa", SHA256: "sha256$bb", Name: "mine", Account: 1,
		CreatedAt: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), ExpiresAt: time.Date(2036, 2, 1, 0, 0, 0, 1000, time.UTC),
		RateLimit: "125/15m", ReadScores: true, SubmitPassports: true,
	}
}

// noPrefixes are the prefix of no key.
func noPrefixes() []string {
	return []string{
		"", "ABCD1234", "abcd123", "abcd1234 ", "abcd1234.", "abcd123%", "abcd123_", "' or '' ='", "\x00", "abcd123\x00", "\xff",
		"ééééééééé", strings.Repeat("a", 1<<20),
	}
}

func (w *world) keys(rows ...row) {
	w.t.Helper()
	w.seed(map[string][]row{"account_accountapikey": rows})
}

// changedKey demands that the step changes those columns of the one key and
// nothing else.
func (w *world) changedKey(columns row, step func()) {
	w.t.Helper()
	want := w.tables()
	want["account_accountapikey"][0] = with(want["account_accountapikey"][0], columns)
	step()
	assert.Equal(w.t, want, w.tables())
}

// keysCases are for stores that keep API keys.
func keysCases(h Harness) []Case {
	if _, has := h.(store.Keys); !has {
		return nil
	}
	cases := append(findKeyCases(), addKeyCases()...)
	return append(cases, changeKeyCases()...)
}

func keysOf(w *world) store.Keys { return w.Harness.(store.Keys) }

func findKeyCases() []Case {
	find := func(w *world, prefix string) *store.Key {
		w.t.Helper()
		key, err := keysOf(w).FindKey(w.ctx, prefix)
		require.NoError(w.t, err)
		require.NotNil(w.t, key)
		return key
	}
	return []Case{
		{Name: "FindKey must return the key with that prefix", run: func(w *world) {
			other := with(keyRow("other"), row{
				"read_scores": false, "historical_endpoint": true, "submit_passports": false, "create_scorers": true,
				"name": "yours", "rate_limit": "1/s", "created": "2026-03-01T00:00:00Z",
			})
			w.keys(keyRow("abcd1234"), other)
			w.unchanged(func() { assert.Equal(w.t, storedKey("abcd1234"), *find(w, "abcd1234")) })

			want := storedKey("other")
			want.ReadScores, want.Historical, want.SubmitPassports, want.CreateScorers = false, true, false, true
			want.Name, want.RateLimit, want.CreatedAt = "yours", "1/s", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			assert.Equal(w.t, want, *find(w, "other"))
		}},
		{Name: "FindKey must return revoked and expired ones too", run: func(w *world) {
			w.keys(
				with(keyRow("revoked"), row{"revoked": true}),
				with(keyRow("expired"), row{"expiry_date": "2000-01-01T00:00:00Z"}))
			assert.True(w.t, find(w, "revoked").Revoked)
			assert.False(w.t, find(w, "expired").Revoked)
			assert.Equal(w.t, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), find(w, "expired").ExpiresAt)
		}},
		{Name: "FindKey must return what is NULL as empty", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"hashed_key_sha256": nil, "rate_limit": nil, "expiry_date": nil}))
			want := storedKey("abcd1234")
			want.SHA256, want.RateLimit, want.ExpiresAt = "", "", time.Time{}
			assert.Equal(w.t, want, *find(w, "abcd1234"))
		}},
		{Name: "FindKey must return ErrNotFound when there is none, whatever the prefix holds", run: func(w *world) {
			w.keys(keyRow("abcd1234"))
			for _, prefix := range noPrefixes() {
				key, err := keysOf(w).FindKey(w.ctx, prefix)
				require.ErrorIs(w.t, err, store.ErrNotFound, "%.20q", prefix)
				assert.Nil(w.t, key)
			}
			assert.Equal(w.t, storedKey("abcd1234"), *find(w, "abcd1234"), "the store still answers")
		}},
		{Name: "FindKey must find a key whatever its prefix holds", run: func(w *world) {
			prefixes := []string{"'", `"\`, "%_", "üüüüüüüü", "\U0001F600 \t", "null"}
			var rows []row
			for _, prefix := range prefixes {
				rows = append(rows, keyRow(prefix))
			}
			w.keys(rows...)
			for _, prefix := range prefixes {
				assert.Equal(w.t, storedKey(prefix), *find(w, prefix))
			}
		}},
	}
}

func addKeyCases() []Case {
	refused := func(w *world, kind error, key store.Key, why string) {
		w.t.Helper()
		w.unchanged(func() { assert.ErrorIs(w.t, keysOf(w).AddKey(w.ctx, key), kind, why) })
	}
	add := func(w *world, key store.Key) {
		w.t.Helper()
		require.NoError(w.t, keysOf(w).AddKey(w.ctx, key))
	}
	return []Case{
		{Name: "AddKey must insert the key", run: func(w *world) {
			key := storedKey("abcd1234")
			key.Name = `'"\ %s {"a":1} ` + "\U0001F600"
			add(w, key)
			got := w.only("account_accountapikey")
			assert.Equal(w.t, key.CreatedAt, moment(w.t, got["created"]))
			assert.Equal(w.t, key.ExpiresAt, moment(w.t, got["expiry_date"]))
			delete(got, "created")
			delete(got, "expiry_date")
			want := with(keyRow("abcd1234"), row{
				"name": key.Name, "account_id": float64(1), "analysis_rate_limit": nil, "embed_rate_limit": nil,
			})
			delete(want, "created")
			delete(want, "expiry_date")
			assert.Equal(w.t, want, got)

			found, err := keysOf(w).FindKey(w.ctx, "abcd1234")
			require.NoError(w.t, err)
			assert.Equal(w.t, key, *found)
		}},
		{Name: "AddKey must keep each permission apart", run: func(w *world) {
			for prefix, permit := range map[string]func(*store.Key) *bool{
				"read_scores":         func(k *store.Key) *bool { return &k.ReadScores },
				"historical_endpoint": func(k *store.Key) *bool { return &k.Historical },
				"submit_passports":    func(k *store.Key) *bool { return &k.SubmitPassports },
				"create_scorers":      func(k *store.Key) *bool { return &k.CreateScorers },
				"revoked":             func(k *store.Key) *bool { return &k.Revoked },
			} {
				key := store.Key{ID: prefix, Prefix: prefix[:7], SHA256: "sha256$bb", Account: 1}
				*permit(&key) = true
				add(w, key)
			}
			for _, r := range w.table("account_accountapikey") {
				for _, name := range []string{"read_scores", "historical_endpoint", "submit_passports", "create_scorers", "revoked"} {
					assert.Equal(w.t, r["id"] == name, r[name], "%s of the key %s", name, r["id"])
				}
			}
		}},
		{Name: "AddKey must write NULL for what is empty", run: func(w *world) {
			key := storedKey("abcd1234")
			key.SHA256, key.RateLimit, key.ExpiresAt, key.Name = "", "", time.Time{}, ""
			add(w, key)
			r := w.only("account_accountapikey")
			for _, name := range []string{"hashed_key_sha256", "rate_limit", "expiry_date", "analysis_rate_limit", "embed_rate_limit"} {
				assert.Contains(w.t, r, name)
				assert.Nil(w.t, r[name], name)
			}
			assert.Empty(w.t, r["name"])
			assert.NotNil(w.t, r["name"])
		}},
		{Name: "AddKey must set the moment of creation to the store's clock when it is zero", run: func(w *world) {
			key := storedKey("abcd1234")
			key.CreatedAt = time.Time{}
			add(w, key)
			assert.WithinDuration(w.t, time.Now(), moment(w.t, w.only("account_accountapikey")["created"]), time.Hour)
		}},
		{Name: "AddKey must keep moments in whole microseconds, in UTC", run: func(w *world) {
			key := storedKey("abcd1234")
			elsewhere := time.FixedZone("", 5*3600+1800)
			key.CreatedAt = time.Date(1, 1, 2, 0, 0, 0, 1999, elsewhere)
			key.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
			add(w, key)
			found, err := keysOf(w).FindKey(w.ctx, "abcd1234")
			require.NoError(w.t, err)
			assert.Equal(w.t, key.CreatedAt.UTC().Truncate(time.Microsecond), found.CreatedAt)
			assert.Equal(w.t, key.ExpiresAt.Truncate(time.Microsecond), found.ExpiresAt)
		}},
		{Name: "AddKey must return ErrInvalid when Validate refuses it, and change nothing", run: func(w *world) {
			for why, spoil := range map[string]func(*store.Key){
				"no id":              func(k *store.Key) { k.ID = "" },
				"a long id":          func(k *store.Key) { k.ID = strings.Repeat("i", store.MaxKeyID+1) },
				"no prefix":          func(k *store.Key) { k.Prefix = "" },
				"a dot":              func(k *store.Key) { k.Prefix = "a.b" },
				"no hash":            func(k *store.Key) { k.Hash, k.SHA256 = "", "" },
				"no account":         func(k *store.Key) { k.Account = 0 },
				"a NUL":              func(k *store.Key) { k.Name = "\x00" },
				"invalid UTF-8":      func(k *store.Key) { k.RateLimit = "\xff" },
				"an expiry too far":  func(k *store.Key) { k.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
				"an expiry too near": func(k *store.Key) { k.ExpiresAt = time.Time{}.Add(1) },
			} {
				key := storedKey("abcd1234")
				spoil(&key)
				refused(w, store.ErrInvalid, key, why)
			}
		}},
		{Name: "AddKey must return ErrNotFound when its account does not exist, and change nothing", run: func(w *world) {
			key := storedKey("abcd1234")
			for _, key.Account = range []int64{2, 1<<63 - 1} {
				refused(w, store.ErrNotFound, key, "")
			}
		}},
		{Name: "AddKey must return ErrConflict when the prefix or the id is taken, and change nothing", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"revoked": true}))
			prefixTaken, idTaken := storedKey("abcd1234"), storedKey("other")
			prefixTaken.ID, idTaken.ID = "other.sha256$aa", "abcd1234.sha256$aa"
			refused(w, store.ErrConflict, prefixTaken, "the prefix")
			refused(w, store.ErrConflict, idTaken, "the id")
			refused(w, store.ErrConflict, storedKey("abcd1234"), "both")
		}},
		{Name: "AddKey at once for one prefix must succeed once, and return ErrConflict otherwise", run: func(w *world) {
			added := 0
			for _, err := range atOnce(16, func(i int) error {
				key := storedKey("abcd1234")
				key.ID = wallet(i)
				return keysOf(w).AddKey(w.ctx, key)
			}) {
				if err == nil {
					added++
					continue
				}
				assert.ErrorIs(w.t, err, store.ErrConflict)
			}
			assert.Equal(w.t, 1, added)
			assert.Len(w.t, w.table("account_accountapikey"), 1)
		}},
	}
}

func changeKeyCases() []Case {
	const id = "abcd1234.sha256$aa"
	return []Case{
		{Name: "MigrateKey must set the SHA256 of the key with that id, and change nothing else", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"hashed_key_sha256": nil}), with(keyRow("other"), row{"hashed_key_sha256": nil}))
			w.changedKey(row{"hashed_key_sha256": "sha256$cc"}, func() {
				require.NoError(w.t, keysOf(w).MigrateKey(w.ctx, id, "sha256$cc"))
			})
		}},
		{Name: "MigrateKey must leave an SHA256 that is there", run: func(w *world) {
			w.keys(keyRow("abcd1234"))
			w.unchanged(func() { require.NoError(w.t, keysOf(w).MigrateKey(w.ctx, id, "sha256$cc")) })
		}},
		{Name: "MigrateKey must take an empty SHA256 for none", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"hashed_key_sha256": ""}))
			w.changedKey(row{"hashed_key_sha256": "sha256$cc"}, func() {
				require.NoError(w.t, keysOf(w).MigrateKey(w.ctx, id, "sha256$cc"))
			})
		}},
		{Name: "MigrateKey of no such key is no error, whatever the id holds", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"hashed_key_sha256": nil}))
			w.unchanged(func() {
				for _, none := range append(noPrefixes(), "abcd1234", id+" ", strings.ToUpper(id)) {
					require.NoError(w.t, keysOf(w).MigrateKey(w.ctx, none, "sha256$cc"), "%.20q", none)
				}
			})
		}},
		{Name: "MigrateKey must return ErrInvalid for an SHA256 that cannot be kept, and change nothing", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"hashed_key_sha256": nil}))
			w.unchanged(func() {
				for _, sha256 := range []string{"", "\x00", "\xff", strings.Repeat("h", store.MaxKeySHA256+1)} {
					for _, of := range []string{id, "none"} {
						assert.ErrorIs(w.t, keysOf(w).MigrateKey(w.ctx, of, sha256), store.ErrInvalid, "%q", sha256)
					}
				}
			})
		}},
		{Name: "MigrateKey at once must set one SHA256 for good", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"hashed_key_sha256": nil}))
			for _, err := range atOnce(16, func(i int) error { return keysOf(w).MigrateKey(w.ctx, id, wallet(i)) }) {
				require.NoError(w.t, err)
			}
			first := w.only("account_accountapikey")["hashed_key_sha256"]
			assert.NotNil(w.t, first)
			require.NoError(w.t, keysOf(w).MigrateKey(w.ctx, id, "sha256$cc"))
			assert.Equal(w.t, first, w.only("account_accountapikey")["hashed_key_sha256"])
		}},
		{Name: "RevokeKey must mark the key with that prefix revoked, and change nothing else", run: func(w *world) {
			w.keys(keyRow("abcd1234"), keyRow("other"))
			w.changedKey(row{"revoked": true}, func() {
				require.NoError(w.t, keysOf(w).RevokeKey(w.ctx, "abcd1234"))
			})
			w.unchanged(func() { require.NoError(w.t, keysOf(w).RevokeKey(w.ctx, "abcd1234"), "again") })
		}},
		{Name: "RevokeKey must return ErrNotFound when there is none, whatever the prefix holds", run: func(w *world) {
			w.keys(keyRow("abcd1234"))
			w.unchanged(func() {
				for _, prefix := range noPrefixes() {
					assert.ErrorIs(w.t, keysOf(w).RevokeKey(w.ctx, prefix), store.ErrNotFound, "%.20q", prefix)
				}
			})
		}},
		{Name: "every method must return context.Canceled when the context has ended, and change nothing", run: func(w *world) {
			w.keys(with(keyRow("abcd1234"), row{"hashed_key_sha256": nil}))
			ctx, keys := w.ended(), keysOf(w)
			w.unchanged(func() {
				_, err := keys.FindKey(ctx, "abcd1234")
				for _, err := range []error{
					err, keys.AddKey(ctx, storedKey("other")), keys.MigrateKey(ctx, id, "sha256$cc"), keys.RevokeKey(ctx, "abcd1234"),
				} {
					require.ErrorIs(w.t, err, context.Canceled)
					assert.False(w.t, store.Retryable(err))
					assert.NotErrorIs(w.t, err, store.ErrNotFound)
				}
			})
		}},
	}
}
