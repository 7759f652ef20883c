package replay

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
	fmt.Fprintf(&out, "%s\n%s\n%s\n\n", v.Title(), v.Headline(), v.Bounded())
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	row := func(cells ...any) {
		for i, cell := range cells {
			cells[i] = page.Printable(fmt.Sprint(cell))
		}
		_, _ = fmt.Fprintln(table, strings.TrimRight(fmt.Sprintf(strings.Repeat("%s\t", len(cells)), cells...), "\t"))
	}
	v.counts(row)
	_ = table.Flush() // a buffer takes all
	for _, c := range v.Shown {
		if len(c.Samples) == 0 {
			continue
		}
		fmt.Fprintln(&out)
		row(strings.ToUpper(string(c.Class)), "WHAT", "RECORDED", "DECIDED", "CLASS")
		for i := range c.Samples {
			s := &c.Samples[i]
			for k := range s.Differences {
				d := &s.Differences[k]
				row(s.Address, part(d), d.Primary, d.Ours, because(d))
			}
		}
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
	row("agree", v.Verdict.Agreed)
	for _, c := range v.Shown {
		row(c.Class, c.Count, c.Meaning)
	}
	for _, e := range v.Excuses() {
		row("  "+e.Name, e.Count)
	}
	row("recorded and decided to pass", v.Verdict.Flow.Both)
	row("recorded to pass alone", v.Verdict.Flow.Primary)
	row("decided to pass alone", v.Verdict.Flow.Ours)
	row("neither", v.Verdict.Flow.Neither)
	for _, kind := range slices.Sorted(maps.Keys(v.Verdict.FailedByKind)) {
		row("failed: "+string(kind), v.Verdict.FailedByKind[kind])
	}
}
