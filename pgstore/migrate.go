package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go/store"
)

// Database is what a host reaches its database by: a pool of pgx, or a handle
// of database/sql with the driver of pgx or lib/pq.
type Database interface {
	*pgxpool.Pool | *sql.DB
}

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
// keeps no state in the session and so works behind a pooler in transaction
// mode.
//
// Errors are *[store.Error]: [store.ErrFault] around [ErrSchema] when a database
// of the service lacks something, [store.ErrInvalid] for a name that no schema
// can have, and what else can go wrong with a database; or the context's own.
func Migrate[D Database](ctx context.Context, db D, options ...Option) error {
	c := newConfig(options)
	if err := c.validate(); err != nil {
		return store.Errorf("migrate", store.ErrInvalid, "%w", err)
	}
	m := migration{config: c, versions: schemaVersions()}
	now, err := m.state(ctx, executorOn(db))
	if err != nil {
		return err
	}
	if !now.fresh() && !now.ours {
		if err := CheckSchema(ctx, db, options...); err != nil {
			return fmt.Errorf("migrate: the tables in schema %q were made by another program, such as the Django service, and are its own to migrate "+
				"(WithSchema gives the SDK a schema of its own): %w", c.schema, err)
		}
		return nil
	}
	if faults := now.encodings.faults(); faults != nil {
		return store.Errorf("migrate", store.ErrFault, "%w:\n%w", ErrSchema, errors.Join(faults...))
	}
	if now.version >= len(m.versions) {
		return nil
	}
	return inTransaction(ctx, db, func(tx schemaTx) error { return m.run(ctx, tx) })
}

// migration brings one schema to the last version.
//
// It is no work for goose or tern: both hold their lock for the session, which
// a pooler in transaction mode does not keep, and neither stops before a
// database that another program migrates. What is left to write is this file.
type migration struct {
	config
	versions []schemaVersion
}

// schemaState is how far a schema is.
type schemaState struct {
	encodings encodings
	// exists tells whether there is such a schema at all.
	exists bool
	// ours tells whether Migrate made it.
	ours bool
	// version is the last version that it has.
	version int
	// stranger owns passport_schema_version, "" if it is a role that could run
	// code as this one anyway.
	stranger string
	// tables counts the tables of the service in it.
	tables int
}

func (s schemaState) fresh() bool { return !s.ours && s.tables == 0 }

// The states are read from the catalog by name: that needs no rights, and finds
// nothing in other schemas.
var (
	readSchemaState = statement{name: "read_schema_state", sql: `
select pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('client_encoding'),
       (select count(*) from pg_catalog.pg_namespace n where n.nspname = $1::pg_catalog.text),
       count(*) filter (where c.relname = 'passport_schema_version'),
       count(*) filter (where c.relname = any($2::pg_catalog.text[])),
       coalesce(max(r.rolname::pg_catalog.text) filter (
         where c.relname = 'passport_schema_version'
         and   not r.rolsuper
         and   r.rolname <> current_user
         and   r.oid <> n.nspowner
         and   r.oid <> (select d.datdba from pg_catalog.pg_database d where d.datname = current_database())
       ), '')
from   pg_catalog.pg_class c
join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
join   pg_catalog.pg_roles r on r.oid = c.relowner
where  n.nspname = $1::pg_catalog.text
and    c.relkind in ('r', 'p')`}

	readSchemaVersion = statement{name: "read_schema_version", sql: `
select coalesce(max(version), 0) from {schema}.passport_schema_version`}

	// lockSchema makes those that migrate one schema queue.
	lockSchema = statement{name: "lock_schema", sql: `
select pg_advisory_xact_lock(hashtextextended('passport schema ' || $1::pg_catalog.text, 0))`}
)

func (m *migration) state(ctx context.Context, db executor) (schemaState, error) {
	var encodings encodings
	var exists, ours, count int
	var stranger string
	err := db.read(ctx, readSchemaState.with(m.schema, schemaTables()).each(func(scan scanFunc) error {
		return scan(&encodings.database, &encodings.session, &exists, &ours, &count, &stranger)
	}))
	state := schemaState{encodings: encodings, exists: exists > 0, ours: ours > 0, stranger: stranger, tables: count}
	if err != nil || !state.ours {
		return state, err
	}
	version := readSchemaVersion
	version.sql = m.in(version.sql)
	err = db.read(ctx, version.with().each(func(scan scanFunc) error { return scan(&state.version) }))
	return state, err
}

// run migrates within a transaction. The state is read again once the lock is
// held: another process may have been faster.
func (m *migration) run(ctx context.Context, tx schemaTx) error {
	// For the statements that change the schema, which are no calls.
	if err := tx.exec(ctx, pinPath.name, pinPath.sql); err != nil {
		return err
	}
	if err := tx.read(ctx, lockSchema.with(m.schema)); err != nil {
		return err
	}
	now, err := m.state(ctx, tx)
	if err != nil {
		return err
	}
	if now.stranger != "" {
		return store.Errorf("migrate", store.ErrFault, "%w: table passport_schema_version belongs to role %q, whose triggers would run as this one: "+
			"drop the table if it is not of Migrate's making, or let that role run Migrate", ErrSchema, now.stranger)
	}
	if !now.exists {
		if err := tx.exec(ctx, "create_schema", m.in(`create schema {schema}`)); err != nil {
			return err
		}
	}
	if !now.ours {
		if err := tx.exec(ctx, "create_schema_version", m.in(createSchemaVersion)); err != nil {
			return err
		}
	}
	for _, version := range m.versions[min(now.version, len(m.versions)):] {
		if err := m.apply(ctx, tx, version); err != nil {
			return err
		}
	}
	return nil
}

const createSchemaVersion = `
create table {schema}.passport_schema_version (
    version    integer primary key,
    name       text not null,
    applied_at timestamp with time zone not null default now()
)`

const insertSchemaVersion = `
insert into {schema}.passport_schema_version (version, name) values ($1::integer, $2::text)`

func (m *migration) apply(ctx context.Context, tx schemaTx, version schemaVersion) error {
	op := "migrate_" + version.name
	for _, sql := range version.statements() {
		if err := tx.exec(ctx, op, m.in(sql)); err != nil {
			return err
		}
	}
	return tx.exec(ctx, op, m.in(insertSchemaVersion), version.number, version.name)
}
