package storetest

import (
	"strings"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// accountCases are about accounts and address lists.
func accountCases(h Harness) []Case {
	if _, has := h.(store.Communities); !has {
		return nil
	}
	account := func(w *world, username string) int64 {
		w.t.Helper()
		id, err := communitiesRole(w).PutAccount(w.ctx, username)
		require.NoError(w.t, err)
		return id
	}
	list := func(w *world, addresses ...string) {
		w.t.Helper()
		require.NoError(w.t, communitiesRole(w).PutAddressList(w.ctx, "og", addresses...))
	}
	members := func(w *world) []any {
		w.t.Helper()
		return column(w.table("account_addresslistmember"), "address")
	}
	return []Case{
		{Name: "PutAccount must return the account of the user", run: func(w *world) {
			assert.EqualValues(w.t, 1, account(w, "host"))
			assert.Len(w.t, w.table("account_account"), 1)
		}},
		{Name: "PutAccount must create the user, who has no password, and the account", run: func(w *world) {
			id := account(w, "guest")
			assert.NotEqualValues(w.t, 1, id)
			assert.Equal(w.t, id, account(w, "guest"))
			users, accounts := w.table("auth_user"), w.table("account_account")
			require.Len(w.t, users, 2)
			require.Len(w.t, accounts, 2)
			assert.EqualValues(w.t, id, accounts[1]["id"])
			for column, want := range (row{
				"id": accounts[1]["user_id"], "username": "guest", "password": "!", "is_active": true, "is_staff": false, "is_superuser": false,
			}) {
				assert.Equal(w.t, want, users[1][column], column)
			}
		}},
		{Name: "PutAccount must create the account of a user who has none", run: func(w *world) {
			w.seed(map[string][]row{"auth_user": {{"id": 1, "username": "host"}, {"id": 8, "username": "guest", "password": "kept"}}})
			account(w, "guest")
			users, accounts := w.table("auth_user"), w.table("account_account")
			require.Len(w.t, users, 2)
			require.Len(w.t, accounts, 2)
			assert.Equal(w.t, "kept", users[1]["password"])
			assert.EqualValues(w.t, 8, accounts[1]["user_id"])
		}},
		{Name: "PutAccount must tell apart names that differ in anything", run: func(w *world) {
			ids := map[int64]bool{}
			names := []string{"host", "HOST", "host ", "'", `\`, `"`, "{}", "名", strings.Repeat("é", 150)}
			for _, name := range names {
				ids[account(w, name)] = true
			}
			assert.Len(w.t, ids, len(names))
		}},
		{Name: "PutAccount must return ErrInvalid for a malformed name, and change nothing", run: func(w *world) {
			w.unchanged(func() {
				for _, name := range []string{"", strings.Repeat("n", 151), strings.Repeat("n", 1<<20), "a\x00", "\xff"} {
					_, err := communitiesRole(w).PutAccount(w.ctx, name)
					assert.ErrorIs(w.t, err, store.ErrInvalid, "%.20q", name)
				}
			})
		}},
		{Name: "PutAccount at once for one user must return one account", run: func(w *world) {
			ids := make([]int64, 8)
			var all sync.WaitGroup
			for n := range ids {
				all.Go(func() {
					var err error
					ids[n], err = communitiesRole(w).PutAccount(w.ctx, "guest")
					assert.NoError(w.t, err)
				})
			}
			all.Wait()
			for _, id := range ids {
				assert.Equal(w.t, ids[0], id)
			}
			assert.Len(w.t, w.table("auth_user"), 2)
			assert.Len(w.t, w.table("account_account"), 2)
		}},
		{Name: "a list must have the members it was last given", run: func(w *world) {
			list(w, alice, bob)
			list(w, bob, carol)
			points := w.query(store.Query{
				Community: community, Addresses: []string{alice, bob, carol}, Points: &store.PointsQuery{Lists: []string{"og"}},
			}).Points
			assert.Empty(w.t, points.Wallets[0].Lists)
			assert.Equal(w.t, []string{"og"}, points.Wallets[1].Lists)
			assert.Equal(w.t, []string{"og"}, points.Wallets[2].Lists)
		}},
		{Name: "a list must have an address once that is given twice", run: func(w *world) {
			list(w, alice, bob, alice)
			assert.Equal(w.t, []any{alice, bob}, members(w))
		}},
		{Name: "a list must keep the rows of those who stay", run: func(w *world) {
			list(w, alice, bob)
			before := w.table("account_addresslistmember")
			list(w, carol, bob)
			after := w.table("account_addresslistmember")
			require.Len(w.t, before, 2)
			require.Len(w.t, after, 2)
			assert.Equal(w.t, before[1], after[0])
		}},
		{Name: "a list may be empty", run: func(w *world) {
			list(w, alice)
			list(w)
			assert.Empty(w.t, members(w))
			assert.Equal(w.t, []any{"og"}, column(w.table("account_addresslist"), "name"))
		}},
		{Name: "a list must leave another alone", run: func(w *world) {
			require.NoError(w.t, communitiesRole(w).PutAddressList(w.ctx, `o'g"\{}`, alice))
			list(w, bob)
			assert.Equal(w.t, []any{alice, bob}, members(w))
		}},
		{Name: "a malformed list must return ErrInvalid, and change nothing", run: func(w *world) {
			role := communitiesRole(w)
			w.unchanged(func() {
				for _, address := range []string{"bob", "", strings.ToUpper(alice), alice + "0", "\x00"} {
					assert.ErrorIs(w.t, role.PutAddressList(w.ctx, "og", alice, address), store.ErrInvalid, address)
				}
				for _, name := range []string{"", strings.Repeat("l", 101), strings.Repeat("l", 1<<20), "a\x00", "\xff"} {
					assert.ErrorIs(w.t, role.PutAddressList(w.ctx, name, alice), store.ErrInvalid, "%.20q", name)
				}
			})
		}},
		{Name: "lists put at once must be one of them wholly", run: func(w *world) {
			list(w, alice, bob, carol)
			var all sync.WaitGroup
			for _, members := range [][]string{{alice}, {bob}, {carol}, {alice, bob}, {carol, bob}} {
				all.Go(func() { assert.NoError(w.t, communitiesRole(w).PutAddressList(w.ctx, "og", members...)) })
			}
			all.Wait()
			got := members(w)
			assert.Subset(w.t, []any{alice, bob, carol}, got)
			assert.Contains(w.t, []int{1, 2}, len(got), "%v", got)
			if len(got) == 2 {
				assert.Contains(w.t, got, bob, "no list was of alice and carol")
			}
		}},
	}
}
