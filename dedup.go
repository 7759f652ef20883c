package passport

import (
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// claimant is a valid credential that claims its nullifiers.
type claimant struct {
	nullifiers []string
	expiresAt  time.Time
}

// ruling is the outcome of LIFO for one claimant.
type ruling struct {
	deduplicated bool
	// until is the end of the last claim of another address on its nullifiers,
	// including those that this scoring makes.
	until time.Time
}

// lifo decides, for one address at one time, which credentials count and which
// claims change. It returns a ruling for each claimant. It is pure, and its
// result does not depend on the order of the claims.
//
// For the address a nullifier is free (unclaimed), its own, clashing (claimed
// by another until after now) or expired (claimed by another until now or
// earlier). A credential with a clashing nullifier is deduplicated, and its
// free and expired nullifiers are claimed for the owner of its first clashing
// one, until that claim ends, so that all nullifiers of an account stay with
// one wallet. Any other credential claims all its nullifiers until it expires;
// a nullifier in two of them is claimed until the later expiry.
//
// A live claim of the address itself is never shortened. Otherwise a wallet
// could pass with a new credential, replace it by an older one, and so free the
// account for the next wallet.
//
// A nullifier in both a counting and a deduplicated credential is claimed for
// the address. The swaps include the clashing claims, unchanged, since the
// rulings depend on them.
func lifo(address Address, now time.Time, claimants []claimant, claims []store.Claim) ([]ruling, []store.ClaimSwap) {
	v := newView(address, now, claims)
	clashes := make([][]store.Claim, len(claimants))
	for i, c := range claimants {
		clashes[i] = v.clashes(c.nullifiers)
		if len(clashes[i]) > 0 {
			continue
		}
		for _, nullifier := range c.nullifiers {
			v.claim(nullifier, c.expiresAt)
		}
	}
	for i, c := range claimants {
		if len(clashes[i]) == 0 {
			continue
		}
		for _, clash := range clashes[i] {
			v.pass(clash.Nullifier, clash.Holder)
		}
		owner := clashes[i][0].Holder
		if !owner.Address.Valid() {
			continue // a row of another program, not of a wallet
		}
		for _, nullifier := range c.nullifiers {
			if v.takeable(nullifier) {
				v.pass(nullifier, owner)
			}
		}
	}
	rulings := make([]ruling, len(claimants))
	for i, c := range claimants {
		rulings[i] = ruling{deduplicated: len(clashes[i]) > 0, until: v.lastEnd(c.nullifiers)}
	}
	return rulings, v.swaps
}

// view holds a community's claims as one address sees them at one time, and the
// swaps that have been decided, at most one for each nullifier.
type view struct {
	address Address
	now     time.Time
	claims  map[string]store.Holder
	swaps   []store.ClaimSwap
	swap    map[string]int
}

func newView(address Address, now time.Time, claims []store.Claim) *view {
	v := &view{address: address, now: now, claims: make(map[string]store.Holder, len(claims)), swap: map[string]int{}}
	for _, claim := range claims {
		v.claims[claim.Nullifier] = claim.Holder
	}
	return v
}

// clashes returns the live claims of others on the nullifiers, in their order.
func (v *view) clashes(nullifiers []string) []store.Claim {
	var clashes []store.Claim
	for _, nullifier := range nullifiers {
		holder, found := v.claims[nullifier]
		if found && holder.Address != v.address && holder.ExpiresAt.After(v.now) {
			clashes = append(clashes, store.Claim{Nullifier: nullifier, Holder: holder})
		}
	}
	return clashes
}

// takeable reports whether the nullifier is free or expired.
func (v *view) takeable(nullifier string) bool {
	holder, found := v.claims[nullifier]
	return !found || holder.Address != v.address && !holder.ExpiresAt.After(v.now)
}

// claim decides that the address claims the nullifier, which does not clash,
// until the given time or the end of its present claim, whichever is later.
func (v *view) claim(nullifier string, until time.Time) {
	from := v.claims[nullifier]
	if from.Address == v.address {
		until = later(until, from.ExpiresAt)
	}
	if i, decided := v.swap[nullifier]; decided {
		v.swaps[i].To.ExpiresAt = later(v.swaps[i].To.ExpiresAt, until)
		return
	}
	v.pass(nullifier, store.Holder{Address: v.address, ExpiresAt: until})
}

// pass decides that the holder gets the nullifier, unless it is decided
// already.
func (v *view) pass(nullifier string, to store.Holder) {
	if _, decided := v.swap[nullifier]; !decided {
		v.swap[nullifier] = len(v.swaps)
		v.swaps = append(v.swaps, store.ClaimSwap{Nullifier: nullifier, From: v.claims[nullifier], To: to})
	}
}

// lastEnd returns the time at which the last claim of another address on the
// nullifiers ends.
func (v *view) lastEnd(nullifiers []string) time.Time {
	var end time.Time
	for _, nullifier := range nullifiers {
		if i, decided := v.swap[nullifier]; decided && v.swaps[i].To.Address != v.address {
			end = later(end, v.swaps[i].To.ExpiresAt)
		}
	}
	return end
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
