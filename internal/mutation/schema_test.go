package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchema(t *testing.T) {
	p, file := read(t, `package code

type s struct{}

func (*s) f(_ int, rest ...string) (n int) {
	return len(rest)
}

func g(bool) { h() }

func h() {}
`)
	mutants := find(p, file)
	number(mutants, 0)
	require.Len(t, mutants, 2)
	text, spans := p.schema(file, mutants)
	assert.Equal(t, `package code

type s struct{}

func (receiver0 *s) f(parameter0 int, rest ...string) (n int) { switch activeMutant { case 1: return receiver0.f_mutant1(parameter0, rest...); }; 
	return len(rest)
}

func g(parameter0 bool) { switch activeMutant { case 2: g_mutant2(parameter0); return; };  h() }

func h() {}

func (*s) f_mutant1(_ int, rest ...string) (n int) {
	return 0
}

func g_mutant2(bool) {  }

`, text)
	for i, s := range spans {
		assert.Same(t, mutants[i], s.mutant)
	}
	assert.Equal(t, "func g_mutant2(bool) {  }", text[spans[1].from:spans[1].to])
}

func TestSchemas_NotCompiling(t *testing.T) {
	p, file := read(t, "package code\n\nfunc f(a []int) int {\n\tfor i := range a {\n\t\treturn i\n\t}\n\treturn 7\n}\n")
	mutants := find(p, file)
	number(mutants, 0)
	texts, compiling, err := p.schemas(mutants)
	require.NoError(t, err)
	var left []string
	for _, m := range compiling {
		left = append(left, m.id)
	}
	assert.ElementsMatch(t, []string{
		"code.f, skipped: for i := range a {{ → break}",
		"code.f, returned: return {7 → 0}", "code.f, shifted: return {7 → 8}", "code.f, shifted: return {7 → 6}",
	}, left, "without `return i` the variable is not used")
	assert.Contains(t, texts["/code/active_mutant.go"], `os.Getenv("PASSPORT_MUTANT")`)
}

func TestAlone(t *testing.T) {
	p, file := read(t, "package code\n\nconst size = 2\n\nvar a [size]int = [2]int{}\n")
	for _, m := range find(p, file) {
		texts, compiles := p.alone(m)
		assert.False(t, compiles, "every change of this breaks the array: %s", texts)
	}
	p, file = read(t, "package code\n\nconst size = 2\n")
	texts, compiles := p.alone(find(p, file)[0])
	assert.True(t, compiles)
	assert.Equal(t, map[string]string{"/code/code.go": "package code\n\nconst size = 3\n"}, texts)
}
