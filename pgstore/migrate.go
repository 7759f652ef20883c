package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// Migrate makes a fresh database ready: the tables of the service that the SDK
// works on, and the rows that the service starts with. The schema is created if
// it is missing. On a database that it made before, it adds what newer versions
// of the SDK need; one that is already up to date costs two reads and needs no
// right to create anything, so a host may call it at every start.
//
// A database that the Django service made is not Migrate's to change: its
// tables belong to the service's own migrations. There Migrate does what
// [CheckSchema] does, and leaves nothing behind.
//
// All of it happens in one transaction, or nothing. Any number of processes may
// call it at once: the others wait for the first, then find nothing to do. It
// takes no lock but those of the rows and tables that it makes, and keeps no
// state in the session, so it works behind a pooler in transaction mode and on
// any node. YugabyteDB and CockroachDB commit each change of a schema by
// itself: with these engines Migrate does one after another, and takes up what
// it left when it was interrupted.
//
// Errors are *[store.Error]: [store.ErrInternal] around [ErrSchema] when a
// database of the service lacks something, [store.ErrInvalid] for a name that
// no schema can have, and those of a database that fails; or the context's own.
func Migrate[D Database](ctx context.Context, db D, options ...Option) error {
	c := newConfig(options)
	if err := c.validate(); err != nil {
		return store.Errorf("migrate", store.ErrInvalid, "%w", err)
	}
	m := migration{config: c, texts: c.texts()}
	on := hostOn(db)
	now, err := m.state(ctx, on)
	switch {
	case err != nil:
		return err
	case !now.ours && now.tables > 0:
		if err := CheckSchema(ctx, db, options...); err != nil {
			return fmt.Errorf("migrate: the tables in schema %q were made by another program, "+
				"such as the Django service, and are its own to migrate "+
				"(WithSchema gives the SDK a schema of its own): %w", c.schema, err)
		}
		return nil
	}
	if faults := now.encodings.faults(); faults != nil {
		return store.Errorf("migrate", store.ErrInternal, "%w:\n%w", ErrSchema, errors.Join(faults...))
	}
	for !m.done(&now) {
		failed := m.run(ctx, on, &now)
		if failed == nil {
			return nil
		}
		before := now
		if now, err = m.state(ctx, on); err != nil || now == before || !isThere(failed) {
			return failed
		}
		// Another process was faster.
	}
	return nil
}

// isThere reports whether something could not be made because it is there.
func isThere(err error) bool {
	var detail *store.Error
	return errors.As(err, &detail) && (errors.Is(err, store.ErrConflict) ||
		slices.Contains([]string{duplicateTable, duplicateSchema, duplicateObject}, detail.SQLState))
}

// migration brings one schema to the last version.
//
// It does not use goose or tern: both hold their lock for the session, which a
// pooler in transaction mode does not keep, and neither stops before a database
// that another program migrates.
type migration struct {
	config
	texts texts
}

// schemaState is how far a schema is.
type schemaState struct {
	encodings encodings
	// exists reports whether there is such a schema, ours whether Migrate made it.
	exists, ours bool
	// locks reports whether it has the table passport_locks.
	locks bool
	// tables counts the tables of the service in it.
	tables int
	// version is the last version that it has.
	version int
	// stranger owns passport_schema_version, "" if it is a role that could run
	// code as this one anyway.
	stranger string
}

func (m *migration) state(ctx context.Context, db executor) (s schemaState, err error) {
	var schemas, ours, locks int
	err = db.read(ctx, m.texts.call("read_schema_state", m.schema, schemaTables()).each(func(scan scanFunc) error {
		return scan(&s.encodings.database, &s.encodings.session, &schemas, &ours, &locks, &s.tables, &s.stranger)
	}))
	s.exists, s.ours, s.locks = schemas > 0, ours > 0, locks > 0
	if err != nil || !s.ours {
		return s, err
	}
	err = db.read(ctx, m.texts.call("read_schema_version").each(func(scan scanFunc) error { return scan(&s.version) }))
	return s, err
}

// done reports whether there is nothing to do.
func (m *migration) done(now *schemaState) bool {
	return now.version >= len(schemaFiles()) && (now.locks || !m.dialect().rowLocks)
}

// run migrates, unless the state is no longer that of now.
func (m *migration) run(ctx context.Context, on host, now *schemaState) error {
	if now.stranger != "" {
		return store.Errorf("migrate", store.ErrInternal, "%w: table passport_schema_version belongs to role %q, "+
			"whose triggers would run as this one: drop the table if it is not of Migrate's making, "+
			"or let that role run Migrate", ErrSchema, now.stranger)
	}
	steps := [][]change{m.changes(now)}
	if m.dialect().steps {
		steps = slices.Collect(slices.Chunk(steps[0], 1))
	}
	for _, step := range steps {
		err := on.migrate(ctx, func(tx schemaTx) error { return m.commit(ctx, tx, step) })
		if m.dialect().steps && isThere(err) {
			continue // another process has just made it
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// commit makes the changes of one transaction.
func (m *migration) commit(ctx context.Context, tx schemaTx, changes []change) error {
	// For the statements that change the schema, which are no calls.
	if err := tx.exec(ctx, pinPath.name, pinPath.sql); err != nil {
		return err
	}
	for _, c := range changes {
		if err := tx.exec(ctx, c.op, m.in(m.dialect().schema(c.sql)), c.args...); err != nil {
			return err
		}
	}
	return nil
}

// change is a statement that changes the schema.
type change struct {
	op, sql string
	args    []any
}

// changes returns what the schema lacks. The first to insert a version makes
// it: the others wait for its end. Where each change is by itself, the version
// is the end.
func (m *migration) changes(now *schemaState) (all []change) {
	d := m.dialect()
	if !now.exists {
		all = append(all, change{op: "create_schema", sql: `create schema {schema}`})
	}
	if !now.ours {
		all = append(all, change{op: "create_schema_version", sql: createSchemaVersion})
	}
	if d.rowLocks && (!now.locks || d.steps) {
		for _, sql := range locksFile().statements() {
			all = append(all, change{op: "create_locks", sql: sql})
		}
	}
	files := schemaFiles()
	for version := now.version; version < len(files); version++ {
		op := "migrate_" + files[version].name
		first := len(all)
		for _, sql := range files[version].statements() {
			all = append(all, change{op: op, sql: sql})
		}
		made := change{op, insertSchemaVersion, []any{version + 1, files[version].name}}
		if d.steps {
			first = len(all)
		}
		all = slices.Insert(all, first, made)
	}
	return all
}

// locksFile returns locks.sql as a file of the schema.
func locksFile() *sqlFile {
	text, err := embedded.ReadFile("locks.sql")
	if err != nil {
		panic(err) // it is embedded
	}
	return &sqlFile{"locks", strings.ReplaceAll(string(text), `:"schema"`, "{schema}")}
}

const createSchemaVersion = `
create table {schema}.passport_schema_version (
    version    integer primary key,
    name       text not null,
    applied_at timestamp with time zone not null default now()
)`

const insertSchemaVersion = `
insert into {schema}.passport_schema_version (version, name) values ($1::integer, $2::text)`
