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

// lifo decides, for one address at one time, which credentials count, and
// changes the claims in the book. It returns a ruling for each claimant. The
// next address is decided on the book as this one left it. The result does not
// depend on the order of the claims that the book began with.
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
// the address.
//
// The rulings depend on the clashing claims, which the book therefore states
// though they stay. They do not depend on a live claim of the address itself
// that lasts as long as the credential: until it expires only a scoring of the
// same address can change it, and only to make it longer. Scorings of one
// address are written one after the other, and once the claim has expired the
// credential has too. If another program changes the claim in between, that is
// as if it had done so right after this scoring.
func lifo(address Address, now time.Time, claimants []claimant, b *book) []ruling {
	rulings := make([]ruling, len(claimants))
	owners := make([]store.Holder, len(claimants)) // of the first clashing nullifier
	for i, c := range claimants {
		owners[i], rulings[i].deduplicated = b.firstClash(address, now, c.nullifiers)
		if rulings[i].deduplicated {
			continue
		}
		for _, nullifier := range c.nullifiers {
			b.claim(address, nullifier, c.expiresAt)
		}
	}
	for i, c := range claimants {
		if rulings[i].deduplicated {
			b.pass(address, now, c.nullifiers, owners[i])
		}
	}
	for i, c := range claimants {
		if rulings[i].deduplicated {
			rulings[i].until = b.lastEnd(address, now, c.nullifiers)
		}
	}
	return rulings
}

// book holds a community's claims on the nullifiers of some wallets, as they
// were read and as they will be.
type book struct {
	entries []entry
	index   map[string]int // of the entry of a nullifier
	stated  []int          // the entries that decisions change or depend on, in order
	changes int            // made so far
}

// entry is the claim on one nullifier.
type entry struct {
	nullifier string
	read, now store.Holder // zero: unclaimed
	stated    bool
}

// newBook returns a book with the claims.
func newBook(claims []store.Claim) *book {
	b := &book{entries: make([]entry, 0, len(claims)), index: make(map[string]int, len(claims))}
	for _, claim := range claims {
		b.index[claim.Nullifier] = len(b.entries)
		b.entries = append(b.entries, entry{nullifier: claim.Nullifier, read: claim.Holder, now: claim.Holder})
	}
	return b
}

// holder returns who holds the nullifier now, or the zero holder.
func (b *book) holder(nullifier string) store.Holder {
	if i, found := b.index[nullifier]; found {
		return b.entries[i].now
	}
	return store.Holder{}
}

// clash reports whether another address has a live claim on the nullifier.
func (b *book) clash(address Address, now time.Time, nullifier string) bool {
	holder := b.holder(nullifier)
	return holder.Address != address && holder.ExpiresAt.After(now)
}

// claim gives the nullifier, which does not clash, to the address until the
// given time or the end of its present claim, whichever is later.
func (b *book) claim(address Address, nullifier string, until time.Time) {
	if holder := b.holder(nullifier); holder.Address == address && !until.After(holder.ExpiresAt) {
		return // it stays as it is
	}
	b.set(nullifier, store.Holder{Address: address, ExpiresAt: until})
}

// firstClash returns the holder of the first of the nullifiers that clashes, if
// one does.
func (b *book) firstClash(address Address, now time.Time, nullifiers []string) (store.Holder, bool) {
	for _, nullifier := range nullifiers {
		if b.clash(address, now, nullifier) {
			return b.holder(nullifier), true
		}
	}
	return store.Holder{}, false
}

// pass states the clashing ones of the nullifiers, and gives the free and the
// expired ones to the owner.
func (b *book) pass(address Address, now time.Time, nullifiers []string, owner store.Holder) {
	for _, nullifier := range nullifiers {
		if b.clash(address, now, nullifier) {
			b.set(nullifier, b.holder(nullifier))
		}
	}
	if !owner.Address.Valid() {
		return // a row of another program, not of a wallet
	}
	for _, nullifier := range nullifiers {
		if holder := b.holder(nullifier); holder.Address != address && !holder.ExpiresAt.After(now) {
			b.set(nullifier, owner)
		}
	}
}

// set states the claim on the nullifier, and changes it to that of the holder.
func (b *book) set(nullifier string, to store.Holder) {
	i, found := b.index[nullifier]
	if !found {
		i = len(b.entries)
		b.index[nullifier] = i
		b.entries = append(b.entries, entry{nullifier: nullifier})
	}
	e := &b.entries[i]
	if !e.stated {
		e.stated = true
		if b.stated == nil {
			b.stated = make([]int, 0, cap(b.entries))
		}
		b.stated = append(b.stated, i)
	}
	if !e.now.Equal(to) {
		e.now = to
		b.changes++
	}
}

// unstate forgets what was stated since there were that many. Nothing must have
// changed since.
func (b *book) unstate(stated int) {
	for _, i := range b.stated[stated:] {
		b.entries[i].stated = false
	}
	b.stated = b.stated[:stated]
}

// swaps returns a swap for each claim that is stated.
func (b *book) swaps() []store.ClaimSwap {
	if len(b.stated) == 0 {
		return nil
	}
	swaps := make([]store.ClaimSwap, len(b.stated))
	for k, i := range b.stated {
		e := &b.entries[i]
		swaps[k] = store.ClaimSwap{Nullifier: e.nullifier, From: e.read, To: e.now}
	}
	return swaps
}

// lastEnd returns the time at which the last live claim of another address on
// the nullifiers ends.
func (b *book) lastEnd(address Address, now time.Time, nullifiers []string) time.Time {
	var end time.Time
	for _, nullifier := range nullifiers {
		if b.clash(address, now, nullifier) {
			end = later(end, b.holder(nullifier).ExpiresAt)
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
