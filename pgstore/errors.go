package pgstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/passport-sdk/passport-go/store"
)

// stage is how far a unit of work had come when it failed.
type stage int

const (
	// connecting: no statement has been sent.
	connecting stage = iota
	// reading: nothing is changed.
	reading
	// working: no answer that is still due can commit anything.
	working
	// committing: an answer that is still due tells of the commit.
	committing
)

// explain makes an error of the driver one of package store. An error of the
// context stays what it is; when it leaves open whether a commit happened, it is
// both.
func explain(ctx context.Context, s statement, at stage, err error) error {
	state := sqlState(err)
	if ended := ctx.Err(); ended != nil {
		if at == committing && (state == "" && !unsent(err) || lostTouch(state)) {
			return &store.Error{Op: s.name, Kind: store.ErrUnknownOutcome, Cause: ended}
		}
		return fmt.Errorf("%s: %w", s.name, ended)
	}
	return &store.Error{Op: s.name, Kind: kindOf(s, at, state, err), SQLState: state, Cause: withAdvice(state, withoutContext(withoutConfig(err)))}
}

func kindOf(s statement, at stage, state string, err error) error {
	column, constraint := violated(err)
	switch {
	case at == connecting && (state == "" || class(state) == internalError):
		return store.ErrUnavailable // some poolers have no other code for being full
	case state == notSupported && s.name == begin.name:
		return store.ErrUnavailable // a replica has no transaction that writes
	case state == "" && at == committing && !unsent(err):
		// Also when it was no loss: an answer that cannot be understood tells
		// nothing of the commit either.
		return store.ErrUnknownOutcome
	case state == "" && !lost(err):
		return store.ErrFault
	case state == "":
		return store.ErrUnavailable
	case s.guard != "" && state == s.guard && s.column == column:
		return s.guarded
	case at == committing && lostTouch(state):
		return store.ErrUnknownOutcome
	case state == foreignKeyViolation && refersBy(constraint, "community_id"):
		return store.ErrCommunityNotFound
	case state == foreignKeyViolation && (refersBy(constraint, "api_key_id") || refersBy(constraint, "account_id")):
		return store.ErrNotFound
	}
	if (at == connecting || at == reading) && (class(state) == dataException || class(state) == limitExceeded) {
		return store.ErrFault // of a setting, or of a row: what was asked for has been looked at
	}
	return kindOfState(state)
}

// The SQLSTATEs that stand out from their class.
const (
	foreignKeyViolation  = "23503"
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	completionUnknown    = "40003"
	deadlockDetected     = "40P01"
	notSupported         = "0A000"
	readOnlyTransaction  = "25006" // a primary that has just become a replica
	idleInTransaction    = "25P03" // a host that waited for too long before it scored in its transaction
	transactionTimeout   = "25P04"
	lockNotAvailable     = "55P03" // lock_timeout
	undefinedTable       = "42P01"
	undefinedColumn      = "42703"
	invalidSchemaName    = "3F000"
)

// kindOfState sorts what the database answers by what can be done about it.
func kindOfState(state string) error {
	switch state {
	case uniqueViolation, serializationFailure, deadlockDetected:
		return store.ErrConflict
	case readOnlyTransaction, idleInTransaction, transactionTimeout, lockNotAvailable:
		return store.ErrUnavailable
	}
	switch class(state) {
	case dataException, // what was to be written cannot be
		limitExceeded: // an index cannot hold it
		return store.ErrInvalid
	case "08", // connection exception
		"53", // insufficient resources
		"57", // operator intervention: shutdown, statement_timeout
		"58": // system error, such as a disk that fails
		return store.ErrUnavailable
	}
	return store.ErrFault
}

// The classes of SQLSTATEs whose meaning depends on what was being done.
const (
	dataException = "22"
	limitExceeded = "54"
	internalError = "XX"
)

// lostTouch tells of states that a pooler answers when it has lost the server,
// or the server when it has lost its standby: the commit may have happened.
func lostTouch(state string) bool {
	return class(state) == "08" || state == completionUnknown
}

func class(state string) string { return state[:min(2, len(state))] }

// sqlState returns the code of the database, if one answered.
func sqlState(err error) string {
	var answered interface{ SQLState() string } // of pgx and of lib/pq
	if errors.As(err, &answered) {
		return answered.SQLState()
	}
	return ""
}

// violated returns the column of a violated NOT NULL, or the name of another
// constraint that is violated; "" for every other error.
func violated(err error) (column, constraint string) {
	if answered, is := errors.AsType[*pgconn.PgError](err); is {
		return answered.ColumnName, answered.ConstraintName
	}
	var answered interface{ Get(field byte) string } // of lib/pq, with the protocol's names of fields
	if errors.As(err, &answered) {
		return answered.Get('c'), answered.Get('n')
	}
	return "", ""
}

// refersBy reports whether a foreign key of that name is the column's. Django and
// Postgres both name it by its table, its column and something more; the answer
// has no field for the column.
func refersBy(foreignKey, column string) bool {
	return strings.Contains(foreignKey, "_"+column+"_")
}

// lost reports whether the error is of the connection, not of the work.
func lost(err error) bool {
	var network net.Error
	return errors.As(err, &network) ||
		errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, errConnectionClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) ||
		pgconn.SafeToRetry(err)
}

// errConnectionClosed marks an error after which pgx has closed the connection.
var errConnectionClosed = errors.New("connection closed")

// unsent reports whether the driver vouches that nothing has been committed. What
// pgx says of a closed connection is not believed: it says so, and that it is
// safe to retry, also when the connection broke while an answer was awaited.
func unsent(err error) bool {
	if errors.Is(err, pgconn.ErrConnClosed) {
		return false
	}
	var preparing pgx.ErrPreprocessingBatch
	return pgconn.SafeToRetry(err) || errors.As(err, &preparing) ||
		errors.Is(err, sql.ErrTxDone) || errors.Is(err, pgx.ErrTxCommitRollback)
}

// withAdvice adds what to do about a table, a column or a schema that is missing.
func withAdvice(state string, err error) error {
	switch state {
	case undefinedTable, undefinedColumn, invalidSchemaName:
		return fmt.Errorf("%w: run Migrate, or see what CheckSchema reports: %w", ErrSchema, err)
	}
	return err
}

// withoutContext hides that an error is one of a context that is not the caller's,
// such as the pool's, who does not wait for ever: the caller's lives.
func withoutContext(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("a limit of the connection's or the pool's: %v", err) //nolint:errorlint // that is the point
	}
	return err
}

// withoutConfig drops the wrapper that carries the connection's configuration,
// password included, and keeps what went wrong.
func withoutConfig(err error) error {
	if failed, is := errors.AsType[*pgconn.ConnectError](err); is {
		return failed.Unwrap()
	}
	return err
}
