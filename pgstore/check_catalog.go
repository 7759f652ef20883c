package pgstore

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// table is what is known of one table: as the SDK needs it, or as it is.
type table struct {
	name    string
	columns []column
	// keys are the sets of columns that no two rows have in common.
	keys []index
	// indexes are sets of columns that rows are found by.
	indexes []index
	// references are the foreign keys.
	references []reference
	// madeBy is what makes it, if it is not of the service.
	madeBy string
}

// locksTable is the table of locks.sql.
var locksTable = table{
	name:    "passport_locks",
	columns: []column{{name: "slot", typ: "text"}, {name: "turn", typ: "bigint", generated: true}},
	keys:    []index{{columns: "slot"}},
	madeBy:  ", which Migrate makes in a schema of its own, and pgstore/locks.sql in others",
}

type column struct {
	name string
	// typ is the type as Postgres spells it.
	typ      string
	nullable bool
	// generated reports whether a row may be added without a value.
	generated bool
}

// index is a list of columns, in order, and the rows that it is for.
type index struct {
	columns string // "address, community_id"
	where   string // "(deleted_at IS NULL)", empty for all rows
}

type reference struct {
	columns string
	table   string
}

// column returns the column of that name, nil for none.
func (t *table) column(name string) *column {
	if i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name }); i >= 0 {
		return &t.columns[i]
	}
	return nil
}

// tableOf returns the table of that name, nil for none.
func tableOf(tables []table, name string) *table {
	if i := slices.IndexFunc(tables, func(t table) bool { return t.name == name }); i >= 0 {
		return &tables[i]
	}
	return nil
}

func (t *table) add(ix index, unique bool) {
	if unique {
		t.keys = append(t.keys, ix)
	} else {
		t.indexes = append(t.indexes, ix)
	}
}

// withoutClasses returns the table with indexes that have no operator class.
func (t *table) withoutClasses() table {
	without := *t
	without.indexes = slices.Clone(t.indexes)
	for i := range without.indexes {
		without.indexes[i].columns = strings.ReplaceAll(without.indexes[i].columns, " varchar_pattern_ops", "")
	}
	return without
}

// widened returns the further columns of the live key that stands in for one on
// an id alone, "" for none. A table that is distributed by a column has it in
// all keys, and no NULL in it: see citus.sql. The database numbers the rows, so
// that no two have the same id even so.
func (t *table) widened(key index, live *table) string {
	if c := t.column(key.columns); c == nil || !c.generated {
		return ""
	}
	for _, wider := range live.keys {
		if further, is := strings.CutPrefix(wider.columns, key.columns+", "); is && wider.where == key.where {
			return further
		}
	}
	return ""
}

// widenedBy reports whether the column is the further one of such a key.
func (t *table) widenedBy(name string, live *table) bool {
	return slices.ContainsFunc(t.keys, func(key index) bool { return t.widened(key, live) == name })
}

// catalogReader collects the rows of check_schema.
type catalogReader struct {
	encodings encodings
	tables    []table
}

func (r *catalogReader) row(scan scanFunc) error {
	var kind, name, first, second string
	var yes, alsoYes bool
	if err := scan(&kind, &name, &first, &second, &yes, &alsoYes); err != nil {
		return err
	}
	if kind == "encodings" {
		r.encodings = encodings{database: first, session: second}
		return nil
	}
	t := tableOf(r.tables, name)
	if t == nil {
		r.tables = append(r.tables, table{name: name})
		t = &r.tables[len(r.tables)-1]
	}
	switch kind {
	case "column":
		t.columns = append(t.columns, column{name: first, typ: second, nullable: yes, generated: alsoYes})
	case "index":
		t.add(index{columns: first, where: second}, yes)
	case "foreign key":
		t.references = append(t.references, reference{columns: first, table: second})
	}
	return nil
}

var (
	stringLiteral = regexp.MustCompile(`'[^']*'|::`)
	functionName  = regexp.MustCompile(`\b[a-z_][a-z0-9_]*\(`)
	operatorName  = regexp.MustCompile(`[-+*/<>=~!@#%^&|?]+`)
)

// names returns the functions and operators of the statements. Some of the
// functions are keywords, such as "any", of which there can be none.
func (t texts) names() (functions, operators []string) {
	called, used := map[string]bool{}, map[string]bool{"=": true} // as in USING
	for _, sql := range t {
		sql = stringLiteral.ReplaceAllString(sql, " ")
		for _, name := range functionName.FindAllString(sql, -1) {
			called[name[:len(name)-1]] = true
		}
		for _, name := range operatorName.FindAllString(sql, -1) {
			used[name] = true
		}
	}
	return slices.Sorted(maps.Keys(called)), slices.Sorted(maps.Keys(used))
}
