package pgstore

import (
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// apply returns the calls that write the change set, in the order of their
// locks. Each writes for all wallets at once; those that have nothing to write
// are left out. It returns store.ErrInvalid if a wallet counts a credential
// that it does not have.
func (t texts) apply(c *store.Changes, receipt *receiptReader) ([]call, error) {
	addresses, rows := make([]string, len(c.Wallets)), make([]string, len(c.Wallets))
	versions := make([]walletVersion, len(c.Wallets))
	for i := range c.Wallets {
		addresses[i], versions[i] = string(c.Wallets[i].Address), parseVersion(c.Wallets[i].Version)
		rows[i] = versions[i].rows
	}
	calls := make([]call, 0, 16)
	calls = append(calls,
		t.call("upsert_passport", c.Community, addresses),
		t.call("lock_passport", c.Community, addresses),
		t.call("verify_credentials", addresses, rows),
	)
	calls = append(calls, t.writeClaims(c)...)
	stamps, err := t.writeStamps(c, versions)
	if err != nil {
		return nil, err
	}
	calls = append(calls, stamps...)
	calls = append(calls, t.writeScores(c))
	return append(calls, t.writePoints(c, receipt)...), nil
}

// writeClaims inserts new claims before it locks those that it updates: each of
// the two takes its locks by nullifier, and a scoring that waits in the first
// holds none of the second, so scorings do not deadlock. Last it checks all of
// them; most are unchanged, and cost nothing else.
func (t texts) writeClaims(c *store.Changes) []call {
	if len(c.Claims) == 0 {
		return nil
	}
	inserted, swapped, all := newColumns(3), newColumns(5), newColumns(3)
	for _, swap := range c.Claims {
		address, expiry := string(swap.To.Address), timestamp(swap.To.ExpiresAt)
		all.add(swap.Nullifier, address, expiry)
		switch {
		case swap.From.Equal(swap.To):
		case swap.From.Equal(store.Holder{}):
			inserted.add(swap.Nullifier, address, expiry)
		default:
			swapped.add(swap.Nullifier, string(swap.From.Address), timestamp(swap.From.ExpiresAt), address, expiry)
		}
	}
	var calls []call
	if inserted.rows() > 0 {
		calls = append(calls, t.call("insert_hash_links", c.Community, inserted))
	}
	if swapped.rows() > 0 {
		calls = append(calls,
			t.call("lock_hash_links", c.Community, swapped[0]),
			t.call("swap_hash_links", c.Community, swapped))
	}
	return append(calls, t.call("verify_hash_links", c.Community, all))
}

// writeStamps sends no documents: they are copied from the wallet's rows, which
// must still have the text that was read.
func (t texts) writeStamps(c *store.Changes, versions []walletVersion) ([]call, error) {
	var done []string
	counted := newColumns(3)
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		if wallet.Score.Status != store.StatusDone {
			continue
		}
		done = append(done, string(wallet.Address))
		for _, id := range wallet.Counted {
			digest, has := versions[i].documents[id]
			if !has {
				return nil, store.Errorf("apply_changes", store.ErrInvalid, "%s has no credential %d", wallet.Address, id)
			}
			counted.add(string(wallet.Address), strconv.FormatInt(id, 10), hex.EncodeToString(digest[:]))
		}
	}
	if len(done) == 0 {
		return nil, nil
	}
	return []call{t.call("replace_stamps", c.Community, done, counted)}, nil
}

// writeScores writes the scores, and the events in their order. To the data of
// a score's event the statement adds the ids of the wallet that it names.
func (t texts) writeScores(c *store.Changes) call {
	scores, events := newColumns(9), newColumns(4)
	for i := range c.Wallets {
		wallet, score := c.Wallets[i].Address, &c.Wallets[i].Score
		scores.add(string(wallet), string(score.Status), score.Value, timestamp(score.ScoredAt), timestamp(score.ExpiresAt),
			score.Error, string(score.Evidence), string(score.StampScores), string(score.Stamps))
		for _, event := range c.Wallets[i].Events {
			scored := ""
			if event.Action == store.ActionScoreUpdate && event.Address == wallet {
				scored = string(wallet)
			}
			events.add(event.Action, string(event.Address), string(event.Data), scored)
		}
	}
	return t.call("upsert_score", c.Community, scores, store.Microseconds(c.At), events)
}

// writePoints locks what the points depend on, first by address and then by
// action, and gives them.
func (t texts) writePoints(c *store.Changes, receipt *receiptReader) []call {
	var locks, counted, qualified, earners []string
	limited, awards := []string{}, newColumns(6)
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		address := string(wallet.Address)
		if wallet.Qualified {
			qualified = append(qualified, address)
		}
		if wallet.Qualified || len(wallet.Awards) > 0 {
			locks = append(locks, "of "+address)
		}
		for _, award := range wallet.Awards {
			if award.Limit > 0 {
				limited = append(limited, award.Action)
			}
			if award.Limit > 0 || award.Communities > 0 {
				counted = append(counted, award.Action)
			}
			awards.add(address, award.Action, award.Provider, award.TxHash,
				strconv.Itoa(award.Limit), strconv.Itoa(award.Communities))
		}
		if slices.ContainsFunc(wallet.Awards, func(a store.Award) bool { return a.TxHash != "" }) {
			for _, id := range wallet.Counted {
				earners = append(earners, strconv.FormatInt(id, 10))
			}
		}
	}
	if len(locks) == 0 {
		return nil
	}
	slices.Sort(locks)
	slices.Sort(limited)
	slices.Sort(counted)
	limited, counted = slices.Compact(limited), slices.Compact(counted)
	for _, action := range limited {
		locks = append(locks, "limit of "+action)
	}
	calls := []call{t.call("lock_points", locks)}
	if len(earners) > 0 {
		calls = append(calls, t.call("verify_earners", earners))
	}
	if len(counted) > 0 {
		calls = append(calls, t.call("lock_counts", counted, limited))
	}
	if len(qualified) > 0 {
		calls = append(calls, t.call("record_passing_score", c.Community, qualified))
	}
	if awards.rows() > 0 {
		calls = append(calls, t.call("record_awards", store.Microseconds(c.At), awards).each(receipt.award))
	}
	return calls
}

// receiptReader collects the awards that were given.
type receiptReader map[awardKey]bool

type awardKey struct{ address, action, provider string }

func (r receiptReader) award(scan scanFunc) error {
	var key awardKey
	if err := scan(&key.address, &key.action, &key.provider); err != nil {
		return err
	}
	r[key] = true
	return nil
}

// receipt returns the receipt, in the order of the change set.
func (r receiptReader) receipt(c *store.Changes) *store.Receipt {
	receipt := &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		given := make([]bool, len(wallet.Awards))
		for k, award := range wallet.Awards {
			given[k] = r[awardKey{string(wallet.Address), award.Action, award.Provider}]
		}
		receipt.Wallets[i].Given = given
	}
	return receipt
}
