package passport

import (
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// claimant is a valid credential that asks for its nullifiers.
type claimant struct {
	nullifiers []string
	expiresAt  time.Time
}

// ruling is what LIFO says of one claimant.
type ruling struct {
	deduplicated bool
	// until is the moment at which the last claim of another on its nullifiers
	// ends, those given away by this very scoring included.
	until time.Time
}

// lifo decides, for one address and one moment, which credentials count and
// what is to be claimed. It is pure, and its answer does not depend on the
// order of the claims.
//
// Seen from the address a nullifier is free (unclaimed), its own, clashing
// (claimed by another until after now) or expired (claimed by another until
// now at the latest). A credential with a clashing nullifier is deduplicated,
// and what else it lists that is free or expired goes to the owner of its
// first clashing nullifier, for as long as that claim lasts: an account known
// by several nullifiers stays with one wallet. Any other credential claims all
// its nullifiers until it expires; a nullifier that two of them list lasts
// until the later expiry.
//
// A claim of the address itself is never shortened. If it were, a wallet could
// pass with a new credential, replace it with an older one of the same account,
// and so free the account for the next wallet.
//
// A nullifier that counting credentials and deduplicated ones both list is
// claimed for the address: what counts must be held.
//
// held are the clashing claims: the rulings stand only while they do.
func lifo(address Address, now time.Time, claimants []claimant, claims []store.Claim) (rulings []ruling, claimed, held []store.Claim) {
	seen := newView(address, now, claims)
	book, holders := newClaimBook(), newClaimBook()

	clashes := make([][]store.Claim, len(claimants))
	for i, c := range claimants {
		clashes[i] = seen.clashes(c.nullifiers)
		if len(clashes[i]) > 0 {
			continue
		}
		for _, nullifier := range c.nullifiers {
			end := later(seen.ownEnd(nullifier), c.expiresAt)
			book.extend(store.Claim{Nullifier: nullifier, Address: seen.address, ExpiresAt: end})
		}
	}
	for i, c := range claimants {
		if len(clashes[i]) == 0 {
			continue
		}
		for _, clash := range clashes[i] {
			holders.add(clash)
		}
		owner := clashes[i][0]
		if !store.ValidAddress(owner.Address) {
			continue // another program's row: nobody whom more could be given
		}
		for _, nullifier := range c.nullifiers {
			if seen.takeable(nullifier) {
				book.add(store.Claim{Nullifier: nullifier, Address: owner.Address, ExpiresAt: owner.ExpiresAt})
			}
		}
	}

	rulings = make([]ruling, len(claimants))
	for i, c := range claimants {
		if len(clashes[i]) > 0 {
			rulings[i] = ruling{deduplicated: true, until: lastEnd(seen.address, c.nullifiers, book, holders)}
		}
	}
	return rulings, book.claims, holders.claims
}

// view is the state of the claims as one address sees it at one moment.
type view struct {
	address string
	now     time.Time
	claims  map[string]store.Claim
}

func newView(address Address, now time.Time, claims []store.Claim) view {
	v := view{address: string(address), now: now, claims: make(map[string]store.Claim, len(claims))}
	for _, claim := range claims {
		v.claims[claim.Nullifier] = claim
	}
	return v
}

// clashes returns the live claims of others on the nullifiers, in their order.
func (v view) clashes(nullifiers []string) []store.Claim {
	var clashes []store.Claim
	for _, nullifier := range nullifiers {
		claim, found := v.claims[nullifier]
		if found && claim.Address != v.address && claim.ExpiresAt.After(v.now) {
			clashes = append(clashes, claim)
		}
	}
	return clashes
}

// ownEnd returns the end of the address's own claim on the nullifier, zero if
// it has none.
func (v view) ownEnd(nullifier string) time.Time {
	if claim := v.claims[nullifier]; claim.Address == v.address {
		return claim.ExpiresAt
	}
	return time.Time{}
}

// takeable tells whether the nullifier is free or expired.
func (v view) takeable(nullifier string) bool {
	claim, found := v.claims[nullifier]
	return !found || claim.Address != v.address && !claim.ExpiresAt.After(v.now)
}

// lastEnd returns the moment at which the last claim of another ends.
func lastEnd(address string, nullifiers []string, books ...*claimBook) time.Time {
	var end time.Time
	for _, book := range books {
		for _, nullifier := range nullifiers {
			if claim, found := book.find(nullifier); found && claim.Address != address {
				end = later(end, claim.ExpiresAt)
			}
		}
	}
	return end
}

// claimBook keeps at most one claim per nullifier, in the order of entry.
type claimBook struct {
	claims []store.Claim
	entry  map[string]int
}

func newClaimBook() *claimBook { return &claimBook{entry: map[string]int{}} }

func (b *claimBook) find(nullifier string) (store.Claim, bool) {
	i, found := b.entry[nullifier]
	if !found {
		return store.Claim{}, false
	}
	return b.claims[i], true
}

// add enters the claim unless its nullifier has one.
func (b *claimBook) add(claim store.Claim) {
	if _, found := b.entry[claim.Nullifier]; !found {
		b.entry[claim.Nullifier] = len(b.claims)
		b.claims = append(b.claims, claim)
	}
}

// extend enters the claim, or lengthens the one that its nullifier has.
func (b *claimBook) extend(claim store.Claim) {
	b.add(claim)
	entered := &b.claims[b.entry[claim.Nullifier]]
	entered.ExpiresAt = later(entered.ExpiresAt, claim.ExpiresAt)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
