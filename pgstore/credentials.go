package pgstore

import (
	"context"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// AddCredentials implements [store.Credentials].
func (s *Store) AddCredentials(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
	const op = "add_credentials"
	of, err := parse(op, address)
	if err != nil {
		return err
	}
	if err := store.CheckCredentials(credentials); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	if len(credentials) == 0 {
		return nothingToDo(ctx, "insert_credentials")
	}
	added := newColumns(5)
	for _, c := range credentials {
		added.add(c.Provider, string(c.Document), c.ProofValue, timestamp(c.IssuedAt), timestamp(c.ExpiresAt))
	}
	return s.on.write(ctx, []call{
		s.texts.call("lock_credentials", of),
		s.texts.call("replace_credentials", of, added[0]),
		s.texts.call("insert_credentials", of, added),
	})
}

// DeleteCredentials implements [store.Credentials].
func (s *Store) DeleteCredentials(ctx context.Context, address store.Address, providers ...string) (int, error) {
	const op = "delete_credentials"
	of, err := parse(op, address)
	if err != nil {
		return 0, err
	}
	return s.count(ctx, []call{s.texts.call("lock_credentials", of)},
		s.texts.call(op, of, those(providers, store.MaxProvider)))
}

// RevokeCredentials implements [store.Credentials]. An empty proof value would
// revoke every credential that was stored without one.
func (s *Store) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	const op = "revoke_credentials"
	if i := slices.Index(proofValues, ""); i >= 0 {
		return 0, store.Errorf(op, store.ErrInvalid, "proof value %d is empty", i)
	}
	return s.count(ctx, nil, s.texts.call(op, those(proofValues, store.MaxProofValue)))
}

// ListCredentials implements [store.CredentialLister].
func (s *Store) ListCredentials(
	ctx context.Context, address store.Address, page store.Page,
) (*store.CredentialPage, error) {
	of, err := parsePage("list_credentials", address, &page)
	if err != nil {
		return nil, err
	}
	list := "list_credentials"
	if page.After > 0 {
		list = "list_credentials_after"
	}
	rows := s.texts.call(list, of, highest(&page), page.After, int64(page.Limit))
	return lagging(ctx, s.mayLag(page.MayLag), func(ctx context.Context, on executor) (*store.CredentialPage, error) {
		listed := &store.CredentialPage{}
		err := on.read(ctx, rows.each(func(scan scanFunc) error {
			var c store.Credential
			var omitted, text string
			var updated storedTime
			if err := scan(&listed.Newer, &listed.Older, &c.ID, &c.Provider, &omitted, &text, &updated); err != nil {
				return err
			}
			if c.ID != 0 {
				c.Omitted, c.Document, c.UpdatedAt = store.Omission(omitted), document(text), updated.Time
				listed.Credentials = append(listed.Credentials, c)
			}
			return nil
		}))
		if err != nil {
			return nil, err
		}
		return listed, nil
	})
}
