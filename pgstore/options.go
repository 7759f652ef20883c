package pgstore

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// Option sets what is not usual about a database. The same options go to
// everything in this package that works on it.
type Option func(*config)

// WithSchema names the Postgres schema (namespace) that the tables are in,
// "public" unless given. Any name that Postgres takes will do, whatever its
// characters; it is always quoted. Tables are never looked for in the search
// path.
func WithSchema(name string) Option {
	return func(c *config) { c.schema = name }
}

const defaultSchema = "public"

type config struct {
	schema string
}

func newConfig(options []Option) config {
	c := config{schema: defaultSchema}
	for _, apply := range options {
		if apply != nil {
			apply(&c)
		}
	}
	return c
}

// validate refuses names of schemas that Postgres would silently take for
// another one.
func (c *config) validate() error {
	const most = 63 // NAMEDATALEN - 1: what is longer is cut off
	switch {
	case c.schema == "":
		return fmt.Errorf("%w: the name of the schema is empty", store.ErrInvalid)
	case len(c.schema) > most:
		return fmt.Errorf("%w: the name of schema %q has %d bytes, Postgres keeps %d", store.ErrInvalid, c.schema, len(c.schema), most)
	case strings.ContainsRune(c.schema, 0) || !utf8.ValidString(c.schema):
		return fmt.Errorf("%w: the name of schema %q is not text that Postgres can hold", store.ErrInvalid, c.schema)
	}
	return nil
}

// in puts the schema where the text of a statement says {schema}.
func (c *config) in(sql string) string {
	return strings.ReplaceAll(sql, "{schema}", pgx.Identifier{c.schema}.Sanitize())
}
