package credential

import "fmt"

// Reason is the code of an [Error].
type Reason string

// The reasons why a credential is not valid.
const (
	// ReasonTooLarge: it exceeds MaxSize, MaxDepth or MaxValues.
	ReasonTooLarge Reason = "too_large"
	// ReasonTooManyNullifiers: it lists more than MaxNullifiers.
	ReasonTooManyNullifiers Reason = "too_many_nullifiers"
	// ReasonMalformed: it is not a credential, or it could be read in two ways.
	ReasonMalformed Reason = "malformed"
	// ReasonUnsupportedProof: the issuers use no proof of this type or form.
	ReasonUnsupportedProof Reason = "unsupported_proof"
	// ReasonWrongPurpose: its proof was made for something else.
	ReasonWrongPurpose Reason = "wrong_purpose"
	// ReasonWrongVerificationMethod: its proof names a key of another issuer.
	ReasonWrongVerificationMethod Reason = "wrong_verification_method"
	// ReasonFromTheFuture: its proof was made after now.
	ReasonFromTheFuture Reason = "from_the_future"
	// ReasonBadSignature: the signature is not the issuer's over this text.
	ReasonBadSignature Reason = "bad_signature"
)

// Error is the error of a credential that is not valid. It concerns the
// credential alone, so it is permanent, except for [ReasonFromTheFuture].
type Error struct {
	Reason Reason
	// Detail describes the fault in about two hundred characters at most, of
	// which the credential's own are some dozens.
	Detail string
}

// Error implements error.
func (e *Error) Error() string { return e.Detail }

// ErrorKind returns the kind for store.KindOf.
func (*Error) ErrorKind() string { return "invalid" }

const (
	wrongMethod  = "its proof's verification method is not a key of its issuer"
	badSignature = "its signature is not the issuer's over this text"
)

func malformed(format string, args ...any) *Error {
	return &Error{ReasonMalformed, fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) *Error {
	return &Error{ReasonUnsupportedProof, fmt.Sprintf(format, args...)}
}
