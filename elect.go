package passport

import (
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// election is the outcome of who is the canonical wallet of a unit.
type election struct {
	canonical int // its place
	why       string
	claim     store.GroupClaim // as it must be; zero for a single wallet
	kept      bool             // the claims that name the unit's wallets are just that
	// obsolete: the unit was not asked for, and none of its wallets carries a
	// score of the past.
	obsolete bool
}

// elect finds the canonical wallet: that of the oldest live claim, or else the
// one that is asked for. A claim is live while its canonical wallet has a score
// that has not expired.
func (u *unit) elect(snapshot *store.Snapshot, wallets []Address) election {
	e := election{canonical: u.asked, obsolete: u.former}
	var oldest *store.GroupClaim
	named := 0
	for i := range snapshot.GroupClaims {
		claim := &snapshot.GroupClaims[i]
		if !u.named(claim, wallets) {
			continue
		}
		named++
		for at := u.from; at < u.to; at++ {
			if wallets[at] == claim.Canonical && holds(snapshot, at) && (oldest == nil || older(claim, oldest)) {
				oldest, e.canonical, e.obsolete = claim, at, false
			}
		}
	}
	if u.to-u.from == 1 {
		e.kept = named == 0
		return e
	}
	e.claim = store.GroupClaim{Key: store.GroupKey(wallets[u.from:u.to]), Canonical: wallets[e.canonical], ClaimedAt: snapshot.At}
	switch {
	case oldest != nil:
		e.claim.ClaimedAt = oldest.ClaimedAt
		e.kept = named == 1 && oldest.Equal(&e.claim)
		e.why = "it has been the canonical wallet since " + day(oldest.ClaimedAt)
	case named > 0:
		e.why = "it was the first to be scored after the claim of another had ended"
	default:
		e.why = "it was the first of the group to be scored"
	}
	return e
}

// holds reports whether the wallet at that place has a score that has not
// expired.
func holds(snapshot *store.Snapshot, at int) bool {
	last := snapshot.Wallets[at].LastScore
	return last != nil && (last.ExpiresAt.IsZero() || !last.ExpiresAt.Before(snapshot.At))
}

func older(a, b *store.GroupClaim) bool {
	if !a.ClaimedAt.Equal(b.ClaimedAt) {
		return a.ClaimedAt.Before(b.ClaimedAt)
	}
	return strings.Compare(a.Key, b.Key) < 0
}

// swap returns the swap of the group claims that name a written wallet: in
// their place each group that is written has one.
func (d *decision) swap(snapshot *store.Snapshot, wallets []Address, units []unit, elections []election) *store.GroupSwap {
	swap := &store.GroupSwap{}
	for i := range snapshot.GroupClaims {
		claim := &snapshot.GroupClaims[i]
		written, governed := false, false
		for k := range units {
			if u := &units[k]; u.named(claim, wallets) {
				written = written || d.writes(u, &elections[k])
				governed = governed || !u.solitary
			}
		}
		if written {
			swap.From = append(swap.From, *claim)
		}
		if written && !governed {
			swap.To = append(swap.To, *claim)
		}
	}
	for k := range units {
		if u, e := &units[k], &elections[k]; u.to-u.from > 1 && d.writes(u, e) {
			swap.To = append(swap.To, e.claim)
		}
	}
	return swap
}

// writes reports whether the scores of the unit are written.
func (d *decision) writes(u *unit, e *election) bool {
	return !e.obsolete && !d.results[u.from].Unchanged
}
