package credential

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/passport-sdk/passport-go/internal/typeddata"
)

// Verifier checks proofs. The zero value is ready to use; it is safe for
// concurrent use once its fields are set, and must not be copied after first
// use.
type Verifier struct {
	// Recover returns the address whose key signed the digest, or an error if
	// none did. The signature is r, s and v; r and s are in range, s is low,
	// and v is 27 or 28. Nil means a pure Go implementation; a host may plug
	// in libsecp256k1, which is faster. It must be safe for concurrent use, and
	// must not fail for reasons of its own: whatever it returns as an error
	// counts as a bad signature.
	Recover func(digest *[32]byte, signature *[65]byte) (address [20]byte, err error)

	once sync.Once
	// types remembers the sets of EIP-712 types that verified, whose hashes
	// are half of the hashing: nearly all credentials share a few sets.
	types *lru.Cache[string, *typeddata.Types]
}

// maxTypeSets is the number of sets of types that are remembered. Issuers use
// a handful.
const maxTypeSets = 64

// The proof of every type must have been made for this.
const assertionMethod = "assertionMethod"

// Verify returns nil if the credential's proof holds, by the key that its
// issuer's DID names, and was not made after now. An *[Error] tells why it
// does not. The only other error is the context's, which is looked at once:
// a verification takes a fraction of a millisecond, and about one for the
// costliest credential.
func (v *Verifier) Verify(ctx context.Context, s *Signed, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s == nil || s.root == nil {
		return malformed("it did not come from Parse")
	}
	purpose, err := s.proofText("proofPurpose")
	if err != nil {
		return err
	}
	if purpose != assertionMethod {
		return &Error{ReasonWrongPurpose, "its proof was not made to assert something"}
	}
	if s.createdAt.moment.After(now) {
		return &Error{ReasonFromTheFuture, "its proof was made after now"}
	}
	switch s.said.ProofType {
	case proofEIP712:
		return v.verifyEIP712(s)
	case proofEd25519:
		return verifyEd25519(s)
	}
	return unsupported("proofs of type %.*q are not known", maxTextOfError, s.said.ProofType)
}
