package whatif

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/passport-sdk/passport-go/internal/page"
)

// WriteText writes the report for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	v := viewOf(r)
	var out bytes.Buffer
	fmt.Fprintf(&out, "Community %d under %s\n%s\n\n", r.Community, v.Terms(), v.Headline())
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	row := func(cells ...any) {
		for i, cell := range cells {
			cells[i] = page.Printable(fmt.Sprint(cell))
		}
		_, _ = fmt.Fprintln(table, strings.TrimRight(fmt.Sprintf(strings.Repeat("%s\t", len(cells)), cells...), "\t"))
	}
	v.counts(row)
	_ = table.Flush() // a buffer takes all
	v.providers(&out, row)
	_ = table.Flush()
	for _, side := range []struct {
		title   string
		samples []Sample
	}{{"GAINING MOST", r.Gaining}, {"LOSING MOST", r.Losing}} {
		v.samples(&out, side.title, side.samples, row)
		_ = table.Flush()
	}
	fmt.Fprintln(&out)
	for _, note := range v.Notes() {
		fmt.Fprintln(&out, note)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (v *view) counts(row func(...any)) {
	row("", "RECORDED", "NOW", "NEW")
	row("threshold", "", sumOf(v.Present.Threshold), sumOf(v.New.Threshold))
	row("wallets", v.Recorded.Wallets, v.Compared, v.Compared)
	row("passing", v.Recorded.Passing, v.Present.Passing, v.New.Passing)
	row("  newly", "", v.Recorded.Flow.FailPass, v.Flow.FailPass)
	row("  no longer", "", v.Recorded.Flow.PassFail, v.Flow.PassFail)
	row("mean score", "", mean(v.Present.Total, v.Compared), mean(v.New.Total, v.Compared))
	row("raised", "", "", v.Raised.Wallets)
	row("  by, at most", "", "", v.Raised.Greatest)
	row("lowered", "", "", v.Lowered.Wallets)
	row("  by, at most", "", "", v.Lowered.Greatest)
	for _, kind := range slices.Sorted(maps.Keys(v.FailedByKind)) {
		row("failed: "+string(kind), "", v.FailedByKind[kind])
	}
}

func (v *view) providers(out io.Writer, row func(...any)) {
	if len(v.Listed) == 0 {
		return
	}
	_, _ = fmt.Fprintln(out)
	row("PROVIDER", "WEIGHT", "NEW", "WALLETS", "NEW", "ADDS", "NEW")
	for _, p := range v.Listed {
		row(p.Name, sumOf(p.Present.Weight), sumOf(p.New.Weight), p.Present.Wallets, p.New.Wallets, p.Present.Contribution, p.New.Contribution)
	}
	if v.Unseen > 0 {
		row(fmt.Sprintf("and %d more", v.Unseen))
	}
}

func (v *view) samples(out io.Writer, title string, samples []Sample, row func(...any)) {
	if len(samples) == 0 || samples[0].Address == "" {
		return // there is no wallet to name
	}
	_, _ = fmt.Fprintln(out)
	row(title, "RECORDED", "NOW", "", "NEW", "")
	for i := range samples {
		s := &samples[i]
		row(s.Address, s.Was(), sumOf(s.Present), verdict(s.PassesNow), sumOf(s.New), verdict(s.WouldPass))
	}
}
