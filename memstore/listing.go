package memstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// ListCredentials implements [store.Credentials]. The bytes of the credentials
// are shared with the store and are to be read only.
func (s *Store) ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error) {
	const op = "list_credentials"
	if err := checkPage(op, address, &page); err != nil {
		return nil, err
	}
	var listed *store.CredentialPage
	err := s.look(ctx, op, func(d *data) error {
		id := func(row *credentialRow) int64 { return row.ID }
		rows := newestFirst(d.unrevoked(address), id)
		low, high := cut(rows, id, page)
		listed = &store.CredentialPage{
			Credentials: credentialsOf(rows[low:high]), Newer: low > 0, Older: high < len(rows),
		}
		return nil
	})
	return listed, err
}

func checkPage(op, address string, page *store.Page) error {
	if err := checkAddress(op, address); err != nil {
		return err
	}
	if err := page.Validate(); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return nil
}

// newestFirst returns the rows from the highest id to the lowest.
func newestFirst[T any](rows []*T, id func(*T) int64) []*T {
	return slices.SortedFunc(slices.Values(rows), func(a, b *T) int { return cmp.Compare(id(b), id(a)) })
}

// cut returns where in the rows, newest first, the page begins and ends.
func cut[T any](rows []*T, id func(*T) int64, page store.Page) (low, high int) {
	switch {
	case page.Before > 0:
		for low < len(rows) && id(rows[low]) >= page.Before {
			low++
		}
	case page.After > 0:
		for high < len(rows) && id(rows[high]) > page.After {
			high++
		}
		return max(0, high-page.Limit), high
	}
	return low, min(len(rows), low+page.Limit)
}
