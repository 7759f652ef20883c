package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// The values of ceramic_cache_ceramiccache that the service gives to rows which
// it takes in itself.
const (
	typePassport  = 1
	statusPending = "pending"
)

// AddCredentials implements [store.Credentials]. The address must be "0x" and
// 40 lower-case hex digits; a credential must be a JSON object, with a provider
// of 1 to 256 characters and a proof value of at most 256. Anything else is
// a store.ErrInvalid. Credentials of other types than the service's own (1) are
// left alone, though a scoring reads them too.
func (s *Store) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	const op = "add_credentials"
	if err := store.CheckCredentials(address, credentials); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	rows := make([]*credentialRow, 0, len(credentials))
	given := make(map[string]bool, len(credentials))
	for i := range credentials {
		row, err := newCredentialRow(address, &credentials[i])
		if err != nil {
			return store.Errorf(op, store.ErrInvalid, "credential %d of %s: %w", i, address, err)
		}
		given[row.Provider] = true
		rows = append(rows, row)
	}

	return s.change(ctx, op, func(d *data, now time.Time) error {
		d.deleteLive(address, now, func(row *credentialRow) bool { return row.Type == typePassport && given[row.Provider] })
		for _, row := range rows {
			row.ID, row.CreatedAt, row.UpdatedAt = d.Credentials.nextID(), now, now
			d.Credentials.set(row)
		}
		return nil
	})
}

func newCredentialRow(address string, c *store.NewCredential) (*credentialRow, error) {
	stamp, err := canonical(c.Stamp)
	if err != nil {
		return nil, err
	}
	row := &credentialRow{
		Address: &address, Provider: c.Provider, Stamp: stamp, Type: typePassport,
		ComposeDBSaveStatus: statusPending, ProofValue: c.ProofValue,
		IssuanceDate: microseconds(c.IssuedAt), ExpirationDate: microseconds(c.ExpiresAt),
	}
	row.derive()
	return row, nil
}

// DeleteCredentials implements [store.Credentials], for credentials of every
// type. The address must be as for [Store.AddCredentials].
func (s *Store) DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error) {
	const op = "delete_credentials"
	if err := checkAddress(op, address); err != nil {
		return 0, err
	}
	named := make(map[string]bool, len(providers))
	for _, provider := range providers {
		named[provider] = true
	}
	deleted := 0
	err := s.change(ctx, op, func(d *data, now time.Time) error {
		deleted = d.deleteLive(address, now, func(row *credentialRow) bool { return named[row.Provider] })
		return nil
	})
	return deleted, err
}

// RevokeCredentials implements [store.Credentials]. An empty proof value is a
// store.ErrInvalid: it would revoke every credential that was stored without
// one.
func (s *Store) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	const op = "revoke_credentials"
	for i, value := range proofValues {
		if value == "" {
			return 0, store.Errorf(op, store.ErrInvalid, "proof value %d is empty", i)
		}
	}
	revoked := 0
	err := s.change(ctx, op, func(d *data, _ time.Time) error {
		var found []*credentialRow
		for _, value := range slices.Compact(slices.Sorted(slices.Values(proofValues))) {
			found = append(found, d.Credentials.byProof.find(value)...)
		}
		for _, row := range d.Credentials.inOrder(found) {
			if d.Revocations.byCredential.has(row.ID) {
				continue
			}
			d.Revocations.set(&revocationRow{ID: d.Revocations.nextID(), ProofValue: row.ProofValue, CeramicCacheID: row.ID})
			revoked++
		}
		return nil
	})
	return revoked, err
}

// deleteLive marks those of the address's live rows deleted that are chosen,
// and returns how many. A row that was filed alike may have been deleted at the
// same moment, and deleted rows must differ in it: then the next microsecond
// that is free stands for it.
func (d *data) deleteLive(address string, now time.Time, chosen func(*credentialRow) bool) int {
	var doomed []*credentialRow
	for _, row := range d.Credentials.byAddress.find(address) {
		if row.DeletedAt.IsZero() && chosen(row) {
			doomed = append(doomed, row)
		}
	}
	for _, row := range doomed {
		at := now
		for d.Credentials.byFiling.has(filing{row.Type, address, row.Provider, at}) {
			at = at.Add(time.Microsecond)
		}
		deleted := *row
		deleted.DeletedAt, deleted.UpdatedAt = at, at
		d.Credentials.set(&deleted)
	}
	return len(doomed)
}
