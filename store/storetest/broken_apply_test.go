package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// applies is a store that writes changed change sets.
func applies(change func(*store.Changes)) broken {
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Wallets = slices.Clone(c.Wallets)
		change(&other)
		return h.Apply(ctx, &other)
	}}
}

// afterwards is a store that does something more once it has written.
func afterwards(more func(t tables)) broken {
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if err == nil {
			h.edit(more)
		}
		return receipt, err
	}}
}

// currentVersions makes every wallet look as it was read.
func currentVersions(h harness, c *store.Changes) *store.Changes {
	other := *c
	other.Wallets = slices.Clone(c.Wallets)
	for i := range other.Wallets {
		q := store.Query{Community: c.Community, Addresses: []string{other.Wallets[i].Address}}
		if snapshot, err := h.Load(context.Background(), q); err == nil {
			other.Wallets[i].Version = snapshot.Wallets[0].Version
		}
	}
	return &other
}

// brokenApplies are stores whose Apply is broken.
var brokenApplies = map[string]fault{
	"takes live claims": {"claims", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		h.edit(func(t tables) {
			t["registry_hashscorerlink"] = slices.DeleteFunc(t["registry_hashscorerlink"], func(r row) bool {
				return slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Nullifier == r["hash"] })
			})
		})
		return h.Apply(ctx, c)
	}}},
	"does not let claims expire": {"claims", applies(func(c *store.Changes) { c.At = c.At.AddDate(-500, 0, 0) })},
	"ignores the version": {"stale", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		return h.Apply(ctx, currentVersions(h, c))
	}}},
	"ignores held claims": {"claims", applies(func(c *store.Changes) { c.Held = nil })},
	"loses claims":        {"claims", applies(func(c *store.Changes) { c.Claims = nil })},
	"loses events":        {"write", applies(func(c *store.Changes) { c.Wallets[0].Events = nil })},
	"copies whatever the credential of a stamp is by now": {"stamps", applies(func(c *store.Changes) {
		for i := range c.Wallets[0].Stamps {
			c.Wallets[0].Stamps[i].CredentialID = 0
		}
	})},
	"loses stamps":                {"stamps", applies(func(c *store.Changes) { c.Wallets[0].Stamps = nil })},
	"loses awards":                {"points", applies(func(c *store.Changes) { c.Wallets[0].Awards = nil })},
	"loses who qualified":         {"points", applies(func(c *store.Changes) { c.Wallets[0].Qualified = false })},
	"forgets the other wallets":   {"batch", applies(func(c *store.Changes) { c.Wallets = c.Wallets[:min(1, len(c.Wallets))] })},
	"has a limit too high by one": {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Limit++ }) })},
	"counts communities too low":  {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Communities = max(0, a.Communities-1) }) })},
	"rewrites stamps that are as wanted": {"stamps", afterwards(func(t tables) {
		for _, r := range t["registry_stamp"] {
			r["id"] = r["id"].(float64) + 1000
		}
	})},
	"adds the score's event twice": {"write", afterwards(func(t tables) {
		for _, last := range slices.Backward(t["registry_event"]) {
			again := maps.Clone(last)
			delete(again, "id")
			t["registry_event"] = append(t["registry_event"], again)
			return
		}
	})},
	"lets a failure wipe the stamps": {"write", afterwards(func(t tables) {
		if slices.ContainsFunc(t["registry_score"], func(r row) bool { return r["status"] == "ERROR" }) {
			t["registry_stamp"] = []row{}
		}
	})},
	"keeps seconds only": {"write", applies(func(c *store.Changes) {
		c.Wallets[0].Score.ScoredAt = c.Wallets[0].Score.ScoredAt.Truncate(1e9)
	})},
	"commits halfway": {"all or nothing", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		half := currentVersions(h, c)
		half.Held, half.Claims = nil, nil
		for i := range half.Wallets {
			half.Wallets[i].Awards, half.Wallets[i].Events = nil, nil
		}
		if _, err := h.Apply(ctx, half); err != nil {
			return nil, err
		}
		return h.Apply(ctx, c)
	}}},
	"turns a conflict into success": {"claims", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			return &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}, nil
		}
		return receipt, err
	}}},
	"calls an invalid change set a conflict": {"invalid", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if errors.Is(err, store.ErrInvalid) {
			return nil, store.ErrConflict
		}
		return receipt, err
	}}},
	"ignores the context": {"context", broken{
		load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			return h.Load(context.WithoutCancel(ctx), q)
		},
		apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			return h.Apply(context.WithoutCancel(ctx), c)
		},
	}},
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
