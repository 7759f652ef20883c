package shadow

import (
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// Exception excuses known differences until a date.
type Exception struct {
	Name string
	// Until is the moment from which on the exception excuses nothing.
	Until time.Time
	// Match reports whether it excuses the difference. It must be safe for
	// concurrent use.
	Match func(d Difference, primary, ours *Decision) bool
}

// Rules are what [Compare] goes by. The zero value excuses nothing but
// rounding, recorded answers, and what expired since the primary decided.
type Rules struct {
	// Elapsed is how long before our decision the primary was asked.
	Elapsed time.Duration
	// Skew is how far the clocks may differ.
	Skew time.Duration
	// SeparateClaims is as in [WithSeparateClaims].
	SeparateClaims bool
	// Exceptions are tried in their order, at the time of our decision.
	Exceptions []Exception
}

// Compare returns the differences of the decisions, none if they agree. It
// cannot know whether the input changed between them, and so calls [Real]
// every difference that nothing else explains; a [Shadow] looks again.
func Compare(primary, ours Decision, rules Rules) []Difference {
	return rules.compare(&primary, &ours, nil)
}

// compare is Compare with the score that was recorded last, if that is known.
func (r *Rules) compare(primary, ours *Decision, before *passport.LastScore) []Difference {
	found := differences(primary, ours)
	if len(found) > 0 {
		r.classify(found, primary, ours, before)
	}
	return found
}

// classify gives each of the differences its class.
func (r *Rules) classify(found []Difference, primary, ours *Decision, before *passport.LastScore) {
	asked := ours.ScoredAt.Add(-r.Elapsed - r.Skew)
	recorded := isRecord(primary, before, asked)
	near := turnsBetween(primary, ours, asked, ours.ScoredAt.Add(r.Skew))
	claims := r.SeparateClaims && isClaimOrder(found, primary, ours)
	for i := range found {
		d := &found[i]
		switch {
		case d.rounding:
			d.Class = Rounding
		case r.except(d, primary, ours):
			d.Class = Excepted
		case recorded:
			d.Class = Recorded
		case near && d.Field.turns():
			d.Class = Clock
		case claims:
			d.Class = ClaimOrder
		}
	}
}

// turns reports whether the field depends on the moment of the decision.
func (f Field) turns() bool {
	return !slices.Contains([]Field{FieldStatus, FieldBody, FieldError, FieldThreshold, FieldRow, FieldEvent}, f)
}

// except reports whether an exception excuses the difference.
func (r *Rules) except(d *Difference, primary, ours *Decision) bool {
	at := ours.ScoredAt
	if at.IsZero() {
		at = time.Now()
	}
	for i := range r.Exceptions {
		if e := &r.Exceptions[i]; at.Before(e.Until) && e.Match(*d, primary, ours) {
			d.Exception = e.Name
			return true
		}
	}
	return false
}

// isRecord reports whether the primary's answer is older than the question. If
// that record is still known, the answer must be what was recorded.
func isRecord(primary *Decision, before *passport.LastScore, asked time.Time) bool {
	if primary.ScoredAt.IsZero() || !primary.ScoredAt.Before(asked) {
		return false
	}
	if before == nil || !store.Microseconds(before.ScoredAt).Equal(store.Microseconds(primary.ScoredAt)) {
		return true
	}
	return primary.Passing == before.PassedWhenScored && shown(before.Score).Cmp(shown(primary.Score)) == 0
}

// isClaimOrder reports whether stamps that were claimed in another order
// explain all that differs.
func isClaimOrder(found []Difference, primary, ours *Decision) bool {
	moved, flipped := new(big.Rat), false
	for i := range found {
		d := &found[i]
		if d.Field.ofRecord() {
			continue
		}
		theirs, own := primary.Stamps[d.Provider], ours.Stamps[d.Provider]
		switch {
		case d.Field == FieldStampDedup:
			flipped = true
			moved.Add(moved, minus(theirs.Score, own.Score))
		case d.Field == FieldStampScore && theirs.Deduplicated != own.Deduplicated:
		case slices.Contains([]Field{FieldScore, FieldPassing, FieldExpiry}, d.Field):
		default:
			return false
		}
	}
	consistent := primary.Passing == (primary.Score.Cmp(primary.Threshold) >= 0)
	return flipped && consistent && minus(primary.Score, ours.Score).Cmp(moved) == 0
}

// differences returns the differences, each of class Real.
func differences(primary, ours *Decision) []Difference {
	var c comparison
	switch {
	case primary.Status != ours.Status:
		c.add(FieldStatus, "", strconv.Itoa(primary.Status), strconv.Itoa(ours.Status))
	case primary.Malformed != ours.Malformed:
		c.add(FieldBody, "", form(primary.Malformed), form(ours.Malformed))
	case primary.Failed != ours.Failed:
		c.add(FieldError, "", failure(primary.Failed), failure(ours.Failed))
	case primary.Status == http.StatusOK && !primary.Malformed && !primary.Failed:
		c.compare(primary, ours)
	}
	return c.found
}

func form(malformed bool) string {
	if malformed {
		return "another form"
	}
	return "a score"
}

func failure(failed bool) string {
	if failed {
		return "an error"
	}
	return "a score"
}

type comparison struct{ found []Difference }

func (c *comparison) add(field Field, provider, primary, ours string) *Difference {
	c.found = append(c.found, Difference{Field: field, Provider: provider, Primary: primary, Ours: ours, Class: Real})
	return &c.found[len(c.found)-1]
}

func (c *comparison) compare(primary, ours *Decision) {
	if primary.Passing != ours.Passing {
		c.add(FieldPassing, "", strconv.FormatBool(primary.Passing), strconv.FormatBool(ours.Passing))
	}
	c.decimals(FieldScore, "", primary.Score, ours.Score)
	c.decimals(FieldThreshold, "", primary.Threshold, ours.Threshold)
	c.times(FieldExpiry, "", primary.ExpiresAt, ours.ExpiresAt)
	if !strings.EqualFold(primary.Canonical, ours.Canonical) {
		c.add(FieldCanonical, "", primary.Canonical, ours.Canonical)
	}
	for _, provider := range providers(primary, ours) {
		theirs, has := primary.Stamps[provider]
		own, have := ours.Stamps[provider]
		if has != have {
			c.add(FieldStamp, provider, presence(has), presence(have))
			continue
		}
		if theirs.Deduplicated != own.Deduplicated {
			c.add(FieldStampDedup, provider, strconv.FormatBool(theirs.Deduplicated), strconv.FormatBool(own.Deduplicated))
		}
		c.decimals(FieldStampScore, provider, theirs.Score, own.Score)
		c.times(FieldStampExpiry, provider, theirs.ExpiresAt, own.ExpiresAt)
	}
}

func presence(has bool) string {
	if has {
		return "present"
	}
	return "absent"
}

// providers returns those of both sides, sorted, each once.
func providers(primary, ours *Decision) []string {
	all := make([]string, 0, len(primary.Stamps)+len(ours.Stamps))
	for provider := range primary.Stamps {
		all = append(all, provider)
	}
	for provider := range ours.Stamps {
		all = append(all, provider)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (c *comparison) decimals(field Field, provider string, primary, ours passport.Decimal) {
	if primary.Cmp(ours) == 0 {
		return
	}
	unit := big.NewRat(1, 100_000)
	d := c.add(field, provider, primary.String(), ours.String())
	d.rounding = new(big.Rat).Abs(minus(primary, ours)).Cmp(unit) <= 0
}

// minus returns the exact difference of decimals, whose size is bounded.
func minus(a, b passport.Decimal) *big.Rat {
	x := rational(a)
	return x.Sub(x, rational(b))
}

func rational(d passport.Decimal) *big.Rat {
	r, _ := new(big.Rat).SetString(d.String()) // a Decimal is a number
	return r
}

func (c *comparison) times(field Field, provider string, primary, ours time.Time) {
	primary, ours = store.Microseconds(primary), store.Microseconds(ours)
	if primary.Equal(ours) {
		return
	}
	d := c.add(field, provider, moment(primary), moment(ours))
	d.rounding = !primary.IsZero() && !ours.IsZero() && primary.Sub(ours).Abs() < time.Second
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return store.FormatTime(t)
}
