package pgstore

import (
	"context"

	"github.com/passport-sdk/passport-go/store"
)

// AddCredentials implements [store.Credentials]. The address must be "0x" and
// 40 lower-case hex digits; a credential must be a JSON object, with a provider
// of 1 to 256 characters and a proof value of at most 256. Anything else is a
// store.ErrInvalid. Credentials of other types than the service's own (1) are
// left alone, though a scoring reads them too.
func (s *Store) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	if err := store.CheckCredentials(address, credentials); err != nil {
		return store.Errorf("add_credentials", store.ErrInvalid, "%w", err)
	}
	if len(credentials) == 0 {
		return nothingToDo(ctx, s.statements.insertCredentials)
	}
	providers, stamps, proofs := []string{}, []string{}, []string{}
	issued, expires := []string{}, []string{}
	for _, c := range credentials {
		providers, stamps, proofs = append(providers, c.Provider), append(stamps, string(c.Stamp)), append(proofs, c.ProofValue)
		issued, expires = append(issued, timestamp(c.IssuedAt)), append(expires, timestamp(c.ExpiresAt))
	}
	return s.on.write(ctx, []call{
		s.statements.lockCredentials.with(address),
		s.statements.replaceCredentials.with(address, providers),
		s.statements.insertCredentials.with(address, providers, stamps, proofs, issued, expires),
	})
}

// DeleteCredentials implements [store.Credentials], for credentials of every
// type. The address must be as for [Store.AddCredentials].
func (s *Store) DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error) {
	if err := store.CheckAddress(address); err != nil {
		return 0, store.Errorf("delete_credentials", store.ErrInvalid, "%w", err)
	}
	return s.count(ctx, []call{s.statements.lockCredentials.with(address)},
		s.statements.deleteCredentials.with(address, those(providers, store.MaxProvider)))
}

// RevokeCredentials implements [store.Credentials]. An empty proof value is a
// store.ErrInvalid: it would revoke every credential that was stored without
// one.
func (s *Store) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	for i, value := range proofValues {
		if value == "" {
			return 0, store.Errorf("revoke_credentials", store.ErrInvalid, "proof value %d is empty", i)
		}
	}
	return s.count(ctx, nil, s.statements.revokeCredentials.with(those(proofValues, store.MaxProofValue)))
}

// ListCredentials implements [store.Credentials].
func (s *Store) ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error) {
	if err := checkPage(address, &page); err != nil {
		return nil, store.Errorf("list_credentials", store.ErrInvalid, "%w", err)
	}
	list := s.statements.listCredentials
	if page.After > 0 {
		list = s.statements.listCredentialsAfter
	}
	listed := &store.CredentialPage{}
	err := s.on.read(ctx, list.with(address, highest(&page), page.After, int64(page.Limit)).each(func(scan scanFunc) error {
		var c store.Credential
		var stamp string
		var updated storedMoment
		if err := scan(&listed.Newer, &listed.Older, &c.ID, &c.Provider, &c.Omitted, &stamp, &updated); err != nil {
			return err
		}
		if c.ID != 0 {
			c.Stamp, c.UpdatedAt = document(stamp), updated.Time
			listed.Credentials = append(listed.Credentials, c)
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return listed, nil
}
