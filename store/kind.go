package store

import (
	"context"
	"errors"
)

// Kind is the kind of an error in one word, for the label of a metric or the
// choice of a status code. The words are stable: a new release may add some, and
// changes none.
type Kind string

// The kinds of errors, as [KindOf] returns them. An error that is of several
// kinds is of the one that stands first.
const (
	// KindUnknownOutcome is that of [ErrUnknownOutcome], also where a context
	// ended.
	KindUnknownOutcome Kind = "unknown_outcome"
	// KindCanceled is that of [context.Canceled].
	KindCanceled Kind = "canceled"
	// KindDeadline is that of [context.DeadlineExceeded].
	KindDeadline Kind = "deadline"
	// KindMisconfigured is that of [ErrMisconfigured].
	KindMisconfigured Kind = "misconfigured"
	// KindNotFound is that of [ErrNotFound], [ErrCommunityNotFound] and
	// passport.ErrNeverScored.
	KindNotFound Kind = "not_found"
	// KindConflict is that of [ErrConflict].
	KindConflict Kind = "conflict"
	// KindReadOnly is that of [ErrReadOnly].
	KindReadOnly Kind = "read_only"
	// KindUnavailable is that of [ErrUnavailable].
	KindUnavailable Kind = "unavailable"
	// KindSchema is that of [ErrSchema].
	KindSchema Kind = "schema"
	// KindPermission is that of an [ErrFault] with which the database refused a
	// login or a right.
	KindPermission Kind = "permission"
	// KindFault is that of every other [ErrFault], and of errors that the SDK
	// does not know.
	KindFault Kind = "fault"
	// KindInvalid is that of [ErrInvalid], passport.ErrInvalidAddress,
	// passport.ErrInvalidDecimal, apikey.ErrInvalidRate and *credential.Error.
	KindInvalid Kind = "invalid"
	// KindUnscorable is that of *passport.ScoringError, unless its Unrecorded
	// is of another kind, and of passport.ErrUnsupportedRule and
	// passport.ErrInvalidWeights.
	KindUnscorable Kind = "unscorable"
	// KindRefused is that of apikey.ErrRefused.
	KindRefused Kind = "refused"
)

// KindOf returns the kind of the error, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	for _, known := range []struct {
		err  error
		kind Kind
	}{
		{ErrUnknownOutcome, KindUnknownOutcome},
		{context.Canceled, KindCanceled},
		{context.DeadlineExceeded, KindDeadline},
		{ErrMisconfigured, KindMisconfigured},
		{ErrNotFound, KindNotFound},
		{ErrCommunityNotFound, KindNotFound},
		{ErrConflict, KindConflict},
		{ErrReadOnly, KindReadOnly},
		{ErrUnavailable, KindUnavailable},
		{ErrSchema, KindSchema},
		{ErrFault, kindOfFault(err)},
		{ErrInvalid, KindInvalid},
	} {
		if errors.Is(err, known.err) {
			return known.kind
		}
	}
	if of, is := errors.AsType[kinded](err); is {
		return Kind(of.ErrorKind())
	}
	return KindFault
}

// kindOfFault returns the kind of an ErrFault.
func kindOfFault(err error) Kind {
	const insufficientPrivilege, invalidAuthorization = "42501", "28" // a class
	detail, is := errors.AsType[*Error](err)
	if is && (detail.SQLState == insufficientPrivilege || len(detail.SQLState) > 2 && detail.SQLState[:2] == invalidAuthorization) {
		return KindPermission
	}
	return KindFault
}

// kinded is an error that knows its kind, of a package that this one does not.
type kinded interface {
	error
	ErrorKind() string
}

// Sentinel returns an error of that kind with that text, to be found with
// [errors.Is]. It is for the packages of the SDK.
func Sentinel(kind Kind, text string) error { return &sentinel{kind, text} }

type sentinel struct {
	kind Kind
	text string
}

func (s *sentinel) Error() string     { return s.text }
func (s *sentinel) ErrorKind() string { return string(s.kind) }
