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
		rows := newestFirst(d.unrevoked(d.undeleted(address)), credentialID)
		low, high := cut(rows, credentialID, page)
		low, high = fit(rows, low, high, page.After > 0)
		listed = &store.CredentialPage{
			Credentials: bounded(rows[low:high], nil), Newer: low > 0, Older: high < len(rows),
		}
		return nil
	})
	return listed, err
}

func credentialID(row *credentialRow) int64 { return row.ID }

// fit returns where a page from low to high ends, from its newest row or from its
// oldest, that must not have more than store.MaxWalletBytes.
func fit(rows []*credentialRow, low, high int, fromOldest bool) (int, int) {
	total := 0
	for n := range high - low {
		row := rows[low+n]
		if fromOldest {
			row = rows[high-1-n]
		}
		if !row.tooLarge {
			total += len(row.Stamp)
		}
		switch {
		case total <= store.MaxWalletBytes:
		case fromOldest:
			return high - n, high
		default:
			return low, low + n
		}
	}
	return low, high
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
