package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// swapsAs is a store that writes other swaps, in view of the claims that there
// are.
func swapsAs(change func(now *store.StoredClaim, swap *store.ClaimSwap)) broken {
	return func(b *brokenstore.Store) {
		applies(func(c *store.Changes) {
			state := b.Good.State()
			for i := range c.Claims {
				change(claimOn(&state, c.Community, c.Claims[i].Nullifier), &c.Claims[i])
			}
		})(b)
	}
}

// expects is a store that takes the claim for the expected one in some cases.
func expects(which func(now store.Holder, swap *store.ClaimSwap) bool) broken {
	return swapsAs(func(now *store.StoredClaim, swap *store.ClaimSwap) {
		holder := store.Holder{}
		if now != nil {
			holder = now.Holder
		}
		if which(holder, swap) {
			check := swap.From.Equal(swap.To)
			swap.From = holder
			if check {
				swap.To = holder
			}
		}
	})
}

// conflicts is a store that sees a conflict in some swaps.
func conflicts(which func(now store.Holder, swap store.ClaimSwap) bool) broken {
	return refusesChanges(store.ErrConflict, func(s store.State, c *store.Changes) bool {
		return slices.ContainsFunc(c.Claims, func(swap store.ClaimSwap) bool {
			holder := store.Holder{}
			if now := claimOn(&s, c.Community, swap.Nullifier); now != nil {
				holder = now.Holder
			}
			return which(holder, swap)
		})
	})
}

// dropsSwaps is a store that ignores some swaps.
func dropsSwaps(which func(swap store.ClaimSwap) bool) broken {
	return applies(func(c *store.Changes) { c.Claims = slices.DeleteFunc(c.Claims, which) })
}

func isCheck(swap store.ClaimSwap) bool { return swap.From.Equal(swap.To) }

func isFromNone(swap store.ClaimSwap) bool { return swap.From == store.Holder{} }

func isAny(store.Holder, *store.ClaimSwap) bool { return true }

// noonOfCases is the time of the cases' change sets.
var noonOfCases = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func hasExpired(h store.Holder) bool { return h.ExpiresAt.Before(noonOfCases) }

