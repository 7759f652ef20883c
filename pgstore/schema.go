package pgstore

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// The files in schema are the one place that says which tables there are. Each
// is a version; Migrate runs them in order, each once. A file that was released
// is never changed: what is to be different comes in a new one.
//
// CheckSchema reads the same files, so they keep to a form: a statement starts
// at the beginning of a line and ends with one, a column or constraint has a
// line, and what the service has but the SDK can do without is marked
// "-- service only", behind its line or on a line before its table.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

// schemaVersion is one file.
type schemaVersion struct {
	// number is its place, from 1.
	number int
	// name is that of the file, without its ending.
	name string
	// sql is its text.
	sql string
}

// schemaVersions returns the files in order.
var schemaVersions = sync.OnceValue(func() []schemaVersion {
	files, err := fs.Glob(schemaFiles, "schema/*.sql") // sorted
	if err != nil {
		panic(err) // the pattern is a constant
	}
	versions := make([]schemaVersion, len(files))
	for i, file := range files {
		text, err := schemaFiles.ReadFile(file)
		if err != nil {
			panic(err) // embedded
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "schema/"), ".sql")
		versions[i] = schemaVersion{number: i + 1, name: name, sql: string(text)}
	}
	return versions
})

// statements returns the statements of the file, without comments: drivers
// that prepare what they send take one at a time.
func (v *schemaVersion) statements() []string {
	var all []string
	var open strings.Builder
	for line := range strings.Lines(v.sql) {
		line, _, _ = strings.Cut(line, "--")
		line = strings.TrimRight(line, " \n")
		if line == "" {
			continue
		}
		open.WriteString(line)
		open.WriteByte('\n')
		if strings.HasSuffix(line, ";") {
			all = append(all, strings.TrimSuffix(open.String(), ";\n"))
			open.Reset()
		}
	}
	if open.Len() > 0 {
		panic(fmt.Sprintf("schema/%s.sql ends within a statement", v.name)) // embedded; a test runs them all
	}
	return all
}
