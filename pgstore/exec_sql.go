package pgstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
)

// sqlDB runs statements on a database/sql handle, one after another.
type sqlDB struct{ db *sql.DB }

// read runs its one statement in a transaction too: lib/pq sends a statement
// and its arguments apart, and in between a pooler in transaction mode may
// change the connection, to one where there is no such statement, or another
// client's.
func (d sqlDB) read(ctx context.Context, c call) error {
	return inSQLTransaction(ctx, d.db, &sql.TxOptions{ReadOnly: true}, reading, func(tx *sql.Tx) error {
		return runAll(ctx, tx, reading, []call{c})
	})
}

func (d sqlDB) write(ctx context.Context, calls []call) error {
	return inSQLTransaction(ctx, d.db, nil, committing, func(tx *sql.Tx) error {
		return runAll(ctx, tx, working, calls)
	})
}

// inSQLTransaction commits what the work does, unless it fails; at is the stage of
// the commit.
func inSQLTransaction(ctx context.Context, db *sql.DB, options *sql.TxOptions, at stage, work func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return explain(ctx, begin, connecting, err)
	}
	// Without effect after a commit; its own error would tell nothing that the
	// error before it does not.
	defer func() { _ = tx.Rollback() }()
	if err := work(tx); err != nil {
		return err
	}
	// database/sql does not tell a commit that it did not send for that from one
	// whose answer is missing.
	if err := ctx.Err(); err != nil {
		return explain(ctx, commit, working, err)
	}
	if err := tx.Commit(); err != nil {
		return explain(ctx, commit, at, err)
	}
	return nil
}

// runAll runs the calls in order, until one fails.
func runAll(ctx context.Context, tx *sql.Tx, at stage, calls []call) error {
	for i := range calls {
		if err := runSQL(ctx, tx, &calls[i]); err != nil {
			return explain(ctx, calls[i].statement, at, err)
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
	defer rows.Close() //nolint:errcheck // Err tells what went wrong
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

// Value implements [driver.Valuer].
func (a textArray) Value() (driver.Value, error) {
	var b strings.Builder
	size := 2
	for _, text := range a {
		size += len(text) + len(text)/8 + 3
	}
	b.Grow(size)
	b.WriteByte('{')
	for i, text := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for {
			special := strings.IndexAny(text, `"\`)
			if special < 0 {
				break
			}
			b.WriteString(text[:special])
			b.WriteByte('\\')
			b.WriteByte(text[special])
			text = text[special+1:]
		}
		b.WriteString(text)
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String(), nil
}
