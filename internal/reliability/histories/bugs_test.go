package histories_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// The parts of the checker, as their findings begin.
const (
	byClaims  = `n\d in \d: there is no order`
	byWallet  = `(alice|bob|carol): there is no order`
	byPoints  = `key of \w+: there is no order`
	byRows    = `rows: `
	byResult  = `client \d+, (score|preview) .*: `
	byAlone   = `no other client was at work`
	shortest  = time.Microsecond
	elsewhere = 3 // less a community is the other one
)

// seeded is a bug that is caught by that part of the checker.
type seeded struct {
	by  string
	bug bug
}

// byBulk are the parts that catch the faults of batches, of known wallets and
// of scores that are left alone.
var byBulk = map[string]string{
	"has a version that stays when a document changes":      byWallet,
	"has a version that stays when a credential is revoked": byWallet,
	"reads the claims of a known wallet once":               byClaims,
	"loses the claims of one wallet of several":             byClaims,
	"writes half of several wallets":                        byWallet,
	"keeps stamps if as many count as before":               byRows,
	"writes several wallets by the first's stamps":          byRows,
}

// bugs are each caught by that part of the checker.
var bugs = map[string]seeded{
	// Claims that are there to take, and claims that are not.
	"takes live claims": {byClaims, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		b.Expect(c)
		return b.ApplyLate(ctx, c)
	})},
	"compares the holders of claims and not their ends": {byClaims, expecting(func(_ *store.Changes, now store.Holder, swap *store.ClaimSwap) bool {
		return now.Address == swap.From.Address
	})},
	"refuses to take an expired claim": {byAlone, refusing(func(_ *store.Changes, swap store.ClaimSwap) bool {
		return swap.From.Address != "" && swap.From.Address != swap.To.Address
	})},
	"keeps a claim at the time of its end": {byAlone, refusing(func(c *store.Changes, swap store.ClaimSwap) bool {
		return swap.From.Address != swap.To.Address && swap.From.ExpiresAt.Equal(c.At)
	})},
	"lets a claim go a moment before it expires": {byClaims, func(b *brokenstore.Store) {
		brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
			for i := range s.Claims {
				if s.Claims[i].ExpiresAt.Equal(s.At.Add(shortest)) {
					s.Claims[i].ExpiresAt = s.At
				}
			}
		})(b)
		applying(func(c *store.Changes) {
			for i := range c.Claims {
				if from := &c.Claims[i].From; from.ExpiresAt.Equal(c.At) && from.Address != c.Claims[i].To.Address {
					from.ExpiresAt = c.At.Add(shortest)
				}
			}
		})(b)
	}},
	"looks and writes without a lock": {byClaims, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		if _, err := b.Like(func(*store.State) {}).Apply(ctx, c); err != nil {
			return nil, err
		}
		of(ctx).pause()
		b.Expect(c)
		return b.ApplyLate(ctx, c)
	})},
	"repeats a lost race with the decision of before": {byClaims, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(ctx, c)
		if !errors.Is(err, store.ErrConflict) {
			return receipt, err
		}
		again := brokenstore.Clone(c)
		b.EditClaims(c.Community, func(claim *store.StoredClaim) bool {
			again.Claims = slices.DeleteFunc(again.Claims, func(swap store.ClaimSwap) bool {
				return swap.Nullifier == claim.Nullifier && swap.To.Address != claim.Address
			})
			return true
		})
		b.Expect(again)
		return b.ApplyLate(ctx, again)
	})},
	"repeats a lost race inside the transaction that it aborted": {byResult, func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			if of(ctx).aborted {
				return nil, store.ErrInternal
			}
			return b.Good.Load(ctx, q)
		}
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			of(ctx).aborted = err != nil
			return receipt, err
		}
	}},
	"ignores the claims that the decision rests on": {byRows, dropping(func(_ *store.Changes, swap store.ClaimSwap) bool { return onlyChecks(swap) })},

	// The claims that are written.
	"claims for too short a time": {byClaims, own(func(to *store.Holder) { to.ExpiresAt = to.ExpiresAt.Add(-time.Hour) })},
	"claims for too long a time":  {byClaims, own(func(to *store.Holder) { to.ExpiresAt = to.ExpiresAt.Add(time.Hour) })},
	"drops one of two claims":     {byClaims, applying(func(c *store.Changes) { c.Claims = c.Claims[:min(1, len(c.Claims))] })},
	"does not renew claims of its own": {byClaims, dropping(func(_ *store.Changes, swap store.ClaimSwap) bool {
		return swap.From.Address == swap.To.Address
	})},
	"lets claims go that a rescoring does not mention": {byClaims, leaving(func(c *store.Changes, claim *store.StoredClaim, swap *store.ClaimSwap) bool {
		return swap != nil || claim.Address != c.Wallets[0].Address
	})},
	"frees what another holds": {byClaims, leaving(func(c *store.Changes, claim *store.StoredClaim, swap *store.ClaimSwap) bool {
		return swap == nil || !onlyChecks(*swap) || claim.Address == c.Wallets[0].Address
	})},
	"lengthens the claim that another holds": {byClaims, leaving(func(c *store.Changes, claim *store.StoredClaim, swap *store.ClaimSwap) bool {
		if swap != nil && onlyChecks(*swap) && claim.Address != c.Wallets[0].Address {
			claim.ExpiresAt = claim.ExpiresAt.Add(time.Hour)
		}
		return true
	})},
	"claims in the other community": {byClaims, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		other := brokenstore.Clone(c)
		other.Claims = nil
		receipt, err := b.Good.Apply(ctx, other)
		if err == nil {
			b.AddClaims(elsewhere-c.Community, c.Claims)
		}
		return receipt, err
	})},
	"gives nothing to the owner of the clash": {byClaims, dropping(func(c *store.Changes, swap store.ClaimSwap) bool {
		return swap.To.Address != c.Wallets[0].Address
	})},
	"gives the wallet's own away as well": {byClaims, leaving(func(c *store.Changes, claim *store.StoredClaim, _ *store.ClaimSwap) bool {
		if claim.Address == c.Wallets[0].Address && slices.Contains(lost(c), claim.Nullifier) {
			clash := slices.IndexFunc(c.Claims, func(s store.ClaimSwap) bool { return onlyChecks(s) && s.To.Address != c.Wallets[0].Address })
			claim.Holder = c.Claims[clash].To
		}
		return true
	})},
	// As the engine did: an account could count for any number of wallets.
	"shortens live claims of its own": {byClaims, having(func(b *brokenstore.Store, c *store.Changes, _ *store.WalletReceipt) {
		counted := b.Counted(c)
		b.EditClaims(c.Community, func(claim *store.StoredClaim) bool {
			if last := lastExpiry(counted, claim.Nullifier); claim.Address == c.Wallets[0].Address && !last.IsZero() {
				claim.ExpiresAt = last
			}
			return true
		})
	})},
	// As both stores did when claims were no swaps.
	"shortens the claim of the owner to whom it gives": {byClaims, expecting(func(c *store.Changes, now store.Holder, swap *store.ClaimSwap) bool {
		return swap.To.Address != c.Wallets[0].Address && now.Address == swap.To.Address
	})},

	// All or nothing.
	"claims, and then reports a lost race": {byClaims, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			b.AddClaims(c.Community, c.Claims)
		}
		return receipt, err
	})},
	"writes the score, and the claims later": {byClaims, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		other := brokenstore.Clone(c)
		other.Claims = nil
		receipt, err := b.Good.Apply(ctx, other)
		if err == nil {
			of(ctx).pause()
			b.AddClaims(c.Community, c.Claims)
		}
		return receipt, err
	})},
	"reports success and writes nothing": {byWallet, func(b *brokenstore.Store) {
		nth := every(5)
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			if nth() {
				given := make([]bool, len(c.Wallets[0].Awards))
				return &store.Receipt{Wallets: []store.WalletReceipt{{Given: given}}}, nil
			}
			return b.Good.Apply(ctx, c)
		}
	}},
	"writes, and reports a lost race": {byRows, func(b *brokenstore.Store) {
		nth := every(5)
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			if err == nil && nth() {
				return nil, store.ErrConflict
			}
			return receipt, err
		}
	}},
	"writes, though the context has ended": {byRows, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(context.WithoutCancel(ctx), c)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return receipt, err
	})},
	"writes twice": {byRows, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		if _, err := b.Good.Apply(ctx, c); err != nil {
			return nil, err
		}
		return b.Good.Apply(ctx, c)
	})},

	// The score.
	"ignores the version": {byWallet, func(b *brokenstore.Store) { b.On.Apply = b.ApplyLate }},
	"writes scores back that it read before": {byWallet, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		before := b.Good.State()
		of(ctx).pause()
		receipt, err := b.Good.Apply(ctx, c)
		if err == nil {
			b.Edit(func(s *store.State) {
				written := *brokenstore.ScoreOf(s, c)
				s.Scores = before.Scores
				if old := brokenstore.ScoreOf(s, c); old.Community != 0 {
					*old = written
				} else {
					s.Scores = append(s.Scores, written)
				}
			})
		}
		return receipt, err
	})},
	"reads the last score from a cache": {byWallet, func(b *brokenstore.Store) {
		before := previous[*store.RecordedScore]()
		b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
			score, err := b.Good.LastScore(ctx, community, address)
			if err != nil {
				return nil, err
			}
			return before(about(community, address), score), nil
		}
	}},
	"keeps stamps that count no longer": {byRows, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		state := b.Good.State()
		before := brokenstore.ScoreOf(&state, c).Counted
		receipt, err := b.Good.Apply(ctx, c)
		if err == nil {
			counted := b.Counted(c)
			for _, old := range before {
				same := func(c store.CountedCredential) bool { return bytes.Equal(c.Document, old.Document) }
				if !slices.ContainsFunc(counted, same) {
					counted = append(counted, old)
				}
			}
			b.Edit(func(s *store.State) { brokenstore.ScoreOf(s, c).Counted = counted })
		}
		return receipt, err
	})},
	"counts the wallet's other credentials as well": {byRows, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		other := brokenstore.Clone(c)
		for _, credential := range b.Good.State().Credentials {
			live := credential.Address == c.Wallets[0].Address && !credential.Deleted && !credential.Revoked
			if live && c.Wallets[0].Score.Status == store.StatusDone && !slices.Contains(c.Wallets[0].Counted, credential.ID) {
				other.Wallets[0].Counted = append(slices.Clip(other.Wallets[0].Counted), credential.ID)
			}
		}
		return b.Good.Apply(ctx, other)
	})},
	"counts one credential less": {byRows, applying(func(c *store.Changes) {
		c.Wallets[0].Counted = c.Wallets[0].Counted[:max(0, len(c.Wallets[0].Counted)-1)]
	})},
	"loses the event of a score": {byRows, func(b *brokenstore.Store) {
		nth := every(3)
		having(func(b *brokenstore.Store, _ *store.Changes, _ *store.WalletReceipt) {
			if nth() {
				b.Edit(func(s *store.State) { s.Events = s.Events[:len(s.Events)-1] })
			}
		})(b)
	}},
	"loses the events of lost credentials": {byRows, applying(func(c *store.Changes) {
		c.Wallets[0].Events = slices.DeleteFunc(slices.Clone(c.Wallets[0].Events), func(e store.Event) bool { return e.Action == store.ActionDeduplicated })
	})},
	"moves the time of a scoring": {byResult, brokenstore.Loads(func(_ store.Query, s *store.Snapshot) { s.At = s.At.Add(time.Minute) })},

	// The content that is read.
	"reads a snapshot of the past": {byClaims, func(b *brokenstore.Store) {
		before := previous[store.Snapshot]()
		brokenstore.Loads(func(q store.Query, s *store.Snapshot) { *s = before(q, *s) })(b)
	}},
	"reads credentials of one time and their version of another": {byWallet, func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			s, err := b.Good.Load(ctx, q)
			if err != nil {
				return nil, err
			}
			of(ctx).pause()
			later, err := b.Good.Load(ctx, q)
			if err == nil {
				s.Wallets[0].Version = later.Wallets[0].Version
			}
			return s, err
		}
	}},
	"lists the claims of the past": {byClaims, func(b *brokenstore.Store) {
		before := previous[[]store.Claim]()
		b.On.ListClaims = func(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
			claims, err := b.Good.ListClaims(ctx, community, address)
			return before(about(community, address), claims), err
		}
	}},
	"does not list claims that have expired": {byClaims, func(b *brokenstore.Store) {
		var now time.Time
		having(func(_ *brokenstore.Store, c *store.Changes, _ *store.WalletReceipt) { now = c.At })(b)
		b.On.ListClaims = func(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
			claims, err := b.Good.ListClaims(ctx, community, address)
			return slices.DeleteFunc(claims, func(c store.Claim) bool { return !c.ExpiresAt.After(now) }), err
		}
	}},

	// Credentials.
	"replaces credentials in two steps": {byWallet, func(b *brokenstore.Store) {
		b.On.AddCredentials = func(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
			if _, err := b.Good.DeleteCredentials(ctx, address, credentials[0].Provider); err != nil {
				return err
			}
			of(ctx).pause()
			return b.Good.AddCredentials(ctx, address, credentials...)
		}
	}},
	"adds a credential, and reports a lost race": {byWallet, func(b *brokenstore.Store) {
		nth := every(6)
		b.On.AddCredentials = func(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
			err := b.Good.AddCredentials(ctx, address, credentials...)
			if err == nil && nth() {
				return store.ErrConflict
			}
			return err
		}
	}},
	"reports a revocation and revokes nothing": {byWallet, func(b *brokenstore.Store) {
		nth := every(2)
		b.On.RevokeCredentials = func(ctx context.Context, proofs ...string) (int, error) {
			if nth() {
				return 1, nil
			}
			return b.Good.RevokeCredentials(ctx, proofs...)
		}
	}},

	// Points.
	"reports awards that it did not give": {byPoints, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		other := brokenstore.Clone(c)
		other.Wallets[0].Awards = nil
		receipt, err := b.Good.Apply(ctx, other)
		if err == nil {
			for _, award := range c.Wallets[0].Awards {
				receipt.Wallets[0].Given = append(receipt.Wallets[0].Given, award.Communities == 0)
			}
		}
		return receipt, err
	})},
	"does not report the awards that it gave": {byPoints, having(func(_ *brokenstore.Store, _ *store.Changes, receipt *store.WalletReceipt) {
		clear(receipt.Given)
	})},
	// As pgstore did at REPEATABLE READ until the histories found it.
	"gives a key for each nullifier": {byPoints, func(b *brokenstore.Store) {
		brokenstore.Loads(func(_ store.Query, s *store.Snapshot) { s.Points.Wallets[0].Points = nil })(b)
		having(func(b *brokenstore.Store, c *store.Changes, receipt *store.WalletReceipt) {
			for i, award := range c.Wallets[0].Awards {
				key := store.StoredPoint{
					HumanPoint: store.HumanPoint{Action: award.Action, Provider: award.Provider, TxHash: award.TxHash},
					Address:    c.Wallets[0].Address, At: c.At,
				}
				same := func(p store.StoredPoint) bool { return p.Address == key.Address && p.HumanPoint == key.HumanPoint }
				if award.Communities == 0 && !slices.ContainsFunc(b.Good.State().Points, same) {
					b.Edit(func(s *store.State) { s.Points = append(s.Points, key) })
					receipt.Given[i] = true
				}
			}
		})(b)
	}},
	"records every wallet as qualified": {byRows, applying(func(c *store.Changes) { c.Wallets[0].Qualified = true })},
	"records no wallet as qualified":    {byRows, applying(func(c *store.Changes) { c.Wallets[0].Qualified = false })},
}
