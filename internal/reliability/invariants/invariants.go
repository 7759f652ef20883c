// Package invariants checks what must hold of a store's content between any
// two scorings, even after failures.
package invariants

import (
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Rules are what a check depends on beside the content.
type Rules struct {
	// Limits are the numbers of limited awards that may be given, by action.
	Limits map[string]int
	// Steady reports that neither the communities nor the human points program
	// have changed since the first scoring, so that every wallet has the points
	// for what has counted.
	Steady bool
	// Linked reports that some wallets may be scored as one, and that the group of
	// each was known whenever it was scored.
	Linked bool
}

// Check returns what does not hold, a text each, which begins with the name of
// the invariant. The state is one that only the engine's scorings have written,
// with credentials of today's form.
func Check(state *store.State, rules Rules) []string {
	c := &check{
		state: state, rules: rules,
		claims: map[claimPlace]store.Holder{}, scores: map[Place]*Score{}, newest: map[Place]*Score{},
		latest: map[int64]time.Time{}, passed: map[Place]map[string]bool{},
	}
	c.readClaims()
	c.readScores()
	c.readEvents()
	c.checkClaims()
	c.checkScores()
	c.checkPoints()
	if rules.Linked {
		c.checkLinked()
	}
	return c.found
}

// The names of the invariants.
const (
	oneHolder    = "a nullifier has one holder"
	oneScore     = "an address has one score"
	scoredHolder = "a claim is of a scored wallet"
	holds        = "a wallet holds what it counts"
	aloneError   = "a failed score is an error alone"
	sum          = "the score is the sum of its stamps"
	theStamps    = "the stamps are those that the score counts"
	untilStamps  = "the score lasts as long as its stamps"
	newestEvent  = "the newest event has the score"
	oneEvent     = "every deduplicated stamp has one event"
	qualifies    = "exactly those that have passed have qualified"
	oneAward     = "nothing is awarded twice"
	earned       = "points are for those that have qualified"
	keys         = "a key is awarded for each provider that counted in a passing score, and no other"
	bonus        = "the bonus is for four communities, and for no fewer"
	limited      = "a limited award stops at its limit"
)

type claimPlace struct {
	community int64
	nullifier string
}

// check is one check, with the content by what it is looked up by.
type check struct {
	state *store.State
	rules Rules
	found []string

	claims map[claimPlace]store.Holder
	scores map[Place]*Score
	newest map[Place]*Score    // the last events of scores
	latest map[int64]time.Time // the latest scoring of a community
	passed map[Place]map[string]bool
}

func (c *check) breaksf(invariant, format string, args ...any) {
	c.found = append(c.found, invariant+": "+fmt.Sprintf(format, args...))
}

func (c *check) readClaims() {
	for _, claim := range c.state.Claims {
		at := claimPlace{claim.Community, claim.Nullifier}
		if other, twice := c.claims[at]; twice {
			c.breaksf(oneHolder, "%v is held by %s and by %s", at, other.Address, claim.Address)
		}
		c.claims[at] = claim.Holder
	}
}

func (c *check) readScores() {
	for i := range c.state.Scores {
		row := &c.state.Scores[i]
		at := Place{row.Community, row.Address}
		if c.scores[at] != nil {
			c.breaksf(oneScore, "%v has two", at)
		}
		score, err := ReadScore(row.Score)
		if err != nil {
			c.breaksf(sum, "%v: %v", at, err)
			score = &Score{}
		}
		c.scores[at] = score
	}
}

// readEvents checks that each event of a score is a good score, and comes after
// those of the credentials that lost in it.
func (c *check) readEvents() {
	programs := map[int64]bool{}
	for _, community := range c.state.Communities {
		programs[community.ID] = community.HumanPoints
	}
	lost := map[Place][]string{}
	for _, event := range c.state.Events {
		at := Place{event.Community, event.Address}
		if event.Action == store.ActionDeduplicated {
			lost[at] = append(lost[at], lostProvider(event.Data))
			continue
		}
		score, err := ReadEvent(event.Data)
		if err != nil {
			c.breaksf(newestEvent, "%v: %v", at, err)
			continue
		}
		if fault := score.fault(c.rules.Linked); fault != "" {
			c.breaksf(sum, "an event of %v: %s", at, fault)
		}
		var deduplicated []string
		for provider, stamp := range score.Stamps {
			if stamp.Dedup {
				deduplicated = append(deduplicated, provider)
			}
		}
		slices.Sort(deduplicated)
		slices.Sort(lost[at])
		if !c.mayBeMerged(score) && !slices.Equal(deduplicated, lost[at]) {
			c.breaksf(oneEvent, "%v: %v lost, the events have %v", at, deduplicated, lost[at])
		}
		c.newest[at] = score
		delete(lost, at)
		if event.At.After(c.latest[at.Community]) {
			c.latest[at.Community] = event.At
		}
		if score.Evidence.Success && (programs[at.Community] || !c.rules.Steady) {
			c.pass(at, score)
		}
	}
	for at, providers := range lost {
		c.breaksf(oneEvent, "%v: %v lost in no score", at, providers)
	}
}

func (c *check) pass(at Place, score *Score) {
	if c.passed[at] == nil {
		c.passed[at] = map[string]bool{}
	}
	for provider := range score.StampScores {
		c.passed[at][provider] = true
	}
}

// checkClaims checks that a wallet holds all nullifiers of what it counts, so
// that no other wallet counts for the same. When the credential has expired by
// the community's latest scoring, another may have come.
func (c *check) checkClaims() {
	for at, holder := range c.claims {
		if c.scores[Place{at.community, holder.Address}] == nil {
			c.breaksf(scoredHolder, "%v is held by %s", at, holder.Address)
		}
	}
	for i := range c.state.Scores {
		row := &c.state.Scores[i]
		for _, counted := range row.Counted {
			signed, err := ReadCredential(counted.Document)
			if err != nil {
				c.breaksf(holds, "%s in %d: %v", row.Address, row.Community, err)
				continue
			}
			for _, nullifier := range signed.Subject.Nullifiers {
				holder, claimed := c.claims[claimPlace{row.Community, nullifier}]
				own := holder.Address == row.Address && !holder.ExpiresAt.Before(signed.Expires)
				if nullifier != "" && !own && (!claimed || signed.Expires.After(c.latest[row.Community])) {
					c.breaksf(holds, "%s in %d counts %s by %q until %v, which %s holds until %v",
						row.Address, row.Community, counted.Provider, nullifier, signed.Expires, holder.Address, holder.ExpiresAt)
				}
			}
		}
	}
}

func (c *check) checkScores() {
	for i := range c.state.Scores {
		row := &c.state.Scores[i]
		at := Place{row.Community, row.Address}
		score := c.scores[at]
		if row.Status == store.StatusError {
			if row.Error == "" || row.Value != "" || row.Evidence != nil || row.StampScores != nil || row.Stamps != nil ||
				!row.ScoredAt.IsZero() || !row.ExpiresAt.IsZero() {
				c.breaksf(aloneError, "%v has %+v", at, row.Score)
			}
			continue
		}
		if fault := score.fault(c.rules.Linked); fault != "" {
			c.breaksf(sum, "%v: %s", at, fault)
		}
		if !c.mayBeMerged(score) {
			c.checkCounted(row, score)
		}
		if event := c.newest[at]; event == nil || event.differs(score) {
			c.breaksf(newestEvent, "%v: the score is %+v, the event %+v", at, score, event)
		}
	}
}

// checkCounted compares the credentials that counted with the score.
func (c *check) checkCounted(row *store.StoredScore, score *Score) {
	var has []string
	var expires time.Time
	for _, counted := range row.Counted {
		has = append(has, counted.Provider)
		signed, err := ReadCredential(counted.Document)
		if err != nil {
			continue // checkClaims reports it
		}
		if expires.IsZero() || signed.Expires.Before(expires) {
			expires = signed.Expires
		}
		if stamp := score.Stamps[counted.Provider]; !stamp.Expires.Equal(signed.Expires) {
			c.breaksf(theStamps, "%s in %d counts a %s until %v, and has one until %v",
				row.Address, row.Community, counted.Provider, stamp.Expires, signed.Expires)
		}
	}
	slices.Sort(has)
	var weighed []string
	for provider := range score.StampScores {
		weighed = append(weighed, provider)
	}
	slices.Sort(weighed)
	if counts := score.counts(); !slices.Equal(has, weighed) || !slices.Equal(has, counts) {
		c.breaksf(theStamps, "%s in %d has %v, weighs %v, counts %v", row.Address, row.Community, has, weighed, counts)
	}
	if !score.ExpiresAt.Equal(expires) {
		c.breaksf(untilStamps, "%s in %d lasts until %v, its stamps until %v", row.Address, row.Community, score.ExpiresAt, expires)
	}
}
