package shadow

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/passport-sdk/passport-go/internal/page"
	"github.com/passport-sdk/passport-go/store"
)

// Labels are the words of a page: by default "Shadow", "primary" and "ours".
type Labels struct{ Title, Primary, Ours string }

// WriteHTML writes the verdict as one page. It needs no network and no script,
// and is light or dark as the reader's system is.
func (v *Verdict) WriteHTML(w io.Writer, labels Labels) error {
	l := Labels{"Shadow", "primary", "ours"}
	for word, given := range map[*string]string{&l.Title: labels.Title, &l.Primary: labels.Primary, &l.Ours: labels.Ours} {
		if given != "" {
			*word = given
		}
	}
	return pageTemplate.Execute(w, &view{v, l})
}

//go:embed page.html
var pageHTML string

var pageTemplate = page.New("shadow", pageHTML, template.FuncMap{"grouped": page.Grouped[uint64]})

// view is a verdict in the words of its page.
type view struct {
	*Verdict

	Labels Labels
}

// count is a number of comparisons with its bar.
type count struct {
	Name, About string
	N           uint64
	Share       string
}

// Grave reports whether there is a real difference.
func (v *view) Grave() bool { return v.Count(Real) > 0 }

// Outcomes are the comparisons by class.
func (v *view) Outcomes() []count {
	counts := []count{{"agreed", "", v.Agreed, page.Percent(v.Agreed, v.Compared)}}
	for i := range v.Classes {
		c := &v.Classes[i]
		counts = append(counts, count{string(c.Class), c.Class.about(), c.Count, page.Percent(c.Count, v.Compared)})
	}
	return counts
}

// Left are the answers that were not compared.
func (v *view) Left() []count {
	all := v.Compared + v.Dropped + v.Skipped + v.Failed
	var counts []count
	add := func(name, about string, n uint64) {
		if n > 0 {
			counts = append(counts, count{name, about, n, page.Percent(n, all)})
		}
	}
	add("dropped", "the queue was full", v.Dropped)
	add("skipped", "not about the wallet, or unreadable", v.Skipped)
	for _, kind := range slices.Sorted(maps.Keys(v.FailedByKind)) {
		add("failed", string(kind), v.FailedByKind[kind])
	}
	return counts
}

// about returns the class in other words.
func (c Class) about() string {
	return map[Class]string{
		Real:        "nothing else explains it",
		Unconfirmed: "no second answer was to be had",
		Changed:     "during every second look",
		Unrepeated:  "the second answer agreed",
		ClaimOrder:  "wallets claimed a stamp in another order",
		Clock:       "something expired at that moment",
		Recorded:    "older than the question",
		Rounding:    "at most one unit of the fifth place, or a second",
		Excepted:    "excused by name",
	}[c]
}

func (f Flow) all() uint64 { return f.Both + f.Primary + f.Ours + f.Neither }

// Cell returns the length of the bar of a number of the flow.
func (v *view) Cell(n uint64) string { return page.Percent(n, v.Flow.all()) }

// scoreBin is a bin of the scores in words.
type scoreBin struct {
	Range string
	Bin
	Bars page.Bars
}

// Distribution are the bins of scores without the empty ones at both ends.
func (v *view) Distribution() []scoreBin {
	most := uint64(0)
	for _, b := range v.Scores {
		most = max(most, b.Primary, b.Ours)
	}
	var bins []scoreBin
	last := 0
	for i, b := range v.Scores {
		if b != (Bin{}) {
			last = len(bins) + 1
		} else if len(bins) == 0 && i == 0 {
			continue // below 0
		}
		bins = append(bins, scoreBin{rangeOf(i), b, page.Bars{First: page.Percent(b.Primary, most), Second: page.Percent(b.Ours, most)}})
	}
	return bins[:last]
}

// rangeOf returns the scores of the bin in words.
func rangeOf(i int) string {
	edge := func(i int) string { return strconv.FormatFloat(float64(i)/(steps/2), 'f', 1, 64) }
	switch i {
	case 0:
		return "below 0"
	case steps + 1:
		return edge(steps) + " and above"
	}
	return edge(i-1) + " – " + edge(i)
}

// timing is a quantile of both sides.
type timing struct {
	Name          string
	Primary, Ours string
	Bars          page.Bars
}

// Timings are the latencies of both sides.
func (v *view) Timings() []timing {
	if v.Primary.Count == 0 {
		return nil
	}
	longest := max(v.Primary.Max, v.Ours.Max)
	var timings []timing
	for _, q := range []struct {
		name          string
		primary, ours time.Duration
	}{
		{"half within", v.Primary.P50, v.Ours.P50},
		{"90 % within", v.Primary.P90, v.Ours.P90},
		{"99 % within", v.Primary.P99, v.Ours.P99},
		{"longest", v.Primary.Max, v.Ours.Max},
	} {
		timings = append(timings, timing{q.name, readable(q.primary), readable(q.ours), page.Bars{
			First: page.Percent(int64(q.primary), int64(longest)), Second: page.Percent(int64(q.ours), int64(longest)),
		}})
	}
	return timings
}

// readable returns the duration with three digits.
func readable(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// fieldCount is a number of differences of a class in a field.
type fieldCount struct {
	Class Class
	Field Field
	N     uint64
	Share string
}

// Parts are the differences by class and field.
func (v *view) Parts() []fieldCount {
	most := uint64(0)
	for i := range v.Classes {
		for _, n := range v.Classes[i].Fields {
			most = max(most, n)
		}
	}
	var counts []fieldCount
	for i := range v.Classes {
		c := &v.Classes[i]
		for _, field := range slices.Sorted(maps.Keys(c.Fields)) {
			counts = append(counts, fieldCount{c.Class, field, c.Fields[field], page.Percent(c.Fields[field], most)})
		}
	}
	return counts
}

// Notes are what a reader has to know about how far the verdict goes.
func (v *view) Notes() []string {
	notes := []string{
		fmt.Sprintf("The bound holds for wallets like those that were compared, by %s comparisons from which something follows.", page.Grouped(v.Settled)),
	}
	if n := v.Compared - v.Settled; n > 0 {
		notes = append(notes, page.Grouped(n)+" others decide nothing: their input changed, or what differed did not repeat.")
	}
	if n := v.FailedByKind[store.KindRefused]; n > 0 {
		notes = append(notes, "The API key was refused "+page.Grouped(n)+" times.")
	}
	return notes
}
