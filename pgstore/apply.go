package pgstore

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// Apply implements [store.Store]. Its errors, by errors.Is: store.ErrInvalid,
// store.ErrCommunityNotFound, store.ErrConflict, store.ErrUnavailable,
// store.ErrInternal, the context's own and, unless the store is bound to a
// host's transaction, store.ErrUnknownOutcome.
func (s *Store) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if err := c.Validate(); err != nil {
		return nil, store.Errorf("apply_changes", store.ErrInvalid, "%w", err)
	}
	versions, err := versionsOf(c)
	if err != nil {
		return nil, err
	}
	receipt := newReceiptReader(c, versions)
	stamped := stampedOf(c, versions)
	err = s.on.write(ctx, s.texts.apply(c, stamped, receipt))
	if errors.Is(err, store.ErrConflict) && slices.ContainsFunc(stamped, func(digest string) bool { return digest != "" }) {
		// The stamps may have been replaced since, which is no conflict.
		clear(stamped)
		clear(receipt.given)
		err = s.on.write(ctx, s.texts.apply(c, stamped, receipt))
	}
	if err != nil {
		return nil, err
	}
	return receipt.receipt(), nil
}

// versionsOf returns the versions of the wallets. It returns store.ErrInvalid
// if a wallet counts a credential that it does not have.
func versionsOf(c *store.Changes) ([]walletVersion, error) {
	versions := make([]walletVersion, len(c.Wallets))
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		versions[i] = parseVersion(wallet.Version)
		for _, id := range wallet.Counted {
			if !slices.Contains(versions[i].ids, id) {
				return nil, store.Errorf("apply_changes", store.ErrInvalid, "%s has no credential %d", wallet.Address, id)
			}
		}
	}
	return versions, nil
}

// apply returns the calls that write the change set, in the order of their
// locks. Each writes for all wallets at once; those that have nothing to write
// are left out.
func (t texts) apply(c *store.Changes, stamped []string, receipt *receiptReader) []call {
	addresses := make([]string, len(c.Wallets))
	for i := range c.Wallets {
		addresses[i] = string(c.Wallets[i].Address)
	}
	calls := make([]call, 0, 20)
	if slices.Contains(stamped, "") { // the others have a passport, or they have changed
		calls = append(calls, t.call("upsert_passport", c.Community, addresses))
	}
	calls = append(calls, t.call("lock_passport", c.Community, addresses))
	calls = append(calls, t.writeGroups(c, addresses)...)
	calls = append(calls, t.writeClaims(c)...)
	calls = append(calls, t.writeStamps(c, stamped, receipt)...)
	calls = append(calls, t.writeScores(c, receipt.versions, stamped))
	return append(calls, t.writePoints(c, receipt)...)
}

