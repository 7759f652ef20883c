package passport

import (
	"context"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// unit is some wallets of a batch that are decided as one: those of a group, or
// a single one. Their places are next to each other.
type unit struct {
	id       string // of the group, by the host
	from, to int    // the places of its wallets, which are in the host's order
	asked    int    // in a group, the place of the one that becomes canonical if there is none
	// solitary: the group is unknown, and claims of groups stay as they are.
	solitary bool
	// withheld: it does not pass.
	withheld bool
	// former: it was not asked for. A claim ties its canonical wallet to wallets
	// that now belong to other units.
	former bool
}

// solos returns a unit for each of n wallets.
func solos(n int) []unit {
	units := make([]unit, n)
	for i := range units {
		units[i] = unit{from: i, to: i + 1}
	}
	return units
}

// gather finds the units of the addresses that are asked for.
func (b *batch) gather(ctx context.Context) error {
	if !b.engine.settings.grouped {
		b.wallets, b.units = b.asked, solos(len(b.asked))
		return nil
	}
	b.place = make(map[Address]int, len(b.asked))
	return b.enlist(ctx, b.asked, false)
}

// enlist adds the units of addresses that have none.
func (b *batch) enlist(ctx context.Context, addresses []Address, former bool) error {
	s := &b.engine.settings
	groups, known, err := b.groupsOf(ctx, addresses)
	if err != nil {
		return err
	}
	for i, address := range addresses {
		if _, placed := b.place[address]; placed { // with a wallet before it
			continue
		}
		u := unit{from: len(b.wallets), former: former, solitary: !known, withheld: !known && s.groupFailure == WithholdPassing}
		wallets := []Address{address}
		if known && len(groups[i].Wallets) > 0 {
			u.id, wallets = groups[i].ID, groups[i].Wallets
		}
		for _, wallet := range wallets {
			// A wallet stays with the first group that has it, if the source
			// contradicts itself.
			if _, placed := b.place[wallet]; !placed {
				b.place[wallet] = len(b.wallets)
				b.wallets = append(b.wallets, wallet)
			}
		}
		u.to, u.asked = len(b.wallets), b.place[address]
		b.units = append(b.units, u)
		if len(b.wallets) > mostWallets {
			return errTooManyLinked
		}
	}
	return nil
}

// errTooManyLinked is the error of a batch with too many linked wallets. A
// single group has fewer.
var errTooManyLinked = store.Sentinel(store.KindInternal, "groups, or group claims of the past, tie more wallets together than can be scored at once")

// mostTies is the number of times that former units are added to a batch.
const mostTies = 4

// tie adds the former units of the snapshot's claims, and reports whether there
// are any. Wallets leave groups and join others: the canonical wallet of the
// group that they left has a score which counts their stamps, and must be
// decided again with theirs.
func (b *batch) tie(ctx context.Context) (bool, error) {
	var tied []Address
	for i := range b.snapshot.GroupClaims {
		claim := &b.snapshot.GroupClaims[i]
		if _, placed := b.place[claim.Canonical]; !placed && claim.Canonical.Valid() && b.governs(claim) {
			tied = append(tied, claim.Canonical)
		}
	}
	if len(tied) == 0 {
		return false, nil
	}
	if b.ties++; b.ties > mostTies {
		return false, errTooManyLinked
	}
	return true, b.enlist(ctx, tied, true)
}

// governs reports whether a unit of the batch decides about the claim: it is
// named by one whose group is known.
func (b *batch) governs(claim *store.GroupClaim) bool {
	return slices.ContainsFunc(b.units, func(u unit) bool { return !u.solitary && u.named(claim, b.wallets) })
}

// named reports whether the claim names one of the unit's wallets.
func (u *unit) named(claim *store.GroupClaim, wallets []Address) bool {
	return slices.ContainsFunc(wallets[u.from:u.to], claim.Names)
}
