package storetest

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// onceAtOnce demands that of the works at once one succeeds, and that the
// others return [store.ErrConflict].
func (w *world) onceAtOnce(n int, work func(i int) error) {
	w.t.Helper()
	succeeded := 0
	for _, err := range atOnce(n, work) {
		if err == nil {
			succeeded++
			continue
		}
		w.fails(store.ErrConflict, err)
	}
	assert.Equal(w.t, 1, succeeded)
}

// contendedCommunitiesCases set communities up at once.
func contendedCommunitiesCases() []Case {
	return []Case{
		{Name: "communities of one id at once are one of them", run: func(w *world) {
			variant := func(n int) store.Community {
				return nine(func(c *store.Community) {
					c.Name, c.Threshold = fmt.Sprint("Nine ", n), strconv.Itoa(n)
					c.Customization = map[string]string{fmt.Sprint("AllowList#", n): "1", fmt.Sprint("Custom#", n): "2", "AllowList#all": "3"}
				})
			}
			w.allAtOnce(8, func(i int) error { return role[store.Communities](w).PutCommunity(w.ctx, variant(i)) })
			var winner int
			_, err := fmt.Sscanf(w.loaded(9).Name, "Nine %d", &winner)
			require.NoError(w.t, err)
			w.keeps(variant(winner))
		}},
		{Name: "communities of one name at once are one", run: func(w *world) {
			w.onceAtOnce(8, func(i int) error {
				return role[store.Communities](w).PutCommunity(w.ctx, nine(func(c *store.Community) { c.ID, c.ExternalID = int64(10+i), "" }))
			})
			assert.Len(w.t, w.state().Communities, 3)
		}},
		{Name: "accounts of one user at once are one", run: func(w *world) {
			ids := make([]int64, 8)
			w.allAtOnce(len(ids), func(i int) (err error) {
				ids[i], err = role[store.Communities](w).PutAccount(w.ctx, "guest")
				return err
			})
			assert.Len(w.t, slices.Compact(ids), 1)
			assert.Len(w.t, w.state().Accounts, 2)
		}},
		{Name: "lists of one name at once are one of them", run: func(w *world) {
			lists := [][]store.Address{{alice}, {bob}, {carol}, {alice, bob}, {bob, carol}}
			require.NoError(w.t, role[store.Communities](w).PutAddressList(w.ctx, "og", alice, bob, carol))
			w.allAtOnce(len(lists), func(i int) error { return role[store.Communities](w).PutAddressList(w.ctx, "og", lists[i]...) })
			assert.Contains(w.t, lists, w.members("og"))
		}},
	}
}

// contendedKeysCases add and change one key at once.
func contendedKeysCases() []Case {
	return []Case{
		{Name: "keys of one prefix at once are one", run: func(w *world) {
			w.onceAtOnce(16, func(i int) error {
				return role[store.Keys](w).AddKey(w.ctx, apiKey("abcd1234", func(k *store.Key) { k.ID = string(wallet(i)) }))
			})
			assert.Len(w.t, w.state().Keys, 1)
		}},
		{Name: "migrations at once set one SHA256", run: func(w *world) {
			w.keys(apiKey("abcd1234", func(k *store.Key) { k.SHA256 = "" }))
			migrate := func(i int) error { return role[store.Keys](w).MigrateKey(w.ctx, keyID, string(wallet(i))) }
			w.allAtOnce(16, migrate)
			assert.NotEmpty(w.t, w.found("abcd1234").SHA256)
			w.unchanged(func() { require.NoError(w.t, migrate(16)) })
		}},
	}
}
