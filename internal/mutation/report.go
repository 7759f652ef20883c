package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// trial is a mutant and what became of it.
type trial struct {
	mutant  *mutant
	verdict verdict
}

// least is the share of mutants that must be killed, in per cent.
const least = 90

// judge writes the figures by file, and returns what is wrong: too few killed,
// survivors without an explanation, and explanations of what is not so. Only a
// run of everything can find that an explained mutant does not exist.
func judge(out io.Writer, trials []trial, reasons map[string]string, everything bool) []string {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "file\tmutants\tkilled\tof these looped\tsurvived\tkilled %\t")
	var files []string
	counts := map[string]map[outcome]int{}
	all := map[outcome]int{}
	for _, t := range trials {
		file := t.mutant.file.place
		if counts[file] == nil {
			files = append(files, file)
			counts[file] = map[outcome]int{}
		}
		counts[file][t.verdict.outcome]++
		all[t.verdict.outcome]++
	}
	for _, file := range files {
		row(table, file, counts[file])
	}
	row(table, "all", all)
	table.Flush()

	var wrong []string
	if dead, of := dead(all); dead*100 < of*least {
		wrong = append(wrong, fmt.Sprintf("%d of %d mutants killed, want %d %% at least", dead, of, least))
	}
	tried := map[string]bool{}
	for _, t := range trials {
		tried[t.mutant.id] = true
		_, explained := reasons[t.mutant.id]
		switch {
		case t.verdict.outcome == survived && !explained:
			wrong = append(wrong, "survived without an explanation: "+t.mutant.id)
		case t.verdict.outcome != survived && explained:
			wrong = append(wrong, fmt.Sprintf("explained as a survivor, but %s by %s: %s", t.verdict.outcome, t.verdict.by(), t.mutant.id))
		}
	}
	if everything {
		for id := range reasons {
			if !tried[id] {
				wrong = append(wrong, "explained, but there is no such mutant: "+id)
			}
		}
	}
	slices.SortStableFunc(wrong, func(a, b string) int {
		kind := func(s string) string { before, _, _ := strings.Cut(s, ":"); return before }
		return strings.Compare(kind(a), kind(b))
	})
	return wrong
}

func row(table io.Writer, name string, counts map[outcome]int) {
	dead, of := dead(counts)
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%.1f\t\n", name, of, dead, counts[looped], counts[survived], 100*float64(dead)/float64(max(of, 1)))
}

func dead(counts map[outcome]int) (dead, of int) {
	dead = counts[killed] + counts[looped]
	return dead, dead + counts[survived]
}
