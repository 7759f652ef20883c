package pgstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
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
	// committing: an answer that is still due may be that of the commit.
	committing
)

// The operations that are not the name of a statement: before anything is sent,
// before the first statement of a transaction, and after the last.
const connect, begin, commit = "connect", "begin", "commit"

// explain makes an error of the driver one of package store. An error of the
// context stays what it is; when it leaves open whether a commit happened, it
// is both.
func explain(ctx context.Context, op string, at stage, err error) error {
	state := sqlState(err)
	if ended := ctx.Err(); ended != nil {
		if at == committing && (state == "" && !unsent(err) || serverLost(state)) {
			return &store.Error{Op: op, Kind: store.ErrUnknownOutcome, Cause: ended}
		}
		return fmt.Errorf("%s: %w", op, ended)
	}
	kind, because := kindOf(op, at, state, err), cause(err)
	if errors.Is(kind, ErrSchema) { // which is a cause
		kind, because = store.ErrInternal, fmt.Errorf("%w: run Migrate, or see what CheckSchema reports: %w", ErrSchema, because)
	}
	return &store.Error{Op: op, Kind: kind, SQLState: state, Cause: because}
}

func kindOf(op string, at stage, state string, err error) error {
	message, constraint := answered(err)
	guard, isGuarded := guards[op]
	switch {
	case at == connecting && (state == "" || class(state) == internalError):
		return store.ErrUnavailable // some poolers have no other code for being full
	case state == notSupported && op == begin:
		return store.ErrUnavailable // a replica has no transaction that writes
	case state == "" && at == committing && !unsent(err):
		return store.ErrUnknownOutcome // also for an answer that cannot be read
	case state == "" && lost(err):
		return store.ErrUnavailable
	case state == "":
		return store.ErrInternal
	case isGuarded && state == invalidText && strings.Contains(message, guard.text):
		return guard.kind
	case at == committing && serverLost(state):
		return store.ErrUnknownOutcome
	case state == foreignKeyViolation && refersBy(constraint, "community_id"):
		return store.ErrCommunityNotFound
	case state == foreignKeyViolation && (refersBy(constraint, "api_key_id") || refersBy(constraint, "account_id")):
		return store.ErrNotFound
	case class(state) == internalError && conflictOfWorker.MatchString(message):
		return store.ErrConflict
	case at <= reading && (class(state) == dataException || class(state) == limitExceeded):
		return store.ErrInternal // of a setting or of a row: the query has been validated
	}
	return kindOfState(state)
}

// conflictOfWorker matches the messages of conflicts that Citus passes on from
// a worker under another SQLSTATE, XX000.
var conflictOfWorker = regexp.MustCompile("^(duplicate key value violates unique constraint|could not serialize access|deadlock detected|" +
	"canceling the transaction since it was involved in a distributed deadlock)")

// The SQLSTATEs that stand out from their class.
const (
	invalidText          = "22P02" // of a guard, if the message quotes its text
	foreignKeyViolation  = "23503"
	uniqueViolation      = "23505"
	checkViolation       = "23514"
	serializationFailure = "40001"
	completionUnknown    = "40003"
	deadlockDetected     = "40P01"
	notSupported         = "0A000"
	readOnlyTransaction  = "25006" // a primary that has just become a replica
	idleInTransaction    = "25P03" // a host that waited for too long before it scored in its transaction
	transactionTimeout   = "25P04"
	lockNotAvailable     = "55P03" // lock_timeout
	duplicateTable       = "42P07" // also an index
	duplicateSchema      = "42P06"
	duplicateObject      = "42710" // such as the type of a table
	undefinedTable       = "42P01"
	undefinedColumn      = "42703"
	invalidSchemaName    = "3F000"
)

// The classes of SQLSTATEs whose kind depends on the stage.
const (
	dataException = "22"
	limitExceeded = "54"
	internalError = "XX"
)

// kindOfState returns the kind of an answer of the database by what can be done
// about it.
func kindOfState(state string) error {
	switch state {
	case uniqueViolation, serializationFailure, deadlockDetected:
		return store.ErrConflict
	case readOnlyTransaction, idleInTransaction, transactionTimeout, lockNotAvailable,
		completionUnknown: // of a statement before the commit
		return store.ErrUnavailable
	case undefinedTable, undefinedColumn, invalidSchemaName:
		return ErrSchema
	}
	switch class(state) {
	case dataException, // a value that no column can hold
		limitExceeded: // or that an index cannot
		return store.ErrInvalid
	case "08", // connection exception
		"53", // insufficient resources
		"57", // operator intervention: shutdown, statement_timeout
		"58": // system error, such as a disk that fails
		return store.ErrUnavailable
	}
	return store.ErrInternal
}

// serverLost reports whether the answer is that of a pooler that has lost the
// server, or of a server that has lost its standby: the commit may have
// happened.
func serverLost(state string) bool {
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

// answered returns the message of the database, in its language, and the name
// of the constraint that is violated; "" if there is none.
func answered(err error) (message, constraint string) {
	if answer, is := errors.AsType[*pgconn.PgError](err); is {
		return answer.Message, answer.ConstraintName
	}
	var answer interface{ Get(field byte) string } // of lib/pq, with the protocol's names of fields
	if errors.As(err, &answer) {
		return answer.Get('M'), answer.Get('n')
	}
	return "", ""
}

// refersBy reports whether a foreign key of that name is the column's. Django
// and Postgres both name it by its table, its column and something more; the
// answer has no field for the column.
func refersBy(foreignKey, column string) bool {
	return strings.Contains(foreignKey, "_"+column+"_")
}

// lost reports whether the error is of the connection, not of the work.
func lost(err error) bool {
	var network net.Error
	if errors.As(err, &network) || pgconn.SafeToRetry(err) {
		return true
	}
	for _, closed := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone,
		errConnectionClosed, pgconn.ErrConnClosed,
	} {
		if errors.Is(err, closed) {
			return true
		}
	}
	return false
}

// errConnectionClosed marks an error after which pgx has closed the connection.
var errConnectionClosed = errors.New("connection closed")

// unsent reports whether the driver vouches that nothing has been committed.
// For a closed connection pgx always reports that a retry is safe, also when it
// broke while an answer was awaited.
func unsent(err error) bool {
	if errors.Is(err, pgconn.ErrConnClosed) {
		return false
	}
	var preparing pgx.ErrPreprocessingBatch
	return pgconn.SafeToRetry(err) || errors.As(err, &preparing) ||
		errors.Is(err, sql.ErrTxDone) || errors.Is(err, pgx.ErrTxCommitRollback)
}

// cause returns the error as the cause of one of package store.
func cause(err error) error {
	if failed, is := errors.AsType[*pgconn.ConnectError](err); is {
		err = failed.Unwrap() // without the connection's configuration, password included
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		// The caller's context has not ended, and errors.Is must not say so.
		err = fmt.Errorf("a limit of the connection's or the pool's: %v", err) //nolint:errorlint // see above
	}
	return err
}
