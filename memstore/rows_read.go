package memstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// ReadRows reads a JSON object that maps tables of the service to lists of
// rows, each an object of columns, as [Store.WriteRows] writes it. Each table
// that is named is replaced by exactly those rows, the others stay; after an
// error nothing has changed.
//
// A column that a row leaves out is NULL where it may be, else the zero of its
// type: "", 0, false, {}, the store's clock, and for an id the next one. A moment
// is RFC 3339; a number of a numeric column a string or a number, rounded to the
// column's scale.
//
// In registry_humanpointsconfig the rows come on top of those of a fresh
// database, as the service's do: an action that is not listed keeps the points
// it has in a [New] store. List it with active false to switch it off.
//
// Every fault is a store.ErrInvalid that names table, row (counted from 0) and
// column: unknown names, values that the column cannot hold, ids below 1, and
// rows that a unique constraint of the service forbids. A row that refers to
// one that is not there is a fault where the store could later give the missing
// id to a new row: the passport of a score or stamp, the credential of a
// revocation, the list, customization or ruleset of a weight, the scorer of
// weights. Other references (accounts, users, communities of claims, events and
// points) are not followed by a scoring and may point nowhere. An error of the
// reader comes back wrapped.
func (s *Store) ReadRows(r io.Reader) error {
	const op = "read_rows"
	now, err := s.clock(op)
	if err != nil {
		return err
	}
	read := newData()
	named, err := read.readAll(r, now)
	switch {
	case errors.Is(err, store.ErrInvalid):
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	case err != nil:
		return fmt.Errorf("%s: %w", op, err)
	}
	if named[read.Config.name] {
		read.configurePoints()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	merged := s.data.with(read, named)
	if err := merged.checkReferences(); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	s.data = merged
	return nil
}

// rows is a table, whatever its rows are.
type rows interface {
	title() string
	read(from *rowReader, now time.Time) error
	freeze() func(*bytes.Buffer, io.Writer) error
}

func (t *table[K, T]) title() string { return t.name }

// readAll fills the tables that are named, and returns their names.
func (d *data) readAll(r io.Reader, now time.Time) (map[string]bool, error) {
	tables, named := d.all(), map[string]bool{}
	from := newRowReader(r)
	err := from.object("", func(name string) error {
		table, known := tables[name]
		if !known {
			return fmt.Errorf("%w: table %.*q is unknown", store.ErrInvalid, shown, name)
		}
		named[name] = true
		return table.read(from, now)
	})
	if err != nil {
		return nil, err
	}
	return named, from.end()
}

func (t *table[K, T]) read(from *rowReader, now time.Time) error {
	byName := make(map[string]*column, len(t.columns))
	for i := range t.columns {
		byName[t.columns[i].name] = &t.columns[i]
	}
	return from.list(t.name, func(i int) error {
		where := fmt.Sprintf("table %s, row %d", t.name, i)
		row := new(T)
		if err := t.readRow(from, where, byName, row, now); err != nil {
			return err
		}
		if err := t.insert(row); err != nil {
			return fmt.Errorf("%w: %s, %w", store.ErrInvalid, where, err)
		}
		return nil
	})
}

func (t *table[K, T]) readRow(from *rowReader, where string, byName map[string]*column, row *T, now time.Time) error {
	fields := reflect.ValueOf(row).Elem()
	given := make(map[string]bool, len(byName))
	err := from.object(where, func(name string) error {
		column, known := byName[name]
		if !known {
			return fmt.Errorf("%w: %s: column %.*q is unknown", store.ErrInvalid, where, shown, name)
		}
		given[name] = true
		raw, err := from.value(where + ", column " + name)
		if err != nil {
			return err
		}
		if err := column.read(raw, fields.Field(column.field)); err != nil {
			return fmt.Errorf("%w: %s, column %s: %w", store.ErrInvalid, where, name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range t.columns {
		if c := &t.columns[i]; !given[c.name] {
			c.fill(fields.Field(c.field), now)
		}
	}
	if err := t.checkKey(fields, given); err != nil {
		return fmt.Errorf("%w: %s, column %s: %w", store.ErrInvalid, where, t.columns[0].name, err)
	}
	if t.derive != nil {
		t.derive(row)
	}
	return nil
}

// checkKey numbers the row when it has no id, and refuses a key that no row of
// the service has.
func (t *table[K, T]) checkKey(fields reflect.Value, given map[string]bool) error {
	key := &t.columns[0]
	if !given[key.name] {
		if !key.serial() {
			return errors.New("it is missing")
		}
		fields.Field(key.field).SetInt(t.nextID())
	}
	if !key.integer() {
		return nil
	}
	if id := fields.Field(key.field).Int(); id < 1 {
		return fmt.Errorf("%d is not above 0", id)
	}
	return nil
}

// checkReferences finds rows that belong to a row which is not there.
func (d *data) checkReferences() error {
	return errors.Join(
		refers(d.Scores.table, "passport_id", func(r *scoreRow) (int64, bool) { return r.PassportID, true }, d.Passports.table),
		refers(d.Stamps.table, "passport_id", func(r *stampRow) (int64, bool) { return optional(r.PassportID) }, d.Passports.table),
		refers(d.Revocations.table, "ceramic_cache_id",
			func(r *revocationRow) (int64, bool) { return r.CeramicCacheID, true }, d.Credentials.table),
		refers(d.Members.table, "list_id", func(r *addressListMemberRow) (int64, bool) { return r.ListID, true }, d.Lists.table),
		refers(d.AllowLists.table, "address_list_id",
			func(r *allowListRow) (int64, bool) { return r.AddressListID, true }, d.Lists.table),
		refers(d.AllowLists.table, "customization_id",
			func(r *allowListRow) (int64, bool) { return r.CustomizationID, true }, d.Customizations.table),
		refers(d.Customs.table, "customization_id",
			func(r *customCredentialRow) (int64, bool) { return r.CustomizationID, true }, d.Customizations.table),
		refers(d.Customs.table, "ruleset_id",
			func(r *customCredentialRow) (int64, bool) { return r.RulesetID, true }, d.Rulesets.table),
		refers(d.BinaryWeights, "scorer_ptr_id", func(r *weightsRow) (int64, bool) { return r.ScorerPtrID, true }, d.Scorers),
		refers(d.Weights, "scorer_ptr_id", func(r *weightsRow) (int64, bool) { return r.ScorerPtrID, true }, d.Scorers),
	)
}

// refers returns an error for the first row that refers to none.
func refers[A, B any](from *table[int64, A], column string, key func(*A) (int64, bool), to *table[int64, B]) error {
	for _, id := range slices.Sorted(maps.Keys(from.rows)) {
		target, has := key(from.rows[id])
		if _, found := to.rows[target]; has && !found {
			return fmt.Errorf("table %s, row with %s %d, column %s: %s has no row %d",
				from.name, from.columns[0].name, id, column, to.name, target)
		}
	}
	return nil
}
