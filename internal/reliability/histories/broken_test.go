package histories_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/internal/reliability/histories"
	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/store"
)

// A bug breaks a store in one thing.
type bug func(b *brokenstore.Store)

// unit is a unit of work on a broken store.
type unit struct {
	// pause lets the other clients go on in the middle of a call.
	pause func()
	// aborted reports that its transaction has failed.
	aborted bool
	// last is the change set of the unit's last call.
	last atomic.Pointer[store.Changes]
}

type unitKey struct{}

// of returns the unit of work that the call is of.
func of(ctx context.Context) *unit { return ctx.Value(unitKey{}).(*unit) }

// brokenSubject is a subject on a broken store.
type brokenSubject struct{ histories.Direct }

// Do implements [histories.Subject].
func (s brokenSubject) Do(ctx context.Context, work histories.Work) error {
	return s.Direct.Do(context.WithValue(ctx, unitKey{}, &unit{pause: work.Pause}), work)
}

// must panics at an error that only a mistake in a bug can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// onlyChecks reports whether the swap changes nothing.
func onlyChecks(swap store.ClaimSwap) bool { return swap.From.Equal(swap.To) }

// applies is a store with another Apply.
func applies(apply func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error)) bug {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) { return apply(ctx, b, c) }
	}
}

// applying is a store that writes changed change sets.
func applying(change func(c *store.Changes)) bug { return brokenstore.Applies(change) }

// refusing is a store that refuses swaps.
func refusing(refuses func(c *store.Changes, swap store.ClaimSwap) bool) bug {
	return applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		if slices.ContainsFunc(c.Claims, func(swap store.ClaimSwap) bool { return refuses(c, swap) }) {
			return nil, store.ErrConflict
		}
		return b.Good.Apply(ctx, c)
	})
}

// dropping is a store that leaves swaps out.
func dropping(drops func(c *store.Changes, swap store.ClaimSwap) bool) bug {
	return applying(func(c *store.Changes) {
		c.Claims = slices.DeleteFunc(c.Claims, func(swap store.ClaimSwap) bool { return drops(c, swap) })
	})
}

// having is a store that does something more when it has written.
func having(more func(b *brokenstore.Store, c *store.Changes, receipt *store.WalletReceipt)) bug {
	return applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(ctx, c)
		if err == nil {
			more(b, c, &receipt.Wallets[0])
		}
		return receipt, err
	})
}

// leaving is a store that changes claims when it has written.
func leaving(change func(c *store.Changes, claim *store.StoredClaim, swap *store.ClaimSwap) (stays bool)) bug {
	return having(func(b *brokenstore.Store, c *store.Changes, _ *store.WalletReceipt) {
		b.EditClaims(c.Community, func(claim *store.StoredClaim) bool { return change(c, claim, brokenstore.SwapOf(c, claim)) })
	})
}

// expecting is a store that takes some claims for those that the swaps expect.
func expecting(which func(c *store.Changes, now store.Holder, swap *store.ClaimSwap) bool) bug {
	return applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		b.EditClaims(c.Community, func(claim *store.StoredClaim) bool {
			if swap := brokenstore.SwapOf(c, claim); swap != nil && which(c, claim.Holder, swap) {
				claim.Holder = swap.From
			}
			return true
		})
		return b.Good.Apply(ctx, c)
	})
}

// every returns a function that reports each nth of its calls.
func every(n int) func() bool {
	count := 0
	return func() bool {
		count++
		return count%n == 0
	}
}

// previous returns a function that returns the argument of the call before with
// the same query.
func previous[T any]() func(q store.Query, now T) T {
	kept := map[string]T{}
	return func(q store.Query, now T) T {
		name, err := json.Marshal(q)
		must(err)
		before, found := kept[string(name)]
		kept[string(name)] = now
		if !found {
			return now
		}
		return before
	}
}

func about(community int64, address store.Address) store.Query {
	return store.Query{Community: community, Addresses: []store.Address{address}}
}

// lastExpiry is the end of the last of the counting credentials that list the
// nullifier, zero if none does.
func lastExpiry(counted []store.CountedCredential, nullifier string) (last time.Time) {
	for _, c := range counted {
		credential, err := invariants.ReadCredential(c.Document)
		must(err)
		if slices.Contains(credential.Subject.Nullifiers, nullifier) && credential.Expires.After(last) {
			last = credential.Expires
		}
	}
	return last
}

// own changes the claims that the scored wallet takes or lengthens.
func own(change func(to *store.Holder)) bug {
	return applying(func(c *store.Changes) {
		for i := range c.Claims {
			if c.Claims[i].To.Address == c.Wallets[0].Address && !onlyChecks(c.Claims[i]) {
				change(&c.Claims[i].To)
			}
		}
	})
}

// lost returns the nullifiers of the credentials that lost.
func lost(c *store.Changes) (nullifiers []string) {
	for _, event := range c.Wallets[0].Events {
		if event.Action == store.ActionDeduplicated {
			var data struct{ Nullifiers []string }
			must(json.Unmarshal(event.Data, &data))
			nullifiers = append(nullifiers, data.Nullifiers...)
		}
	}
	return nullifiers
}
