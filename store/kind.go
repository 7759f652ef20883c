package store

import (
	"context"
	"errors"
	"strings"
)

// Kind is the kind of an error in one word, for the label of a metric or the
// choice of a status code. A new release may add kinds, and changes none.
type Kind string

// The kinds of errors, as [KindOf] returns them. An error that is of several
// kinds is of the one that stands first.
const (
	KindUnknownOutcome Kind = "unknown_outcome" // also where a context ended
	KindCanceled       Kind = "canceled"
	KindDeadline       Kind = "deadline"
	KindMisconfigured  Kind = "misconfigured"
	KindNotFound       Kind = "not_found" // also a community, or a score
	KindConflict       Kind = "conflict"
	KindReadOnly       Kind = "read_only"
	KindUnavailable    Kind = "unavailable"
	KindSchema         Kind = "schema"
	KindPermission     Kind = "permission" // an ErrInternal: the database refused a login or a right
	KindInternal       Kind = "internal"   // also every error that the SDK does not know
	KindInvalid        Kind = "invalid"    // also a malformed address, decimal, rate limit or credential
	KindUnscorable     Kind = "unscorable" // a *passport.ScoringError, unless its Unrecorded is of another kind
	KindRefused        Kind = "refused"    // of an API key
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
		{ErrInternal, kindOfInternal(err)},
		{ErrInvalid, KindInvalid},
	} {
		if errors.Is(err, known.err) {
			return known.kind
		}
	}
	if of, is := errors.AsType[kinded](err); is {
		return Kind(of.ErrorKind())
	}
	return KindInternal
}

// kindOfInternal returns the kind of an ErrInternal.
func kindOfInternal(err error) Kind {
	const insufficientPrivilege, invalidAuthorization = "42501", "28" // and three more
	detail, is := errors.AsType[*Error](err)
	if is && (detail.SQLState == insufficientPrivilege || strings.HasPrefix(detail.SQLState, invalidAuthorization)) {
		return KindPermission
	}
	return KindInternal
}

// kinded is an error of another package that knows its kind.
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
