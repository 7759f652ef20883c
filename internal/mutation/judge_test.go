package main

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExplanations(t *testing.T) {
	reasons, err := explanations("# Survivors\n\nIntroduced.\n\n- `p.f, dropped: {a → }`\n  It changes\n  nothing.\n- `p.g, emptied: {\"`\" → \"\"}`\n  Nobody can tell.\n")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"p.f, dropped: {a → }":         "It changes nothing.",
		"p.g, emptied: {\"`\" → \"\"}": "Nobody can tell.",
	}, reasons)

	for document, want := range map[string]string{
		"- `a`\n- `b`\n  why\n":        "listed without a reason: a",
		"- `a`\n\n  far off\n":         "listed without a reason: a",
		"- `a`\n  why\n- `a`\n  why\n": "explained twice: a",
		"- a\n  why\n":                 "not an id in backquotes: - a",
	} {
		_, err := explanations(document)
		require.ErrorContains(t, err, want)
	}
}

// trialsOf makes so many killed mutants k0, k1, … and survivors s0, s1, ….
func trialsOf(dead, alive int) []trial {
	file := &source{place: "code.go"}
	var trials []trial
	for i := range dead {
		trials = append(trials, trial{&mutant{id: fmt.Sprint("k", i), file: file}, verdict{outcome: killed, test: "TestIt"}})
	}
	for i := range alive {
		trials = append(trials, trial{&mutant{id: fmt.Sprint("s", i), file: file}, verdict{outcome: survived}})
	}
	return trials
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		dead, alive int
		reasons     map[string]string
		some        bool
		wrong       []string
	}{
		"nine of ten are killed, the survivor explained": {dead: 9, alive: 1, reasons: map[string]string{"s0": "why"}},
		"a survivor is not explained":                    {dead: 9, alive: 1, wrong: []string{"survived without an explanation: s0"}},
		"too few are killed, although all are explained": {
			dead: 8, alive: 1, reasons: map[string]string{"s0": "why"}, wrong: []string{"8 of 9 mutants killed, want 90 % at least"},
		},
		"an explained one is killed": {
			dead: 1, reasons: map[string]string{"k0": "why"}, wrong: []string{"explained as a survivor, but killed by TestIt: k0"},
		},
		"an explained one does not exist":           {dead: 1, reasons: map[string]string{"x": "why"}, wrong: []string{"explained, but there is no such mutant: x"}},
		"an explained one may be left out of a run": {dead: 1, reasons: map[string]string{"x": "why"}, some: true},
		"a run of nothing has nothing wrong":        {},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.wrong, judge(&bytes.Buffer{}, trialsOf(c.dead, c.alive), c.reasons, !c.some))
		})
	}
}

func TestJudge_Looped(t *testing.T) {
	trials := trialsOf(8, 1)
	trials = append(trials, trial{&mutant{id: "l", file: trials[0].mutant.file}, verdict{outcome: looped, dir: "."}})
	var out bytes.Buffer
	assert.Empty(t, judge(&out, trials, map[string]string{"s0": "why"}, true))
	assert.Equal(t, ""+
		"     file  mutants  killed  of these looped  survived  killed %\n"+
		"  code.go       10       9                1         1      90.0\n"+
		"      all       10       9                1         1      90.0\n", out.String())
}
