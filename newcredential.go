package passport

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// NewCredential reads from a signed credential what a store files it under,
// ready for AddCredentials. It checks the form, not the proof: a credential
// that does not verify can be stored, and is left out of every score.
//
// Its error is a *[credential.Error] when the text is not a credential, and wraps
// store.ErrInvalid when the credential names no provider or holds a text that
// is too long for the service's tables.
func NewCredential(signed []byte) (store.NewCredential, error) {
	parsed, err := credential.Parse(signed)
	if err != nil {
		return store.NewCredential{}, fmt.Errorf("reading a credential: %w", err)
	}
	const maxProofValue = 256
	var faults []error
	if n := utf8.RuneCountInString(parsed.Provider); n == 0 || n > store.MaxProvider {
		faults = append(faults, fmt.Errorf("%w: its provider has %d characters, want 1 to %d", store.ErrInvalid, n, store.MaxProvider))
	}
	if n := utf8.RuneCountInString(parsed.ProofValue); n > maxProofValue {
		faults = append(faults, fmt.Errorf("%w: its proof has %d characters, at most %d", store.ErrInvalid, n, maxProofValue))
	}
	if err := errors.Join(faults...); err != nil {
		return store.NewCredential{}, fmt.Errorf("reading a credential: %w", err)
	}
	return store.NewCredential{
		Provider:   parsed.Provider,
		Stamp:      signed,
		ProofValue: parsed.ProofValue,
		IssuedAt:   microseconds(parsed.IssuedAt),
		ExpiresAt:  microseconds(parsed.ExpiresAt),
	}, nil
}
