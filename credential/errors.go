package credential

// Reason is a code for what makes a credential invalid.
type Reason string

// The reasons.
const (
	// ReasonTooLarge: it is beyond MaxSize, MaxDepth or MaxValues.
	ReasonTooLarge Reason = "too_large"
	// ReasonTooManyNullifiers: it lists more than MaxNullifiers.
	ReasonTooManyNullifiers Reason = "too_many_nullifiers"
	// ReasonMalformed: it is not a credential, or one in a form that could be
	// read in two ways.
	ReasonMalformed Reason = "malformed"
	// ReasonUnsupportedProof: its proof is not of a type, or not in the form,
	// that the issuers use.
	ReasonUnsupportedProof Reason = "unsupported_proof"
	// ReasonWrongPurpose: its proof was made for something else.
	ReasonWrongPurpose Reason = "wrong_purpose"
	// ReasonWrongVerificationMethod: its proof names a key that is not the
	// issuer's.
	ReasonWrongVerificationMethod Reason = "wrong_verification_method"
	// ReasonFromTheFuture: its proof was made after now.
	ReasonFromTheFuture Reason = "from_the_future"
	// ReasonBadSignature: the signature is not the issuer's over this text.
	ReasonBadSignature Reason = "bad_signature"
)

// Error tells why a credential is not valid. It is about the credential alone,
// and so will be the same tomorrow, but for [ReasonFromTheFuture].
type Error struct {
	// Reason is the code.
	Reason Reason
	// Detail says in words what is wrong, in at most some two hundred
	// characters, of which the credential's own are some dozens.
	Detail string
}

// Error implements error.
func (e *Error) Error() string { return e.Detail }

// ErrorKind returns the kind for store.KindOf.
func (*Error) ErrorKind() string { return "invalid" }