// stampedOf returns the digest of the stamps that each wallet has, "" for those
// whose stamps have to be written.
func stampedOf(c *store.Changes, versions []walletVersion) []string {
	stamped := make([]string, len(c.Wallets))
	for i := range c.Wallets {
		v, wallet := &versions[i], &c.Wallets[i]
		if v.community == c.Community && v.stamps != "" && wallet.Score.Status == store.StatusDone &&
			v.counted == countedDigest(wallet.Counted) {
			stamped[i] = v.stamps
		}
	}
	return stamped
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

// writeStamps replaces the stamps that are not as they should be already. It
// sends no documents: they are copied from the wallet's rows.
func (t texts) writeStamps(c *store.Changes, stamped []string, receipt *receiptReader) []call {
	replaced := newColumns(2)
	for i := range c.Wallets {
		wallet := &c.Wallets[i]
		if wallet.Score.Status != store.StatusDone || stamped[i] != "" {
			continue
		}
		ids := make([]string, len(wallet.Counted))
		for k, id := range wallet.Counted {
			ids[k] = strconv.FormatInt(id, 10)
		}
		replaced.add(string(wallet.Address), strings.Join(ids, ","))
	}
	if replaced.rows() == 0 {
		return nil
	}
	return []call{
		t.call("delete_stamps", c.Community, replaced),
		t.call("bulk_insert_stamps", c.Community, replaced),
		t.call("read_stamps", c.Community, replaced[0]).each(receipt.stamps),
	}
}

// writeScores writes the scores, and the events in their order. To the data of
// a score's event the statement adds the ids of the wallet that it names.
func (t texts) writeScores(c *store.Changes, versions []walletVersion, stamped []string) call {
	scores, events := newColumns(11), newColumns(4)
	for i := range c.Wallets {
		wallet, score := c.Wallets[i].Address, &c.Wallets[i].Score
		scores.add(string(wallet), versions[i].rows, stamped[i], string(score.Status), score.Value, timestamp(score.ScoredAt), timestamp(score.ExpiresAt),
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
	var locks, counted, qualified []string
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
	if earners := earnersOf(c); len(earners) > 0 {
		calls = append(calls, t.call("verify_earners", earners))
	}
	if len(counted) > 0 {
		calls = append(calls, t.call("lock_counts", counted, limited))
	}
	if len(qualified) > 0 {
		calls = append(calls, t.call("record_passing_score", c.Community, qualified))
	}
	if awards.rows() > 0 {
		given := t.call("record_awards", store.Microseconds(c.At), awards).each(receipt.award)
		given.again = func() { clear(receipt.given) }
		calls = append(calls, given)
	}
	return calls
}

// earnersOf returns the ids of the credentials that earn a key: those that
// count in the wallet that gets it or, if wallets are linked, in any of the
// change set.
func earnersOf(c *store.Changes) (ids []string) {
	earns := func(wallet *store.WalletChanges) bool {
		return slices.ContainsFunc(wallet.Awards, func(a store.Award) bool { return a.TxHash != "" })
	}
	linked := false
	for i := range c.Wallets {
		linked = linked || c.Groups != nil && earns(&c.Wallets[i])
	}
	for i := range c.Wallets {
		if wallet := &c.Wallets[i]; linked || earns(wallet) {
			for _, id := range wallet.Counted {
				ids = append(ids, strconv.FormatInt(id, 10))
			}
		}
	}
	return ids
}

// receiptReader collects what a receipt is made of.
type receiptReader struct {
	changes  *store.Changes
	versions []walletVersion
	renewed  []string // the versions of the wallets whose stamps were written
	given    map[awardKey]bool
}

type awardKey struct{ address, action, provider string }

func newReceiptReader(c *store.Changes, versions []walletVersion) *receiptReader {
	return &receiptReader{changes: c, versions: versions, renewed: make([]string, len(versions)), given: map[awardKey]bool{}}
}

// stamps takes a row of read_stamps.
func (r *receiptReader) stamps(scan scanFunc) error {
	var address, stamps string
	if err := scan(&address, &stamps); err != nil {
		return err
	}
	for i := range r.changes.Wallets {
		if wallet := &r.changes.Wallets[i]; string(wallet.Address) == address {
			v := &r.versions[i]
			v.community, v.counted, v.stamps = r.changes.Community, countedDigest(wallet.Counted), stamps
			r.renewed[i] = v.String()
		}
	}
	return nil
}

// award takes a row of record_awards.
func (r *receiptReader) award(scan scanFunc) error {
	var key awardKey
	if err := scan(&key.address, &key.action, &key.provider); err != nil {
		return err
	}
	r.given[key] = true
	return nil
}

// receipt returns the receipt, in the order of the change set.
func (r *receiptReader) receipt() *store.Receipt {
	receipt := &store.Receipt{Wallets: make([]store.WalletReceipt, len(r.changes.Wallets))}
	for i := range r.changes.Wallets {
		wallet := &r.changes.Wallets[i]
		given := make([]bool, len(wallet.Awards))
		for k, award := range wallet.Awards {
			given[k] = r.given[awardKey{string(wallet.Address), award.Action, award.Provider}]
		}
		receipt.Wallets[i] = store.WalletReceipt{Version: r.renewed[i], Given: given}
	}
	return receipt
}
