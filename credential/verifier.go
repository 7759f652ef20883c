package credential

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/passport-sdk/passport-go/internal/typeddata"
)

// maxTypeSets bounds the cache of types. Issuers use a handful of sets.
const maxTypeSets = 64

// Verifier checks proofs. The zero value is ready to use. It is safe for
// concurrent use once its fields are set, and must not be copied after first
// use.
type Verifier struct {
	// Recover returns the address whose key signed the digest, or an error if
	// there is none, which counts as a bad signature. The signature is r, s and
	// v; r and s are in range, s is low, and v is 27 or 28. Nil means an
	// implementation in Go; a host may plug in libsecp256k1, which is faster.
	// It must be safe for concurrent use, and must not fail for other reasons.
	Recover func(digest *[32]byte, signature *[65]byte) (address [20]byte, err error)

	once sync.Once
	// types caches the sets of EIP-712 types that verified. Their hashes are
	// half of the hashing, and nearly all credentials share a few sets.
	types *lru.Cache[string, *typeddata.Types]
}

// Verify returns nil if the credential's proof holds, by the key in its
// issuer's DID, and was not made after now. It returns an *[Error] if not, and
// otherwise only the error of a context that has ended before: a verification
// takes a fraction of a millisecond, or about one for the costliest credential.
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
	if purpose != "assertionMethod" {
		return &Error{ReasonWrongPurpose, "its proof was not made to assert something"}
	}
	if s.createdAt.moment.After(now) {
		return &Error{ReasonFromTheFuture, "its proof was made after now"}
	}
	if s.said.ProofType != proofEIP712 && s.said.ProofType != proofEd25519 {
		return unsupported("proofs of type %.*q are not known", maxTextOfError, s.said.ProofType)
	}
	method, err := s.proofText("verificationMethod")
	if err != nil {
		return err
	}
	if s.said.ProofType == proofEd25519 {
		return verifyEd25519(s, method)
	}
	return v.verifyEIP712(s, method)
}
