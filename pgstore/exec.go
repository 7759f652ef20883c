package pgstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// executor runs statements on a pool, or in a transaction of the host. The
// errors are those of package store, or the context's.
type executor interface {
	// read runs one statement that changes nothing.
	read(ctx context.Context, calls ...call) error
	// write runs the statements in order, all of them or none.
	write(ctx context.Context, calls []call) error
}

// Database is how a host reaches its database: a pool of pgx, or a handle of
// database/sql with the driver of pgx or lib/pq.
type Database interface {
	*pgxpool.Pool | *sql.DB
}

// host is an executor on a [Database].
type host interface {
	executor
	// migrate commits what the work does, unless it fails. The isolation is READ
	// COMMITTED, whatever the database's default is: what others commit while a
	// lock is awaited must be seen once it is held.
	migrate(ctx context.Context, work func(schemaTx) error) error
}

// schemaTx is a transaction that changes a schema.
type schemaTx interface {
	executor
	// exec runs one statement, which pgx is not to prepare: the tables that it
	// names may have been made just before.
	exec(ctx context.Context, op, sql string, args ...any) error
}

// hostOn returns the executor for what is no part of a scoring, and no matter
// of plans.
func hostOn[D Database](db D) host { return executorOn(db, pinPath) }

// executorOn returns the executor whose transactions begin with the call.
func executorOn[D Database](db D, pin call) host {
	switch db := any(db).(type) {
	case *pgxpool.Pool:
		return onPool(db, pin)
	case *sql.DB:
		return onDB(db, pin)
	}
	panic(fmt.Sprintf("a Database is not a %T", db))
}
