package store

import (
	"context"
	"fmt"
	"time"
)

// Credentials is the role of whoever takes credentials in and gives them up.
// The engine does not need it.
type Credentials interface {
	// AddCredentials must, in one transaction, mark the address's live rows of
	// the same providers deleted, those of the service's own type (1), and insert
	// the given ones. It must return [ErrInvalid], and change nothing, when
	// [CheckCredentials] refuses them.
	AddCredentials(ctx context.Context, address string, credentials ...NewCredential) error
	// DeleteCredentials must mark the address's live rows of the providers
	// deleted, and return how many there were. No row is no error.
	DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error)
	// RevokeCredentials must revoke every stored row that carries one of the
	// proof values, and return how many it revoked; a row revoked before is
	// left as it is and not counted. Rows are revoked, as the service does it:
	// a credential that is added again afterwards counts again.
	RevokeCredentials(ctx context.Context, proofValues ...string) (int, error)
	// ListCredentials must return one page of the address's credentials, of
	// every type, that are neither deleted nor revoked. An address that has none
	// is no error. It must return [ErrInvalid] when the address is malformed or
	// [Page.Validate] refuses the page.
	//
	// One that is too large must be omitted ([OmittedTooLarge]). A page must end
	// before the credential with which it would have more than [MaxWalletBytes],
	// but never before its first.
	ListCredentials(ctx context.Context, address string, page Page) (*CredentialPage, error)
}

// CredentialPage is a part of the credentials of an address.
type CredentialPage struct {
	// Credentials are those of the page, newest first whichever way it was
	// asked for. They may be fewer than the page's limit though there are more.
	Credentials []Credential
	// Newer and Older tell whether there are credentials before the first of
	// the page and after its last. When the page is empty they tell whether
	// there are any on the other side of Page.Before or Page.After: Newer of
	// those whose id is not below Before, Older of those not above After.
	Newer, Older bool
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
// fault wraps [ErrInvalid].
func (c *NewCredential) Validate() error {
	var found faults
	fault := found.addf
	checkText(fault, "the provider of a credential", c.Provider, 1, MaxProvider)
	checkText(fault, "the proof value of a credential", c.ProofValue, 0, MaxProofValue)
	checkStamp(fault, c.Stamp)
	if !c.IssuedAt.IsZero() {
		checkMoment(fault, "the issuance date of a credential", c.IssuedAt)
	}
	if !c.ExpiresAt.IsZero() {
		checkMoment(fault, "the expiration date of a credential", c.ExpiresAt)
	}
	return found.err()
}

// CheckCredentials reports why the credentials cannot be added to the address:
// it is malformed, a credential is not valid, or a provider is given twice. The
// error wraps [ErrInvalid]. Every store must call it first in AddCredentials.
func CheckCredentials(address string, credentials []NewCredential) error {
	if err := CheckAddress(address); err != nil {
		return err
	}
	given := make(map[string]bool, len(credentials))
	for i := range credentials {
		provider := credentials[i].Provider
		if err := credentials[i].Validate(); err != nil {
			return fmt.Errorf("credential %d of %s, provider %.100q: %w", i, address, provider, err)
		}
		if given[provider] {
			return fmt.Errorf("%w: provider %.100q is given twice", ErrInvalid, provider)
		}
		given[provider] = true
	}
	return nil
}
