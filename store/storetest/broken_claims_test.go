package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// losesClaims is a store that loses some claims before it writes.
func losesClaims(which func(c *store.Changes, r row) bool) broken {
	return beforehand(func(c *store.Changes, t tables) {
		t["registry_hashscorerlink"] = slices.DeleteFunc(t["registry_hashscorerlink"], func(r row) bool { return which(c, r) })
	})
}

// givesAway is a store that lets expired claims of the first or the last of the
// scored wallets be given away.
func givesAway(of func(wallets int) int) broken {
	return losesClaims(func(c *store.Changes, r row) bool {
		return r["address"] == c.Wallets[of(len(c.Wallets))].Address && r["expires_at"].(string) < store.FormatTime(c.At)
	})
}

// brokenClaims are stores that mind claims too little or too much.
var brokenClaims = map[string]fault{
	"takes live claims": {"claims", losesClaims(func(c *store.Changes, r row) bool {
		return slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Nullifier == r["hash"] })
	})},
	"shortens live claims": {
		"claims/a live own claim must not be shortened by a microsecond",
		losesClaims(func(c *store.Changes, r row) bool { return r["address"] == c.Wallets[0].Address }),
	},
	"does not let claims expire": {"claims", applies(func(c *store.Changes) { c.At = c.At.AddDate(-500, 0, 0) })},
	"ignores held claims":        {"claims", applies(func(c *store.Changes) { c.Held = nil })},
	"loses claims":               {"claims", applies(func(c *store.Changes) { c.Claims = nil })},
	"turns a conflict into success": {"claims", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			return &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}, nil
		}
		return receipt, err
	}}},
	"tells nullifiers": {
		"claims/a live claim of another must return ErrConflict",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := h.Apply(ctx, c)
			if errors.Is(err, store.ErrConflict) {
				err = fmt.Errorf("%w: %s", err, c.Claims[0].Nullifier)
			}
			return receipt, err
		}},
	},
	"lets claims expire too early": {
		"claims/a claim that expires a microsecond later is not",
		applies(func(c *store.Changes) { c.At = c.At.Add(time.Microsecond) }),
	},
	"lets claims expire too late": {
		"claims/a claim that expires at this very moment is taken over",
		applies(func(c *store.Changes) { c.At = c.At.Add(-time.Microsecond) }),
	},
	"lets claims expire by its own clock": {
		"claims/expired is what has expired at the change set's moment, not at the store's",
		applies(func(c *store.Changes) { c.At = time.Now() }),
	},
	"keeps claims by the second": {"claims/an expiry is kept to the microsecond", applies(func(c *store.Changes) {
		c.Claims = slices.Clone(c.Claims)
		for i := range c.Claims {
			c.Claims[i].ExpiresAt = c.Claims[i].ExpiresAt.Truncate(time.Second)
		}
	})},
	"drops claims that are not mentioned": {"claims/claims that are not mentioned stay", losesClaims(func(c *store.Changes, r row) bool {
		return !slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Nullifier == r["hash"] })
	})},
	"claims for all communities": {
		"claims/a claim in another community is no conflict",
		refusesToApply(store.ErrConflict, func(h harness, c *store.Changes) bool {
			return slices.ContainsFunc(h.tables()["registry_hashscorerlink"], func(r row) bool {
				return r["hash"] == c.Claims[0].Nullifier && r["address"] != c.Claims[0].Address
			})
		}),
	},
	"knows nullifiers in any case": {
		"claims/nullifiers that differ in case only are different",
		refusesToApply(store.ErrConflict, func(h harness, c *store.Changes) bool {
			return slices.ContainsFunc(h.tables()["registry_hashscorerlink"], func(r row) bool {
				return strings.EqualFold(r["hash"].(string), c.Claims[0].Nullifier) && r["address"] != c.Claims[0].Address
			})
		}),
	},
	"looks for held claims everywhere": {
		"claims/a held claim of another community does not count as held",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			claims := h.tables()["registry_hashscorerlink"]
			other := *c
			other.Held = slices.DeleteFunc(slices.Clone(c.Held), func(held store.Claim) bool {
				return slices.ContainsFunc(claims, func(r row) bool { return r["hash"] == held.Nullifier && r["address"] == held.Address })
			})
			return h.Apply(ctx, &other)
		}},
	},
	"looks at the first held claim": {
		"claims/one of several held claims gone is enough for a conflict",
		applies(func(c *store.Changes) { c.Held = c.Held[:min(1, len(c.Held))] }),
	},
	"takes a held claim for held by anybody": {"claims/a held claim that another holds must return ErrConflict", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Held = slices.Clone(c.Held)
		for i := range other.Held {
			for _, r := range h.tables()["registry_hashscorerlink"] {
				if r["hash"] == other.Held[i].Nullifier {
					other.Held[i].Address = r["address"].(string)
				}
			}
		}
		return h.Apply(ctx, &other)
	}}},
	"claims for nobody else": {
		"claims/a claim that the other owner has already is no conflict",
		refusesToApply(store.ErrConflict, func(_ harness, c *store.Changes) bool {
			return slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Address != c.Wallets[0].Address })
		}),
	},
	"rewrites claims that are as wanted": {"claims/a claim that is as wanted keeps its row", renumbers("registry_hashscorerlink")},
	"gives away expired claims of the scored wallet": {
		"claims/an expired claim of the scored wallet is not given away",
		givesAway(func(int) int { return 0 }),
	},
	"gives away expired claims of another scored wallet": {
		"claims/an expired claim of any of the scored wallets is not given away",
		givesAway(func(wallets int) int { return wallets - 1 }),
	},
	"writes held claims": {
		"claims/a held claim that is still held lets the write pass, and is not written",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := h.Apply(ctx, c)
			if err == nil {
				h.edit(func(t tables) {
					for _, held := range c.Held {
						for _, r := range t["registry_hashscorerlink"] {
							if r["hash"] == held.Nullifier {
								r["expires_at"] = store.FormatTime(held.ExpiresAt)
							}
						}
					}
				})
			}
			return receipt, err
		}},
	},
	"takes an expired claim for none": {
		"claims/a held claim of the same holder lets the write pass though it has expired",
		losesClaims(func(c *store.Changes, r row) bool { return r["expires_at"].(string) < store.FormatTime(c.At) }),
	},
	"wants an address for a holder": {
		"claims/a held claim may be that of a holder who is no address",
		refusesToApply(store.ErrInvalid, func(_ harness, c *store.Changes) bool {
			return slices.ContainsFunc(c.Held, func(held store.Claim) bool { return !store.ValidAddress(held.Address) })
		}),
	},
	"knows holders in any case": {"claims/a held claim may be that of a holder who is no address", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Held = nil
		for _, held := range c.Held {
			for _, r := range h.tables()["registry_hashscorerlink"] {
				if address := r["address"].(string); strings.EqualFold(address, held.Address) {
					held.Address = address
				}
			}
			other.Held = append(other.Held, held)
		}
		return h.Apply(ctx, &other)
	}}},
}
