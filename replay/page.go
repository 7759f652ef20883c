package replay

import (
	_ "embed" // the page
	"html/template"
	"io"

	"github.com/passport-sdk/passport-go/internal/page"
	"github.com/passport-sdk/passport-go/shadow"
)

// WriteHTML writes the report as one page. It needs no network and no script,
// and is light or dark as the reader's system is.
func (r *Report) WriteHTML(w io.Writer) error { return pageTemplate.Execute(w, viewOf(r)) }

//go:embed page.html
var pageHTML string

var pageTemplate = page.New("replay", pageHTML, template.FuncMap{
	"count":   page.Grouped[uint64],
	"part":    func(d shadow.Difference) string { return part(&d) },
	"because": func(d shadow.Difference) string { return because(&d) },
})
