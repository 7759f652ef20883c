package histories

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/store"
)

// Check returns an error if an answer is not what the rules make of the content
// at that time, if the rows are not those of the last answers, or if an
// invariant does not hold after a write or in the end.
func (h *LinkedHistory) Check() error {
	var faults []error
	for _, fault := range h.Faults {
		faults = append(faults, errors.New(fault))
	}
	for _, broken := range brokenOf(&h.Last) {
		faults = append(faults, fmt.Errorf("in the end: %s", broken))
	}
	for _, s := range h.Scorings {
		for _, result := range s.Results {
			c := &answerCheck{scoring: s, result: result}
			c.check()
			faults = append(faults, c.faults...)
		}
	}
	return errors.Join(faults...)
}

func brokenOf(state *store.State) []string {
	return invariants.Check(state, invariants.Rules{Steady: true, Linked: true})
}

// answerCheck checks one answer.
type answerCheck struct {
	scoring *LinkedScoring
	result  *passport.Result
	// read is the Load that the answer was made of, and wrote the Apply; the same
	// Load if nothing was written.
	read, wrote *Look
	faults      []error
}

func (c *answerCheck) faultf(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("answer: %v: %s: "+format, append([]any{c.scoring.Step, c.result.Address}, args...)...))
}

// check finds what the answer was made of, and checks it. A wallet may have
// been written more than once: for itself, and for a claim of another's.
func (c *answerCheck) check() {
	var faults []error
	for i := range c.scoring.Looks {
		look := &c.scoring.Looks[i]
		has := slices.Contains(look.Wallets, c.result.Address)
		if !look.Wrote && has {
			c.read = look
		}
		if !c.isWrite(look, has) {
			continue
		}
		c.wrote, c.faults = look, nil
		if c.compare(); len(c.faults) == 0 {
			return
		}
		faults = c.faults
	}
	if c.faults = faults; faults == nil {
		c.faultf("scored at %v, unchanged %t; its looks are %v", c.result.ScoredAt, c.result.Unchanged, c.scoring.Looks)
	}
}

// isWrite reports whether the look may be the one that left the answer's
// content. A score that is left unchanged was left before or after the others
// of the batch were written.
func (c *answerCheck) isWrite(look *Look, has bool) bool {
	if c.result.Unchanged || c.scoring.Step.Action == Preview {
		return c.read != nil && (look == c.read || look.Wrote)
	}
	return has && look.Wrote && look.At.Equal(c.result.ScoredAt)
}

func (c *answerCheck) compare() {
	group := c.wrote.Groups[c.result.Address]
	if linked := c.result.Linked != nil; linked != (len(group) > 1) {
		c.faultf("it is linked: %t, and its group %v; the looks are %v", linked, group, c.scoring.Looks)
		return
	}
	if c.result.Linked != nil {
		c.checkMerge(group)
	}
	if c.read.Before == nil {
		return
	}
	if c.result.Linked == nil {
		c.checkStamps(c.result.Address, c.result.Stamps)
		c.checkClaim(store.GroupClaim{}, group)
		return
	}
	c.checkElection(group)
	for _, m := range c.result.Linked.Members {
		c.checkStamps(m.Address, m.Stamps)
	}
	if c.scoring.Step.Action != Preview {
		c.checkRows()
	}
}

