package whatif

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/page"
)

// shownProviders is how many providers are listed for people, those that
// contribute most.
const shownProviders = 50

// view is a report in the words of its text and its page.
type view struct {
	*Report

	Listed []namedProvider
	Unseen int // the providers that are not listed

	mostBin          int64
	mostContribution Sum
}

type namedProvider struct {
	Name string
	*Provider
}

func viewOf(r *Report) *view {
	v := &view{Report: r}
	for _, name := range slices.Sorted(maps.Keys(r.Providers)) {
		v.Listed = append(v.Listed, namedProvider{name, r.Providers[name]})
	}
	slices.SortStableFunc(v.Listed, func(a, b namedProvider) int { return b.most().Cmp(a.most()) })
	if v.Unseen = len(v.Listed) - shownProviders; v.Unseen > 0 {
		v.Listed = v.Listed[:shownProviders]
	}
	if len(v.Listed) > 0 {
		v.mostContribution = v.Listed[0].most()
	}
	for _, b := range r.Distribution {
		v.mostBin = max(v.mostBin, b.Present, b.New)
	}
	return v
}

// most returns the greater contribution.
func (p *Provider) most() Sum {
	if p.Present.Contribution.Cmp(p.New.Contribution) > 0 {
		return p.Present.Contribution
	}
	return p.New.Contribution
}

// Title returns the name of the report.
func (v *view) Title() string { return fmt.Sprintf("What if: community %d", v.Community) }

// Headline returns the outcome in a sentence.
func (v *view) Headline() string {
	return fmt.Sprintf("Of %s %s pass now and %s would pass: %s would gain and %s would lose.", wallets(v.Compared),
		page.Grouped(v.Present.Passing), page.Grouped(v.New.Passing), page.Grouped(v.Flow.FailPass), page.Grouped(v.Flow.PassFail))
}

// Terms returns in words what the new terms change.
func (v *view) Terms() string {
	var terms []string
	if v.Change.Weights != nil {
		terms = append(terms, "other weights")
	}
	if v.Change.Customization != nil {
		terms = append(terms, "another customization")
	}
	if len(v.Change.Issuers) > 0 {
		terms = append(terms, "other issuers")
	}
	if v.Change.Threshold != "" {
		terms = append(terms, "another threshold")
	}
	if terms == nil {
		return "the present terms"
	}
	return strings.Join(terms, ", ")
}

// Notes returns what a reader has to know about how far the report goes.
func (v *view) Notes() []string {
	notes := []string{fmt.Sprintf("All decisions are for %s; nothing was written.", v.At.Format(time.RFC3339))}
	if !v.Complete {
		notes = append(notes, "The run has not come to its end: these are the wallets so far.")
	}
	if v.Failed > 0 {
		notes = append(notes, wallets(v.Failed)+" could not be compared.")
	}
	if v.Forgotten > 0 {
		notes = append(notes, fmt.Sprintf("The run was continued, without the new claims of the first %s that made any.", wallets(v.Forgotten)))
	}
	if v.OtherProviders > 0 {
		notes = append(notes, fmt.Sprintf("%s stamps are of providers beyond the first %d, and not listed.", page.Grouped(v.OtherProviders), mostProviders))
	}
	return notes
}

// Range returns the scores of a bin.
func (b Bin) Range() string {
	switch {
	case b.From.rat == nil:
		return "below " + b.To.String()
	case b.To.rat == nil:
		return b.From.String() + " and above"
	}
	return b.From.String() + " – " + b.To.String()
}

// Marks returns which thresholds are in the bin, in words.
func (v *view) Marks(b Bin) string {
	var marks []string
	for _, t := range []struct {
		name  string
		score Sum
	}{{"threshold", sumOf(v.Present.Threshold)}, {"new threshold", sumOf(v.New.Threshold)}} {
		if (b.From.rat == nil || b.From.Cmp(t.score) <= 0) && (b.To.rat == nil || t.score.Cmp(b.To) < 0) {
			marks = append(marks, t.name)
		}
	}
	return strings.Join(marks, ", ")
}

// Shown returns the bins without an empty one below 0, and without the empty
// ones at the upper end.
func (v *view) Shown() []Bin {
	bins := v.Distribution
	if bins[0].Present+bins[0].New == 0 {
		bins = bins[1:]
	}
	for len(bins) > 1 {
		if last := bins[len(bins)-1]; last.Present+last.New > 0 || v.Marks(last) != "" {
			break
		}
		bins = bins[:len(bins)-1]
	}
	return bins
}

// Bars returns those of a bin.
func (v *view) Bars(b Bin) page.Bars {
	return page.Bars{First: page.Percent(b.Present, v.mostBin), Second: page.Percent(b.New, v.mostBin)}
}

// Contributions returns the bars of a provider.
func (v *view) Contributions(p namedProvider) page.Bars {
	return page.Bars{First: v.contribution(p.Present.Contribution), Second: v.contribution(p.New.Contribution)}
}

func (v *view) contribution(s Sum) string {
	if s.Sign() <= 0 {
		return "0%"
	}
	share := new(big.Rat).Quo(s.value(), v.mostContribution.value())
	return share.Mul(share, big.NewRat(100, 1)).FloatString(2) + "%"
}

// OfWallets returns the length of a bar for a number of wallets.
func (v *view) OfWallets(n int64) string { return page.Percent(n, v.Compared) }

// mean returns the mean of a total, for people.
func mean(total Sum, n int64) string { return total.over(max(n, 1)).Rounded(2) }

// wallets returns the number of wallets in words.
func wallets(n int64) string {
	if n == 1 {
		return "1 wallet"
	}
	return page.Grouped(n) + " wallets"
}

// verdict returns a decision in a word.
func verdict(passes bool) string {
	if passes {
		return "passes"
	}
	return "fails"
}

// Was returns the recorded verdict.
func (s *Sample) Was() string {
	if !s.Recorded {
		return "never scored"
	}
	return verdict(s.PassRecorded)
}
