package storetest

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// callerCases are about finding a key together with a community.
func callerCases() []Case {
	finds := func(w *world, prefix, scorer string) store.Caller {
		w.t.Helper()
		caller, err := role[store.CallerFinder](w).FindCaller(w.ctx, prefix, scorer)
		require.NoError(w.t, err, "%.20q %.20q", prefix, scorer)
		require.NotNil(w.t, caller)
		return *caller
	}
	// shared makes a key of the first account, and one of another that has the
	// neighbour; both communities have an ExternalID.
	shared := func(w *world) {
		w.t.Helper()
		w.edit(func(s *store.State) {
			s.Accounts = append(s.Accounts, store.Account{ID: 2, Username: "another"})
			s.Communities[0].ExternalID = "0x77"
			s.Communities[1].Account, s.Communities[1].ExternalID = 2, "1"
			s.Keys = []store.Key{apiKey("abcd1234"), apiKey("another", func(k *store.Key) { k.Account = 2 })}
		})
	}
	return []Case{
		{Name: "FindCaller returns the key that FindKey returns", run: func(w *world) {
			w.keys(
				apiKey("abcd1234"),
				apiKey("revoked", func(k *store.Key) { k.Revoked = true }),
				apiKey("expired", func(k *store.Key) { k.ExpiresAt = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }),
				apiKey("bare", func(k *store.Key) { k.SHA256, k.RateLimit, k.Name, k.ExpiresAt = "", "", "", time.Time{} }),
				apiKey("üüü '\"", func(k *store.Key) { k.ReadScores, k.Historical, k.CreateScorers = false, true, true }))
			w.unchanged(func() {
				for _, prefix := range []string{"abcd1234", "revoked", "expired", "bare", "üüü '\""} {
					for _, scorer := range []string{"1", "none"} {
						key := finds(w, prefix, scorer).Key
						equal(w, w.found(prefix), key)
						w.exact(key.CreatedAt, key.ExpiresAt)
					}
				}
			})
		}},
		{Name: "FindCaller finds nothing for the prefix of no key", run: func(w *world) {
			w.keys(apiKey("abcd1234"))
			for _, prefix := range noPrefixes() {
				for _, scorer := range []string{"1", "none", "\x00"} {
					caller, err := role[store.CallerFinder](w).FindCaller(w.ctx, prefix, scorer)
					w.fails(store.ErrNotFound, err, "%.20q %q", prefix, scorer)
					assert.NotErrorIs(w.t, err, store.ErrCommunityNotFound)
					assert.Nil(w.t, caller)
				}
			}
		}},
		{Name: "FindCaller finds the community of the account of the key", run: func(w *world) {
			shared(w)
			assert.EqualValues(w.t, community, finds(w, "abcd1234", "0x77").Community)
			assert.EqualValues(w.t, community, finds(w, "abcd1234", "1").Community, "by its id")
			assert.EqualValues(w.t, community, finds(w, "abcd1234", "001").Community)
			assert.EqualValues(w.t, neighbour, finds(w, "another", "1").Community)
			assert.EqualValues(w.t, neighbour, finds(w, "another", "2").Community)
		}},
		{Name: "FindCaller finds no community of another account", run: func(w *world) {
			shared(w)
			assert.Zero(w.t, finds(w, "abcd1234", "2").Community)
			assert.Zero(w.t, finds(w, "another", "0x77").Community)
		}},
		{Name: "FindCaller prefers the ExternalID to the id", run: func(w *world) {
			w.keys(apiKey("abcd1234"))
			w.edit(func(s *store.State) { s.Communities[0].ExternalID = "2" })
			assert.EqualValues(w.t, community, finds(w, "abcd1234", "2").Community)
		}},
		{Name: "FindCaller finds no deleted community", run: func(w *world) {
			shared(w)
			w.edit(func(s *store.State) { s.Communities[0].Deleted = true })
			assert.Zero(w.t, finds(w, "abcd1234", "0x77").Community)
			assert.Zero(w.t, finds(w, "abcd1234", "1").Community)
		}},
		{Name: "FindCaller finds the key whatever the scorer holds", run: func(w *world) {
			w.keys(apiKey("abcd1234"))
			for _, scorer := range []string{
				"", " ", "0", "-1", "+1", "1 ", "1.0", "3", "'; --", "%", "NULL", "a\x00b", "1\x00", "\xff\xfe",
				"9223372036854775808", "18446744073709551617", strings.Repeat("9", 1<<20), strings.Repeat("é", 1<<20),
			} {
				caller := finds(w, "abcd1234", scorer)
				equal(w, apiKey("abcd1234"), caller.Key)
				assert.Zero(w.t, caller.Community, "%.20q", scorer)
			}
		}},
		{Name: "FindCaller returns the error of a context that has ended", run: func(w *world) {
			w.keys(apiKey("abcd1234"))
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.CallerFinder](w).FindCaller(ctx, "abcd1234", "1"))
			})
		}},
	}
}
