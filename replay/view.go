package replay

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/page"
	"github.com/passport-sdk/passport-go/shadow"
)

// view is a report in the words of its text and its page.
type view struct {
	*Report

	Shown []class // the classes that were found
	most  uint64  // records of a class
	full  int64   // records of a month
}

// class is a class of records, with its meaning.
type class struct {
	shadow.ClassCount

	Meaning string
}

// meanings say why a record differs.
var meanings = map[shadow.Class]string{
	shadow.Real:        "nothing that has changed since explains it",
	shadow.Unconfirmed: "terms or claims may have changed since: their dates are not known",
	shadow.Changed:     "a credential, the terms or the linked wallets have changed since",
	shadow.ClaimOrder:  "another wallet has claimed the stamp since",
	shadow.Clock:       "something expired at about the moment of the scoring, or since",
	shadow.Recorded:    "the scoring failed, and would succeed now",
	shadow.Rounding:    "by at most one unit of the fifth decimal",
	shadow.Excepted:    "the service did it in another way, as is known",
}

func viewOf(r *Report) *view {
	v := &view{Report: r}
	for _, c := range r.Verdict.Classes {
		v.Shown = append(v.Shown, class{c, meanings[c.Class]})
		v.most = max(v.most, c.Count)
	}
	for _, m := range r.Months {
		v.full = max(v.full, m.Compared)
	}
	return v
}

// Title returns what the report is about.
func (v *view) Title() string {
	if v.Now {
		return fmt.Sprintf("Community %d: recorded scores, and decisions as of now", v.Community)
	}
	return fmt.Sprintf("Community %d: recorded scores, decided again for their moments", v.Community)
}

// Headline returns the outcome in a sentence.
func (v *view) Headline() string {
	return fmt.Sprintf("Of %s %s agree, and %s really differ.", records(v.Verdict.Compared), page.Grouped(v.Verdict.Agreed), page.Grouped(v.Real()))
}

// Bounded returns how many records there may be that really differ.
func (v *view) Bounded() string {
	return fmt.Sprintf("By the %s that settle it, the share of records that really differ is below %.2g %%, with a confidence of %.0f %%.",
		page.Grouped(v.Verdict.Settled), 100*v.Verdict.Bound, 100*shadow.Confidence)
}

// Notes returns what a reader has to know about how far the report goes.
func (v *view) Notes() []string {
	notes := []string{fmt.Sprintf("The run is of %s; nothing was written. Of %s wallets with a score, %s events were decided beside the score.",
		v.At.Format(time.RFC3339), page.Grouped(v.Wallets), page.Grouped(v.Events))}
	if v.TermsSince.IsZero() {
		notes = append(notes, "It is not known since when the present terms are in force, so that no difference in them is counted as real.")
	} else {
		notes = append(notes, "The present terms are taken to be in force since "+v.TermsSince.Format(time.RFC3339)+".")
	}
	if !v.Complete {
		notes = append(notes, "The run has not come to its end: these are the records so far.")
	}
	if v.Verdict.Skipped > 0 {
		notes = append(notes, records(v.Verdict.Skipped)+" could not be compared: the wallet is queued or was scored again, or its score has no evidence.")
	}
	if v.Verdict.Failed > 0 {
		notes = append(notes, records(v.Verdict.Failed)+" could not be decided.")
	}
	return notes
}

// fieldCount is how many differences of a class are in a field.
type fieldCount struct {
	Field shadow.Field
	Count uint64
}

// Listed returns the fields of a class, the more frequent ones first.
func (c class) Listed() []fieldCount {
	var list []fieldCount
	for _, field := range slices.Sorted(maps.Keys(c.Fields)) {
		list = append(list, fieldCount{field, c.Fields[field]})
	}
	slices.SortStableFunc(list, func(a, b fieldCount) int { return int(b.Count) - int(a.Count) }) //nolint:gosec // counts
	return list
}

// Share returns the length of the bar of a class.
func (v *view) Share(c class) string { return page.Percent(c.Count, v.most) }

// Agreeing returns the length of the bar of those that agree.
func (v *view) Agreeing() string { return page.Percent(v.Verdict.Agreed, v.Verdict.Compared) }

// month is a month of the page.
type month struct {
	Name string
	*Month

	Bars page.Bars
}

// Bars returns the months in their order.
func (v *view) Bars() []month {
	var bars []month
	for _, name := range slices.Sorted(maps.Keys(v.Months)) {
		m := v.Months[name]
		bars = append(bars, month{name, m, page.Bars{First: page.Percent(m.Compared, v.full), Second: page.Percent(m.Differ, v.full)}})
	}
	return bars
}

// excepted is an exception of the page.
type excepted struct {
	Name  string
	Count int64
}

// Excuses returns the exceptions by their names.
func (v *view) Excuses() []excepted {
	var list []excepted
	for _, name := range slices.Sorted(maps.Keys(v.Exceptions)) {
		list = append(list, excepted{name, v.Exceptions[name]})
	}
	return list
}

// bin is a bin of scores in words.
type bin struct {
	Range string
	shadow.Bin
	Bars page.Bars
}

// Distribution returns the bins without the empty ones at both ends.
func (v *view) Distribution() []bin {
	most := uint64(0)
	for _, b := range v.Verdict.Scores {
		most = max(most, b.Primary, b.Ours)
	}
	var bins []bin
	last := 0
	for i, b := range v.Verdict.Scores {
		if b != (shadow.Bin{}) {
			last = len(bins) + 1
		} else if i == 0 {
			continue // below 0
		}
		bins = append(bins, bin{rangeOf(i), b, page.Bars{First: page.Percent(b.Primary, most), Second: page.Percent(b.Ours, most)}})
	}
	return bins[:last]
}

// rangeOf returns the scores of the bin in words, as shares of the threshold.
func rangeOf(i int) string {
	edge := func(i int) string { return strconv.FormatFloat(float64(i)/10, 'f', 1, 64) }
	switch i {
	case 0:
		return "below 0"
	case scoreBins - 1:
		return edge(scoreBins-2) + " and above"
	}
	return edge(i-1) + " – " + edge(i)
}

// Cell returns the length of the bar of a number of the flow.
func (v *view) Cell(n uint64) string {
	f := &v.Verdict.Flow
	return page.Percent(n, f.Both+f.Primary+f.Ours+f.Neither)
}

// part returns the field of a difference, with the provider of its stamp.
func part(d *shadow.Difference) string { return strings.TrimSpace(string(d.Field) + " " + d.Provider) }

// because returns the class of a difference, with its exception.
func because(d *shadow.Difference) string {
	if d.Exception == "" {
		return string(d.Class)
	}
	return string(d.Class) + ": " + d.Exception
}

// records returns the number of records in words.
func records(n uint64) string {
	if n == 1 {
		return "1 record"
	}
	return page.Grouped(n) + " records"
}
