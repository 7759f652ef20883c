// Package prose checks the language of comments, error texts and documents, the
// length of their lines, and the names of tests. Its test checks the whole
// repository.
package prose

import (
	"cmp"
	"fmt"
	"go/scanner"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The bounds, in characters. A tab is one.
const (
	maxComment  = 80
	maxMarkdown = 100
	maxTestName = 45
)

var (
	// refused are the words and phrases that plain English does without.
	refused = regexp.MustCompile(`(?i)\b(tells?|telling|told|whoever|nobody|somebody|anew|meanwhile|hardly|` +
		`for\s+ever|at\s+the\s+most|ma(?:kes?|de|king)\s+no\s+sense)\b`)
	// opener begins a sentence with a bare clause. A question may begin so.
	opener   = regexp.MustCompile(`(?:^|[.!?]\)?\s)\s*(What|Who|That|Those|Of)\s`)
	quoted   = regexp.MustCompile("`[^`]*`" + `|"[^"]*"|“[^”]*”`)
	link     = regexp.MustCompile(`\]\([^)]*\)`)
	testName = regexp.MustCompile(`^func ((?:Test|Benchmark|Fuzz)\w*)`)
	listItem = regexp.MustCompile(`^\s*(?:[-*+]|\d+\.)\s+`)
)

// Finding is a fault at a place.
type Finding struct {
	Path string
	Line int
	Text string
}

// String returns the place and the fault in the form of the go command.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text) }

// Check returns the faults of a Go, SQL or Markdown file in the order of its
// lines. It finds none in other files.
func Check(path, text string) []Finding {
	c := &checker{path: path, lines: strings.Split(text, "\n")}
	switch filepath.Ext(path) {
	case ".go":
		c.golang(text)
	case ".sql":
		c.sql()
	case ".md":
		c.markdown()
	}
	c.paragraph()
	slices.SortStableFunc(c.found, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return c.found
}

// checker gathers the prose of a file in paragraphs.
type checker struct {
	path  string
	lines []string
	texts []string // of the paragraph
	last  int      // the number of its last line
	found []Finding
}

func (c *checker) addf(line int, format string, args ...any) {
	c.found = append(c.found, Finding{c.path, line, fmt.Sprintf(format, args...)})
}

func (c *checker) golang(text string) {
	isTest := strings.HasSuffix(c.path, "_test.go")
	for i, line := range c.lines {
		if name := testName.FindStringSubmatch(line); isTest && name != nil && len(name[1]) > maxTestName {
			c.addf(i+1, "the name %s has more than %d characters", name[1], maxTestName)
		}
	}
	file := token.NewFileSet().AddFile(c.path, -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), nil, scanner.ScanComments)
	for {
		at, kind, literal := s.Scan()
		number := file.Line(at)
		switch {
		case kind == token.EOF:
			return
		case kind == token.COMMENT:
			c.comment(number, literal)
		case kind == token.STRING && !isTest:
			c.words(number, literal)
		}
	}
}

// comment adds a comment of Go, unless it is a directive or the output of an
// example.
func (c *checker) comment(number int, literal string) {
	body, isLine := strings.CutPrefix(literal, "//")
	if isLine && body != "" && body[0] != ' ' && body[0] != '\t' {
		return
	}
	body = strings.TrimSuffix(strings.TrimPrefix(body, "/*"), "*/")
	for i, text := range strings.Split(body, "\n") {
		line := c.lines[number+i-1]
		if strings.HasPrefix(strings.TrimSpace(line), "//") {
			c.width(number+i, line, text, maxComment)
		}
		c.add(number+i, strings.TrimPrefix(text, " "))
	}
}

// sql adds the comments that stand alone on their lines.
func (c *checker) sql() {
	for i, line := range c.lines {
		if text, isComment := strings.CutPrefix(strings.TrimSpace(line), "--"); isComment {
			c.width(i+1, line, text, maxComment)
			c.add(i+1, strings.TrimSpace(text))
		}
	}
}

// markdown adds everything but fenced code.
func (c *checker) markdown() {
	fenced := false
	for i, line := range c.lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			c.width(i+1, line, line, maxMarkdown)
			c.add(i+1, line)
		}
	}
}

// width checks the length of a line. Nothing is said about those that cannot be
// broken: URLs, indented code, rows of a table with links, and single words and
// code spans.
func (c *checker) width(number int, line, text string, most int) {
	length := utf8.RuneCountInString(line)
	words := strings.Fields(listItem.ReplaceAllString(quoted.ReplaceAllString(text, "x"), ""))
	isCode := strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "    ")
	isRow := strings.HasPrefix(text, "|") && link.MatchString(text)
	if length > most && !strings.Contains(line, "://") && !isCode && !isRow && len(words) > 1 {
		c.addf(number, "the line has %d characters, want at most %d", length, most)
	}
}

// add adds a line of prose to its paragraph, or begins the next one.
func (c *checker) add(number int, text string) {
	isItem, isRow := listItem.MatchString(text), strings.HasPrefix(text, "|")
	if number != c.last+1 || isItem || isRow || strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#") {
		c.paragraph()
	}
	if isItem {
		text = listItem.ReplaceAllString(text, "")
	}
	if !strings.HasPrefix(text, "\t") { // code
		c.texts = append(c.texts, text)
		c.last = number
	}
}

// paragraph checks the words and sentences of the paragraph, and ends it.
// Quotations and code are not the author's words.
func (c *checker) paragraph() {
	text := quoted.ReplaceAllStringFunc(strings.Join(c.texts, "\n"), func(found string) string {
		return "x" + strings.Repeat("\n", strings.Count(found, "\n"))
	})
	first := c.last - len(c.texts) + 1
	c.texts = nil
	if strings.HasPrefix(text, "Output:") || strings.HasPrefix(text, "Unordered output:") {
		return
	}
	c.words(first, text)
	for _, at := range opener.FindAllStringSubmatchIndex(text, -1) {
		if end := strings.IndexAny(text[at[1]:], ".!?"); end < 0 || text[at[1]+end] != '?' {
			c.addf(first+strings.Count(text[:at[2]], "\n"), "a sentence opens with %q", text[at[2]:at[3]])
		}
	}
}

// words refuses words in a text that begins on the line.
func (c *checker) words(first int, text string) {
	for _, at := range refused.FindAllStringIndex(text, -1) {
		c.addf(first+strings.Count(text[:at[0]], "\n"), "plain English does without %q", text[at[0]:at[1]])
	}
}
