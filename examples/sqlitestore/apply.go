package sqlitestore

import (
	"context"

	"github.com/passport-sdk/passport-go/store"
)

// Apply implements [store.Store].
func (s *Store) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	receipt := &store.Receipt{}
	err := s.run(ctx, "apply", writing, c.Validate(), func(t *transaction) {
		t.community(c.Community)
		for i := range c.Wallets {
			t.applyWallet(c, &c.Wallets[i])
			receipt.Wallets = append(receipt.Wallets, store.WalletReceipt{})
		}
		for _, swap := range c.Claims {
			t.applySwap(c.Community, swap)
		}
	})
	if err != nil {
		return nil, err
	}
	return receipt, nil
}

func (t *transaction) applyWallet(c *store.Changes, w *store.WalletChanges) {
	if t.version(w.Address) != w.Version {
		t.refusef(store.ErrConflict, "the credentials of %s have changed", w.Address)
	}
	t.insertScore(c.Community, w.Address, &w.Score)
	if w.Score.Status == store.StatusError {
		return // what counted before stays
	}
	t.exec(`DELETE FROM counted WHERE community = ? AND address = ?`, c.Community, w.Address)
	for _, id := range w.Counted {
		if t.exec(`
			INSERT INTO counted
			SELECT ?, address, provider, document FROM credentials
			WHERE id = ? AND address = ? AND NOT is_deleted AND NOT is_revoked`, c.Community, id, w.Address) == 0 {
			t.refusef(store.ErrInvalid, "%s has no credential %d to count", w.Address, id)
		}
	}
	for _, e := range w.Events {
		t.exec(`INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?)`, c.Community, e.Address, e.Action, string(e.Data), c.At)
	}
}

func (t *transaction) insertScore(community int64, address store.Address, s *store.Score) {
	t.exec(`
		INSERT OR REPLACE INTO scores
		VALUES (?, ?, ?, ?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, ''))`,
		community, address, s.Status, s.Value, s.ScoredAt, s.ExpiresAt, s.Error,
		string(s.Evidence), string(s.StampScores), string(s.Stamps))
}

// applySwap compares and swaps a claim: no other writer is at work.
func (t *transaction) applySwap(community int64, swap store.ClaimSwap) {
	holder, _ := t.holder(community, swap.Nullifier)
	switch {
	case holder.Equal(swap.To):
	case holder.Equal(swap.From):
		t.exec(`INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)`,
			community, swap.Nullifier, swap.To.Address, swap.To.ExpiresAt)
	default:
		t.refusef(store.ErrConflict, "a claim has changed") // errors reach logs: it does not name the nullifier
	}
}
