package storetest_test

import (
	"context"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// brokenAwards are stores that give other awards than they should.
var brokenAwards = map[string]fault{
	"loses awards":                {"points", applies(func(c *store.Changes) { c.Wallets[0].Awards = nil })},
	"loses who qualified":         {"points", applies(func(c *store.Changes) { c.Wallets[0].Qualified = false })},
	"has a limit too high by one": {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Limit++ }) })},
	"counts communities too low":  {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Communities = max(0, a.Communities-1) }) })},
	"takes every score for a pass": {
		"points/who does not qualify is not recorded",
		applies(func(c *store.Changes) { c.Wallets[0].Qualified = true }),
	},
	"awards again on another chain": {"points/an action is awarded at most once for a provider, whatever the chain", afterwards(func(t tables) {
		for _, r := range t["registry_humanpoints"] {
			if r["chain_id"] != 0.0 {
				again := maps.Clone(r)
				delete(again, "id")
				again["chain_id"] = 0
				t["registry_humanpoints"] = append(t["registry_humanpoints"], again)
			}
		}
	})},
	"awards once for a transaction": {
		"points/an action is awarded at most once for a provider, whatever the transaction hash",
		beforehand(func(c *store.Changes, t tables) {
			t["registry_humanpoints"] = slices.DeleteFunc(t["registry_humanpoints"], func(r row) bool {
				return !slices.ContainsFunc(c.Wallets[0].Awards, func(a store.Award) bool { return a.TxHash == r["tx_hash"] })
			})
		}),
	},
	"awards an action once": {"points/an action is awarded for each provider", applies(func(c *store.Changes) {
		c.Wallets[0].Awards = slices.CompactFunc(slices.Clone(c.Wallets[0].Awards), func(a, b store.Award) bool { return a.Action == b.Action })
	})},
	"awards once for all addresses": {
		"points/another address's award does not stand in the way",
		beforehand(func(c *store.Changes, t tables) {
			for _, r := range t["registry_humanpoints"] {
				r["address"] = c.Wallets[0].Address
			}
		}),
	},
	"counts every action for a limit": {
		"points/awards of other actions do not use up a limit",
		beforehand(func(c *store.Changes, t tables) {
			for _, r := range t["registry_humanpoints"] {
				r["action"], r["provider"] = c.Wallets[0].Awards[0].Action, r["action"]
			}
		}),
	},
	"counts communities of everybody": {
		"points/an award for communities does not count those of others",
		beforehand(func(c *store.Changes, t tables) {
			for _, r := range t["registry_humanpointscommunityqualifiedusers"] {
				r["address"] = c.Wallets[0].Address
			}
		}),
	},
	"tells awards that it passed over": {
		"points/the receipt tells only what was given",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := h.Apply(ctx, c)
			if err == nil {
				receipt.Wallets[0].Awards = c.Wallets[0].Awards
			}
			return receipt, err
		}},
	},
	"writes points anew": {"points/points that are there keep their rows", renumbers("registry_humanpoints")},
}

func limits(c *store.Changes, change func(*store.Award)) {
	for i := range c.Wallets {
		c.Wallets[i].Awards = slices.Clone(c.Wallets[i].Awards)
		for j := range c.Wallets[i].Awards {
			if a := &c.Wallets[i].Awards[j]; a.Limit > 0 || a.Communities > 0 {
				change(a)
			}
		}
	}
}
