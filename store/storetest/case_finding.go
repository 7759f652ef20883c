package storetest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// findingCases are about finding the community that a caller names.
func findingCases() []Case {
	// seeded adds the ninth community, with changes, and an account.
	seeded := func(w *world, change ...func(*store.StoredCommunity)) {
		w.t.Helper()
		added := store.StoredCommunity{Community: nine(func(c *store.Community) { c.Customization = nil })}
		for _, f := range change {
			f(&added)
		}
		w.edit(func(s *store.State) {
			s.Accounts = append(s.Accounts, store.Account{ID: 2, Username: "another"})
			s.Communities = append(s.Communities, added)
		})
	}
	external := func(id string) func(*store.StoredCommunity) {
		return func(c *store.StoredCommunity) { c.ExternalID = id }
	}
	deleted := func(c *store.StoredCommunity) { c.Deleted = true }
	finds := func(w *world, want, account int64, scorer string) {
		w.t.Helper()
		id, err := role[store.CommunityFinder](w).FindCommunity(w.ctx, account, scorer)
		require.NoError(w.t, err, "%.100q", scorer)
		assert.Equal(w.t, want, id, "%.100q", scorer)
	}
	findsNone := func(w *world, account int64, scorer string) {
		w.t.Helper()
		id, err := role[store.CommunityFinder](w).FindCommunity(w.ctx, account, scorer)
		w.fails(store.ErrCommunityNotFound, err, "%d %.100q", account, scorer)
		assert.Zero(w.t, id)
	}
	return []Case{
		{Name: "a community is found by its ExternalID", run: func(w *world) {
			seeded(w, external("0x77")) // which does not hold its id
			finds(w, 9, 1, "0x77")
		}},
		{Name: "a community is found by its id", run: func(w *world) {
			finds(w, community, 1, "1")
			finds(w, neighbour, 1, "2")
			finds(w, neighbour, 1, "0002")
		}},
		{Name: "the ExternalID comes before the id", run: func(w *world) {
			seeded(w, external("1"))
			finds(w, 9, 1, "1")
		}},
		{Name: "communities of other accounts are not found", run: func(w *world) {
			seeded(w, external("1"), func(c *store.StoredCommunity) { c.Account = 2 })
			finds(w, 9, 2, "1")
			finds(w, community, 1, "1")
			findsNone(w, 1, "9")
			findsNone(w, 2, "2")
		}},
		{Name: "a deleted community is not found", run: func(w *world) {
			seeded(w, external("0x77"), deleted)
			findsNone(w, 1, "0x77")
			findsNone(w, 1, "9")
		}},
		{Name: "a deleted ExternalID does not hide an id", run: func(w *world) {
			seeded(w, external("1"), deleted)
			finds(w, community, 1, "1")
		}},
		{Name: "no text and no account finds what is not there", run: func(w *world) {
			seeded(w, external(""))
			for _, scorer := range []string{
				"", " ", "0", "-1", "+1", "1 ", "1.0", "1e0", "0x1", "١", "3", "'; --", "%", "NULL", "a\x00b", "1\x00", "\xff\xfe", "\xc3",
				"9223372036854775807", "9223372036854775808", "18446744073709551617", strings.Repeat("9", 1<<20), strings.Repeat("é", 1<<20),
			} {
				findsNone(w, 1, scorer)
			}
			for _, account := range []int64{0, -1, 2, -1 << 63, 1<<63 - 1} {
				findsNone(w, account, "1")
			}
		}},
		{Name: "an ExternalID may be any text", run: func(w *world) {
			for _, id := range []string{" ", "007", `'"\{},%_ 名`, strings.Repeat("é", store.MaxExternalID)} {
				w.edit(func(s *store.State) {
					for i := range s.Communities {
						if s.Communities[i].ID == neighbour {
							s.Communities[i].ExternalID = id
						}
					}
				})
				finds(w, neighbour, 1, id)
			}
		}},
		{Name: "finding changes nothing", run: func(w *world) {
			w.unchanged(func() {
				finds(w, community, 1, "1")
				findsNone(w, 1, "3")
			})
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.CommunityFinder](w).FindCommunity(ctx, 1, "1"))
			})
		}},
	}
}
