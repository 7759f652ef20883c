package pgstore

import (
	"context"

	"github.com/passport-sdk/passport-go/store"
)

// FindKey implements [store.Keys].
func (s *Store) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	if !storable(prefix, store.MaxKeyPrefix) {
		return nil, noSuchKey(s.statements.validateAPIKey)
	}
	var found *store.Key
	if err := s.on.read(ctx, s.statements.validateAPIKey.with(prefix).each(func(scan scanFunc) error {
		key, err := scanKey(scan)
		found = key
		return err
	})); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, noSuchKey(s.statements.validateAPIKey)
	}
	return found, nil
}

func scanKey(scan scanFunc) (*store.Key, error) {
	var k store.Key
	var created, expires storedMoment
	if err := scan(&k.ID, &k.Prefix, &k.Hash, &k.SHA256, &k.Name, &k.Account, &created, &expires,
		&k.Revoked, &k.RateLimit, &k.ReadScores, &k.Historical, &k.SubmitPassports, &k.CreateScorers); err != nil {
		return nil, err
	}
	var err error
	if k.CreatedAt, err = created.known(); err != nil {
		return nil, err
	}
	k.ExpiresAt = expires.Time
	return &k, nil
}

func noSuchKey(s statement) error {
	return store.Errorf(s.name, store.ErrNotFound, "there is no API key with that prefix")
}

// AddKey implements [store.Keys].
func (s *Store) AddKey(ctx context.Context, key store.Key) error {
	insert := s.statements.insertAPIKey
	if err := key.Validate(); err != nil {
		return store.Errorf(insert.name, store.ErrInvalid, "%w", err)
	}
	return s.on.write(ctx, []call{insert.with(
		key.ID, key.Prefix, key.Hash, key.SHA256, key.Name, key.Account,
		momentOrNull(key.CreatedAt), momentOrNull(key.ExpiresAt), key.Revoked, key.RateLimit,
		key.ReadScores, key.Historical, key.SubmitPassports, key.CreateScorers)})
}

// MigrateKey implements [store.Keys].
func (s *Store) MigrateKey(ctx context.Context, id, sha256 string) error {
	migrate := s.statements.migrateAPIKey
	if sha256 == "" || !storable(sha256, store.MaxKeySHA256) {
		return store.Errorf(migrate.name, store.ErrInvalid, "no column holds the SHA-256")
	}
	if !storable(id, store.MaxKeyID) {
		return nil
	}
	return s.on.write(ctx, []call{migrate.with(id, sha256)})
}

// RevokeKey implements [store.Keys].
func (s *Store) RevokeKey(ctx context.Context, prefix string) error {
	revoke := s.statements.revokeAPIKey
	if !storable(prefix, store.MaxKeyPrefix) {
		return noSuchKey(revoke)
	}
	revoked, err := s.count(ctx, nil, revoke.with(prefix))
	if err == nil && revoked == 0 {
		err = noSuchKey(revoke)
	}
	return err
}
