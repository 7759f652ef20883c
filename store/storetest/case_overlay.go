package storetest

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// overlayCases tell in which rows the overlay of a community is kept.
func overlayCases(h Harness) []Case {
	if _, has := h.(store.Communities); !has {
		return nil
	}
	overlay := func(weights map[string]string) store.Community {
		return nine(func(c *store.Community) { c.Overlay = weights })
	}
	return []Case{
		{Name: "are the community's customization", run: func(w *world) {
			w.put(nine())
			z := w.only("account_customization")
			assert.EqualValues(w.t, 9, z["scorer_id"])
			assert.Equal(w.t, "community-9", z["path"])
			assert.Equal(w.t, z["id"], w.only("account_allowlist")["customization_id"])
			assert.Equal(w.t, z["id"], w.only("account_customcredential")["customization_id"])
		}},
		{Name: "make the address lists that are missing, without members", run: func(w *world) {
			require.NoError(w.t, communitiesRole(w).PutAddressList(w.ctx, "team", alice))
			w.put(overlay(map[string]string{"AllowList#team": "1", "AllowList#fresh": "2"}))
			assert.ElementsMatch(w.t, []any{"team", "fresh"}, column(w.table("account_addresslist"), "name"))
			assert.Equal(w.t, []any{alice}, column(w.table("account_addresslistmember"), "address"))
			assert.Empty(w.t, w.table("account_customcredential"))
		}},
		{Name: "make rulesets and a platform of custom credentials", run: func(w *world) {
			provider := "Custom#" + strings.Repeat("é", 249)
			w.put(overlay(map[string]string{provider: "1"}))
			ruleset, platform, custom := w.only("account_customcredentialruleset"), w.only("account_customplatform"), w.only("account_customcredential")
			name := string([]rune(provider)[:64])
			for column, want := range (row{"provider_id": provider, "name": name, "credential_type": "DEVEL"}) {
				assert.Equal(w.t, want, ruleset[column], column)
			}
			assertJSON(w, `{}`, ruleset["definition"])
			for column, want := range (row{"name": "DeveloperList", "platform_type": "DEVEL", "is_evm": false}) {
				assert.Equal(w.t, want, platform[column], column)
			}
			for column, want := range (row{"display_name": name, "platform_id": platform["id"], "ruleset_id": ruleset["id"]}) {
				assert.Equal(w.t, want, custom[column], column)
			}
			assertNumber(w, "1", custom["weight"])
		}},
		{Name: "use the rulesets and the platform that are there", run: func(w *world) {
			w.seed(map[string][]row{
				"account_customcredentialruleset": {{"id": 4, "provider_id": "Custom#1", "name": "its name", "credential_type": "DEVEL"}},
				"account_customplatform":          {{"id": 5, "name": "DeveloperList", "platform_type": "DEVEL"}},
			})
			w.put(overlay(map[string]string{"Custom#1": "1"}))
			custom := w.only("account_customcredential")
			assert.Equal(w.t, row{"r": float64(4), "p": float64(5), "d": "its name"},
				row{"r": custom["ruleset_id"], "p": custom["platform_id"], "d": custom["display_name"]})
			w.only("account_customcredentialruleset")
			w.only("account_customplatform")
		}},
		{Name: "leave those of other communities alone", run: func(w *world) {
			ten := nine(func(c *store.Community) { c.ID, c.Name, c.ExternalID = 10, "Ten", "" })
			w.put(ten)
			w.put(nine())
			w.put(overlay(nil))
			assert.Equal(w.t, ten, w.loadCommunity(10))
			assert.Nil(w.t, w.loadCommunity(9).Overlay)
		}},
		{Name: "keep a customization that is there, and its look", run: func(w *world) {
			w.seed(map[string][]row{"account_customization": {{"id": 3, "scorer_id": 9, "path": "nine", "logo_caption": "9"}}})
			w.put(nine())
			z := w.only("account_customization")
			assert.Equal(w.t, row{"path": "nine", "logo_caption": "9"}, row{"path": z["path"], "logo_caption": z["logo_caption"]})
			assert.Equal(w.t, nine(), w.loadCommunity(9))
		}},
		{Name: "take another path when theirs is taken", run: func(w *world) {
			w.seed(map[string][]row{"account_customization": {
				{"scorer_id": 1, "path": "community-9"}, {"scorer_id": 2, "path": "community-9-1"},
			}})
			w.put(nine())
			assert.ElementsMatch(w.t, []any{"community-9", "community-9-1", "community-9-2"}, column(w.table("account_customization"), "path"))
		}},
	}
}
