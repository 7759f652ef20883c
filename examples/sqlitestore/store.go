// Package sqlitestore keeps the data of the scoring engine in a SQLite file. It
// is the example for authors of stores, written against the documentation of
// package store alone. Read schema.sql, load.go and apply.go, in this order.
package sqlitestore

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/passport-sdk/passport-go/store"
)

//go:embed schema.sql
var schema string

// Store is a [store.Store] on a SQLite file, which other programs may use at
// the same time. It is safe for concurrent use.
type Store struct {
	db *sql.DB
	// writer holds a token while a transaction writes: SQLite has one writer.
	writer chan struct{}
}

// Open opens the database file, and creates it if necessary.
func Open(ctx context.Context, path string) (*Store, error) {
	// With a write-ahead log, readers and the writer do not block each other. A
	// transaction that writes takes the file's lock first (_txlock), so that
	// nothing it reads can change. Its wait for another program ends with the
	// context.
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+
		"?_journal_mode=WAL&_busy_timeout=5000&_txlock=immediate&_time_integer_format=unix_micro&_inttotime=1")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrMisconfigured, err)
	}
	s := &Store{db, make(chan struct{}, 1)}
	if err := s.run(ctx, "create_schema", writing, nil, func(t *transaction) { t.exec(schema) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// The modes of a transaction: one that reads sees one moment of the database.
var (
	reading = &sql.TxOptions{ReadOnly: true}
	writing = &sql.TxOptions{}
)

// unavailable are the codes of a database that is out of reach or too busy.
var unavailable = []int{sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}

// run runs the steps in a transaction, unless the request is invalid. It
// returns errors as the contract wants them.
func (s *Store) run(ctx context.Context, op string, mode *sql.TxOptions, invalid error, steps func(t *transaction)) error {
	if invalid != nil {
		return &store.Error{Op: op, Kind: store.ErrInvalid, Cause: invalid}
	}
	if mode == writing {
		select {
		case s.writer <- struct{}{}:
			defer func() { <-s.writer }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t := &transaction{ctx: ctx, op: op}
	if t.tx, t.err = s.db.BeginTx(ctx, mode); t.err == nil {
		defer t.tx.Rollback() //nolint:errcheck // after a commit there is nothing to undo
		if steps(t); t.err == nil {
			t.err = t.tx.Commit()
		}
	}
	var fault *sqlite.Error
	switch {
	case t.err == nil || errors.As(t.err, new(*store.Error)):
		return t.err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(t.err, &fault) && slices.Contains(unavailable, fault.Code()&0xff): // its extended part aside
		return &store.Error{Op: op, Kind: store.ErrUnavailable, Cause: t.err}
	}
	return &store.Error{Op: op, Kind: store.ErrInternal, Cause: t.err}
}

// transaction runs statements until one fails, and keeps that error.
type transaction struct {
	ctx context.Context //nolint:containedctx // it lives as long as the call
	op  string
	tx  *sql.Tx
	err error
}

// refusef fails the transaction.
func (t *transaction) refusef(kind error, format string, args ...any) {
	if t.err == nil {
		t.err = store.Errorf(t.op, kind, format, args...)
	}
}

// exec runs a statement and returns the number of rows that it changed.
func (t *transaction) exec(statement string, args ...any) (changed int64) {
	if t.err != nil {
		return 0
	}
	var result sql.Result
	if result, t.err = t.tx.ExecContext(t.ctx, statement, args...); t.err == nil {
		changed, t.err = result.RowsAffected()
	}
	return changed
}

// list returns the rows of a query; columns returns where those of a row go.
func list[Row any](t *transaction, columns func(*Row) []any, query string, args ...any) (all []Row) {
	if t.err != nil {
		return nil
	}
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if t.err = err; err != nil {
		return nil
	}
	defer rows.Close() //nolint:errcheck // rows.Err has the error
	for rows.Next() && t.err == nil {
		var row Row
		t.err = rows.Scan(columns(&row)...)
		all = append(all, row)
	}
	t.err = errors.Join(t.err, rows.Err())
	return all
}

// first returns the first row of a query, and whether there is one.
func first[Row any](t *transaction, columns func(*Row) []any, query string, args ...any) (row Row, found bool) {
	rows := append(list(t, columns, query, args...), row)
	return rows[0], len(rows) > 1
}

// single is the column of a query that has one.
func single[Value any](v *Value) []any { return []any{v} }
