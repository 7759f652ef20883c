package examples_test

import (
	"cmp"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documents returns the text of each document, by its path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		names, err := filepath.Glob("../" + pattern)
		require.NoError(t, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			texts[strings.TrimPrefix(filepath.ToSlash(name), "../")] = string(text)
		}
	}
	return texts
}

// tree is the Go code of the repository, by folder from the root.
type tree map[string]*folder

// folder is the text of its Go files, and the tests in them.
type folder struct {
	text  string
	tests []string
}

func readTree(t *testing.T) tree {
	t.Helper()
	files := tree{}
	for name, text := range sources(t) {
		dir := path.Dir(strings.TrimPrefix(filepath.ToSlash(name), "../"))
		if files[dir] == nil {
			files[dir] = &folder{}
		}
		files[dir].text += text
		for _, test := range declared.FindAllStringSubmatch(text, -1) {
			files[dir].tests = append(files[dir].tests, test[1])
		}
	}
	return files
}

var (
	codeSpan  = regexp.MustCompile("(?s)`([^`]+)`|\n```sh\n(.*?)```")
	testNames = regexp.MustCompile(`\b(?:(\w+)\.)?((?:Test|Benchmark|Fuzz)[A-Z]\w*)`)
	goCommand = regexp.MustCompile(`\bgo (?:-C (\S+) )?(test|run|doc|vet)\b([^\n#)]*)`)
	declared  = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w*)\(`)
	markdowns = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

// problems returns what the text names and the tree lacks.
func (files tree) problems(text string) (found []string) {
	for _, span := range codeSpan.FindAllStringSubmatch("\n"+text, -1) {
		code := cmp.Or(span[2], strings.ReplaceAll(span[1], "\n", " ")) // a long span is wrapped
		for _, command := range goCommand.FindAllStringSubmatch(code, -1) {
			if problem := files.command(command[1], strings.Fields(command[3])); problem != "" {
				found = append(found, command[0]+": "+problem)
			}
		}
		for _, name := range testNames.FindAllStringSubmatch(goCommand.ReplaceAllString(code, ""), -1) {
			if !files.declares(name[1], name[2]) {
				found = append(found, name[0]+": no such test")
			}
		}
	}
	return found
}

// declares reports whether a folder of that name, or any, has the test.
func (files tree) declares(name, test string) bool {
	for dir, f := range files {
		if (name == "" || path.Base(dir) == name) && slices.Contains(f.tests, test) {
			return true
		}
	}
	return false
}

// named returns the folders that a pattern of packages names, seen from dir.
func (files tree) named(dir, pattern string) (found []*folder) {
	root, deep := strings.CutSuffix(path.Join(dir, pattern), "...")
	root = strings.TrimSuffix(root, "/")
	for other, f := range files {
		if other == root || deep && strings.HasPrefix(other+"/", root+"/") || deep && root == "" {
			found = append(found, f)
		}
	}
	return found
}

// command returns what is wrong with the arguments of a go command that is run
// in the folder.
func (files tree) command(dir string, args []string) string {
	var named []*folder
	var patterns []string
	for i, arg := range args {
		switch {
		case arg == "." || strings.HasPrefix(arg, "./"):
			found := files.named(dir, arg)
			if found == nil {
				return "there is no package " + arg
			}
			named = append(named, found...)
		case slices.Contains([]string{"-run", "-bench", "-fuzz"}, arg) && i+1 < len(args):
			patterns = append(patterns, strings.Trim(args[i+1], "'"))
		}
	}
	for _, flag := range testFlags(args) {
		if !slices.ContainsFunc(named, func(f *folder) bool { return strings.Contains(f.text, `"`+flag+`"`) }) {
			return "there is no flag -" + flag
		}
	}
	for _, pattern := range patterns {
		matches := regexp.MustCompile(strings.Split(pattern, "/")[0]).MatchString
		matched := func(f *folder) bool { return slices.ContainsFunc(f.tests, matches) }
		if pattern != "^$" && pattern != "xxx" && !slices.ContainsFunc(named, matched) {
			return "no test matches " + pattern
		}
	}
	return ""
}

// testFlags returns the names of the flags after -args.
func testFlags(args []string) (names []string) {
	_, after, _ := strings.Cut(" "+strings.Join(args, " "), " -args ")
	for arg := range strings.FieldsSeq(after) {
		if name, is := strings.CutPrefix(arg, "-"); is {
			names = append(names, name)
		}
	}
	return names
}

func TestDocuments(t *testing.T) {
	files := readTree(t)
	texts := documents(t)
	assert.Subset(t, slices.Collect(maps.Keys(texts)), []string{"README.md", "ARCHITECTURE.md", "docs/reliability.md"})
	for name, text := range texts {
		assert.Empty(t, files.problems(text), name)
		for _, target := range markdowns.FindAllStringSubmatch(text, -1) {
			_, err := os.Stat(path.Join("..", path.Dir(name), target[1]))
			require.NoError(t, err, name)
		}
	}
}

func TestDocuments_Notices(t *testing.T) {
	files := readTree(t)
	for _, text := range []string{
		"`TestThatIsNotThere`", "`store.TestDocuments`", "`go run ./examples/nowhere`", "```sh\ngo test ./nowhere/...\n```",
		"`go test ./pgstore\n-run TestThatIsNotThere`", "`go test ./pgstore -args -nowhere 1`", "`go -C internal test ./histories`",
	} {
		assert.Len(t, files.problems(text), 1, text)
	}
	for _, text := range []string{"`examples.TestDocuments`", "`go test ./examples -run Documents`", "`go test ./...`", "Test, FuzzX"} {
		assert.Empty(t, files.problems(text), text)
	}
}
