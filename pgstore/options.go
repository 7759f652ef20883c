package pgstore

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Option is a setting of a database. The same options go to every function of
// this package that works on it.
type Option func(*config)

// WithSchema sets the Postgres schema (namespace) that the tables are in, by
// default "public". Its name may have any characters; it is always quoted.
// Tables are never looked for in the search path.
func WithSchema(name string) Option {
	return func(c *config) { c.schema = name }
}

// WithEngine sets the engine that the database is, by default [Postgres]. All
// that work on one database must set the same, since two that take different
// locks do not wait for each other.
//
// Engines other than Postgres need the table passport_locks. [Migrate] makes it
// in a schema of its own; in a database of the Django service the file
// locks.sql does. [CheckSchema] asks for it. On Citus it must be a table of one
// node, local or distributed without a column: a reference table is locked as a
// whole.
func WithEngine(engine Engine) Option {
	return func(c *config) { c.engine = engine }
}

const defaultSchema = "public"

type config struct {
	schema  string
	engine  Engine
	replica func(pin call) executor // nil: none
	maxLag  time.Duration
}

func newConfig(options []Option) config {
	c := config{schema: defaultSchema, engine: Postgres}
	problems.Apply(&c, options)
	return c
}

// dialect returns how the engine differs from Postgres.
func (c *config) dialect() *dialect {
	d := dialects[c.engine]
	return &d
}

// validate refuses names of schemas that Postgres would silently take for
// another one, and unknown engines.
func (c *config) validate() error {
	const most = 63 // NAMEDATALEN - 1: what is longer is cut off
	if err := c.engine.Validate(); err != nil {
		return err
	}
	switch {
	case c.schema == "":
		return errors.New("the name of the schema is empty")
	case len(c.schema) > most:
		return fmt.Errorf("the name of schema %q has %d bytes, Postgres keeps %d", c.schema, len(c.schema), most)
	case strings.ContainsRune(c.schema, 0) || !utf8.ValidString(c.schema):
		return fmt.Errorf("the name of schema %q is not text that Postgres can hold", c.schema)
	case c.maxLag < 0:
		return fmt.Errorf("a replica cannot lag less than not at all, but WithReplica got %v", c.maxLag)
	}
	return nil
}

// in puts the schema where the text of a statement says {schema}.
func (c *config) in(sql string) string {
	return strings.ReplaceAll(sql, "{schema}", pgx.Identifier{c.schema}.Sanitize())
}
