package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is a module with one function and one test.
func small(t *testing.T, survivors string) *order {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module small\n\ngo 1.26\n",
		"sum/sum.go": `package sum

const first = 1

// Sum adds first and the numbers up to n, and stops below 5.
func Sum(n int) int {
	total := first
	for i := 0; i < n; i++ {
		total++
	}
	if total > 5 {
		return 5
	}
	return total
}
`,
		"sum/sum_test.go": `package sum

import "testing"

func TestSum(t *testing.T) {
	if Sum(1) != 2 || Sum(0) != 1 || Sum(5) != 5 {
		t.Fatal("wrong")
	}
}
`,
		"survivors.md": survivors,
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return &order{
		root: root, targets: []target{{dir: "sum", suites: []suite{{dir: "sum"}}}},
		survivors: filepath.Join(root, "survivors.md"), report: io.Discard, workers: 2,
	}
}

// survivors are those that change nothing: 5 is 5.
func survivors() []string {
	return []string{"sum.Sum, swapped: if total {> → >=} 5 {", "sum.Sum, shifted: if total > {5 → 4} {"}
}

func TestRun_Survivors(t *testing.T) {
	o := small(t, "")
	var report, out bytes.Buffer
	o.report = &report
	err := o.carryOut(t.Context(), &out)
	require.EqualError(t, err, "survived without an explanation: "+strings.Join(survivors(), "\nsurvived without an explanation: "))

	for _, line := range []string{
		"survived\t\t" + survivors()[0],
		"killed\tsum TestSum\tsum.Sum, swapped: total{++ → --}",
		"looped\tsum\tsum.Sum, swapped: for i := 0; i < n; i{++ → --} {",
		"killed\tsum TestSum\tsum.first, shifted: const first = {1 → 2}",
	} {
		assert.Contains(t, report.String(), line+"\n")
	}
	assert.NotContains(t, report.String(), "{total := first → }", "what does not compile is no mutant")
	assert.Contains(t, out.String(), "sum/sum.go")

	text, err := os.ReadFile(filepath.Join(o.root, "sum", "sum.go"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "total > 5", "the tree is as it was")
}

func TestRun_Explained(t *testing.T) {
	o := small(t, "- `"+strings.Join(survivors(), "`\n  5 is 5.\n- `")+"`\n  5 is 5.\n")
	require.NoError(t, o.carryOut(t.Context(), io.Discard))
}

func TestRun_FailingTests(t *testing.T) {
	o := small(t, "")
	broken := "package sum\n\nimport \"testing\"\n\nfunc TestBroken(t *testing.T) { t.Fatal(\"always\") }\n"
	require.NoError(t, os.WriteFile(filepath.Join(o.root, "sum", "broken_test.go"), []byte(broken), 0o600))
	err := o.carryOut(t.Context(), io.Discard)
	require.ErrorContains(t, err, "without any mutant the tests of sum fail")
	require.ErrorContains(t, err, "TestBroken")
}

func TestRun_Sample(t *testing.T) {
	list := func(sample int, seed uint64) string {
		o := small(t, "")
		o.list, o.sample, o.seed = true, sample, seed
		var out bytes.Buffer
		require.NoError(t, o.carryOut(t.Context(), &out))
		return out.String()
	}
	first := list(5, 1)
	assert.Equal(t, first, list(5, 1))
	assert.NotEqual(t, list(5, 1), list(5, 2))
	assert.Len(t, strings.Split(strings.TrimSpace(list(5, 1)), "\n"), 5)
	assert.Greater(t, len(strings.Split(list(0, 1), "\n")), 20)
}

// The tests are named by pattern and files by name: a name that is no more
// would leave a part untested without a word.
func TestTargets(t *testing.T) {
	for _, target := range targets() {
		for _, file := range target.files {
			assert.FileExists(t, filepath.Join("..", "..", target.dir, file))
		}
		for _, s := range target.suites {
			found, err := filepath.Glob(filepath.Join("..", "..", s.dir, "*_test.go"))
			require.NoError(t, err)
			assert.NotEmpty(t, found, s.dir)
		}
	}
}
