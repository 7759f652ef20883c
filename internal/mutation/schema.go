package main

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
)

// Building the tests for each mutant would take most of the time of a run.
// So one build holds all mutants of functions: beside each function stand its
// mutants, and it begins by calling the one whose number the environment
// names. Mutants of constants and variables of a package get a build each.

// environment names the mutant to run; without it the code is as written.
const environment = "PASSPORT_MUTANT"

// active is the variable that holds the number.
const active = "activeMutant"

// activeFile is added to each package that has mutants.
func activeFile(p *pkg) (path, text string) {
	path = filepath.Join(filepath.Dir(p.files[0].path), "active_mutant.go")
	return path, fmt.Sprintf(`package %s

import (
	"os"
	"strconv"
)

var %s = func() int {
	number, _ := strconv.Atoi(os.Getenv(%q))
	return number
}()
`, p.name, active, environment)
}

// span is where a mutant stands in a text made by schema.
type span struct {
	from, to int
	mutant   *mutant
}

// schema returns the file's text with the mutants in it, and where they stand.
func (p *pkg) schema(file *source, mutants []*mutant) (text string, spans []span) {
	byFunction := map[*ast.FuncDecl][]*mutant{}
	for _, m := range mutants {
		byFunction[m.within] = append(byFunction[m.within], m)
	}
	offset := func(n ast.Node) int { return p.fset.Position(n.Pos()).Offset }

	var edits []edit
	var clones []span
	var cloned strings.Builder
	for _, declaration := range file.tree.Decls {
		d, ok := declaration.(*ast.FuncDecl)
		if !ok || len(byFunction[d]) == 0 {
			continue
		}
		receiver, receiverEdits := p.named(d.Recv, "receiver")
		parameters, parameterEdits := p.named(d.Type.Params, "parameter")
		if receiver != "" {
			receiver += "."
		}
		start, end := offset(d), p.fset.Position(d.End()).Offset
		afterName := p.fset.Position(d.Name.End()).Offset
		var calls strings.Builder
		for _, m := range byFunction[d] {
			name := fmt.Sprintf("_mutant%d", m.number)
			call := receiver + d.Name.Name + name + "(" + parameters + ")"
			if d.Type.Results == nil {
				fmt.Fprintf(&calls, "case %d: %s; return; ", m.number, call)
			} else {
				fmt.Fprintf(&calls, "case %d: return %s; ", m.number, call)
			}
			from := cloned.Len()
			cloned.WriteString(apply(file.text[start:end],
				edit{from: afterName - start, to: afterName - start, with: name},
				edit{from: m.change.from - start, to: m.change.to - start, with: m.change.with}))
			clones = append(clones, span{from: from, to: cloned.Len(), mutant: m})
			cloned.WriteString("\n\n")
		}
		body := p.fset.Position(d.Body.Lbrace).Offset + 1
		edits = slices.Concat(edits, receiverEdits, parameterEdits)
		edits = append(edits, edit{from: body, to: body, with: " switch " + active + " { " + calls.String() + "}; "})
	}
	original := apply(file.text, edits...) + "\n"
	for _, c := range clones {
		spans = append(spans, span{from: c.from + len(original), to: c.to + len(original), mutant: c.mutant})
	}
	return original + cloned.String(), spans
}

// named returns the names of a function's parameters, as its own call passes
// them on, and the edits that name those that have none.
func (p *pkg) named(fields *ast.FieldList, prefix string) (names string, edits []edit) {
	if fields == nil {
		return "", nil
	}
	var list []string
	name := func() string { return fmt.Sprintf("%s%d", prefix, len(list)) }
	for _, field := range fields.List {
		from := len(list)
		if len(field.Names) == 0 {
			at := p.fset.Position(field.Type.Pos()).Offset
			edits = append(edits, edit{from: at, to: at, with: name() + " "})
			list = append(list, name())
		}
		for _, n := range field.Names {
			if n.Name != "_" {
				list = append(list, n.Name)
				continue
			}
			at := p.fset.Position(n.Pos()).Offset
			edits = append(edits, edit{from: at, to: at + 1, with: name()})
			list = append(list, name())
		}
		if _, variadic := field.Type.(*ast.Ellipsis); variadic {
			list[from] += "..."
		}
	}
	return strings.Join(list, ", "), edits
}

// schemas returns the texts of one build with all those mutants of the
// package's functions that compile.
func (p *pkg) schemas(mutants []*mutant) (texts map[string]string, compiling []*mutant, err error) {
	for {
		texts = map[string]string{}
		path, text := activeFile(p)
		texts[path] = text
		spans := map[string][]span{}
		for _, file := range p.files {
			var own []*mutant
			for _, m := range mutants {
				if m.file == file {
					own = append(own, m)
				}
			}
			if len(own) > 0 {
				texts[file.path], spans[file.path] = p.schema(file, own)
			}
		}
		faults, err := p.faults(texts)
		if err != nil {
			return nil, nil, fmt.Errorf("package %s with its mutants: %w", p.path, err)
		}
		if len(faults) == 0 {
			return texts, mutants, nil
		}
		broken := map[*mutant]bool{}
		for _, f := range faults {
			i, found := slices.BinarySearchFunc(spans[f.file], f.offset, func(s span, offset int) int {
				switch {
				case offset < s.from:
					return 1
				case offset >= s.to:
					return -1
				}
				return 0
			})
			if !found {
				return nil, nil, fmt.Errorf("package %s with its mutants: %s at %s:%d", p.path, f.text, f.file, f.offset)
			}
			broken[spans[f.file][i].mutant] = true
		}
		mutants = slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool { return broken[m] })
	}
}

// alone returns the text of a build with one mutant only, and whether it
// compiles.
func (p *pkg) alone(m *mutant) (texts map[string]string, compiles bool) {
	texts = map[string]string{m.file.path: apply(m.file.text, m.change)}
	faults, err := p.faults(texts)
	return texts, err == nil && len(faults) == 0
}
