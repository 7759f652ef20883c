package memstore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/store"
)

// overlay returns the weights of the customization, nil when it has none.
func (d *data) overlay(customization int64) map[string]string {
	if len(d.AllowLists.byCustomization.find(customization))+len(d.Customs.byCustomization.find(customization)) == 0 {
		return nil
	}
	overlay := map[string]string{}
	for _, row := range d.AllowLists.inOrder(d.AllowLists.byCustomization.find(customization)) {
		if list, found := d.Lists.rows[row.AddressListID]; found {
			overlay[store.AllowListPrefix+list.Name] = string(row.Weight)
		}
	}
	for _, row := range d.Customs.inOrder(d.Customs.byCustomization.find(customization)) {
		if ruleset, found := d.Rulesets.rows[row.RulesetID]; found {
			overlay[ruleset.ProviderID] = string(row.Weight)
		}
	}
	return overlay
}

func (d *data) putOverlay(community int64, overlay map[string]decimal) {
	customization, found := d.Customizations.byCommunity.find(community)
	if found {
		for _, row := range slices.Clone(d.AllowLists.byCustomization.find(customization.ID)) {
			d.AllowLists.remove(row)
		}
		for _, row := range slices.Clone(d.Customs.byCustomization.find(customization.ID)) {
			d.Customs.remove(row)
		}
	}
	if len(overlay) == 0 {
		return
	}
	if !found {
		customization = &customizationRow{ID: d.Customizations.nextID(), ScorerID: community}
		path := fmt.Sprintf("community-%d", community)
		customization.Path = path
		for n := 1; d.Customizations.byPath.has(customization.Path); n++ {
			customization.Path = fmt.Sprintf("%s-%d", path, n)
		}
		d.Customizations.set(customization)
	}
	for _, provider := range slices.Sorted(maps.Keys(overlay)) {
		if name, isList := strings.CutPrefix(provider, store.AllowListPrefix); isList {
			d.AllowLists.set(&allowListRow{
				ID: d.AllowLists.nextID(), Weight: overlay[provider],
				AddressListID: d.list(name), CustomizationID: customization.ID,
			})
			continue
		}
		ruleset := d.ruleset(provider)
		d.Customs.set(&customCredentialRow{
			ID: d.Customs.nextID(), Weight: overlay[provider], DisplayName: ruleset.Name,
			CustomizationID: customization.ID, PlatformID: d.platform(), RulesetID: ruleset.ID,
		})
	}
}

// developer is the service's type of custom credentials.
const developer = "DEVEL"

// maxRuleset is the width of a ruleset's name, in characters.
const maxRuleset = 64

func (d *data) ruleset(provider string) *rulesetRow {
	if row, found := d.Rulesets.byProvider.find(provider); found {
		return row
	}
	row := &rulesetRow{
		ID: d.Rulesets.nextID(), CredentialType: developer, Definition: document("{}"),
		Name: firstRunes(provider, maxRuleset), ProviderID: provider,
	}
	d.Rulesets.set(row)
	return row
}

func (d *data) platform() int64 {
	const name = "DeveloperList"
	if row, found := d.Platforms.byName.find(name); found {
		return row.ID
	}
	row := &platformRow{ID: d.Platforms.nextID(), PlatformType: developer, Name: name}
	d.Platforms.set(row)
	return row.ID
}

func firstRunes(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n])
}
