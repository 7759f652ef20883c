package storetest

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// badPages are refused by every list.
var badPages = []store.Page{
	{},
	{Limit: -1},
	{Limit: store.MaxPage + 1},
	{Limit: 1, Before: -1},
	{Limit: 1, After: math.MinInt64},
	{Limit: 1, Before: 2, After: 1},
}

// list returns a page of Alice's credentials.
func (w *world) list(page store.Page) *store.CredentialPage {
	w.t.Helper()
	listed, err := role[store.CredentialLister](w).ListCredentials(w.ctx, alice, page)
	require.NoError(w.t, err)
	require.NotNil(w.t, listed)
	return listed
}

func idsOf(credentials []store.Credential) []int64 {
	ids := []int64{}
	for _, c := range credentials {
		ids = append(ids, c.ID)
	}
	return ids
}

// walk reads page after page, older ones and then newer ones again, and returns
// the ids of each way in its order, and the number of pages.
func (w *world) walk(limit int) (down, up []int64, pages int) {
	w.t.Helper()
	seen := func(listed *store.CredentialPage) []int64 {
		require.NotEmpty(w.t, listed.Credentials)
		total := 0
		for _, c := range listed.Credentials {
			total += len(c.Document)
		}
		assert.LessOrEqual(w.t, total, store.MaxWalletBytes)
		pages++
		return idsOf(listed.Credentials)
	}
	page := store.Page{Limit: limit}
	for older := true; older; {
		listed := w.list(page)
		down, older = append(down, seen(listed)...), listed.Older
		page.Before = down[len(down)-1]
	}
	page = store.Page{Limit: limit, After: down[len(down)-1]}
	for newer := true; newer; {
		listed := w.list(page)
		up, newer = append(seen(listed), up...), listed.Newer
		page.After = up[0]
	}
	return down, up, pages
}

