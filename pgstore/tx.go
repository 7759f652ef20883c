package pgstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// A host's transaction is not ours to end: what is written in it is undone by
// going back to a savepoint. Locks taken since then are let go with it.
var (
	setSavepoint     = statement{name: "savepoint", sql: `savepoint passport_apply`}
	releaseSavepoint = statement{name: "release_savepoint", sql: `release savepoint passport_apply`}
	backToSavepoint  = statement{name: "rollback_to_savepoint", sql: `rollback to savepoint passport_apply`}
	readIsolation    = statement{name: "read_isolation", sql: `select pg_catalog.current_setting('transaction_isolation')`}
)

// atSavepoint returns the calls between a savepoint and its release; set learns
// that there is a savepoint.
func atSavepoint(calls []call, set *bool) []call {
	guarded := make([]call, 0, len(calls)+4)
	savepoint := setSavepoint.with()
	savepoint.done = func() { *set = true }
	guarded = append(guarded, savepoint)
	guarded = append(guarded, pinnedInTx(calls...)...)
	return append(guarded, releaseSavepoint.with())
}

// goBack undoes what was written since the savepoint, and returns the isolation
// of the transaction. Going back is a batch of its own: a transaction that has
// failed prepares nothing else.
func goBack(ctx context.Context, run func(context.Context, []call) error) (isolation string, err error) {
	if err := run(ctx, []call{backToSavepoint.with()}); err != nil {
		return "", err
	}
	err = run(ctx, []call{
		releaseSavepoint.with(),
		readIsolation.with().each(func(scan scanFunc) error { return scan(&isolation) }),
	})
	return isolation, err
}

// pgxTx runs statements in a host's transaction of pgx, each unit of work as
// one pipelined batch.
type pgxTx struct{ tx pgx.Tx }

func (t pgxTx) read(ctx context.Context, c call) error {
	return final(sendBatch(ctx, t.tx.Conn(), t.tx, reading, pinnedInTx(c)), "")
}

func (t pgxTx) write(ctx context.Context, calls []call) error {
	return writeAtSavepoint(ctx, calls, func(ctx context.Context, calls []call) error {
		return sendBatch(ctx, t.tx.Conn(), t.tx, working, calls)
	})
}

// sqlTx runs statements in a host's transaction of database/sql.
type sqlTx struct{ tx *sql.Tx }

func (t sqlTx) read(ctx context.Context, c call) error {
	calls, isPinned := pinnedInTx(c), false
	calls[0].done = func() { isPinned = true }
	err := runAll(ctx, t.tx, reading, calls)
	if err != nil && isPinned { // a transaction survives a row that makes no sense
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

// writeAtSavepoint writes behind a savepoint and, when that fails, leaves the
// transaction as it was before.
func writeAtSavepoint(ctx context.Context, calls []call, run func(context.Context, []call) error) error {
	if ended := ctx.Err(); ended != nil {
		return explain(ctx, setSavepoint, connecting, ended)
	}
	set := false
	err := run(ctx, atSavepoint(calls, &set))
	if err == nil {
		return nil
	}
	if !set {
		return final(err, "") // nothing of ours was written, and to go back would fail
	}
	// The host's transaction must be usable again even if this context is over.
	ctx, cancel := detached(ctx)
	defer cancel()
	isolation, lost := goBack(ctx, run)
	if lost != nil {
		isolation = ""
	}
	return final(err, isolation)
}

// final gives an error the meaning that it has in a host's transaction. A lost
// race is final if the transaction cannot repeat it: at an isolation that goes on
// showing it the old rows, or if it did not survive. And where the transaction is
// read-only, waiting is no help.
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
