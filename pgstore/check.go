package pgstore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// ErrSchema is [store.ErrSchema].
var ErrSchema = store.ErrSchema

// CheckSchema compares a live database with what the SDK needs of it: UTF-8,
// tables, columns with their types and whether they take NULL, unique keys,
// foreign keys, the indexes that the queries rely on, and on engines other than
// Postgres the table passport_locks. The database may have more than that,
// except a column that keeps the SDK from adding rows, and a function or an
// operator on the session's search path that has a name which the SDK uses and
// belongs to another role. It changes nothing, and needs no right but to
// connect.
//
// Statements of the SDK do not run such an object, since they look up names in
// pg_catalog alone; those of the host may, and it can keep pgx from preparing
// ours. Superusers, and the owners of the database and of the tables, are no
// other roles.
//
// The error lists every difference in words, one a line. It is a *[store.Error]
// of kind [store.ErrInternal] that wraps [ErrSchema]. With an error of another
// kind, or the context's own, the comparison could not be made.
func CheckSchema[D Database](ctx context.Context, db D, options ...Option) error {
	const op = "check_schema"
	c := newConfig(options)
	if err := c.validate(); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	var r catalogReader
	on, texts := hostOn(db), c.texts()
	needed, names := neededTables(), schemaTables()
	if c.dialect().rowLocks {
		needed, names = append(slices.Clip(needed), locksTable), append(slices.Clip(names), locksTable.name)
	}
	if err := on.read(ctx, texts.call(op, c.schema, names).each(r.row)); err != nil {
		return err
	}
	found := r.encodings.faults()
	for _, want := range needed {
		if c.dialect().withoutClasses {
			want = want.withoutClasses()
		}
		if got := tableOf(r.tables, want.name); got != nil {
			found.compare(&want, got)
		} else {
			found.addf("table %s is missing%s", want.name, want.madeBy)
		}
	}
	functions, operators := texts.names()
	shadows := texts.call("check_search_path", c.schema, schemaTables(), functions, operators).each(found.shadow)
	if err := on.read(ctx, shadows); err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	return store.Errorf(op, store.ErrInternal, "%w: schema %q:\n%w", ErrSchema, c.schema, errors.Join(found...))
}

// encodings are in what form a database keeps texts, and a session sends them.
type encodings struct{ database, session string }

// faults returns what keeps texts from arriving as they are: credentials and
// claims may hold any character.
func (e encodings) faults() (all differences) {
	if e.database != "UTF8" {
		all.addf("the database keeps texts in %s, which does not hold every text: want UTF8", e.database)
	}
	if e.session != "UTF8" && e.session != "UNICODE" { // an older name of it
		all.addf("the session sends texts in %s: want UTF8, the parameter client_encoding of the connection", e.session)
	}
	return all
}

// differences are the ways in which a database is not as needed.
type differences []error

func (d *differences) addf(format string, args ...any) {
	*d = append(*d, fmt.Errorf(format, args...))
}

// shadow takes a row of check_search_path.
func (d *differences) shadow(scan scanFunc) error {
	var kind, name, owner, schema string
	if err := scan(&kind, &name, &owner, &schema); err != nil {
		return err
	}
	d.addf("%s %q of role %q is on the search path under a name that the SDK uses: drop it, "+
		"and let no such role create objects in schema %q", kind, name, owner, schema)
	return nil
}

func (d *differences) compare(want, got *table) {
	for _, needed := range want.columns {
		d.compareColumn(want, needed, got)
	}
	for _, extra := range got.columns {
		if want.column(extra.name) == nil && !extra.nullable && !extra.generated {
			d.addf("column %s.%s, which the SDK does not know, takes no NULL and has no default: no row can be added",
				want.name, extra.name)
		}
	}
	for _, key := range want.keys {
		if !slices.Contains(got.keys, key) && want.widened(key, got) == "" {
			d.addf("table %s lacks a unique key on (%s)%s", want.name, key.columns, condition(key))
		}
	}
	for _, ix := range want.indexes {
		if !servedBy(ix, got) {
			d.addf("table %s lacks an index on (%s)%s", want.name, ix.columns, condition(ix))
		}
	}
	for _, reference := range want.references {
		if !slices.Contains(got.references, reference) {
			d.addf("table %s lacks a foreign key from (%s) to %s", want.name, reference.columns, reference.table)
		}
	}
}

func (d *differences) compareColumn(in *table, want column, live *table) {
	name, got := in.name+"."+want.name, live.column(want.name)
	if got == nil {
		d.addf("column %s, %s, is missing", name, want.typ)
		return
	}
	if !holds(got.typ, want.typ) {
		d.addf("column %s is %s, not %s", name, got.typ, want.typ)
	}
	switch {
	case got.nullable && !want.nullable:
		d.addf("column %s takes NULL, and must not", name)
	case !got.nullable && want.nullable && !in.widenedBy(want.name, live):
		d.addf("column %s must take NULL, and does not", name)
	}
	if want.generated && !got.generated {
		d.addf("column %s has neither an identity nor a default: no row can be added", name)
	}
}

// holds reports whether the live type takes every value of the wanted one: it
// is the same, or text with more room.
func holds(live, wanted string) bool {
	got, want := textType.FindStringSubmatch(live), textType.FindStringSubmatch(wanted)
	if live == wanted || got == nil || want == nil {
		return live == wanted
	}
	room, _ := strconv.Atoi(got[1]) // 0 for any number of characters
	width, _ := strconv.Atoi(want[1])
	return room == 0 || room >= width && width > 0
}

var textType = regexp.MustCompile(`^(?:text|character varying)(?:\((\d+)\))?$`)

// servedBy reports whether an index or key of the table begins with the wanted
// columns.
func servedBy(wanted index, t *table) bool {
	serves := func(ix index) bool {
		return ix.where == wanted.where && strings.HasPrefix(ix.columns+", ", wanted.columns+", ")
	}
	return slices.ContainsFunc(t.indexes, serves) || slices.ContainsFunc(t.keys, serves)
}

func condition(ix index) string {
	if ix.where == "" {
		return ""
	}
	return " where " + strings.Trim(ix.where, "()")
}
