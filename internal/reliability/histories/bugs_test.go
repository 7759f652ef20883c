package histories_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// The parts of the checker, as the faults that they find begin.
const (
	byClaims  = `n\d in \d: there is no order`
	byWallet  = `(alice|bob|carol): there is no order`
	byPoints  = `key of \w+: there is no order`
	byRows    = `rows: `
	byResult  = `client \d+, (score|preview) .*: `
	byNobody  = `nobody was in the way`
	moment    = time.Microsecond
	elsewhere = 3 // less a community is the other one
)

// bugs are each caught by that part of the checker.
var bugs = map[string]struct {
	by  string
	bug bug
}{
	// Claims that are there to take, and claims that are not.
	"takes live claims": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		b.open(c)
		return b.Store.Apply(ctx, b.fresh(c))
	}}},
	"takes an expired claim for a live one":       {byNobody, applying(func(c *store.Changes) { c.At = c.At.AddDate(-1, 0, 0) })},
	"keeps a claim at the moment that it expires": {byNobody, applying(func(c *store.Changes) { c.At = c.At.Add(-moment) })},
	"lets a claim go a moment before it expires": {byClaims, bug{
		load: func(ctx context.Context, b broken, q store.Query) (*store.Snapshot, error) {
			s, err := b.Store.Load(ctx, q)
			if err == nil {
				for i := range s.Claims {
					if s.Claims[i].ExpiresAt.Equal(s.At.Add(moment)) {
						s.Claims[i].ExpiresAt = s.At
					}
				}
			}
			return s, err
		},
		apply: applying(func(c *store.Changes) { c.At = c.At.Add(moment) }).apply,
	}},
	"looks and writes without a lock": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		if _, err := b.copy().Apply(ctx, c); err != nil {
			return nil, err
		}
		b.pause()
		b.open(c)
		return b.Store.Apply(ctx, b.fresh(c))
	}}},
	"repeats a lost race with the decision of before": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(ctx, c)
		if !errors.Is(err, store.ErrConflict) {
			return receipt, err
		}
		again := b.fresh(c)
		again.Claims = slices.DeleteFunc(slices.Clone(c.Claims), func(claim store.Claim) bool {
			taken := false
			b.links(c.Community, func(link row) bool {
				taken = taken || link["hash"] == claim.Nullifier && link["address"] != claim.Address
				return true
			})
			return taken
		})
		return b.Store.Apply(ctx, again)
	}}},
	"repeats a lost race inside the transaction that it aborted": {byResult, bug{
		load: func(ctx context.Context, b broken, q store.Query) (*store.Snapshot, error) {
			if *b.aborted {
				return nil, store.ErrFault
			}
			return b.Store.Load(ctx, q)
		},
		apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Store.Apply(ctx, c)
			*b.aborted = err != nil
			return receipt, err
		},
	}},
	"ignores the claims that the decision rests on": {byRows, applying(func(c *store.Changes) { c.Held = nil })},

	// What is claimed.
	"claims for too short a time": {byClaims, applying(func(c *store.Changes) {
		own(c, func(claim *store.Claim) { claim.ExpiresAt = claim.ExpiresAt.Add(-time.Hour) })
	})},
	"claims for too long a time": {byClaims, applying(func(c *store.Changes) {
		own(c, func(claim *store.Claim) { claim.ExpiresAt = claim.ExpiresAt.Add(time.Hour) })
	})},
	"drops one of two claims": {byClaims, applying(func(c *store.Changes) { c.Claims = c.Claims[:min(1, len(c.Claims))] })},
	"does not renew claims of its own": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		other := *c
		b.links(c.Community, func(link row) bool {
			other.Claims = slices.DeleteFunc(slices.Clone(other.Claims), func(claim store.Claim) bool {
				return claim.Nullifier == link["hash"] && claim.Address == link["address"]
			})
			return true
		})
		return b.Store.Apply(ctx, &other)
	}}},
	"lets claims go that a rescoring does not mention": {byClaims, having(func(b broken, c *store.Changes) {
		b.links(c.Community, func(link row) bool {
			_, mentioned := on(c.Claims, link)
			return mentioned || link["address"] != c.Wallets[0].Address
		})
	})},
	"frees what another holds": {byClaims, having(func(b broken, c *store.Changes) {
		b.links(c.Community, func(link row) bool {
			_, held := on(c.Held, link)
			return !held
		})
	})},
	"lengthens the claim that another holds": {byClaims, having(func(b broken, c *store.Changes) {
		b.links(c.Community, func(link row) bool {
			if held, found := on(c.Held, link); found {
				link["expires_at"] = held.ExpiresAt.Add(time.Hour)
			}
			return true
		})
	})},
	"claims in the other community": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Claims = nil
		receipt, err := b.Store.Apply(ctx, &other)
		if err == nil {
			for _, claim := range c.Claims {
				b.link(elsewhere-c.Community, claim)
			}
		}
		return receipt, err
	}}},
	"gives nothing to the owner of the clash": {byClaims, applying(func(c *store.Changes) {
		c.Claims = slices.DeleteFunc(c.Claims, func(claim store.Claim) bool { return claim.Address != c.Wallets[0].Address })
	})},
	"gives the wallet's own away as well": {byClaims, having(func(b broken, c *store.Changes) {
		for _, event := range c.Wallets[0].Events {
			var lost struct{ Nullifiers []string }
			must(json.Unmarshal(event.Data, &lost))
			b.links(c.Community, func(link row) bool {
				if slices.Contains(lost.Nullifiers, link["hash"].(string)) && link["address"] == c.Wallets[0].Address {
					link["address"], link["expires_at"] = c.Held[0].Address, c.Held[0].ExpiresAt
				}
				return true
			})
		}
	})},
	// As the engine did: an account could count for any number of wallets.
	"shortens live claims of its own": {byClaims, having(func(b broken, c *store.Changes) {
		b.links(c.Community, func(link row) bool {
			if _, claimed := on(c.Claims, link); claimed && link["address"] == c.Wallets[0].Address {
				link["expires_at"] = lastExpiry(c, link["hash"])
			}
			return true
		})
	})},
	// As both stores did until the histories told.
	"shortens the claim of the owner to whom it gives": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		others := func(claim store.Claim) bool { return claim.Address != c.Wallets[0].Address }
		if slices.ContainsFunc(c.Claims, others) {
			b.links(c.Community, func(link row) bool {
				if claim, found := on(c.Claims, link); found && others(claim) && link["address"] == claim.Address {
					link["expires_at"] = claim.ExpiresAt
				}
				return true
			})
		}
		return b.Store.Apply(ctx, c)
	}}},

	// All or nothing.
	"claims, and then reports a lost race": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			for _, claim := range c.Claims {
				b.link(c.Community, claim)
			}
		}
		return receipt, err
	}}},
	"writes the score, and the claims later": {byClaims, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Claims = nil
		receipt, err := b.Store.Apply(ctx, &other)
		if err == nil {
			b.pause()
			for _, claim := range c.Claims {
				b.link(c.Community, claim)
			}
		}
		return receipt, err
	}}},
	"reports success and writes nothing": {byWallet, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		if b.every(5, "apply") {
			return &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}, nil
		}
		return b.Store.Apply(ctx, c)
	}}},
	"writes, and reports a lost race": {byRows, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(ctx, c)
		if err == nil && b.every(5, "apply") {
			return nil, store.ErrConflict
		}
		return receipt, err
	}}},
	"writes, though the context has ended": {byRows, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(context.WithoutCancel(ctx), c)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return receipt, err
	}}},
	"writes twice": {byRows, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		if _, err := b.Store.Apply(ctx, c); err != nil {
			return nil, err
		}
		return b.Store.Apply(ctx, b.fresh(c))
	}}},

	// The score.
	"ignores the version": {byWallet, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		newest := b.fresh(c)
		newest.Held = c.Held
		return b.Store.Apply(ctx, newest)
	}}},
	"writes scores back that it read before": {byWallet, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		before := b.tables()[scoreTable]
		b.pause()
		receipt, err := b.Store.Apply(ctx, c)
		if err != nil {
			return nil, err
		}
		after := b.tables()[scoreTable]
		for i, score := range after {
			old := slices.IndexFunc(before, func(r row) bool { return r["id"] == score["id"] })
			if old >= 0 && score["id"] != float64(receipt.Wallets[0].ScoreID) {
				after[i] = before[old]
			}
		}
		b.put(scoreTable, after)
		return receipt, nil
	}}},
	"tells the last score from a cache": {byWallet, loading(func(b broken, q store.Query, s *store.Snapshot) {
		s.Wallets[0].Score = previous(b, "score "+name(q), s.Wallets[0].Score)
	})},
	"keeps stamps that count no longer": {byRows, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		before := b.tables()[stampTable]
		receipt, err := b.Store.Apply(ctx, c)
		if err == nil {
			after := b.tables()[stampTable]
			for _, stamp := range before {
				if !slices.ContainsFunc(after, func(r row) bool { return r["id"] == stamp["id"] }) {
					after = append(after, stamp)
				}
			}
			b.put(stampTable, after)
		}
		return receipt, err
	}}},
	"loses the event of a score": {byRows, having(func(b broken, _ *store.Changes) {
		if events := b.tables()[eventTable]; b.every(3, "event") {
			b.put(eventTable, events[:len(events)-1])
		}
	})},
	"loses the events of lost credentials": {byRows, applying(func(c *store.Changes) { c.Wallets[0].Events = nil })},
	"moves the moment of a scoring":        {byResult, loading(func(_ broken, _ store.Query, s *store.Snapshot) { s.At = s.At.Add(time.Minute) })},

	// What is read.
	"reads a snapshot of the past": {byClaims, loading(func(b broken, q store.Query, s *store.Snapshot) { *s = previous(b, name(q), *s) })},
	"reads credentials of one moment and their version of another": {byWallet, bug{load: func(ctx context.Context, b broken, q store.Query) (*store.Snapshot, error) {
		s, err := b.Store.Load(ctx, q)
		if err != nil {
			return nil, err
		}
		b.pause()
		later, err := b.Store.Load(ctx, q)
		if err == nil {
			s.Wallets[0].Version = later.Wallets[0].Version
		}
		return s, err
	}}},
	"lists the claims of the past": {byClaims, bug{claims: func(ctx context.Context, b broken, community int64, address string) ([]store.Claim, error) {
		claims, err := b.Store.ListClaims(ctx, community, address)
		return previous(b, name(store.Query{Community: community, Addresses: []string{address}}), claims), err
	}}},
	"does not list claims that have expired": {byClaims, bug{
		apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
			b.kept["now"] = c.At
			return b.Store.Apply(ctx, c)
		},
		claims: func(ctx context.Context, b broken, community int64, address string) ([]store.Claim, error) {
			claims, err := b.Store.ListClaims(ctx, community, address)
			now, _ := b.kept["now"].(time.Time)
			return slices.DeleteFunc(claims, func(c store.Claim) bool { return !c.ExpiresAt.After(now) }), err
		},
	}},

	// Credentials.
	"replaces credentials in two steps": {byWallet, bug{add: func(ctx context.Context, b broken, address string, credential store.NewCredential) error {
		if _, err := b.DeleteCredentials(ctx, address, credential.Provider); err != nil {
			return err
		}
		b.pause()
		return b.Store.AddCredentials(ctx, address, credential)
	}}},
	"adds a credential, and reports a lost race": {byWallet, bug{add: func(ctx context.Context, b broken, address string, credential store.NewCredential) error {
		err := b.Store.AddCredentials(ctx, address, credential)
		if err == nil && b.every(6, "add") {
			return store.ErrConflict
		}
		return err
	}}},
	"reports a revocation and revokes nothing": {byWallet, bug{revoke: func(ctx context.Context, b broken, proof string) (int, error) {
		if b.every(2, "revoke") {
			return 1, nil
		}
		return b.Store.RevokeCredentials(ctx, proof)
	}}},

	// Points.
	"reports awards that it did not give": {byPoints, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Wallets = slices.Clone(c.Wallets)
		other.Wallets[0].Awards = nil
		receipt, err := b.Store.Apply(ctx, &other)
		if err == nil {
			receipt.Wallets[0].Awards = keys(c)
		}
		return receipt, err
	}}},
	"does not report the awards that it gave": {byPoints, bug{apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(ctx, c)
		if err == nil {
			receipt.Wallets[0].Awards = nil
		}
		return receipt, err
	}}},
	// As pgstore did at REPEATABLE READ until the histories told.
	"gives a key for each nullifier": {byPoints, bug{
		load: loading(func(_ broken, _ store.Query, s *store.Snapshot) { s.Points.Wallets[0].Awards = nil }).load,
		apply: func(ctx context.Context, b broken, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Store.Apply(ctx, c)
			if err != nil {
				return nil, err
			}
			points := b.tables()["registry_humanpoints"]
			for _, award := range keys(c) {
				key := row{"address": c.Wallets[0].Address, "action": award.Action, "provider": award.Provider, "tx_hash": award.TxHash, "chain_id": float64(0)}
				if !slices.ContainsFunc(points, func(r row) bool { return covers(r, key) }) {
					points = append(points, key)
					receipt.Wallets[0].Awards = append(receipt.Wallets[0].Awards, award)
				}
			}
			b.put("registry_humanpoints", points)
			return receipt, nil
		},
	}},
	"records everybody as qualified": {byRows, applying(func(c *store.Changes) { c.Wallets[0].Qualified = true })},
	"records nobody as qualified":    {byRows, applying(func(c *store.Changes) { c.Wallets[0].Qualified = false })},
}
