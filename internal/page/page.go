// Package page has the parts that the pages of reports share: one style, light
// or dark as the reader's system is, bars, and numbers as people read them. A
// page is one file, needs no network and runs no script.
package page

import (
	_ "embed" // the parts
	"html/template"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

//go:embed parts.html
var parts string

// New returns the template of a page. Beside its own functions it has grouped,
// and the templates of parts.html: "head" with the title as its value,
// "failures" with those of a report, "end" with its notes, the bars "share",
// "faint" and "grave" with a length, and "both" with [Bars]. It panics if the
// text is no template.
func New(name, text string, functions template.FuncMap) *template.Template {
	t := template.New(name).Funcs(template.FuncMap{"grouped": Grouped[int64]}).Funcs(functions)
	return template.Must(template.Must(t.Parse(parts)).Parse(text))
}

// Bars are the lengths of two bars, as [Percent] returns them.
type Bars struct{ First, Second string }

// Integer is a count: 0 or more.
type Integer interface{ ~int64 | ~uint64 }

// Percent returns the share as CSS and SVG write it.
func Percent[N Integer](n, of N) string {
	share := new(big.Rat).SetFrac(new(big.Int).SetUint64(uint64(n)), new(big.Int).SetUint64(uint64(max(of, 1))))
	return share.Mul(share, big.NewRat(100, 1)).FloatString(2) + "%"
}

// Grouped returns the number with a comma at each thousand.
func Grouped[N Integer](n N) string {
	digits := strconv.FormatUint(uint64(n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Printable returns the text without the characters by which it could control a
// terminal or a table.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
