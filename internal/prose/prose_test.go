package prose

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allowed are files that are not checked, each with its reason.
var allowed = map[string]string{
	"internal/prose/prose.go":      "it lists the words",
	"internal/prose/prose_test.go": "it uses them",

	"internal/pgtest/account_unix.go": "Unix has a user nobody",
}

func TestRepository(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == "testdata" || strings.HasPrefix(name, ".") && name != "." {
				return filepath.SkipDir
			}
			return nil
		}
		if allowed[filepath.ToSlash(name)] != "" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, found := range Check(name, string(text)) {
			t.Error(found)
		}
		return nil
	}))
	assert.Greater(t, files, 300)
}

func TestCheck(t *testing.T) {
	long := func(n int) string { return strings.Repeat("ab ", n/3+1)[:n-1] + "c" }
	for name, c := range map[string]struct {
		path, text string
		want       []string // of the findings; none means that the text is accepted
	}{
		"words": {
			"a.md", "It tells.\nIt was told, by telling; I tell.\nWhoever, nobody or somebody.\nBegun anew, Meanwhile.\nIt hardly waits for\never.\n" +
				"Two at the\nmost make no sense.",
			[]string{
				`a.md:1: plain English does without "tells"`, `a.md:2: plain English does without "told"`, `a.md:2: plain English does without "telling"`,
				`a.md:2: plain English does without "tell"`, `a.md:3: plain English does without "Whoever"`, `a.md:3: plain English does without "nobody"`,
				`a.md:3: plain English does without "somebody"`, `a.md:4: plain English does without "anew"`, `a.md:4: plain English does without "Meanwhile"`,
				`a.md:5: plain English does without "hardly"`, `a.md:5: plain English does without "for\never"`,
				`a.md:7: plain English does without "at the\nmost"`, `a.md:8: plain English does without "make no sense"`,
			},
		},
		"parts of words":   {"a.md", "A satellite, intellect and stellar newness.", nil},
		"quotations":       {"a.md", "The word \"tell\", “nobody” and `anew\nhardly` are data.", nil},
		"fenced code":      {"a.md", "```\ntell\n```\n", nil},
		"openers":          {"a.md", "What counts is this. Who asks waits. That is so.\n\n- Those remain.\n", openers("a.md", "1 What", "1 Who", "1 That", "3 Those")},
		"opener of origin": {"a.md", "Of these one stays.", openers("a.md", "1 Of")},
		"questions":        {"a.md", "What is it? Who asks?", nil},
		"headings":         {"a.md", "# What it is\n\nThe text says what it is.", nil},
		"comment":          {"a.go", "package a\n\n// f tells\n// it. What remains is lost.\nfunc f() {}\n", append([]string{`a.go:3: plain English does without "tells"`}, openers("a.go", "4 What")...)},
		"block comment":    {"a.go", "package a\n\n/*\nf tells\n*/\nfunc f() {}\n", []string{`a.go:4: plain English does without "tells"`}},
		"code in comment":  {"a.go", "package a\n\n// f is\n//\n//\ttell()\nfunc f() {}\n", nil},
		"error text":       {"a.go", "package a\n\nvar a = \"nobody\"\n", []string{`a.go:3: plain English does without "nobody"`}},
		"data of a test":   {"a_test.go", "package a\n\nvar a = \"nobody\"\n", nil},
		"output":           {"a_test.go", "package a\n\nfunc Example() {\n\t// Output:\n\t// nobody\n}\n", nil},
		"directive":        {"a.go", "package a\n\n//nolint:tell\nfunc f() {}\n", nil},
		"name of a test":   {"a_test.go", "package a\n\nfunc Test" + strings.Repeat("a", 42) + "() {}\nfunc FuzzB() {}\n", []string{"a_test.go:3: the name Test" + strings.Repeat("a", 42) + " has more than 45 characters"}},
		"name of 45":       {"a_test.go", "package a\n\nfunc Test" + strings.Repeat("a", 41)[1:] + "_() {}\n", nil},
		"comment of 81":    {"a.go", "package a\n\n\t// " + long(77) + "\n", []string{"a.go:3: the line has 81 characters, want at most 80"}},
		"comment of 80":    {"a.go", "package a\n\n\t// " + long(76) + "\n", nil},
		"comment of a URL": {"a.go", "package a\n\n// https://example.com/" + strings.Repeat("a", 80) + "\n", nil},
		"command":          {"a.go", "package a\n\n//\tgo " + long(90) + "\n", nil},
		"trailing comment": {"a.go", "package a\n\nvar a = 1 // " + long(90) + "\n", nil},
		"SQL":              {"a.sql", "select 1\n-- It tells.\n-- " + long(78) + "\n", []string{`a.sql:2: plain English does without "tells"`, "a.sql:3: the line has 81 characters, want at most 80"}},
		"Markdown of 101":  {"a.md", long(101) + "\n", []string{"a.md:1: the line has 101 characters, want at most 100"}},
		"Markdown of 100":  {"a.md", long(100) + "\n", nil},
		"row without link": {"a.md", "| " + long(101) + " |\n", []string{"a.md:1: the line has 105 characters, want at most 100"}},
		"row with a link":  {"a.md", "| [a](b) " + long(101) + " |\n", nil},
		"one code span":    {"a.md", "- `" + long(120) + "`\n", nil},
		"other files":      {"a.txt", "tell", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var found []string
			for _, f := range Check(c.path, c.text) {
				found = append(found, f.String())
			}
			for i := range c.want {
				c.want[i] = strings.ReplaceAll(c.want[i], "\n", `\n`)
			}
			assert.Equal(t, c.want, found)
		})
	}
}

// openers returns findings from lines and words.
func openers(path string, places ...string) (found []string) {
	for _, place := range places {
		line, word, _ := strings.Cut(place, " ")
		found = append(found, path+":"+line+`: a sentence opens with "`+word+`"`)
	}
	return found
}
