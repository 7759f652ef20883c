package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Groups is the role that keeps the claims of linked wallets. A store that has
// it must honour [Query].Groups in Load, and [Changes].Groups in Apply.
type Groups interface {
	// ListGroupClaims must return the community's group claims that name the
	// address, ordered by key in bytes; none is no error. It must return
	// [ErrInvalid] for a malformed address.
	ListGroupClaims(ctx context.Context, community int64, address Address) ([]GroupClaim, error)
}

// GroupClaim is the right of one wallet to carry the score of a group of linked
// wallets in a community. There is at most one for a community and a key.
type GroupClaim struct {
	// Key is the group's: [GroupKey] of its wallets, unless another program has
	// written something else.
	Key string
	// Canonical is the wallet that carries the score. It is no address of ours,
	// perhaps, if another program wrote it.
	Canonical Address
	ClaimedAt time.Time
}

// Bounds on groups.
const (
	// MaxGroup is the number of wallets of a group. The service's table has an
	// index on keys, which cannot hold those of more than 62.
	MaxGroup = 60
	// MaxGroupKey is the number of characters of a group's key. A store must pass
	// over a claim with a longer key, as if it did not exist.
	MaxGroupKey = MaxGroup*(2+40+1) - 1
	// MaxGroupClaims is the number of claims that a store reads for each address
	// of a query. If there are more in all, Load must return [ErrInternal].
	MaxGroupClaims = 16
)

// GroupKey returns the key of a group: its wallets, sorted and joined by
// commas.
func GroupKey(wallets []Address) string {
	sorted := slices.Sorted(slices.Values(wallets))
	var key strings.Builder
	for i, wallet := range sorted {
		if i > 0 {
			key.WriteByte(',')
		}
		key.WriteString(string(wallet))
	}
	return key.String()
}

// Names reports whether the address is the canonical wallet, or one of the
// items of the key.
func (c *GroupClaim) Names(address Address) bool {
	if c.Canonical == address {
		return true
	}
	for item := range strings.SplitSeq(c.Key, ",") {
		if item == string(address) {
			return true
		}
	}
	return false
}

// Equal reports whether both are the same claim, to the microsecond.
func (c *GroupClaim) Equal(other *GroupClaim) bool {
	return c.Key == other.Key && c.Canonical == other.Canonical && Microseconds(c.ClaimedAt).Equal(Microseconds(other.ClaimedAt))
}

// GroupSwap is a compare-and-swap of the group claims that name a wallet of the
// change set. Apply must return [ErrConflict] unless they are exactly those of
// From when it is written, and must make them those of To. If both are equal it
// only checks.
type GroupSwap struct {
	From []GroupClaim // in any order, as they were read
	// To are in any order, no two with one key. All wallets of a claim that is
	// not in From must be in the change set, so that two change sets which write
	// claims on one wallet touch the same wallet.
	To []GroupClaim
}

func (s *GroupSwap) validate(found *problems.List, scored map[Address]bool) {
	read := checkGroupClaims(found, s.From, scored)
	checkGroupClaims(found, s.To, scored)
	for i := range s.To {
		claim := &s.To[i]
		if before := read[claim.Key]; before == nil || !before.Equal(claim) {
			claim.validate(found, scored)
		}
	}
}

// checkGroupClaims checks what holds for both sides of a swap, and returns the
// claims by key.
func checkGroupClaims(found *problems.List, claims []GroupClaim, scored map[Address]bool) map[string]*GroupClaim {
	byKey := make(map[string]*GroupClaim, len(claims))
	for i := range claims {
		claim := &claims[i]
		checkText(found, "the key of a group", claim.Key, 0, MaxGroupKey)
		checkText(found, "the canonical wallet of a group", string(claim.Canonical), 0, MaxHolder)
		if byKey[claim.Key] != nil {
			found.Addf("a group's claim is listed twice")
		}
		byKey[claim.Key] = claim
		isScored := func(item string) bool { return scored[Address(item)] }
		if !scored[claim.Canonical] && !slices.ContainsFunc(strings.Split(claim.Key, ","), isScored) {
			found.Addf("a group's claim names no wallet of the change set")
		}
	}
	return byKey
}

// validate checks a claim that is to be written.
func (c *GroupClaim) validate(found *problems.List, scored map[Address]bool) {
	checkTime(found, "the time of a group's claim", c.ClaimedAt)
	checkAddress(found, " of a group", c.Canonical)
	wallets := make([]Address, 0, MaxGroup)
	for item := range strings.SplitSeq(c.Key, ",") {
		wallet := Address(item)
		checkAddress(found, " of a group", wallet)
		if wallet.Valid() && !scored[wallet] {
			found.Addf("wallet %s of a group is not in the change set", wallet)
		}
		wallets = append(wallets, wallet)
	}
	switch sorted := slices.Compact(slices.Sorted(slices.Values(wallets))); {
	case !slices.Equal(sorted, wallets):
		found.Addf("the wallets of a group's key are not sorted, each once")
	case len(wallets) < 2:
		found.Addf("a group has fewer than two wallets")
	case !slices.Contains(wallets, c.Canonical):
		found.Addf("the canonical wallet of a group is not one of its wallets")
	}
}
