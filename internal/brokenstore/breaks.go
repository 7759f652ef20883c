package brokenstore

import (
	"context"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// Applies makes the store write changed change sets. The function may replace
// their lists, and must not modify what they share with the argument of Apply.
func Applies(change func(c *store.Changes)) func(*Store) {
	return func(s *Store) {
		apply := s.On.Apply
		s.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			other := Clone(c)
			change(other)
			return apply(ctx, other)
		}
	}
}

// Loads makes the store return changed snapshots.
func Loads(change func(q store.Query, snapshot *store.Snapshot)) func(*Store) {
	return func(s *Store) {
		load := s.On.Load
		s.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := load(ctx, q)
			if err == nil {
				change(q, snapshot)
			}
			return snapshot, err
		}
	}
}

// Clone returns a copy of the change set with wallets and claims of its own.
func Clone(c *store.Changes) *store.Changes {
	other := *c
	other.Wallets, other.Claims = slices.Clone(c.Wallets), slices.Clone(c.Claims)
	return &other
}

// EditClaims changes each claim of the community. The function reports whether
// it stays.
func (s *Store) EditClaims(community int64, change func(claim *store.StoredClaim) (stays bool)) {
	s.Edit(func(state *store.State) {
		kept := state.Claims[:0]
		for _, claim := range state.Claims {
			if claim.Community != community || change(&claim) {
				kept = append(kept, claim)
			}
		}
		state.Claims = kept
	})
}

// AddClaims makes the claims in the community that the swaps want, where there
// are none.
func (s *Store) AddClaims(community int64, swaps []store.ClaimSwap) {
	s.Edit(func(state *store.State) {
		for _, swap := range swaps {
			same := func(c store.StoredClaim) bool { return c.Community == community && c.Nullifier == swap.Nullifier }
			if !slices.ContainsFunc(state.Claims, same) {
				claim := store.Claim{Nullifier: swap.Nullifier, Holder: swap.To}
				state.Claims = append(state.Claims, store.StoredClaim{Claim: claim, Community: community})
			}
		}
	})
}

// Expect makes the claims what the swaps of the change set expect.
func (s *Store) Expect(c *store.Changes) {
	s.EditClaims(c.Community, func(claim *store.StoredClaim) bool { return SwapOf(c, claim) == nil })
	var expected []store.ClaimSwap
	for _, swap := range c.Claims {
		if !swap.From.Equal(store.Holder{}) {
			expected = append(expected, store.ClaimSwap{Nullifier: swap.Nullifier, To: swap.From})
		}
	}
	s.AddClaims(c.Community, expected)
}

// SwapOf returns the swap of the claim, nil if there is none.
func SwapOf(c *store.Changes, claim *store.StoredClaim) *store.ClaimSwap {
	i := slices.IndexFunc(c.Claims, func(swap store.ClaimSwap) bool { return swap.Nullifier == claim.Nullifier })
	if i < 0 {
		return nil
	}
	return &c.Claims[i]
}

// ApplyLate writes the change set though the credentials have changed since it
// was decided.
func (s *Store) ApplyLate(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	other, addresses := Clone(c), make([]store.Address, len(c.Wallets))
	for i := range c.Wallets {
		addresses[i] = c.Wallets[i].Address
	}
	snapshot, err := s.Good.Load(ctx, store.Query{Community: c.Community, Addresses: addresses})
	if err != nil {
		return nil, err
	}
	for i, live := range snapshot.Wallets {
		w := &other.Wallets[i]
		w.Version = live.Version
		w.Counted = slices.DeleteFunc(slices.Clone(w.Counted), func(id int64) bool {
			return !slices.ContainsFunc(live.Credentials, func(c store.Credential) bool { return c.ID == id })
		})
	}
	receipt, err := s.Good.Apply(ctx, other)
	if err != nil {
		return nil, err
	}
	for i := range c.Wallets {
		if w := &c.Wallets[i]; w.Score.Status == store.StatusDone {
			counted := s.counted(w)
			s.Edit(func(state *store.State) { scoreOf(state, c.Community, w.Address).Counted = counted })
		}
	}
	return receipt, nil
}

// Counted returns the documents of the credentials that the change set counts
// for its first wallet, deleted ones too.
func (s *Store) Counted(c *store.Changes) []store.CountedCredential { return s.counted(&c.Wallets[0]) }

func (s *Store) counted(w *store.WalletChanges) (counted []store.CountedCredential) {
	for _, credential := range s.Good.State().Credentials {
		if slices.Contains(w.Counted, credential.ID) {
			counted = append(counted, store.CountedCredential{Provider: credential.Provider, Document: credential.Document})
		}
	}
	return counted
}

// ScoreOf returns the score of the first wallet of the change set, and one that
// is nowhere if it was never scored.
func ScoreOf(state *store.State, c *store.Changes) *store.StoredScore {
	return scoreOf(state, c.Community, c.Wallets[0].Address)
}

func scoreOf(state *store.State, community int64, address store.Address) *store.StoredScore {
	for i := range state.Scores {
		if at := &state.Scores[i]; at.Community == community && at.Address == address {
			return at
		}
	}
	return &store.StoredScore{}
}
