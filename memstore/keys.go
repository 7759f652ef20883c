package memstore

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// FindKey implements [store.Keys].
func (s *Store) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	const op = "validate_api_key"
	var key *store.Key
	err := s.look(ctx, op, func(d *data) error {
		row, found := d.APIKeys.byPrefix.find(prefix)
		if !found {
			return noSuchKey(op)
		}
		key = row.stored()
		return nil
	})
	return key, err
}

func noSuchKey(op string) error {
	return store.Errorf(op, store.ErrNotFound, "there is no API key with that prefix")
}

// AddKey implements [store.Keys].
func (s *Store) AddKey(ctx context.Context, key store.Key) error {
	const op = "insert_api_key"
	if err := key.Validate(); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return s.change(ctx, op, func(d *data, now time.Time) error {
		if _, found := d.Accounts.rows[key.Account]; !found {
			return store.Errorf(op, store.ErrNotFound, "there is no account %d", key.Account)
		}
		_, taken := d.APIKeys.rows[key.ID]
		if taken || d.APIKeys.byPrefix.has(key.Prefix) {
			return store.Errorf(op, store.ErrConflict, "another API key has the id or the prefix %q", key.Prefix)
		}
		d.APIKeys.set(newKeyRow(&key, now))
		return nil
	})
}

// MigrateKey implements [store.Keys].
func (s *Store) MigrateKey(ctx context.Context, id, sha256 string) error {
	const op = "migrate_api_key"
	if sha256 == "" {
		return store.Errorf(op, store.ErrInvalid, "the SHA-256 of a key is empty")
	}
	if err := checkText(sha256, store.MaxKeySHA256); err != nil {
		return store.Errorf(op, store.ErrInvalid, "the SHA-256 of a key: %w", err)
	}
	return s.change(ctx, op, func(d *data, _ time.Time) error {
		row, found := d.APIKeys.rows[id]
		if !found || textOf(row.HashedKeySHA256) != "" {
			return nil
		}
		migrated := *row
		migrated.HashedKeySHA256 = &sha256
		d.APIKeys.set(&migrated)
		return nil
	})
}

// RevokeKey implements [store.Keys].
func (s *Store) RevokeKey(ctx context.Context, prefix string) error {
	const op = "revoke_api_key"
	return s.change(ctx, op, func(d *data, _ time.Time) error {
		row, found := d.APIKeys.byPrefix.find(prefix)
		if !found {
			return noSuchKey(op)
		}
		revoked := *row
		revoked.Revoked = true
		d.APIKeys.set(&revoked)
		return nil
	})
}

func newKeyRow(key *store.Key, now time.Time) *apiKeyRow {
	created := microseconds(key.CreatedAt)
	if created.IsZero() {
		created = now
	}
	return &apiKeyRow{
		ID: key.ID, Prefix: key.Prefix, HashedKey: key.Hash, HashedKeySHA256: textOrNull(key.SHA256),
		Name: key.Name, AccountID: key.Account, Created: created, ExpiryDate: microseconds(key.ExpiresAt),
		Revoked: key.Revoked, RateLimit: textOrNull(key.RateLimit),
		ReadScores: key.ReadScores, HistoricalEndpoint: key.Historical,
		SubmitPassports: key.SubmitPassports, CreateScorers: key.CreateScorers,
	}
}

func (r *apiKeyRow) stored() *store.Key {
	return &store.Key{
		ID: r.ID, Prefix: r.Prefix, Hash: r.HashedKey, SHA256: textOf(r.HashedKeySHA256),
		Name: r.Name, Account: r.AccountID, CreatedAt: r.Created, ExpiresAt: r.ExpiryDate,
		Revoked: r.Revoked, RateLimit: textOf(r.RateLimit),
		ReadScores: r.ReadScores, Historical: r.HistoricalEndpoint,
		SubmitPassports: r.SubmitPassports, CreateScorers: r.CreateScorers,
	}
}
