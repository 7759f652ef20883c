package replay

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// WriteText writes the report for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	v := viewOf(r)
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s\n%s\n%s\n\n", v.Title(), v.Headline(), v.Bounded())
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	row := func(cells ...any) {
		for i, cell := range cells {
			cells[i] = printable(fmt.Sprint(cell))
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
	row("pass, and still do", v.Flow.PassPass)
	row("pass, and do not", v.Flow.PassFail)
	row("fail, and would pass", v.Flow.FailPass)
	row("fail, and still do", v.Flow.FailFail)
	for _, kind := range v.Kinds() {
		row("failed: "+string(kind), v.FailedByKind[kind])
	}
}

// printable returns the text without the characters by which a stored text
// could control a terminal or the table.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
