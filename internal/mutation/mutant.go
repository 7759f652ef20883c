package main

import (
	"fmt"
	"go/ast"
	"strings"
)

// mutant is one small change of one source file.
type mutant struct {
	// number identifies the mutant in one run; it means nothing to another run.
	number int
	// id says what is changed and where, without a line number, so that it
	// stays the same while other code comes and goes:
	//
	//	passport.lifo, boundary: if len(clashes[i]) {> → >=} 0 {
	id   string
	file *source
	// within is the function that is changed, nil at package level.
	within *ast.FuncDecl
	change edit
}

// function is the name of what is changed, with its package.
func (m *mutant) function() string {
	name, _, _ := strings.Cut(m.id, ",")
	return name
}

// edit replaces the bytes from (included) to (excluded) of a text.
type edit struct {
	from, to int
	with     string
}

// apply makes edits that do not overlap, given in the order of the text.
func apply(text string, edits ...edit) string {
	var out strings.Builder
	at := 0
	for _, e := range edits {
		out.WriteString(text[at:e.from])
		out.WriteString(e.with)
		at = e.to
	}
	out.WriteString(text[at:])
	return out.String()
}

// identify builds the id: the function, the mutator, and the lines of the
// change with what was there and what is there now.
func identify(function, mutator, text string, from, to int, was, now string) string {
	before := text[strings.LastIndexByte(text[:from], '\n')+1 : from]
	after, _, _ := strings.Cut(text[to:], "\n")
	line := strings.TrimSpace(fmt.Sprintf("%s{%s → %s}%s", before, abbreviated(was), abbreviated(now), after))
	return fmt.Sprintf("%s, %s: %s", function, mutator, line)
}

// abbreviated is the text on one line and not too long of it.
func abbreviated(text string) string {
	const most = 60
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// number gives the mutants the numbers after the last one, and makes their ids
// unique: the second of its kind ends in #2.
func number(mutants []*mutant, last int) {
	seen := map[string]int{}
	for i, m := range mutants {
		m.number = last + i + 1
		seen[m.id]++
		if n := seen[m.id]; n > 1 {
			m.id = fmt.Sprintf("%s #%d", m.id, n)
		}
	}
}
