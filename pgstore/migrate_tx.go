package pgstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// schemaTx is a transaction that changes a schema.
type schemaTx interface {
	executor
	// exec runs one statement, which pgx is not to prepare: what it works on may
	// have been made a moment ago.
	exec(ctx context.Context, op, sql string, args ...any) error
}

func executorOn[D Database](db D) executor {
	switch db := any(db).(type) {
	case *pgxpool.Pool:
		return onPool(db)
	case *sql.DB:
		return onDB(db)
	}
	panic(fmt.Sprintf("a Database is not a %T", db))
}

// inTransaction commits what the work does, unless it fails. The isolation is
// given, whatever the database's default is: what others commit while a lock is
// awaited must be seen once it is held.
func inTransaction[D Database](ctx context.Context, db D, work func(schemaTx) error) error {
	switch db := any(db).(type) {
	case *pgxpool.Pool:
		return inPgxTransaction(ctx, db, work)
	case *sql.DB:
		isolated := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
		return onDB(db).inTransaction(ctx, isolated, committing, func(tx *sql.Tx) error {
			return work(sqlSchemaTx{sqlTx{tx}})
		})
	}
	panic(fmt.Sprintf("a Database is not a %T", db))
}

type pgxSchemaTx struct{ pgxTx }

func (t pgxSchemaTx) exec(ctx context.Context, op, sql string, args ...any) error {
	if _, err := t.tx.Exec(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...); err != nil {
		return explain(ctx, statement{name: op}, working, err)
	}
	return nil
}

func inPgxTransaction(ctx context.Context, pool *pgxpool.Pool, work func(schemaTx) error) error {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return explain(ctx, begin, connecting, err)
	}
	// Without effect after a commit; its own error would tell nothing that the
	// error before it does not.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := work(pgxSchemaTx{pgxTx{tx}}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return explain(ctx, commit, committing, err)
	}
	return nil
}

type sqlSchemaTx struct{ sqlTx }

func (t sqlSchemaTx) exec(ctx context.Context, op, sql string, args ...any) error {
	if _, err := t.tx.ExecContext(ctx, sql, args...); err != nil {
		return explain(ctx, statement{name: op}, working, err)
	}
	return nil
}
