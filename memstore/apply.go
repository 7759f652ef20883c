package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Apply implements [store.Store]. It stores copies of what it is given.
func (s *Store) Apply(ctx context.Context, c *store.Changes) (receipt *store.Receipt, err error) {
	err = s.update(ctx, "apply_changes", c.Validate(), func(d *data, _ time.Time) error {
		counted, err := d.check(c)
		if err == nil {
			receipt = d.write(c, counted)
		}
		return err
	})
	return receipt, err
}

// check returns an error if the change set cannot be written, and otherwise
// each wallet's credentials that count.
func (d *data) check(c *store.Changes) ([][]store.CountedCredential, error) {
	if _, err := d.community(c.Community); err != nil {
		return nil, err
	}
	counted := make([][]store.CountedCredential, len(c.Wallets))
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		read, excess := d.read(wallet.Address)
		if version(read, excess) != wallet.Version {
			return nil, fail(store.ErrConflict,
				"the credentials of %s have changed since they were read", wallet.Address)
		}
		for _, id := range wallet.Counted {
			at := slices.IndexFunc(read, func(c *credential) bool { return c.ID == id })
			if at < 0 {
				return nil, fail(store.ErrInvalid, "%s has no credential %d", wallet.Address, id)
			}
			counted[i] = append(counted[i], store.CountedCredential{Provider: read[at].Provider, Document: read[at].Document})
		}
	}
	for i, swap := range c.Claims {
		holder := d.claims[c.Community][swap.Nullifier] // zero if there is none
		if !holder.Equal(swap.From) && !holder.Equal(swap.To) {
			return nil, fail(store.ErrConflict, "claim %d has changed since it was read", i)
		}
	}
	return counted, d.checkGroups(c)
}

func (d *data) write(c *store.Changes, counted [][]store.CountedCredential) *store.Receipt {
	for _, swap := range c.Claims {
		if !swap.From.Equal(swap.To) {
			d.setClaim(c.Community, store.Claim{Nullifier: swap.Nullifier, Holder: swap.To})
		}
	}
	d.writeGroups(c)
	receipt := &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}
	for i := range c.Wallets {
		w, at := &c.Wallets[i], place{c.Wallets[i].Address, c.Community}
		if w.Score.Status == store.StatusError {
			counted[i] = d.scores[at].Counted
		}
		d.scores[at] = store.StoredScore{
			Score: cloneScore(w.Score), Community: c.Community, Address: w.Address, Counted: counted[i],
		}
		for _, event := range w.Events {
			recorded := store.RecordedEvent{Event: event, ID: d.lastEvent + 1, At: c.At}
			d.addEvent(store.StoredEvent{RecordedEvent: recorded, Community: c.Community})
		}
		if w.Qualified {
			d.qualify(w.Address, c.Community)
		}
		given := make([]bool, len(w.Awards))
		for i, award := range w.Awards {
			if given[i] = d.earned(w.Address, &award); given[i] {
				point := store.HumanPoint{Action: award.Action, Provider: award.Provider, TxHash: award.TxHash}
				d.addPoint(store.StoredPoint{HumanPoint: point, Address: w.Address, At: c.At})
			}
		}
		receipt.Wallets[i].Given = given
	}
	return receipt
}

// earned reports whether the conditions of the award hold.
func (d *data) earned(address store.Address, award *store.Award) bool {
	has := func(p store.StoredPoint) bool { return p.Action == award.Action && p.Provider == award.Provider }
	return !slices.ContainsFunc(d.points[address], has) &&
		(award.Limit == 0 || d.given[award.Action] < award.Limit) &&
		len(d.qualified[address]) >= award.Communities
}
