package store

import (
	"errors"
	"fmt"
)

// The errors of stores, for errors.Is.
var (
	// ErrCommunityNotFound: the community does not exist, or is deleted.
	ErrCommunityNotFound = errors.New("community not found")
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a concurrent writer won, or a unique name, prefix or id is
	// taken. Nothing was written; the data that was read is out of date.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: the database cannot be reached, is starting up or is
	// overloaded. Nothing was written; try later.
	ErrUnavailable = errors.New("store unavailable")
	// ErrReadOnly: the host's transaction is read-only, because the host asked for
	// that or because the server has become a replica. Nothing was written;
	// another transaction may succeed.
	ErrReadOnly = errors.New("read-only transaction")
	// ErrUnknownOutcome: the connection was lost before the answer to a commit
	// came. Everything was written or nothing; scoring again is safe and settles
	// it.
	ErrUnknownOutcome = errors.New("outcome of the commit unknown")
	// ErrInvalid: the request cannot be carried out. It is the caller's mistake
	// and not worth a retry.
	ErrInvalid = errors.New("invalid request")
	// ErrInvalidAddress: the text is not "0x" and 40 hex digits. The error of a
	// role wraps ErrInvalid as well.
	ErrInvalidAddress = Sentinel(KindInvalid, "invalid address")
	// ErrInternal: the database refused the login or a statement, or its data is
	// corrupt. A retry is not worthwhile.
	ErrInternal = errors.New("store internal error")
	// ErrSchema: the database is not as the SDK needs it. It comes with
	// ErrInternal.
	ErrSchema = errors.New("the schema is not what the SDK needs")
	// ErrMisconfigured: a constructor of the SDK got a nil where something is
	// needed, or a value that an option cannot take.
	ErrMisconfigured = errors.New("misconfigured")
)

// Error is the error of a store's operation. Kind is one of the sentinels of
// this package, so errors.Is finds it and the cause alike. Every error of the
// methods of this package must be one, as errors.As sees it; only that of a
// context that ended may be the context's own.
type Error struct {
	// Op is the operation, such as "upsert_score".
	Op string
	// Kind is the sentinel.
	Kind error
	// SQLState is the code of the database, if one answered.
	SQLState string
	// Final marks a lost race that cannot be repeated here, such as one inside
	// a host's transaction at REPEATABLE READ.
	Final bool
	// Cause is the underlying error, or nil.
	Cause error
}

// Errorf returns an [Error] of the operation and the kind, with a cause in the
// words of [fmt.Errorf]. It is for stores.
func Errorf(op string, kind error, format string, args ...any) error {
	return &Error{Op: op, Kind: kind, Cause: fmt.Errorf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Op
	if e.Cause == nil || !errors.Is(e.Cause, e.Kind) { // or the cause says it
		text += fmt.Sprintf(": %v", e.Kind)
	}
	if e.SQLState != "" {
		text += " (SQLSTATE " + e.SQLState + ")"
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// Retryable reports whether the scoring that failed with the error is worth
// repeating from a fresh Load: a lost race that was not final.
func Retryable(err error) bool {
	if !errors.Is(err, ErrConflict) {
		return false
	}
	var detail *Error
	return !errors.As(err, &detail) || !detail.Final
}
