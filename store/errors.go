package store

import (
	"errors"
	"fmt"
)

// What can go wrong in a store, to be tested with errors.Is.
var (
	// ErrCommunityNotFound: the community does not exist, or is deleted.
	ErrCommunityNotFound = errors.New("community not found")
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrConflict: someone else was faster, or has a name, a prefix or an id
	// that none may have twice. Nothing was written; what was read is out of
	// date.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: the database cannot be reached, starts up or takes no more
	// work. Nothing was written; try later.
	ErrUnavailable = errors.New("store unavailable")
	// ErrReadOnly: the host's transaction is read-only, by its own wish or because
	// it is on a server that has become a replica. Nothing was written; another
	// transaction may be able to.
	ErrReadOnly = errors.New("read-only transaction")
	// ErrUnknownOutcome: the connection was lost while the answer to a commit
	// was awaited. Everything was written or nothing; scoring again is safe
	// and settles it.
	ErrUnknownOutcome = errors.New("outcome of the commit unknown")
	// ErrInvalid: the store was asked to write or read what cannot be. A fault
	// of the program, never worth a retry.
	ErrInvalid = errors.New("invalid request")
	// ErrFault: the database refused the login or a statement, or a row makes no
	// sense. A fault of the configuration, of the database's schema or of the SDK,
	// never worth a retry.
	ErrFault = errors.New("store fault")
	// ErrSchema: the database is not as the SDK needs it. It comes with ErrFault.
	ErrSchema = errors.New("the schema is not what the SDK needs")
)

// ErrMisconfigured is wrapped by every fault that a constructor of the SDK
// reports: a nil where something is needed, or what an option cannot take. It is
// here so that all of them report the same.
var ErrMisconfigured = errors.New("misconfigured")

// Error tells what a store was doing when it failed. Kind is one of the
// sentinels of this package, so errors.Is finds it and the cause alike. Every
// error of the methods that this package demands must be one, by errors.As; only
// that of a context that ended may be the context's alone.
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
