package storetest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// findingCases are about finding communities, and deleting them.
func findingCases(h Harness) []Case {
	if _, has := h.(store.Communities); !has {
		return nil
	}
	found := func(w *world, account int64, scorer string) int64 {
		w.t.Helper()
		id, err := communitiesRole(w).FindCommunity(w.ctx, account, scorer)
		require.NoError(w.t, err, "%.100q", scorer)
		return id
	}
	notFound := func(w *world, account int64, scorer string) {
		w.t.Helper()
		id, err := communitiesRole(w).FindCommunity(w.ctx, account, scorer)
		assert.ErrorIs(w.t, err, store.ErrCommunityNotFound, "%.100q", scorer)
		assert.Zero(w.t, id)
	}
	remove := func(w *world, id int64) {
		w.t.Helper()
		require.NoError(w.t, communitiesRole(w).DeleteCommunity(w.ctx, id))
	}
	return []Case{
		{Name: "must return that with the ExternalID", run: func(w *world) {
			w.put(nine(func(c *store.Community) { c.ExternalID = "0x77" })) // which does not hold its id
			assert.EqualValues(w.t, 9, found(w, 1, "0x77"))
		}},
		{Name: "must return that with the id when none has the ExternalID", run: func(w *world) {
			assert.EqualValues(w.t, community, found(w, 1, "1"))
			assert.EqualValues(w.t, neighbour, found(w, 1, "2"))
		}},
		{Name: "must prefer the ExternalID to the id", run: func(w *world) {
			w.put(nine(func(c *store.Community) { c.ExternalID = "1" }))
			assert.EqualValues(w.t, 9, found(w, 1, "1"))
		}},
		{Name: "must look in the account only", run: func(w *world) {
			other, err := communitiesRole(w).PutAccount(w.ctx, "another")
			require.NoError(w.t, err)
			w.put(nine(func(c *store.Community) { c.Account, c.ExternalID = other, "1" }))
			assert.EqualValues(w.t, 9, found(w, other, "1"))
			assert.EqualValues(w.t, community, found(w, 1, "1"), "the ExternalID is another account's")
			notFound(w, 1, "9")
			notFound(w, other, "2")
		}},
		{Name: "must pass over deleted ones", run: func(w *world) {
			w.put(nine(func(c *store.Community) { c.ExternalID = "1" }))
			remove(w, 9)
			assert.EqualValues(w.t, community, found(w, 1, "1"))
			remove(w, community)
			notFound(w, 1, "1")
			notFound(w, 1, "9")
		}},
		{Name: "must return ErrCommunityNotFound whatever the text holds", run: func(w *world) {
			w.seed(map[string][]row{"account_community": append(w.table("account_community"),
				row{"id": 9, "name": "Nine", "account_id": 1, "scorer_id": 1, "rule": "LIFO", "external_scorer_id": ""})})
			for _, scorer := range []string{
				"", " ", "0", "-1", "+1", "1 ", "1.0", "1e0", "0x1", "١", "3", "'; --", "%", "NULL", "a\x00b", "1\x00", "\xff\xfe", "\xc3",
				"9223372036854775807", "9223372036854775808", "18446744073709551617", strings.Repeat("9", 1<<20), strings.Repeat("é", 1<<20),
			} {
				notFound(w, 1, scorer)
			}
			for _, account := range []int64{0, -1, 2, -1 << 63, 1<<63 - 1} {
				notFound(w, account, "1")
			}
		}},
		{Name: "must find an ExternalID of any text that its column holds", run: func(w *world) {
			for _, external := range []string{" ", "007", `'"\{},%_ 名`, strings.Repeat("é", 42)} {
				w.put(nine(func(c *store.Community) { c.ExternalID = external }))
				assert.EqualValues(w.t, 9, found(w, 1, external), external)
			}
		}},
		{Name: "deleting must make Load return ErrCommunityNotFound", run: func(w *world) {
			remove(w, community)
			_, err := w.Load(w.ctx, store.Query{Community: community, Addresses: []string{alice}})
			assert.ErrorIs(w.t, err, store.ErrCommunityNotFound)
		}},
		{Name: "putting one that is deleted must make it be there again", run: func(w *world) {
			remove(w, community)
			w.put(store.Community{ID: community, Name: "Again", Threshold: "1"})
			assert.Equal(w.t, "Again", w.load(alice).Community.Name)
		}},
		{Name: "deleting must leave scores and claims", run: func(w *world) {
			w.score(alice, claims(claim("n1", alice, years(1))))
			before := w.tables()
			remove(w, community)
			after := w.tables()
			assert.NotNil(w.t, after["account_community"][0]["deleted_at"])
			delete(before, "account_community")
			delete(after, "account_community")
			assert.Equal(w.t, before, after)
		}},
		{Name: "deleting what is not there, or again, must return ErrCommunityNotFound and change nothing", run: func(w *world) {
			remove(w, neighbour)
			w.unchanged(func() {
				for _, id := range []int64{neighbour, 77, 0, -1, 1<<63 - 1} {
					assert.ErrorIs(w.t, communitiesRole(w).DeleteCommunity(w.ctx, id), store.ErrCommunityNotFound, id)
				}
			})
		}},
		{Name: "deleting two of one name, one after the other, must succeed", run: func(w *world) {
			for id := range int64(3) {
				w.put(store.Community{ID: 10 + id, Name: "Again"})
				remove(w, 10+id)
			}
			assert.Len(w.t, w.table("account_community"), 5)
		}},
		{Name: "must return the error of the context when it has ended, and change nothing", run: func(w *world) {
			ctx, cancel := context.WithCancel(w.ctx)
			cancel()
			role := communitiesRole(w)
			w.unchanged(func() {
				for name, err := range map[string]error{
					"PutCommunity":    role.PutCommunity(ctx, nine()),
					"DeleteCommunity": role.DeleteCommunity(ctx, community),
					"PutAddressList":  role.PutAddressList(ctx, "og", alice),
				} {
					assert.ErrorIs(w.t, err, context.Canceled, name)
				}
				_, err := role.FindCommunity(ctx, 1, "1")
				assert.ErrorIs(w.t, err, context.Canceled)
				_, err = role.PutAccount(ctx, "someone")
				assert.ErrorIs(w.t, err, context.Canceled)
			})
		}},
	}
}
