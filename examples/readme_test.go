// Package examples_test holds the documents to the programs: what the README
// shows is compiled somewhere.
package examples_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sources returns the text of each Go file of the repository, by path.
func sources(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	require.NoError(t, err)
	return files
}

// snippets are the blocks of Go in a Markdown text.
func snippets(markdown string) (blocks []string) {
	for _, found := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(markdown, -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

// shows reports whether the source has the snippet, indented as a whole.
func shows(source, snippet string) bool {
	const deepest = 4
	line := regexp.MustCompile(`(?m)^(.)`)
	for range deepest {
		if strings.Contains("\n"+source, "\n"+snippet) {
			return true
		}
		snippet = line.ReplaceAllString(snippet, "\t$1")
	}
	return false
}

func TestREADME_IsCompiled(t *testing.T) {
	files := sources(t)
	compiled := func(snippet string) bool {
		for _, source := range files {
			if shows(source, snippet) {
				return true
			}
		}
		return false
	}
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	blocks := snippets(string(readme))
	assert.Greater(t, len(blocks), 5)
	for _, snippet := range blocks {
		assert.True(t, compiled(snippet), "no Go file has this, which README.md shows:\n%s", snippet)
		assert.False(t, compiled(snippet+"nobody has written this\n"))
	}
}

// Examples without an output are compiled, but do not run.
func TestExamples_Run(t *testing.T) {
	const least = 25
	running := 0
	for path, source := range sources(t) {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments)
		require.NoError(t, err)
		for _, example := range doc.Examples([]*ast.File{file}...) {
			assert.True(t, example.Output != "" || example.EmptyOutput, "%s: Example%s has no output", path, example.Name)
			running++
		}
	}
	assert.GreaterOrEqual(t, running, least)
}
