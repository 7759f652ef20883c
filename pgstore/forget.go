package pgstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/internal/ethereum"
	"github.com/passport-sdk/passport-go/store"
)

// searchRows is the number of rows that one statement of a search looks at.
const searchRows = 10_000

// Forget implements [store.Forgetter]. The search comes before the transaction
// that removes what it has found: it reads 10,000 rows at a time and locks
// none. The transaction queues with the scorings of the address, and with those
// of the wallets whose rows it changes. It also inserts and removes a row for
// each community, so that no scoring of the address can pass it by.
//
// A scoring of another wallet that is written at the same moment can give the
// address a claim that it takes over; such a claim is removed like any other
// when it has expired, or by a second Forget. Tables that only the service uses
// stay as they are: bans (ceramic_cache_ban), and the accounts of its
// customers, one of which may have the address of a wallet.
func (s *Store) Forget(ctx context.Context, f store.Forgetting) (*store.ForgetReceipt, error) {
	const op = "forget"
	if err := f.Validate(); err != nil {
		return nil, store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	address := strings.ToLower(string(f.Address))
	w := &forgetting{
		texts: s.texts, address: address, digits: address[len("0x"):],
		spellings: spellings(address), others: []string{}, events: []string{}, usage: []string{},
	}
	if !f.SkipSearch {
		if err := w.search(ctx, s.on); err != nil {
			return nil, err
		}
	}
	if err := s.on.write(ctx, w.calls(f.Claims)); err != nil {
		return nil, err
	}
	return &w.receipt, nil
}

// spellings returns the address as programs write it.
func spellings(address string) []string {
	all := []string{address, ethereum.Checksummed(address), "0x" + strings.ToUpper(address[len("0x"):]), strings.ToUpper(address)}
	slices.Sort(all)
	return slices.Compact(all)
}

// forgetting removes an address.
type forgetting struct {
	texts           texts
	address, digits string
	spellings       []string
	// others are wallets whose scores mention the address; events and usage are
	// the ids of rows that do.
	others, events, usage []string
	receipt               store.ForgetReceipt
}

// search looks at all rows that no index finds, page by page.
func (f *forgetting) search(ctx context.Context, on executor) error {
	first, rows := int64(0), int64(searchRows)
	for _, each := range []struct {
		page  call
		found func(id, address string)
	}{
		{f.texts.call("search_usage", first, rows, f.digits), func(id, _ string) { f.usage = append(f.usage, id) }},
		{f.texts.call("search_scores", first, rows, f.digits), func(_, address string) { f.others = append(f.others, address) }},
		{f.texts.call("search_events", first, rows, f.digits), func(id, _ string) { f.events = append(f.events, id) }},
	} {
		for last, more := first, true; more; {
			more = false
			each.page.args[0] = last
			if err := on.read(ctx, each.page.each(func(scan scanFunc) error {
				var mentions bool
				var address string
				if err := scan(&last, &mentions, &address); err != nil {
					return err
				}
				if more = true; mentions {
					each.found(strconv.FormatInt(last, 10), address)
				}
				return nil
			})); err != nil {
				return err
			}
		}
	}
	return nil
}

// counting returns the call with a place for the number that it answers.
func counting(into *int, c call) call {
	return c.each(func(scan scanFunc) error { return scan(into) })
}

// adding returns the call that adds its number to that of a call before.
func adding(to *int, c call) call {
	return c.each(func(scan scanFunc) error {
		var n int
		err := scan(&n)
		*to += n
		return err
	})
}

// calls returns the calls that remove the address: first the locks, in the
// order of Apply, then what refers to other rows before these.
func (f *forgetting) calls(choice store.ClaimChoice) []call {
	t, r := f.texts, &f.receipt
	zeros := string(store.ForgottenAddress[len("0x"):])
	calls := []call{
		t.call("lock_credentials", f.address),
		t.call("lock_forgotten_passports", f.address, f.spellings, f.others, true),
		t.call("insert_forgotten_passports", f.address),
		t.call("lock_forgotten_passports", f.address, f.spellings, f.others, false),
		t.call("lock_forgotten_groups", f.spellings),
		t.call("lock_forgotten_claims", f.spellings),
	}
	calls = append(calls, f.claims(choice)...)
	return append(
		calls,
		counting(&r.Stamps, t.call("forget_stamps", f.spellings)),
		counting(&r.Scores, t.call("forget_scores", f.spellings)),
		counting(&r.OtherScores, t.call("forget_other_scores", f.digits, f.spellings, f.others)),
		counting(&r.Events, t.call("forget_events", f.spellings)),
		counting(&r.OtherEvents, t.call("forget_other_events", f.digits, f.spellings, f.events, zeros)),
		counting(&r.Points, t.call("forget_points", f.spellings)),
		counting(&r.Qualified, t.call("forget_qualified", f.spellings)),
		counting(&r.Multipliers, t.call("forget_multipliers", f.spellings)),
		counting(&r.Lists, t.call("forget_members", f.spellings)),
		t.call("forget_revocations", f.spellings),
		counting(&r.Credentials, t.call("forget_credentials", f.spellings)),
		counting(&r.GroupClaims, t.call("forget_group_keys", f.spellings)),
		adding(&r.GroupClaims, t.call("forget_groups", f.spellings)),
		t.call("forget_passports", f.spellings),
		counting(&r.Usage, t.call("forget_usage", f.usage)),
	)
}

func (f *forgetting) claims(choice store.ClaimChoice) []call {
	t, r := f.texts, &f.receipt
	calls := []call{t.call("forget_claims", f.spellings, choice == store.ReleaseClaims).each(func(scan scanFunc) error {
		var at storedTime
		err := scan(&r.Claims, &at)
		r.At = at.Time
		return err
	})}
	if choice == store.KeepClaims {
		calls = append(calls, counting(&r.ClaimsKept, t.call("count_kept_claims", f.spellings)))
	}
	if choice == store.AnonymizeClaims {
		calls = append(calls, counting(&r.ClaimsAnonymized, t.call("anonymize_claims", f.spellings)))
	}
	return calls
}
