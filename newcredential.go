package passport

import (
	"bytes"
	"fmt"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// NewCredential reads from a signed credential what a store files it under,
// ready for AddCredentials. It checks the form, not the proof: a credential
// that does not verify can be stored, and is left out of every score. The
// address to add it to is one of [ParseAddress]. What is returned shares no memory
// with the argument.
//
// Its error is a *[credential.Error] when the text is not a credential, and wraps
// store.ErrInvalid when the credential names no provider or holds a text that
// is too long for the service's tables.
func NewCredential(signed []byte) (store.NewCredential, error) {
	parsed, err := credential.Parse(signed)
	if err != nil {
		return store.NewCredential{}, fmt.Errorf("reading a credential: %w", err)
	}
	return newCredential(parsed, bytes.Clone(signed))
}

// newCredential keeps the text.
func newCredential(parsed *credential.Signed, text []byte) (store.NewCredential, error) {
	stamp := store.NewCredential{
		Provider:   parsed.Provider,
		Stamp:      text,
		ProofValue: parsed.ProofValue,
		IssuedAt:   microseconds(parsed.IssuedAt),
		ExpiresAt:  microseconds(parsed.ExpiresAt),
	}
	if err := stamp.Validate(); err != nil {
		return store.NewCredential{}, fmt.Errorf("reading a credential: %w", err)
	}
	return stamp, nil
}
