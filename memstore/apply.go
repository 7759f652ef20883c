package memstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

const opApply = "apply_changes"

// Apply implements [store.Store]. It stores copies: the change set stays the
// caller's. Its errors, by errors.Is: store.ErrInvalid,
// store.ErrCommunityNotFound, store.ErrConflict and the context's own.
func (s *Store) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if err := ended(ctx, opApply); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, store.Errorf(opApply, store.ErrInvalid, "%w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ended(ctx, opApply); err != nil {
		return nil, err
	}
	w := &writer{data: s.data, community: c.Community, at: microseconds(c.At)}
	if err := w.check(c); err != nil {
		return nil, err
	}
	// Nothing below can fail: what is checked stands, and is written whole.
	return w.write(c), nil
}

// writer writes one change set.
type writer struct {
	*data
	community int64
	at        time.Time
	compared  []stampChanges // for each wallet
}

// check finds out, before anything is written, whether everything can be.
func (w *writer) check(c *store.Changes) error {
	if _, found := w.data.community(c.Community); !found {
		return store.Errorf(opApply, store.ErrCommunityNotFound, "there is no community %d", c.Community)
	}
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		live, _ := w.live(wallet.Address)
		if w.version(wallet.Address) != wallet.Version {
			return store.Errorf(opApply, store.ErrConflict, "the credentials of %s have changed since they were read", wallet.Address)
		}
		stamps, err := w.compareStamps(wallet, live)
		if err != nil {
			return err
		}
		w.compared = append(w.compared, stamps)
	}
	for i, claim := range c.Claims {
		row, found := w.Claims.byNullifier.find(place{claim.Nullifier, w.community})
		if found && !w.mayReplace(row, &claim, c) {
			return store.Errorf(opApply, store.ErrConflict, "what claim %d takes belongs to %s until %s",
				i, row.Address, store.FormatTime(row.ExpiresAt))
		}
	}
	for i, held := range c.Held {
		row, found := w.Claims.byNullifier.find(place{held.Nullifier, w.community})
		if !found || row.Address != held.Address {
			return store.Errorf(opApply, store.ErrConflict, "held claim %d is no longer that of %s", i, held.Address)
		}
	}
	return nil
}

// mayReplace tells whether the claim in the row may become the given one.
func (w *writer) mayReplace(row *claimRow, claim *store.Claim, c *store.Changes) bool {
	scored := func(address string) bool {
		return slices.ContainsFunc(c.Wallets, func(wallet store.WalletChanges) bool { return wallet.Address == address })
	}
	same, expired := row.Address == claim.Address, !row.ExpiresAt.After(w.at)
	longer := microseconds(claim.ExpiresAt).Compare(row.ExpiresAt)
	if scored(claim.Address) {
		return same && longer >= 0 || expired
	}
	return same && longer == 0 || expired && !scored(row.Address)
}

func (w *writer) write(c *store.Changes) *store.Receipt {
	for _, claim := range c.Claims {
		w.claim(claim)
	}
	receipt := &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}
	for i := range c.Wallets {
		wallet, written := &c.Wallets[i], &receipt.Wallets[i]
		written.PassportID = w.passport(wallet.Address)
		written.ScoreID = w.upsertScore(written.PassportID, &wallet.Score)
		if wallet.Score.Status == store.StatusError {
			continue
		}
		w.replaceStamps(written.PassportID, w.compared[i])
		for _, event := range wallet.Events {
			w.event(event.Action, event.Address, bytes.Clone(event.Data))
		}
		w.event(store.ActionScoreUpdate, wallet.Address, wallet.Score.EventData(written.PassportID, written.ScoreID))
		if wallet.Qualified {
			w.qualify(wallet.Address)
		}
		for _, award := range wallet.Awards {
			if w.award(wallet.Address, award) {
				written.Awards = append(written.Awards, award)
			}
		}
	}
	return receipt
}

func (w *writer) claim(claim store.Claim) {
	row := claimRow{
		Hash: claim.Nullifier, CommunityID: w.community, Address: claim.Address, ExpiresAt: microseconds(claim.ExpiresAt),
	}
	old, found := w.Claims.byNullifier.find(place{row.Hash, w.community})
	switch {
	case !found:
		row.ID = w.Claims.nextID()
	case old.Address == row.Address && old.ExpiresAt.Equal(row.ExpiresAt):
		return
	default:
		row.ID = old.ID
	}
	w.Claims.set(&row)
}

func (w *writer) passport(address string) int64 {
	if row, found := w.Passports.byAddress.find(place{address, w.community}); found {
		return row.ID
	}
	row := &passportRow{
		ID: w.Passports.nextID(), Address: &address, CommunityID: new(w.community), RequiresCalculation: new(false),
	}
	w.Passports.set(row)
	return row.ID
}

func (w *writer) upsertScore(passport int64, score *store.Score) int64 {
	row := &scoreRow{
		PassportID:         passport,
		Status:             new(string(score.Status)),
		LastScoreTimestamp: microseconds(score.ScoredAt),
		ExpirationDate:     microseconds(score.ExpiresAt),
		Evidence:           bytes.Clone(score.Evidence),
		StampScores:        bytes.Clone(score.StampScores),
		Stamps:             bytes.Clone(score.Stamps),
		Error:              textOrNull(score.Error),
	}
	if score.Value != "" {
		row.Score = decimal(score.Value + ".000000000")
	}
	old, found := w.Scores.byPassport.find(passport)
	switch {
	case !found:
		row.ID = w.Scores.nextID()
	case old.same(row):
		return old.ID
	default:
		row.ID = old.ID
	}
	w.Scores.set(row)
	return row.ID
}

// same tells whether the rows differ in nothing but their id.
func (r *scoreRow) same(other *scoreRow) bool {
	return r.Score == other.Score && equal(r.Error, other.Error) && equal(r.Status, other.Status) &&
		r.LastScoreTimestamp.Equal(other.LastScoreTimestamp) && r.ExpirationDate.Equal(other.ExpirationDate) &&
		bytes.Equal(r.Evidence, other.Evidence) && bytes.Equal(r.StampScores, other.StampScores) &&
		bytes.Equal(r.Stamps, other.Stamps)
}

func equal[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (w *writer) event(action, address string, data document) {
	w.Events.set(&eventRow{
		ID: w.Events.nextID(), Action: action, Address: address,
		CreatedAt: w.at, Data: data, CommunityID: new(w.community),
	})
}

func (w *writer) qualify(address string) {
	if _, found := w.Qualified.byPlace.find(place{address, w.community}); !found {
		w.Qualified.set(&qualifiedRow{ID: w.Qualified.nextID(), Address: address, CommunityID: w.community})
	}
}

// award gives the award, unless it is one that the address has already, that
// has run out, or that takes more communities.
func (w *writer) award(address string, award store.Award) bool {
	if len(w.Points.byOnce.find(once{address, award.Action, award.Provider})) > 0 {
		return false
	}
	if award.Limit > 0 && len(w.Points.byAction.find(award.Action)) >= award.Limit ||
		award.Communities > len(w.Qualified.byAddress.find(address)) {
		return false
	}
	w.Points.set(&pointRow{
		ID: w.Points.nextID(), Address: address, Action: award.Action, Timestamp: w.at,
		TxHash: award.TxHash, Provider: award.Provider,
	})
	return true
}