// checkMerge checks the merged score by the stamps of the members.
func (c *answerCheck) checkMerge(group []passport.Address) {
	l, r := c.result.Linked, c.result
	merged, sum := map[string]passport.Stamp{}, map[string]int{}
	var members []passport.Address
	take := func(m *passport.Member) {
		for _, stamp := range m.Stamps {
			if stamp.Outcome != passport.Counted {
				continue
			}
			sum[string(m.Address)] += Weights()[stamp.Provider]
			if _, provided := merged[stamp.Provider]; !provided {
				stamp.Source = m.Address
				merged[stamp.Provider] = stamp
				sum[""] += Weights()[stamp.Provider]
			}
		}
	}
	for _, first := range []bool{true, false} {
		for i := range l.Members {
			if m := &l.Members[i]; (m.Address == l.Canonical) == first {
				take(m)
			}
		}
	}
	var expires time.Time
	for _, stamp := range l.Stamps {
		if merged[stamp.Provider] != stamp {
			c.faultf("it merges %+v in the place of %+v", stamp, merged[stamp.Provider])
		}
		if expires.IsZero() || stamp.ExpiresAt.Before(expires) {
			expires = stamp.ExpiresAt
		}
	}
	for _, m := range l.Members {
		members = append(members, m.Address)
		if m.Score.String() != strconv.Itoa(sum[string(m.Address)]) {
			c.faultf("%s has %s of %d", m.Address, m.Score, sum[string(m.Address)])
		}
	}
	if !slices.Equal(members, group) || len(merged) != len(l.Stamps) || l.Score.String() != strconv.Itoa(sum[""]) ||
		l.Passing != (sum[""] >= Threshold) || !expires.Equal(l.ExpiresAt) {
		c.faultf("the group %v has %+v, its stamps %d", group, l, sum[""])
	}
	canonical := passport.Result{Score: l.Score, Passing: l.Passing, Stamps: l.Stamps}
	if r.Address != l.Canonical {
		canonical = passport.Result{}
	}
	if r.Score.Cmp(canonical.Score) != 0 || r.Passing != canonical.Passing || !slices.Equal(r.Stamps, canonical.Stamps) ||
		!r.ScoredAt.Equal(l.ScoredAt) || !r.ExpiresAt.Equal(l.ExpiresAt) {
		c.faultf("it is %+v, the group %+v", r, l)
	}
}

// checkElection checks who is canonical, by the claims and scores of before.
func (c *answerCheck) checkElection(group []passport.Address) {
	var oldest *store.GroupClaim
	for i := range c.read.Before.GroupClaims {
		claim := &c.read.Before.GroupClaims[i].GroupClaim
		live := slices.Contains(group, claim.Canonical) && c.holds(claim.Canonical)
		if live && (oldest == nil || claim.ClaimedAt.Before(oldest.ClaimedAt) || claim.ClaimedAt.Equal(oldest.ClaimedAt) && claim.Key < oldest.Key) {
			oldest = claim
		}
	}
	claim := store.GroupClaim{Key: store.GroupKey(group), Canonical: c.result.Linked.Canonical, ClaimedAt: c.wrote.At}
	switch {
	case oldest != nil:
		claim.ClaimedAt = oldest.ClaimedAt
		if oldest.Canonical != claim.Canonical {
			c.faultf("%s is canonical, and the oldest live claim is %+v", claim.Canonical, oldest)
		}
	case !slices.Contains(c.scoring.Asked, claim.Canonical):
		c.faultf("%s is canonical, and was not asked", claim.Canonical)
	}
	c.checkClaim(claim, group)
}

// holds reports whether the wallet has a score that has not expired.
func (c *answerCheck) holds(address store.Address) bool {
	row := scoreIn(c.read.Before, c.scoring.Step.Community, address)
	return row != nil && (row.ExpiresAt.IsZero() || !row.ExpiresAt.Before(c.read.At))
}

func scoreIn(state *store.State, community int64, address store.Address) *store.StoredScore {
	for i := range state.Scores {
		if row := &state.Scores[i]; row.Community == community && row.Address == address {
			return row
		}
	}
	return nil
}

// checkClaim checks that the claim is the only one that names the group's
// wallets, none if it is zero.
func (c *answerCheck) checkClaim(want store.GroupClaim, group []passport.Address) {
	if c.scoring.Step.Action == Preview {
		return
	}
	var claims []store.GroupClaim
	for _, claim := range c.wrote.After.GroupClaims {
		if slices.ContainsFunc(group, claim.Names) {
			claims = append(claims, claim.GroupClaim)
		}
	}
	if want.Key == "" && len(claims) == 0 {
		return
	}
	if len(claims) != 1 || !claims[0].Equal(&want) {
		c.faultf("the claims are %+v, want %+v", claims, want)
	}
}

