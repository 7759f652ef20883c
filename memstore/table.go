package memstore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// table holds the rows of one table of the service by primary key. Rows are
// immutable: to change one, set another with its key.
type table[K cmp.Ordered, T any] struct {
	name    string
	columns []column
	key     func(*T) K
	indexes []index[T]
	// derive, if set, computes what a row keeps beside its columns.
	derive func(*T)
	rows   map[K]*T
	// last is where numbering goes on: the highest id in the lower half of the
	// type's range. The upper half is left to rows that bring their id, so that
	// numbering never comes to an end.
	last int64
}

// newTable returns an empty table whose primary key is the first column of T.
func newTable[K cmp.Ordered, T any](name string, key func(*T) K, indexes ...index[T]) *table[K, T] {
	return &table[K, T]{name: name, columns: columnsOf[T](), key: key, indexes: indexes, rows: map[K]*T{}}
}

// set stores the row in place of the one with its key, if there is one. The
// caller knows that it is like no other row in a unique index.
func (t *table[K, T]) set(row *T) {
	key := t.key(row)
	if old, found := t.rows[key]; found {
		for _, index := range t.indexes {
			index.remove(old)
		}
	}
	t.rows[key] = row
	if id, numbered := any(key).(int64); numbered && id <= t.columns[0].maxInteger()/2 {
		t.last = max(t.last, id)
	}
	for _, index := range t.indexes {
		index.add(row)
	}
}

// insert stores a row that must be like no other.
func (t *table[K, T]) insert(row *T) error {
	key := t.key(row)
	if _, found := t.rows[key]; found {
		return twice(t.columns[0].name)
	}
	for _, index := range t.indexes {
		if err := index.check(row); err != nil {
			return err
		}
	}
	t.set(row)
	return nil
}

// twice names the columns of the key that is there twice, and not the key: it
// may be a nullifier or a key's hash, and errors reach logs.
func twice(columns string) error {
	return fmt.Errorf("column %s: another row has the same already, and it must be unique", columns)
}

func (t *table[K, T]) remove(row *T) {
	delete(t.rows, t.key(row))
	for _, index := range t.indexes {
		index.remove(row)
	}
}

// nextID returns the id for the next row.
func (t *table[K, T]) nextID() int64 {
	id := t.last + 1
	for t.taken(id) {
		id++
	}
	return id
}

func (t *table[K, T]) taken(id int64) bool {
	key, numbered := any(id).(K)
	_, found := t.rows[key]
	return numbered && found
}

// sorted returns the rows by primary key.
func (t *table[K, T]) sorted() []*T {
	rows := make([]*T, 0, len(t.rows))
	for _, key := range slices.Sorted(maps.Keys(t.rows)) {
		rows = append(rows, t.rows[key])
	}
	return rows
}

// inOrder returns the rows by primary key.
func (t *table[K, T]) inOrder(rows []*T) []*T {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b *T) int { return cmp.Compare(t.key(a), t.key(b)) })
	return rows
}

// index finds rows by something other than their primary key.
type index[T any] interface {
	check(row *T) error
	add(row *T)
	remove(row *T)
}

// unique is an index under which a key stands for one row at most. A row
// without a key, as NULL and partial indexes make it, is not in it.
type unique[K comparable, T any] struct {
	columns string
	key     func(*T) (K, bool)
	rows    map[K]*T
}

func uniqueBy[K comparable, T any](columns string, key func(*T) (K, bool)) *unique[K, T] {
	return &unique[K, T]{columns: columns, key: key, rows: map[K]*T{}}
}

func (u *unique[K, T]) find(key K) (*T, bool) {
	row, found := u.rows[key]
	return row, found
}

func (u *unique[K, T]) has(key K) bool {
	_, found := u.rows[key]
	return found
}

func (u *unique[K, T]) check(row *T) error {
	if key, has := u.key(row); has {
		if _, found := u.rows[key]; found {
			return twice(u.columns)
		}
	}
	return nil
}

func (u *unique[K, T]) add(row *T) {
	if key, has := u.key(row); has {
		u.rows[key] = row
	}
}

func (u *unique[K, T]) remove(row *T) {
	if key, has := u.key(row); has {
		delete(u.rows, key)
	}
}

// lookup is an index under which a key stands for any number of rows, in any
// order.
type lookup[K comparable, T any] struct {
	key    func(*T) (K, bool)
	groups map[K]group[T]
}

func lookupBy[K comparable, T any](key func(*T) (K, bool)) *lookup[K, T] {
	return &lookup[K, T]{key: key, groups: map[K]group[T]{}}
}

// find returns the rows of the key, which are to be read only, and only until
// the table changes.
func (l *lookup[K, T]) find(key K) []*T { return l.groups[key].rows }

func (l *lookup[K, T]) check(*T) error { return nil }

func (l *lookup[K, T]) add(row *T) {
	if key, has := l.key(row); has {
		l.groups[key] = l.groups[key].with(row)
	}
}

func (l *lookup[K, T]) remove(row *T) {
	key, has := l.key(row)
	if !has {
		return
	}
	rest := l.groups[key].without(row)
	if len(rest.rows) == 0 {
		delete(l.groups, key)
		return
	}
	l.groups[key] = rest
}
