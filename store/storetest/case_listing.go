package storetest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

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

// listingCases are about the pages of an address's credentials.
func listingCases(h Harness) []Case {
	if _, has := h.(store.Credentials); !has {
		return nil
	}
	role := func(w *world) store.Credentials { return w.Harness.(store.Credentials) }
	list := func(w *world, page store.Page) *store.CredentialPage {
		w.t.Helper()
		listed, err := role(w).ListCredentials(w.ctx, alice, page)
		require.NoError(w.t, err)
		require.NotNil(w.t, listed)
		return listed
	}
	ids := func(page *store.CredentialPage) []int64 {
		ids := []int64{}
		for _, c := range page.Credentials {
			ids = append(ids, c.ID)
		}
		return ids
	}
	five := func(w *world) {
		w.t.Helper()
		var rows []row
		for _, id := range []int{30, 10, 50, 20, 40} {
			rows = append(rows, credentialRow(id, alice, fmt.Sprint("P", id)))
		}
		w.credentials(append(rows, credentialRow(60, bob, "P"), credentialRow(5, bob, "Q"))...)
	}
	// Given the ids 10 to 50: which ones are on the page, and what is beyond it?
	var cases []Case
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
		name := fmt.Sprintf("of ids 10 to 50, before %d, after %d, at most %d", c.page.Before, c.page.After, c.page.Limit)
		cases = append(cases, Case{Name: name, run: func(w *world) {
			five(w)
			listed := list(w, c.page)
			assert.Equal(w.t, c.want, ids(listed))
			assert.Equal(w.t, []bool{c.newer, c.older}, []bool{listed.Newer, listed.Older}, "newer, older")
		}})
	}
	return append(cases,
		Case{Name: "an address that has none is no error", run: func(w *world) {
			w.credentials(credentialRow(1, bob, "Google"))
			for _, page := range []store.Page{{Limit: 1}, {Limit: 1, Before: 5}, {Limit: 1, After: 5}} {
				listed := list(w, page)
				assert.Empty(w.t, listed.Credentials)
				assert.False(w.t, listed.Newer || listed.Older)
			}
		}},
		Case{Name: "must hold what Load holds", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"), credentialRow(2, alice, "Ens", `a'"\u{}`))
			want := w.load(alice).Wallets[0].Credentials // by provider
			assert.Equal(w.t, want, list(w, store.Page{Limit: 10}).Credentials)
		}},
		Case{Name: "must leave deleted and revoked ones out, also beyond the page", run: func(w *world) {
			deleted := row{"deleted_at": "2026-03-01T00:00:00Z"}
			w.credentials(
				with(credentialRow(1, alice, "A"), deleted), credentialRow(2, alice, "B"), credentialRow(3, alice, "C"),
				credentialRow(4, alice, "D"), with(credentialRow(5, alice, "E"), deleted),
			)
			w.seed(map[string][]row{"ceramic_cache_revocation": {
				{"proof_value": "B", "ceramic_cache_id": 2}, {"proof_value": "D", "ceramic_cache_id": 4},
			}})
			for _, page := range []store.Page{{Limit: 1}, {Limit: 9}, {Limit: 1, Before: 9}, {Limit: 1, After: 1}} {
				listed := list(w, page)
				assert.Equal(w.t, []int64{3}, ids(listed))
				assert.False(w.t, listed.Newer || listed.Older)
			}
		}},
		Case{Name: "must hold every type, and all of one provider", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "A"), with(credentialRow(2, alice, "A"), row{"type": 2}), with(credentialRow(3, alice, "A"), row{"type": 3}))
			assert.Equal(w.t, []int64{3, 2, 1}, ids(list(w, store.Page{Limit: 9})))
		}},
		Case{Name: "walked in both ways must hold each once", run: func(w *world) {
			var rows []row
			for id := 1; id <= 23; id++ {
				rows = append(rows, credentialRow(id, alice, fmt.Sprint("P", id)))
			}
			w.credentials(rows...)
			var down, up []int64
			page := store.Page{Limit: 5}
			for older := true; older; {
				listed := list(w, page)
				down, older = append(down, ids(listed)...), listed.Older
				page.Before = down[len(down)-1]
			}
			page = store.Page{Limit: 5, After: down[len(down)-1]}
			for newer := true; newer; {
				listed := list(w, page)
				up, newer = append(ids(listed), up...), listed.Newer
				page.After = up[0]
			}
			require.Len(w.t, down, 23)
			assert.Equal(w.t, down[:22], up)
		}},
		Case{Name: "must return ErrInvalid for a malformed address or page", run: func(w *world) {
			for _, address := range []string{"", "alice", strings.ToUpper(alice), alice + "\x00", strings.Repeat("a", 1<<20)} {
				listed, err := role(w).ListCredentials(w.ctx, address, store.Page{Limit: 1})
				assert.ErrorIs(w.t, err, store.ErrInvalid, "%.50q", address)
				assert.Nil(w.t, listed)
			}
			for _, page := range badPages {
				_, err := role(w).ListCredentials(w.ctx, alice, page)
				assert.ErrorIs(w.t, err, store.ErrInvalid, page)
			}
		}},
		Case{Name: "must return the error of the context when it has ended", run: func(w *world) {
			ctx, cancel := context.WithDeadline(w.ctx, time.Now().Add(-time.Second))
			defer cancel()
			_, err := role(w).ListCredentials(ctx, alice, store.Page{Limit: 1})
			assert.ErrorIs(w.t, err, context.DeadlineExceeded)
		}},
	)
}