// listingCases are about the pages of an address's credentials.
func listingCases() []Case {
	var cases []Case
	// Given the ids 10 to 50: which are on the page, and are there others?
	for _, c := range []struct {
		page         store.Page
		want         []int64
		newer, older bool
	}{
		{store.Page{Limit: 1000}, []int64{50, 40, 30, 20, 10}, false, false},
		{store.Page{Limit: 5}, []int64{50, 40, 30, 20, 10}, false, false},
		{store.Page{Limit: 2}, []int64{50, 40}, false, true},
		{store.Page{Limit: 2, Before: 40}, []int64{30, 20}, true, true},
		{store.Page{Limit: 2, Before: 30}, []int64{20, 10}, true, false},
		{store.Page{Limit: 2, Before: 35}, []int64{30, 20}, true, true},
		{store.Page{Limit: 2, Before: 20}, []int64{10}, true, false},
		{store.Page{Limit: 2, Before: 10}, []int64{}, true, false},
		{store.Page{Limit: 2, Before: 1}, []int64{}, true, false},
		{store.Page{Limit: 2, Before: math.MaxInt64}, []int64{50, 40}, false, true},
		{store.Page{Limit: 2, After: 10}, []int64{30, 20}, true, true},
		{store.Page{Limit: 2, After: 20}, []int64{40, 30}, true, true},
		{store.Page{Limit: 2, After: 30}, []int64{50, 40}, false, true},
		{store.Page{Limit: 2, After: 35}, []int64{50, 40}, false, true},
		{store.Page{Limit: 9, After: 5}, []int64{50, 40, 30, 20, 10}, false, false},
		{store.Page{Limit: 2, After: 50}, []int64{}, false, true},
		{store.Page{Limit: 2, After: math.MaxInt64}, []int64{}, false, true},
	} {
		name := fmt.Sprintf("page before %d after %d of %d", c.page.Before, c.page.After, c.page.Limit)
		cases = append(cases, Case{Name: name, run: func(w *world) {
			five := []store.StoredCredential{stored(60, bob, "P"), stored(5, bob, "Q")}
			for _, id := range []int64{30, 10, 50, 20, 40} {
				five = append(five, stored(id, alice, fmt.Sprint("P", id)))
			}
			w.credentials(five...)
			listed := w.list(c.page)
			assert.Equal(w.t, c.want, idsOf(listed.Credentials))
			assert.Equal(w.t, []bool{c.newer, c.older}, []bool{listed.Newer, listed.Older}, "newer, older")
		}})
	}
	cases = append(cases, []Case{
		{Name: "an address without credentials is no error", run: func(w *world) {
			w.credentials(stored(1, bob, "Google"))
			for _, page := range []store.Page{{Limit: 1}, {Limit: 1, Before: 5}, {Limit: 1, After: 5}} {
				listed := w.list(page)
				assert.Empty(w.t, listed.Credentials)
				assert.False(w.t, listed.Newer || listed.Older)
			}
		}},
		{Name: "a page has credentials as they are stored", run: func(w *world) {
			odd := with(stored(2, alice, "Ens", texts()...), func(c *store.StoredCredential) { c.UpdatedAt = noon.Add(789012000) })
			w.credentials(stored(1, alice, "Google", "n1"), odd)
			equal(w, []store.Credential{odd.Credential, stored(1, alice, "Google", "n1").Credential}, w.list(store.Page{Limit: 10}).Credentials)
		}},
		{Name: "deleted and revoked ones are not listed and not counted", run: func(w *world) {
			deleted := func(c *store.StoredCredential) { c.Deleted = true }
			revoked := func(c *store.StoredCredential) { c.Revoked = true }
			w.credentials(
				with(stored(1, alice, "A"), deleted), with(stored(2, alice, "B"), revoked), stored(3, alice, "C"),
				with(stored(4, alice, "D"), revoked), with(stored(5, alice, "E"), deleted),
			)
			for _, page := range []store.Page{{Limit: 1}, {Limit: 9}, {Limit: 1, Before: 9}, {Limit: 1, After: 1}} {
				listed := w.list(page)
				assert.Equal(w.t, []int64{3}, idsOf(listed.Credentials))
				assert.False(w.t, listed.Newer || listed.Older)
			}
		}},
		{Name: "all credentials of one provider are listed", run: func(w *world) {
			foreign := func(c *store.StoredCredential) { c.Foreign = true }
			w.credentials(stored(1, alice, "A"), with(stored(2, alice, "A"), foreign), with(stored(3, alice, "A"), foreign))
			assert.Equal(w.t, []int64{3, 2, 1}, idsOf(w.list(store.Page{Limit: 9}).Credentials))
		}},
		{Name: "pages in both directions have each credential once", run: func(w *world) {
			var many []store.StoredCredential
			for id := range int64(23) {
				many = append(many, stored(id+1, alice, fmt.Sprint("P", id)))
			}
			w.credentials(many...)
			down, up, _ := w.walk(5)
			require.Len(w.t, down, 23)
			assert.IsDecreasing(w.t, down)
			assert.Equal(w.t, down[:22], up)
		}},
		{Name: "any letter case of the address finds its credentials", run: func(w *world) {
			w.credentials(stored(1, alice, "Google"))
			listed, err := role[store.CredentialLister](w).ListCredentials(w.ctx, upper(alice), store.Page{Limit: 1})
			require.NoError(w.t, err)
			assert.Len(w.t, listed.Credentials, 1)
		}},
		{Name: "a malformed address is refused", run: func(w *world) {
			w.refusesAddresses(func(a store.Address) error {
				listed, err := role[store.CredentialLister](w).ListCredentials(w.ctx, a, store.Page{Limit: 1})
				assert.Nil(w.t, listed)
				return err
			})
		}},
		{Name: "a malformed page is refused", run: func(w *world) {
			for _, page := range badPages {
				w.fails(store.ErrInvalid, errorOf(role[store.CredentialLister](w).ListCredentials(w.ctx, alice, page)), page)
			}
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.CredentialLister](w).ListCredentials(ctx, alice, store.Page{Limit: 1}))
			})
		}},
	}...)
	return append(cases, pageBoundCases()...)
}

// pageBoundCases are about pages of large credentials.
func pageBoundCases() []Case {
	sized := func(id int64, bytes int) store.StoredCredential {
		return with(stored(id, alice, fmt.Sprint("P", id)), func(c *store.StoredCredential) {
			c.Document = []byte(`{"more":"` + strings.Repeat("x", bytes) + `"}`)
		})
	}
	return []Case{
		{Name: "a credential that is too large is omitted", run: func(w *world) {
			large := sized(2, store.MaxDocumentBytes)
			w.credentials(stored(1, alice, "A"), large, stored(3, alice, "C"))
			listed := w.list(store.Page{Limit: 9})
			large.Document, large.Omitted = nil, store.OmittedTooLarge
			equal(w, []store.Credential{stored(3, alice, "C").Credential, large.Credential, stored(1, alice, "A").Credential}, listed.Credentials)
		}},
		{Name: "a page ends before it is too large", run: func(w *world) {
			var heavy []store.StoredCredential
			for id := range int64(50) {
				heavy = append(heavy, sized(id+1, 100_000))
			}
			heavy[40] = sized(41, store.MaxDocumentBytes) // which takes no room
			w.credentials(heavy...)
			down, up, pages := w.walk(1000)
			assert.Len(w.t, down, 50)
			assert.IsDecreasing(w.t, down)
			assert.Equal(w.t, down[:49], up)
			assert.Equal(w.t, 4, pages, "two in each direction")
		}},
	}
}
