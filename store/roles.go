package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Credentials is the role of whoever takes credentials in and gives them up.
// The engine does not need it.
type Credentials interface {
	// AddCredentials must, in one transaction, mark the address's live rows of
	// the same providers deleted and insert the given ones. It must return
	// [ErrInvalid], and change nothing, when the address is malformed, a provider
	// is given twice, or [NewCredential.Validate] refuses a credential.
	AddCredentials(ctx context.Context, address string, credentials ...NewCredential) error
	// DeleteCredentials must mark the address's live rows of the providers
	// deleted, and return how many there were. No row is no error.
	DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error)
	// RevokeCredentials must revoke every stored row that carries one of the
	// proof values, and return how many it revoked; a row revoked before is
	// left as it is and not counted.
	RevokeCredentials(ctx context.Context, proofValues ...string) (int, error)
}

// NewCredential is a credential about to be stored. The root package's
// NewCredential fills it from a signed credential.
type NewCredential struct {
	// Provider is the provider that the credential signs.
	Provider string
	// Stamp is the credential itself, JSON.
	Stamp []byte
	// ProofValue is the text of its proof, by which it is revoked.
	ProofValue string
	// IssuedAt and ExpiresAt are its dates; zero when it has none.
	IssuedAt, ExpiresAt time.Time
}

// Validate reports, joined, what keeps the credential from being stored; each
// fault wraps [ErrInvalid]. Every store must call it first in AddCredentials.
func (c *NewCredential) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...))
	}
	checkText(fault, "the provider of a credential", c.Provider, 1, MaxProvider)
	checkText(fault, "the proof value of a credential", c.ProofValue, 0, MaxProofValue)
	checkJSON(fault, "the credential", c.Stamp)
	if !c.IssuedAt.IsZero() {
		checkMoment(fault, "the issuance date of a credential", c.IssuedAt)
	}
	if !c.ExpiresAt.IsZero() {
		checkMoment(fault, "the expiration date of a credential", c.ExpiresAt)
	}
	return errors.Join(faults...)
}

// Communities is the role of whoever sets communities up.
type Communities interface {
	// PutCommunity must create the community with the given id, or replace its
	// name, rule, points program, scorer, weights, threshold and overlay. An
	// empty Rule means "LIFO", an empty Scorer "WEIGHTED_BINARY".
	PutCommunity(ctx context.Context, community Community) error
	// PutAddressList must create the named list, or replace its members.
	PutAddressList(ctx context.Context, name string, addresses ...string) error
}
