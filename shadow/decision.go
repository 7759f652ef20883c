package shadow

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// Decision is the part of an answer about a score that is compared.
type Decision struct {
	// Status is the HTTP status. Other fields are only set if it is 200.
	Status int
	// Malformed reports that the answer is not a score in the form of the
	// service. Then no other field but Status is set.
	Malformed bool
	// Failed reports that the wallet could not be scored: the answer has an error
	// in place of a score. Its text is not compared. Then no other field but
	// Status is set.
	Failed           bool
	Passing          bool
	Score, Threshold passport.Decimal
	// ScoredAt is not compared. It shows whether both sides decided at about the
	// same moment.
	ScoredAt time.Time
	// ExpiresAt is zero if no stamp counts.
	ExpiresAt time.Time
	// Stamps are those that count or are deduplicated, by provider.
	Stamps map[string]Stamp
	// Canonical is the wallet that carries the score of linked wallets, in lower
	// case. It is empty for a wallet that is scored by itself.
	Canonical string

	turns []time.Time // moments at which the decision may turn
}

// Stamp is the fate of a stamp.
type Stamp struct {
	Score        passport.Decimal
	Deduplicated bool
	ExpiresAt    time.Time // zero if it has no expiry
}

// DecisionOf returns the decision of the result, with decimals as the service
// shows them.
func DecisionOf(result *passport.Result) Decision {
	d := Decision{
		Status: http.StatusOK, Passing: result.Passing, Score: shown(result.Score), Threshold: shown(result.Threshold),
		ScoredAt: result.ScoredAt, ExpiresAt: result.ExpiresAt, Stamps: map[string]Stamp{},
	}
	for i := range result.Stamps {
		if s := &result.Stamps[i]; s.Outcome != passport.LeftOut {
			d.Stamps[s.Provider] = Stamp{shown(s.Weight), s.Outcome == passport.Deduplicated, s.ExpiresAt}
		}
	}
	d.turn(result.Stamps)
	if result.Before != nil {
		d.turns = append(d.turns, result.Before.ExpiresAt)
	}
	if result.Linked != nil {
		d.Canonical = strings.ToLower(string(result.Linked.Canonical))
		d.turns = append(d.turns, result.Linked.ExpiresAt)
		for i := range result.Linked.Members {
			d.turn(result.Linked.Members[i].Stamps)
		}
	}
	return d
}

// turn adds the moments at which the fate of a stamp turns.
func (d *Decision) turn(stamps []passport.Stamp) {
	for i := range stamps {
		d.turns = append(d.turns, stamps[i].ExpiresAt, stamps[i].ClaimedUntil)
	}
}

// turnsBetween reports whether either decision may turn from one moment to the
// other.
func turnsBetween(primary, ours *Decision, from, to time.Time) bool {
	turns := slices.Concat(primary.turns, ours.turns)
	return slices.ContainsFunc(turns, func(turn time.Time) bool {
		return !turn.IsZero() && !turn.Before(from) && !turn.After(to)
	})
}

// places is the number of decimals that the service shows.
const places = 5

func shown(d passport.Decimal) passport.Decimal {
	fixed := passport.Decimal{}
	if fixed.UnmarshalText([]byte(d.Fixed(places))) != nil {
		return d // too long for a decimal: it stays as exact as it is
	}
	return fixed
}

// look is what one plan shows.
type look struct {
	Decision

	// before is the last recorded score, nil if there is none.
	before *passport.LastScore
	// versions are those of the wallets that the plan rests on.
	versions map[store.Address]string
	// row and event are what would be recorded, if that is compared.
	row, event *Decision
}

func lookAt(plan *passport.Plan) look {
	l := look{Decision: DecisionOf(plan.Result), before: plan.Result.Before, versions: map[store.Address]string{}}
	if plan.Changes != nil {
		for i := range plan.Changes.Wallets {
			l.versions[plan.Changes.Wallets[i].Address] = plan.Changes.Wallets[i].Version
		}
		for i := range plan.Changes.Claims {
			l.turns = append(l.turns, plan.Changes.Claims[i].From.ExpiresAt, plan.Changes.Claims[i].To.ExpiresAt)
		}
	}
	return l
}

// sameAs reports whether both looks rest on the same credentials and lead to
// the same decision. Then an answer that was given between them did too: a
// version never returns, and a claim is not released before it expires.
func (l *look) sameAs(other *look) bool {
	return maps.Equal(l.versions, other.versions) && len(differences(&l.Decision, &other.Decision)) == 0
}
