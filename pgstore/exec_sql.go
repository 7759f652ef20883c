package pgstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
)

// sqlDB runs statements on a database/sql handle, one after another.
type sqlDB struct {
	db *sql.DB
	// pin begins each transaction.
	pin      call
	renewals *renewals
}

func onDB(db *sql.DB, pin call) sqlDB { return sqlDB{db, pin, new(renewals)} }

// read runs its statements in a transaction too: lib/pq sends a statement
// and its arguments apart, and in between a pooler in transaction mode may
// change the connection, to one where there is no such statement, or another
// client's.
func (d sqlDB) read(ctx context.Context, calls ...call) error {
	return d.inTransaction(ctx, &sql.TxOptions{ReadOnly: true}, reading, func(tx *sql.Tx) error {
		return runAll(ctx, tx, reading, slices.Concat([]call{d.pin}, calls))
	})
}

func (d sqlDB) write(ctx context.Context, calls []call) error {
	return d.inTransaction(ctx, nil, committing, func(tx *sql.Tx) error {
		return runAll(ctx, tx, working, slices.Concat([]call{d.pin}, calls))
	})
}

func (d sqlDB) migrate(ctx context.Context, work func(schemaTx) error) error {
	isolated := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	return d.inTransaction(ctx, isolated, committing, func(tx *sql.Tx) error { return work(sqlTx{tx}) })
}

// inTransaction commits what the work does, unless it fails. At is the stage of
// the commit.
func (d sqlDB) inTransaction(
	ctx context.Context, options *sql.TxOptions, at stage, work func(*sql.Tx) error,
) (err error) {
	conn, tx, err := d.begin(ctx, options)
	if err != nil {
		return err
	}
	defer func() {
		_ = tx.Rollback() // does nothing after a commit
		d.release(conn, err)
	}()
	if err := work(tx); err != nil {
		return err
	}
	// Commit returns the same error when it sends nothing because of that, and
	// when the answer is missing.
	if err := ctx.Err(); err != nil {
		return explain(ctx, commit, working, err)
	}
	if err := tx.Commit(); err != nil {
		return explain(ctx, commit, at, err)
	}
	return nil
}

// begin begins a transaction on a connection of its own. Like [sql.DB.BeginTx]
// it passes over idle connections that turn out to be lost.
func (d sqlDB) begin(ctx context.Context, options *sql.TxOptions) (*sql.Conn, *sql.Tx, error) {
	for idle := d.db.Stats().Idle; ; idle-- {
		conn, err := d.db.Conn(ctx)
		if err != nil {
			return nil, nil, explain(ctx, begin, connecting, err)
		}
		tx, err := conn.BeginTx(ctx, options)
		if err == nil {
			return conn, tx, nil
		}
		lost := errors.Is(err, driver.ErrBadConn)
		err = explain(ctx, begin, connecting, err)
		d.release(conn, err)
		if !lost || idle <= 0 {
			return nil, nil, err
		}
	}
}

// release gives the connection back, after a call that failed with the error or
// with nil. One that is to a server of the other kind is closed.
func (d sqlDB) release(conn *sql.Conn, err error) {
	if d.renewals.take(err, d.db.Stats().OpenConnections) {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = conn.Close() // of the error before
}

// runAll runs the calls in order, until one fails.
func runAll(ctx context.Context, tx *sql.Tx, at stage, calls []call) error {
	for i := range calls {
		if err := runSQL(ctx, tx, &calls[i]); err != nil {
			return explain(ctx, calls[i].name, at, err)
		}
		if calls[i].done != nil {
			calls[i].done()
		}
	}
	return nil
}

func runSQL(ctx context.Context, tx *sql.Tx, c *call) error {
	args := make([]any, len(c.args))
	for i, arg := range c.args {
		if list, isList := arg.([]string); isList {
			arg = textArray(list)
		}
		args[i] = arg
	}
	if c.row == nil {
		_, err := tx.ExecContext(ctx, c.sql, args...)
		return err
	}
	rows, err := tx.QueryContext(ctx, c.sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err has the same error
	for rows.Next() {
		if err := c.row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// textArray is a list as database/sql takes it: drivers do not agree on
// []string, but all of them pass on an array in the notation of Postgres.
type textArray []string

var quoteElement = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Value implements [driver.Valuer].
func (a textArray) Value() (driver.Value, error) {
	quoted := make([]string, len(a))
	for i, text := range a {
		quoted[i] = `"` + quoteElement.Replace(text) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}", nil
}
