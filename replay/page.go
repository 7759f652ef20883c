package replay

import (
	_ "embed" // the page
	"html/template"
	"io"

	"github.com/passport-sdk/passport-go/shadow"
)

// WriteHTML writes the report as one page. It needs no network and no script,
// and is light or dark as the reader's system is.
func (r *Report) WriteHTML(w io.Writer) error { return page.Execute(w, viewOf(r)) }

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("replay").Funcs(template.FuncMap{
	"grouped": grouped[int64], "count": grouped[uint64],
	"part":    func(d shadow.Difference) string { return part(&d) },
	"because": func(d shadow.Difference) string { return because(&d) },
}).Parse(pageHTML))