// brokenClaims are stores that mind claims too little or too much.
var brokenClaims = map[string]fault{
	"writes any claim": {"claims", expects(isAny)},
	"loses claims":     {"claims/from none writes", dropsSwaps(isFromNone)},
	"loses claims of others": {"claims/from none for another wallet writes", applies(func(c *store.Changes) {
		claimsForFirst(c)
	})},
	"takes claims of others": {"claims/from none when another has it is a conflict", expects(isAny)},
	"takes an expired claim": {"claims/from none when an expired one is there is a conflict", expects(func(now store.Holder, _ *store.ClaimSwap) bool { return hasExpired(now) })},
	"takes any own claim":    {"claims/from none when it is longer is a conflict", expects(func(now store.Holder, swap *store.ClaimSwap) bool { return now.Address == swap.To.Address })},
	"does not know its own":  {"claims/from none when it is there already writes", conflicts(func(now store.Holder, swap store.ClaimSwap) bool { return !now.Equal(swap.From) })},
	"keeps what it has":      {"claims/from another writes", dropsSwaps(func(swap store.ClaimSwap) bool { return !isFromNone(swap) })},
	"never takes an expired": {"claims/from another that has expired writes", conflicts(func(now store.Holder, _ store.ClaimSwap) bool { return hasExpired(now) && now != store.Holder{} })},
	"claims for nobody else": {"claims/from another to a third writes", conflicts(func(_ store.Holder, swap store.ClaimSwap) bool {
		return strings.HasPrefix(string(swap.To.Address), "0xca401")
	})},
	"takes none for another":   {"claims/from another when none is there is a conflict", expects(func(now store.Holder, _ *store.ClaimSwap) bool { return now == store.Holder{} })},
	"takes a third":            {"claims/from another when a third has it is a conflict", expects(func(now store.Holder, swap *store.ClaimSwap) bool { return now.Address != swap.From.Address })},
	"looks at the address":     {"claims/from another when it is longer is a conflict", expects(func(now store.Holder, swap *store.ClaimSwap) bool { return now.Address == swap.From.Address })},
	"wants the first from":     {"claims/from another when it is there already writes", conflicts(func(now store.Holder, swap store.ClaimSwap) bool { return !now.Equal(swap.From) })},
	"never lengthens":          {"claims/from a shorter one writes", conflicts(func(now store.Holder, swap store.ClaimSwap) bool { return swap.To.ExpiresAt.After(now.ExpiresAt) })},
	"never shortens":           {"claims/from a longer one writes", conflicts(func(now store.Holder, swap store.ClaimSwap) bool { return swap.To.ExpiresAt.Before(now.ExpiresAt) })},
	"wants the shorter one":    {"claims/from a shorter one when it is there already writes", conflicts(func(now store.Holder, swap store.ClaimSwap) bool { return !now.Equal(swap.From) })},
	"wants an address to take": {"claims/a holder that is no address writes", refusesChanges(store.ErrInvalid, oddHolder)},

	"checks by writing":         {"claims/a check of the same writes", conflicts(func(_ store.Holder, swap store.ClaimSwap) bool { return isCheck(swap) })},
	"checks that none expired":  {"claims/a check of one that has expired writes", conflicts(func(now store.Holder, _ store.ClaimSwap) bool { return hasExpired(now) })},
	"wants an address to check": {"claims/a check of a holder that is no address writes", refusesChanges(store.ErrInvalid, oddHolder)},
	"knows holders in any case": {"claims/a check of the address in another case is a conflict", expects(func(now store.Holder, swap *store.ClaimSwap) bool {
		return strings.EqualFold(string(now.Address), string(swap.From.Address))
	})},
	"makes what it checks":           {"claims/a check when none is there is a conflict", expects(func(now store.Holder, _ *store.ClaimSwap) bool { return now == store.Holder{} })},
	"checks that there is a holder":  {"claims/a check when another has it is a conflict", dropsSwaps(isCheck)},
	"checks the address":             {"claims/a check when it is longer is a conflict", dropsSwaps(isCheck)},
	"has an end for a conflict":      {"claims/a conflict is worth another attempt", otherwise(store.ErrConflict, func(error) error { return &store.Error{Op: "apply", Kind: store.ErrConflict, Final: true} })},
	"names nullifiers":               {"claims/from none when another has it is a conflict", namesNullifiers},
	"checks the first claim":         {"claims/one conflict among many writes none of them", applies(func(c *store.Changes) { c.Claims = c.Claims[:min(1, len(c.Claims))] })},
	"turns a conflict into success":  {"claims", succeeds},
	"has claims for all communities": {"claims/a claim of another community is another claim", conflictsInAll(func(a, b string) bool { return a == b })},
	"finds claims of any community": {"claims/a claim of another community is another claim", func(b *brokenstore.Store) {
		applies(func(c *store.Changes) {
			state := b.Good.State()
			c.Claims = slices.DeleteFunc(c.Claims, func(swap store.ClaimSwap) bool {
				return slices.ContainsFunc(state.Claims, func(c store.StoredClaim) bool { return c.Nullifier == swap.Nullifier && c.Equal(swap.To) })
			})
		})(b)
	}},
	"knows nullifiers in any case": {"claims/nullifiers that differ in case are different", conflictsInAll(strings.EqualFold)},
	"drops claims without a swap": {"claims/claims without a swap stay", beforeApply(func(c *store.Changes, s *store.State) {
		s.Claims = slices.DeleteFunc(s.Claims, func(claim store.StoredClaim) bool {
			return !slices.ContainsFunc(c.Claims, func(swap store.ClaimSwap) bool { return swap.Nullifier == claim.Nullifier })
		})
	})},
	"keeps claims by the second": {"claims/an expiry to the microsecond", swapsAs(func(_ *store.StoredClaim, swap *store.ClaimSwap) {
		swap.To.ExpiresAt = swap.To.ExpiresAt.Truncate(time.Second)
	})},
	"compares nanoseconds": {"claims/an expiry to the microsecond", conflicts(func(now store.Holder, swap store.ClaimSwap) bool {
		return now != store.Holder{} && !now.ExpiresAt.Equal(swap.To.ExpiresAt)
	})},
	"compares claims by the clock": {"claims/an expiry in another zone", conflicts(func(_ store.Holder, swap store.ClaimSwap) bool {
		return swap.From.ExpiresAt.Hour() != swap.From.ExpiresAt.UTC().Hour()
	})},
}

func oddHolder(_ store.State, c *store.Changes) bool {
	return slices.ContainsFunc(c.Claims, func(swap store.ClaimSwap) bool { return !isFromNone(swap) && !swap.From.Address.Valid() })
}

// succeeds is a store that returns success for a conflict.
func succeeds(b *brokenstore.Store) {
	apply := b.On.Apply
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := apply(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			return &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}, nil
		}
		return receipt, err
	}
}

func namesNullifiers(b *brokenstore.Store) {
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			err = store.Errorf("apply", store.ErrConflict, "%s is taken", c.Claims[0].Nullifier)
		}
		return receipt, err
	}
}

// conflictsInAll is a store that sees a conflict with claims of any community
// on a nullifier that is the same by its own rule.
func conflictsInAll(same func(a, b string) bool) broken {
	return refusesChanges(store.ErrConflict, func(s store.State, c *store.Changes) bool {
		return slices.ContainsFunc(s.Claims, func(claim store.StoredClaim) bool {
			return slices.ContainsFunc(c.Claims, func(swap store.ClaimSwap) bool {
				return same(claim.Nullifier, swap.Nullifier) && !claim.Equal(swap.From)
			})
		})
	})
}
