package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Credentials is the role that manages stored credentials. The engine does not
// need it.
type Credentials interface {
	CredentialLister

	// AddCredentials must, in one transaction, delete the address's credentials of
	// the same providers that were stored by this method or by the service,
	// revoked ones too, and insert the given ones with higher ids. It must return
	// [ErrInvalid], and change nothing, when the address is malformed or
	// [CheckCredentials] refuses the credentials.
	//
	// Deleting must only mark a credential: [State] still has it, and it can be
	// revoked. Whether deleting or revoking changes UpdatedAt is up to the store.
	AddCredentials(ctx context.Context, address Address, credentials ...CredentialInput) error
	// DeleteCredentials must delete the address's credentials of the providers,
	// revoked ones and those of other programs too, and return how many it
	// deleted; one that was deleted before is not counted. None is no error. It
	// must return [ErrInvalid] when the address is malformed.
	DeleteCredentials(ctx context.Context, address Address, providers ...string) (int, error)
	// RevokeCredentials must revoke every stored credential, a deleted one too,
	// that has one of the proof values, and return how many it revoked; one that
	// was revoked before is not counted. A credential that is added again
	// afterwards counts again, as in the service. It must return [ErrInvalid],
	// and change nothing, when a proof value is empty.
	RevokeCredentials(ctx context.Context, proofValues ...string) (int, error)
}

// CredentialLister is the role that lists the credentials of an address.
type CredentialLister interface {
	// ListCredentials must return one page of the address's live credentials. An
	// address that has none is no error. It must return [ErrInvalid] when the
	// address is malformed or [Page.Validate] refuses the page.
	//
	// One that is too large must be omitted ([OmittedTooLarge]). A page must end
	// before the credential with which it would have more than [MaxWalletBytes],
	// counted from the cursor: from the oldest with Page.After, otherwise from the
	// newest. It must have the first that it counts.
	ListCredentials(ctx context.Context, address Address, page Page) (*CredentialPage, error)
}

// CredentialPage is a part of the credentials of an address.
type CredentialPage struct {
	// Credentials are those of the page, newest first whichever way it was
	// asked for. They may be fewer than the page's limit though there are more.
	Credentials []Credential
	// Newer and Older report whether there are credentials before the first of
	// the page and after its last. For an empty page they report whether there
	// are any at or beyond the cursor: Newer with an id at or above Page.Before,
	// Older with one at or below Page.After.
	Newer, Older bool
}

// CredentialInput is a credential to be stored. The root package's
// ReadCredential fills it from a signed credential.
type CredentialInput struct {
	Provider   string          // the one that the credential signs
	Document   json.RawMessage // the signed credential
	ProofValue string          // the text of its proof, by which it is revoked
	// IssuedAt and ExpiresAt are its dates; zero when it has none.
	IssuedAt, ExpiresAt time.Time
}

// Validate returns what keeps the credential from being stored, joined; each
// problem wraps [ErrInvalid].
func (c *CredentialInput) Validate() error {
	found := problems.New(ErrInvalid)
	checkText(found, "the provider of a credential", c.Provider, 1, MaxProvider)
	checkText(found, "the proof value of a credential", c.ProofValue, 0, MaxProofValue)
	checkObject(found, "the credential", c.Document)
	if TooLarge(c.Document) {
		found.Addf("the credential has more than %d bytes, with its numbers written out, or %d levels",
			MaxDocumentBytes, MaxDocumentDepth)
	}
	checkDate(found, "the issuance date of a credential", c.IssuedAt)
	checkDate(found, "the expiration date of a credential", c.ExpiresAt)
	return found.Err()
}

// CheckCredentials returns an [ErrInvalid] if one of the credentials is not
// valid, or a provider is listed twice. Every store must call it first in
// AddCredentials.
func CheckCredentials(credentials []CredentialInput) error {
	given := make(map[string]bool, len(credentials))
	for i := range credentials {
		provider := credentials[i].Provider
		if err := credentials[i].Validate(); err != nil {
			return fmt.Errorf("credential %d, provider %.100q: %w", i, provider, err)
		}
		if given[provider] {
			return fmt.Errorf("%w: provider %.100q is listed twice", ErrInvalid, provider)
		}
		given[provider] = true
	}
	return nil
}
