package storetest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// account returns the id of the account of the user, and must succeed.
func (w *world) account(username string) int64 {
	w.t.Helper()
	id, err := role[store.Communities](w).PutAccount(w.ctx, username)
	require.NoError(w.t, err)
	return id
}

// accountCases are about accounts and address lists.
func accountCases() []Case {
	list := func(w *world, addresses ...store.Address) {
		w.t.Helper()
		require.NoError(w.t, role[store.Communities](w).PutAddressList(w.ctx, "og", addresses...))
	}
	return []Case{
		{Name: "PutAccount returns the account of the user", run: func(w *world) {
			w.unchanged(func() { assert.EqualValues(w.t, 1, w.account("host")) })
		}},
		{Name: "PutAccount creates the account of a user", run: func(w *world) {
			id := w.account("guest")
			assert.Positive(w.t, id)
			assert.Equal(w.t, id, w.account("guest"))
			equalStates(w.t,
				store.State{Accounts: []store.Account{{ID: 1, Username: "host"}, {ID: id, Username: "guest"}}},
				store.State{Accounts: w.state().Accounts})
		}},
		{Name: "an account that was created may own communities", run: func(w *world) {
			id := w.account("guest")
			mine := nine(func(c *store.Community) { c.Account = id })
			w.put(mine)
			w.keeps(mine)
		}},
		{Name: "names that differ in anything are different users", run: func(w *world) {
			ids := map[int64]bool{}
			names := []string{"host", "HOST", "host ", "'", `\`, `"`, "{}", "名", strings.Repeat("é", store.MaxUsername)}
			for _, name := range names {
				ids[w.account(name)] = true
			}
			assert.Len(w.t, ids, len(names))
		}},
		{Name: "PutAccount refuses a malformed name", run: func(w *world) {
			w.unchanged(func() {
				for _, name := range []string{"", strings.Repeat("n", store.MaxUsername+1), strings.Repeat("n", 1<<20), "a\x00", "\xff"} {
					w.fails(store.ErrInvalid, errorOf(role[store.Communities](w).PutAccount(w.ctx, name)), "%.20q", name)
				}
			})
		}},
		{Name: "a list has the members that it was last given", run: func(w *world) {
			list(w, alice, bob)
			list(w, bob, carol)
			assert.Equal(w.t, []store.Address{bob, carol}, w.members("og"))
		}},
		{Name: "an address that is given twice is a member once", run: func(w *world) {
			list(w, alice, bob, alice, upper(bob))
			assert.Equal(w.t, []store.Address{alice, bob}, w.members("og"))
		}},
		{Name: "a list takes addresses in any letter case", run: func(w *world) {
			list(w, upper(alice), "0xB"+bob[3:])
			assert.Equal(w.t, []store.Address{alice, bob}, w.members("og"))
		}},
		{Name: "a list may be empty", run: func(w *world) {
			list(w, alice)
			list(w)
			assert.Empty(w.t, w.members("og"))
		}},
		{Name: "a list leaves others alone", run: func(w *world) {
			other := `o'g"\{}`
			require.NoError(w.t, role[store.Communities](w).PutAddressList(w.ctx, other, alice))
			list(w, bob)
			assert.Equal(w.t, []store.Address{alice}, w.members(other))
			assert.Equal(w.t, []store.Address{bob}, w.members("og"))
		}},
		{Name: "a list with a malformed address is refused", run: func(w *world) {
			list(w, bob)
			w.refusesAddresses(func(a store.Address) error {
				return role[store.Communities](w).PutAddressList(w.ctx, "og", alice, a)
			})
		}},
		{Name: "a list with a malformed name is refused", run: func(w *world) {
			w.unchanged(func() {
				for _, name := range []string{"", strings.Repeat("l", store.MaxListName+1), strings.Repeat("l", 1<<20), "a\x00", "\xff"} {
					w.fails(store.ErrInvalid, role[store.Communities](w).PutAddressList(w.ctx, name, alice), "%.20q", name)
				}
			})
		}},
		{Name: "accounts and lists return the error of a context that has ended", run: func(w *world) {
			role := role[store.Communities](w)
			w.ends(
				func(ctx context.Context) error { return role.PutAddressList(ctx, "og", alice) },
				func(ctx context.Context) error { return errorOf(role.PutAccount(ctx, "someone")) })
		}},
	}
}
