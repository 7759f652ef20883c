package storetest

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// members returns the members of the address list, none if there is no such
// list.
func (w *world) members(name string) []store.Address {
	w.t.Helper()
	var members []store.Address
	seen := false
	for _, list := range w.state().Lists {
		if list.Name == name {
			require.False(w.t, seen, "list %q is there twice", name)
			members, seen = slices.Sorted(slices.Values(list.Members)), true
		}
	}
	return members
}

// customizationCases are about the weights and lists of customizations.
func customizationCases() []Case {
	customized := func(weights map[string]string, change ...func(*store.Community)) store.Community {
		return nine(append(change, func(c *store.Community) { c.Customization = weights })...)
	}
	return []Case{
		{Name: "lists that are missing are created without members", run: func(w *world) {
			w.put(customized(map[string]string{"AllowList#fresh": "2"}))
			assert.Empty(w.t, w.members("fresh"))
			require.NoError(w.t, role[store.Communities](w).PutAddressList(w.ctx, "fresh", alice))
			assert.Equal(w.t, []store.Address{alice}, w.members("fresh"))
		}},
		{Name: "lists that exist keep their members", run: func(w *world) {
			require.NoError(w.t, role[store.Communities](w).PutAddressList(w.ctx, "team", alice))
			w.put(customized(map[string]string{"AllowList#team": "1", "AllowList#fresh": "2"}))
			assert.Equal(w.t, []store.Address{alice}, w.members("team"))
		}},
		{Name: "providers and lists may have the full width", run: func(w *world) {
			widest := customized(map[string]string{
				"Custom#" + strings.Repeat("é", store.MaxProvider-7):           "1",
				store.AllowListPrefix + strings.Repeat("é", store.MaxListName): "-999.9999",
			})
			w.put(widest)
			w.keeps(widest)
		}},
		{Name: "two communities may name one list and one provider", run: func(w *world) {
			other := customized(map[string]string{"AllowList#team": "7", "Custom#1": "8"}, ten)
			w.put(other)
			w.put(nine())
			w.keeps(other)
			w.keeps(nine())
		}},
		{Name: "a customization that is removed leaves others alone", run: func(w *world) {
			w.put(nine(ten))
			w.put(nine())
			w.put(customized(nil))
			w.keeps(nine(ten))
			w.keeps(customized(nil))
		}},
		{Name: "a provider that is removed leaves others alone", run: func(w *world) {
			w.put(nine())
			less := customized(map[string]string{"AllowList#team": "3"})
			w.put(less)
			w.keeps(less)
		}},
	}
}
