package main

import (
	"go/importer"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read makes a package of one file that imports nothing.
func read(t *testing.T, text string) (*pkg, *source) {
	t.Helper()
	file := &source{path: "/code/code.go", place: "code.go", name: "code.go", text: text}
	fset := token.NewFileSet()
	p := &pkg{dir: ".", name: "code", path: "code", files: []*source{file}, fset: fset, from: importer.ForCompiler(fset, "gc", nil)}
	require.NoError(t, p.check())
	return p, file
}

// ids are those of a text's mutants, without the package's name.
func ids(t *testing.T, text string) []string {
	t.Helper()
	p, file := read(t, "package code\n\n"+text)
	found := find(p, file)
	number(found, 0)
	var list []string
	for _, m := range found {
		list = append(list, strings.TrimPrefix(m.id, "code."))
	}
	return list
}

func TestEachMutator(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"comparisons lose their bound and turn round": {
			"func f(a, b int) { g(a < b) }; func g(bool) {}",
			[]string{
				"f, dropped: func f(a, b int) { {g(a < b) → } }; func g(bool) {}",
				"f, swapped: func f(a, b int) { g(a {< → <=} b) }; func g(bool) {}",
				"f, swapped: func f(a, b int) { g(a {< → >=} b) }; func g(bool) {}",
			},
		},
		"equality is negated, and && and || lose a side": {
			"func f(a, b bool) {\n_ = a == b && !b\n}",
			[]string{
				"f, dropped: {_ = a == b && !b → }",
				"f, swapped: _ = a == b {&& → ||} !b",
				"f, dropped: _ = {a == b && → }!b",
				"f, dropped: _ = a == b{&& !b → }",
				"f, swapped: _ = a {== → !=} b && !b",
				"f, dropped: _ = a == b && {! → }b",
			},
		},
		"numbers and characters are shifted, texts emptied, truths negated": {
			"var (\na = 0x10\nb = 'x'\nc = \"text\"\nd = true\ne = \"\"\n)",
			[]string{
				"a, shifted: a = {0x10 → 17}", "a, shifted: a = {0x10 → 15}",
				"b, shifted: b = {'x' → 121}", "b, shifted: b = {'x' → 119}",
				`c, emptied: c = {"text" → ""}`,
				"d, negated: d = {true → false}",
			},
		},
		"arithmetic and assignments": {
			"func f(a, b int) {\na += b * -a\na++\n}",
			[]string{
				"f, dropped: {a += b * -a → }", "f, dropped: {a++ → }",
				"f, swapped: a {+= → -=} b * -a",
				"f, swapped: a += b {* → /} -a",
				"f, dropped: a += b * {- → }a",
				"f, swapped: a{++ → --}",
			},
		},
		"a sum of texts loses a side": {
			"func f(a, b string) {\n_ = a + b\n}",
			[]string{"f, dropped: {_ = a + b → }", "f, dropped: _ = {a + → }b", "f, dropped: _ = a{+ b → }"},
		},
		"results become zero, computed truths both": {
			"type s struct{}\nfunc f(a int, b bool, c s, d error) (int, bool, bool, string, s, error) {\nreturn a, b, true, g(), c, d\n}\nfunc g() string",
			[]string{
				"f, returned: return {a → 0}, b, true, g(), c, d",
				"f, returned: return a, {b → true}, true, g(), c, d", "f, returned: return a, {b → false}, true, g(), c, d",
				`f, returned: return a, b, true, {g() → ""}, c, d`,
				"f, returned: return a, b, true, g(), {c → s{}}, d",
				"f, returned: return a, b, true, g(), c, {d → nil}",
				"f, negated: return a, b, {true → false}, g(), c, d",
			},
		},
		"what a call returns becomes zero as a whole": {
			"func f() (int, error) {\nreturn g()\n}\nfunc g() (int, error)",
			[]string{"f, returned: return {g() → 0, nil}"},
		},
		"conditions never and always hold": {
			"func f(a bool) {\nif a {\n}\n}",
			[]string{"f, never: if {a → false} {", "f, always: if {a → true} {"},
		},
		"loops are skipped and end after their first round; break and continue swap": {
			"func f(a []int) {\nfor range a {\nf(a)\n}\nfor {\nbreak\n}\n}",
			[]string{
				"f, skipped: for range a {{ → break}", "f, once: for range a {{ → …; break}",
				"f, dropped: {f(a) → }",
				"f, skipped: for {{ → break}", "f, dropped: {break → }", "f, swapped: {break → continue}",
			},
		},
		"cases are dropped, lose values, and do nothing": {
			"func f(a int) {\nswitch a {\ncase 1, 2:\nf(a)\ndefault:\n}\n}",
			[]string{
				"f, skipped: case 1, 2:{ → break}",
				"f, dropped: {case 1, 2: f(a) → }",
				"f, dropped: case {1, → }2:", "f, dropped: case 1{, 2 → }:",
				"f, dropped: {default: → }",
				"f, dropped: {f(a) → }",
				"f, shifted: case {1 → 2}, 2:", "f, shifted: case {1 → 0}, 2:",
				"f, shifted: case 1, {2 → 3}:", "f, shifted: case 1, {2 → 1}:",
			},
		},
		"cases that are conditions never and always hold": {
			"func f(a bool) {\nswitch {\ncase a:\n}\n}",
			[]string{"f, never: case {a → false}:", "f, always: case {a → true}:"},
		},
		"bounds of slices are dropped and shifted": {
			"func f(a []int, b, c int) {\n_ = a[b:c]\n}",
			[]string{
				"f, dropped: {_ = a[b:c] → }",
				"f, dropped: _ = a[{b → }:c]", "f, shifted: _ = a[{b → b + 1}:c]",
				"f, dropped: _ = a[b:{c → }]", "f, shifted: _ = a[b:{c → c - 1}]",
			},
		},
		"fields and elements are dropped": {
			"type s struct{ a, b int }\nvar v = s{\na: x,\nb: x,\n}\nvar x int\nvar l = []int{x}",
			[]string{"v, dropped: {a: x, → }b: x,", "v, dropped: {b: x, → }", "l, dropped: var l = []int{{x → }}"},
		},
		"how long a list is meant to get, and checks at compile time, are left alone": {
			"func f() {\na, b := make([]int, 0, 8), make(map[int]int, 8)\n_, _ = a, b\n}\nvar _ = 1",
			[]string{"f, dropped: {_, _ = a, b → }"},
		},
		"methods have their type's name": {
			"type s struct{}\nfunc (r *s) f() int {\nreturn r.g()\n}\nfunc (s) g() int",
			[]string{"s.f, returned: return {r.g() → 0}"},
		},
	} {
		t.Run(name, func(t *testing.T) { assert.ElementsMatch(t, c.want, ids(t, c.text)) })
	}
}

func TestIdentify_Stable(t *testing.T) {
	const before = "func f(a int) int {\nif a == 1 {\nreturn 1\n}\nif a == 2 {\nreturn 1\n}\nreturn a\n}\n"
	had := ids(t, before)
	seen := map[string]bool{}
	for _, id := range had {
		assert.False(t, seen[id], id)
		seen[id] = true
	}
	assert.Contains(t, had, "f, shifted: return {1 → 2}")
	assert.Contains(t, had, "f, shifted: return {1 → 2} #2")
	assert.Subset(t, ids(t, "// New is new.\nfunc New() bool { return !true }\n\n"+before), had)
}

func TestIdentify_LongTexts(t *testing.T) {
	assert.Equal(t, "a b", abbreviated("a\n\tb"))
	long := abbreviated(strings.Repeat("ü", 61))
	assert.Equal(t, strings.Repeat("ü", 59)+"…", long)
	assert.Equal(t, strings.Repeat("ü", 60), abbreviated(strings.Repeat("ü", 60)))
}