// holders returns the holders of nullifiers in the scoring's community.
func (c *answerCheck) holders(state *store.State) map[string]store.Holder {
	holders := map[string]store.Holder{}
	for _, claim := range state.Claims {
		if claim.Community == c.scoring.Step.Community {
			holders[claim.Nullifier] = claim.Holder
		}
	}
	return holders
}

// checkStamps checks the stamps of a wallet by its credentials, and by the
// claims that the scoring left.
func (c *answerCheck) checkStamps(address passport.Address, stamps []passport.Stamp) {
	before, after := c.holders(c.read.Before), c.holders(c.wrote.After)
	count := 0
	for i := range c.read.Before.Credentials {
		credential := &c.read.Before.Credentials[i]
		if credential.Address != address || credential.Deleted || credential.Revoked {
			continue
		}
		count++
		at := slices.IndexFunc(stamps, func(s passport.Stamp) bool { return s.Provider == credential.Provider })
		if at < 0 || !stamps[at].ExpiresAt.Equal(credential.ExpiresAt) {
			c.faultf("%s has a %s until %v, and the stamps are %+v", address, credential.Provider, credential.ExpiresAt, stamps)
			continue
		}
		if c.scoring.Step.Action == Preview {
			continue
		}
		signed, err := invariants.ReadCredential(credential.Document)
		if err != nil {
			c.faultf("%v", err)
			continue
		}
		want := passport.Counted
		for _, nullifier := range signed.Subject.Nullifiers {
			holder, was := after[nullifier], before[nullifier]
			switch {
			case !credential.ExpiresAt.After(c.read.At):
				want = passport.LeftOut
			case was.Address == address && !was.ExpiresAt.Before(credential.ExpiresAt):
				// It was the wallet's own for as long, though another may have come since.
			case holder.Address != address && holder.ExpiresAt.After(c.read.At):
				want = passport.Deduplicated
			}
		}
		if stamps[at].Outcome != want {
			c.faultf("%s of %s is %s, by the claims it is %s", credential.Provider, address, stamps[at].Outcome, want)
		}
	}
	if count != len(stamps) {
		c.faultf("%s has %d credentials, and the stamps are %+v", address, count, stamps)
	}
}

// checkRows compares the rows of the group with the answer.
func (c *answerCheck) checkRows() {
	l := c.result.Linked
	for _, m := range l.Members {
		row := scoreIn(c.wrote.After, c.scoring.Step.Community, m.Address)
		if row == nil {
			c.faultf("%s has no row", m.Address)
			continue
		}
		score, err := invariants.ReadScore(row.Score)
		if err != nil {
			c.faultf("%v", err)
			continue
		}
		want := passport.Result{Score: m.Score, Stamps: m.Stamps}
		if m.Address == l.Canonical {
			want = passport.Result{Score: l.Score, Passing: l.Passing, Stamps: l.Stamps}
		}
		if score.Evidence.Success != want.Passing || score.Evidence.RawScore != want.Score.String() || strings.HasPrefix(row.Value, "1") != want.Passing ||
			!row.ScoredAt.Equal(l.ScoredAt) || m.Address == l.Canonical && !row.ExpiresAt.Equal(l.ExpiresAt) || !sameStamps(score.Stamps, want.Stamps) {
			c.faultf("the row of %s is %s, %s, %s; the answer is %+v", m.Address, row.Value, row.Evidence, row.Stamps, want)
		}
	}
}

func sameStamps(recorded map[string]invariants.Stamp, stamps []passport.Stamp) bool {
	count := 0
	for _, s := range stamps {
		if s.Outcome == passport.LeftOut {
			continue
		}
		count++
		r, is := recorded[s.Provider]
		if !is || r.Dedup != (s.Outcome == passport.Deduplicated) || r.Source != s.Source || !r.Expires.Equal(s.ExpiresAt) ||
			!strings.HasPrefix(r.Score, s.Weight.String()) {
			return false
		}
	}
	return count == len(recorded)
}
