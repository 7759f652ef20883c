package invariants

import (
	"maps"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// The names of the invariants of linked wallets.
const (
	oneGroup     = "one group claim names a wallet"
	wellFormed   = "a group claim is of its wallets"
	onePasses    = "only the canonical wallet of a group passes"
	writtenAsOne = "a group is written as one"
	claimed      = "a merged score has a group claim"
	ofGroup      = "a merged stamp is one that counts in a wallet of the group"
	allMerged    = "a merged score has every provider that counts in the group, from the first wallet"
	lastsMerged  = "a merged score lasts as long as its stamps"
	countsOnce   = "no account counts twice"
)

// mayBeMerged reports whether the score may be that of a group, so that its
// stamps are not, or not only, the wallet's own.
func (c *check) mayBeMerged(score *Score) bool {
	return c.rules.Linked && (len(score.Stamps) == 0 || score.merged())
}

// merged reports whether the stamps are those of a group.
func (s *Score) merged() bool {
	for _, stamp := range s.Stamps {
		return stamp.Source != ""
	}
	return false
}

// checkLinked checks the claims of groups, and the scores of the wallets that
// they name.
func (c *check) checkLinked() {
	claims := map[Place]store.GroupClaim{}
	rows := map[Place]*store.StoredScore{}
	for i := range c.state.Scores {
		rows[Place{c.state.Scores[i].Community, c.state.Scores[i].Address}] = &c.state.Scores[i]
	}
	for _, claim := range c.state.GroupClaims {
		wallets := walletsOf(&claim.GroupClaim)
		if len(wallets) < 2 || !slices.Contains(wallets, claim.Canonical) || store.GroupKey(wallets) != claim.Key {
			c.breaksf(wellFormed, "%+v", claim)
		}
		for _, wallet := range append(wallets, claim.Canonical) {
			at := Place{claim.Community, wallet}
			if other, named := claims[at]; named && other != claim.GroupClaim {
				c.breaksf(oneGroup, "%v is named by %+v and by %+v", at, other, claim.GroupClaim)
			}
			claims[at] = claim.GroupClaim
		}
	}
	for at, score := range c.scores {
		if score.Status != store.StatusDone {
			continue
		}
		live := score.ExpiresAt.IsZero() || !score.ExpiresAt.Before(c.latest[at.Community])
		claim, named := claims[at]
		switch {
		case named && claim.Canonical != at.Address && score.Evidence.Success:
			c.breaksf(onePasses, "%v passes beside %s", at, claim.Canonical)
		case named && claim.Canonical == at.Address:
			c.checkGroup(at, score, &claim, rows)
		case score.merged() && live:
			c.breaksf(claimed, "%v counts for others, and the claim is %+v", at, claim)
		}
	}
	c.checkAccounts(rows)
}

func walletsOf(claim *store.GroupClaim) (wallets []store.Address) {
	for item := range strings.SplitSeq(claim.Key, ",") {
		wallets = append(wallets, store.Address(item))
	}
	return wallets
}

// checkGroup checks the score of a canonical wallet by the stamps that count in
// each wallet of its group.
func (c *check) checkGroup(canonical Place, score *Score, claim *store.GroupClaim, rows map[Place]*store.StoredScore) {
	counting := map[string][]store.Address{}
	expires := score.ExpiresAt
	for _, wallet := range walletsOf(claim) {
		row := rows[Place{canonical.Community, wallet}]
		if row == nil || row.Status == store.StatusDone && !row.ScoredAt.Equal(score.ScoredAt) {
			c.breaksf(writtenAsOne, "%v was at %v, %s is %+v", canonical, score.ScoredAt, wallet, row)
			return
		}
		for _, counted := range row.Counted {
			counting[counted.Provider] = append(counting[counted.Provider], wallet)
		}
	}
	for provider, stamp := range score.Stamps {
		source := rows[Place{canonical.Community, stamp.Source}]
		if !slices.Contains(counting[provider], stamp.Source) || !lasts(source, provider, stamp) {
			c.breaksf(ofGroup, "%v counts %s of %q until %v", canonical, provider, stamp.Source, stamp.Expires)
		}
		if own := slices.Contains(counting[provider], canonical.Address); own && stamp.Source != canonical.Address {
			c.breaksf(allMerged, "%v has its own %s, and counts that of %s", canonical, provider, stamp.Source)
		}
		if expires.IsZero() || stamp.Expires.Before(expires) {
			expires = stamp.Expires
		}
	}
	if has, want := score.counts(), slices.Sorted(maps.Keys(counting)); !slices.Equal(has, want) {
		c.breaksf(allMerged, "%v counts %v of %v", canonical, has, want)
	}
	if !expires.Equal(score.ExpiresAt) || (len(score.Stamps) == 0) != score.ExpiresAt.IsZero() {
		c.breaksf(lastsMerged, "%v until %v, its stamps until %v", canonical, score.ExpiresAt, expires)
	}
}

// lasts reports whether the stamp lasts as long as the credential that counts.
func lasts(row *store.StoredScore, provider string, stamp Stamp) bool {
	for _, counted := range row.Counted {
		if signed, err := ReadCredential(counted.Document); counted.Provider == provider {
			return err == nil && signed.Expires.Equal(stamp.Expires)
		}
	}
	return false
}

// checkAccounts checks that no nullifier counts for two wallets in scores that
// pass and have not expired by the latest scoring.
func (c *check) checkAccounts(rows map[Place]*store.StoredScore) {
	type use struct{ row, source store.Address }
	used := map[claimPlace]use{}
	for at, score := range c.scores {
		if !score.Evidence.Success || !score.ExpiresAt.After(c.latest[at.Community]) && !score.ExpiresAt.IsZero() {
			continue
		}
		for provider, stamp := range score.Stamps {
			by := use{at.Address, stamp.Source}
			if by.source == "" {
				by.source = at.Address
			}
			if stamp.Dedup {
				continue
			}
			for _, nullifier := range nullifiersOf(rows[Place{at.Community, by.source}], provider) {
				place := claimPlace{at.Community, nullifier}
				if other, counts := used[place]; counts && other != by {
					c.breaksf(countsOnce, "%v counts for %v and for %v", place, other, by)
				}
				used[place] = by
			}
		}
	}
}

// nullifiersOf returns those of the provider's credential that counts.
func nullifiersOf(row *store.StoredScore, provider string) []string {
	if row == nil {
		return nil
	}
	for _, counted := range row.Counted {
		if signed, err := ReadCredential(counted.Document); err == nil && counted.Provider == provider {
			return signed.Subject.Nullifiers
		}
	}
	return nil
}
