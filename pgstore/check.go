package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// ErrSchema is [store.ErrSchema].
var ErrSchema = store.ErrSchema

// CheckSchema compares a live database with what the SDK needs of it: UTF-8,
// tables, columns with their types and whether they take NULL, unique keys,
// foreign keys, and the indexes that the queries rely on. What the database has beyond
// that is its own affair, unless it keeps the SDK from adding rows, or is a
// function or an operator of a strange role on the session's search path under a
// name that the SDK uses. It changes nothing, and needs no right but to connect.
//
// Statements of the SDK do not run such an object, since they look up names in
// pg_catalog alone; those of the host may, and it can keep pgx from preparing
// ours. A strange role is one that is no superuser, not the session's own, and
// owns neither the database nor the tables.
//
// The error lists every difference in words, one a line. It is a
// *[store.Error] of kind [store.ErrFault] that wraps [ErrSchema]; other kinds,
// or the context's own error, tell that the comparison could not be made.
func CheckSchema[D Database](ctx context.Context, db D, options ...Option) error {
	c := newConfig(options)
	if err := c.validate(); err != nil {
		return store.Errorf(readCatalog.name, store.ErrInvalid, "%w", err)
	}
	var r catalogReader
	on := executorOn(db)
	if err := on.read(ctx, readCatalog.with(c.schema, schemaTables()).each(r.row)); err != nil {
		return err
	}
	found := append(differences(r.encodings.faults()), compare(neededTables(), r.tables)...)
	functions, operators := statementsIn(c.schema).names()
	shadows := readShadows.with(c.schema, schemaTables(), functions, operators).each(shadowsInto(&found))
	if err := on.read(ctx, shadows); err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	return store.Errorf(readCatalog.name, store.ErrFault, "%w: schema %q:\n%w", ErrSchema, c.schema, errors.Join(found...))
}

// encodings are in what form a database keeps texts, and a session sends them.
type encodings struct{ database, session string }

// faults tells what keeps texts from arriving as they are: what is signed and
// claimed may hold any character.
func (e encodings) faults() []error {
	var all differences
	if e.database != "UTF8" {
		all.addf("the database keeps texts in %s, which does not hold every text: want UTF8", e.database)
	}
	if e.session != "UTF8" && e.session != "UNICODE" { // an older name of it
		all.addf("the session sends texts in %s: want UTF8, the parameter client_encoding of the connection", e.session)
	}
	return all
}

// compare returns in which ways the live tables are not as needed.
func compare(needed, live []table) []error {
	var all differences
	for i := range needed {
		want := &needed[i]
		if got := tableOf(live, want.name); got != nil {
			all.compare(want, got)
		} else {
			all.addf("table %s is missing", want.name)
		}
	}
	return all
}

type differences []error

func (d *differences) addf(format string, args ...any) {
	*d = append(*d, fmt.Errorf(format, args...))
}

func (d *differences) compare(want, got *table) {
	for i := range want.columns {
		d.compareColumn(want, &want.columns[i], got.column(want.columns[i].name))
	}
	for i := range got.columns {
		extra := &got.columns[i]
		if want.column(extra.name) == nil && !extra.nullable && !extra.generated {
			d.addf("column %s.%s, which the SDK does not know, takes no NULL and has no default: no row can be added", want.name, extra.name)
		}
	}
	for _, key := range want.keys {
		if !slices.Contains(got.keys, key) {
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

func (d *differences) compareColumn(in *table, want, got *column) {
	name := in.name + "." + want.name
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
	case !got.nullable && want.nullable:
		d.addf("column %s must take NULL, and does not", name)
	}
	if want.generated && !got.generated {
		d.addf("column %s has neither an identity nor a default: no row can be added", name)
	}
}

// holds reports whether the live type takes whatever the wanted one does: it is
// the same, or text with more room.
func holds(live, wanted string) bool {
	if live == wanted {
		return true
	}
	width, isText := widthOf(wanted)
	if !isText {
		return false
	}
	room, isText := widthOf(live)
	return isText && (room == 0 || room >= width && width > 0)
}

// widthOf returns how many characters a text type holds, 0 for any number.
func widthOf(typ string) (width int, isText bool) {
	if typ == "text" || typ == "character varying" {
		return 0, true
	}
	digits, isText := strings.CutPrefix(typ, "character varying(")
	width, err := strconv.Atoi(strings.TrimSuffix(digits, ")"))
	return width, isText && err == nil
}

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

func tableOf(tables []table, name string) *table {
	for i := range tables {
		if tables[i].name == name {
			return &tables[i]
		}
	}
	return nil
}
