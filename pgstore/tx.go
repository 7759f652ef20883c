package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// A host's transaction is not ours to end: writes in it are undone by going
// back to a savepoint, which also releases the locks taken since then.
var (
	setSavepoint     = call{name: "savepoint", sql: `savepoint passport_apply`}
	releaseSavepoint = call{name: "release_savepoint", sql: `release savepoint passport_apply`}
	backToSavepoint  = call{name: "rollback_to_savepoint", sql: `rollback to savepoint passport_apply`}
	readIsolation    = call{name: "read_isolation", sql: `select pg_catalog.current_setting('transaction_isolation')`}
)

// goBack undoes the writes since the savepoint, and returns the isolation of
// the transaction, "" if that has failed as well. Going back is a batch of its
// own: a transaction that has failed prepares nothing else.
func goBack(ctx context.Context, run func(context.Context, []call) error) (isolation string) {
	if run(ctx, []call{backToSavepoint}) != nil {
		return ""
	}
	read := readIsolation.each(func(scan scanFunc) error { return scan(&isolation) })
	if run(ctx, []call{releaseSavepoint, read}) != nil {
		return ""
	}
	return isolation
}

// pgxTx runs statements in a host's transaction of pgx, each unit of work as
// one pipelined batch.
type pgxTx struct{ tx pgx.Tx }

func (t pgxTx) read(ctx context.Context, calls ...call) error {
	return final(sendBatch(ctx, t.tx.Conn(), t.tx, reading, pinnedInTx(calls...)), "")
}

func (t pgxTx) write(ctx context.Context, calls []call) error {
	return writeAtSavepoint(ctx, calls, func(ctx context.Context, calls []call) error {
		return sendBatch(ctx, t.tx.Conn(), t.tx, working, calls)
	})
}

func (t pgxTx) exec(ctx context.Context, op, sql string, args ...any) error {
	if _, err := t.tx.Exec(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...); err != nil {
		return explain(ctx, op, working, err)
	}
	return nil
}

// sqlTx runs statements in a host's transaction of database/sql.
type sqlTx struct{ tx *sql.Tx }

func (t sqlTx) read(ctx context.Context, calls ...call) error {
	calls, isPinned := pinnedInTx(calls...), false
	calls[0].done = func() { isPinned = true }
	err := runAll(ctx, t.tx, reading, calls)
	if err != nil && isPinned { // a row that cannot be read leaves the transaction usable
		ctx, cancel := detached(ctx)
		defer cancel()
		_ = runAll(ctx, t.tx, reading, calls[len(calls)-1:])
	}
	return final(err, "")
}

func (t sqlTx) write(ctx context.Context, calls []call) error {
	return writeAtSavepoint(ctx, calls, func(ctx context.Context, calls []call) error {
		return runAll(ctx, t.tx, working, calls)
	})
}

func (t sqlTx) exec(ctx context.Context, op, sql string, args ...any) error {
	if _, err := t.tx.ExecContext(ctx, sql, args...); err != nil {
		return explain(ctx, op, working, err)
	}
	return nil
}

// writeAtSavepoint writes behind a savepoint and, when that fails, leaves the
// transaction as it was before.
func writeAtSavepoint(ctx context.Context, calls []call, run func(context.Context, []call) error) error {
	if ended := ctx.Err(); ended != nil {
		return explain(ctx, setSavepoint.name, connecting, ended)
	}
	set, savepoint := false, setSavepoint
	savepoint.done = func() { set = true }
	err := run(ctx, slices.Concat([]call{savepoint}, pinnedInTx(calls...), []call{releaseSavepoint}))
	if err == nil {
		return nil
	}
	if !set {
		return final(err, "") // nothing of ours was written, and to go back would fail
	}
	// The host's transaction must be usable again even if this context is over.
	ctx, cancel := detached(ctx)
	defer cancel()
	return final(err, goBack(ctx, run))
}

// final marks an error as one in a host's transaction. A lost race is final if
// the transaction cannot repeat it: at an isolation that keeps showing it the
// old rows, or if it did not survive. In a read-only transaction a retry is no
// help.
func final(err error, isolation string) error {
	var detail *store.Error
	switch {
	case isReadOnly(err) && errors.As(err, &detail):
		detail.Kind = store.ErrReadOnly
	case errors.As(err, &detail) && errors.Is(detail.Kind, store.ErrConflict):
		detail.Final = isolation != "read committed" && isolation != "read uncommitted"
	}
	return err
}
