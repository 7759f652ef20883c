package whatif

import (
	_ "embed" // the page
	"html/template"
	"io"
)

// WriteHTML writes the report as one page. It needs no network and no script,
// and is light or dark as the reader's system is.
func (r *Report) WriteHTML(w io.Writer) error { return page.Execute(w, viewOf(r)) }

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("whatif").Funcs(template.FuncMap{
	"grouped": grouped, "mean": mean, "verdict": verdict, "plain": sumOf,
}).Parse(pageHTML))
