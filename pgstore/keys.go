package pgstore

import (
	"context"

	"github.com/passport-sdk/passport-go/store"
)

// FindKey implements [store.Keys].
func (s *Store) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	caller, err := s.findCaller(ctx, prefix, s.texts.call("validate_api_key", prefix))
	if err != nil {
		return nil, err
	}
	return &caller.Key, nil
}

// FindCaller implements [store.CallerFinder].
func (s *Store) FindCaller(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
	return s.findCaller(ctx, prefix, s.texts.call("find_caller", prefix, externalID(scorer), store.CommunityID(scorer)))
}

// findCaller runs a call that answers the key with the prefix.
func (s *Store) findCaller(ctx context.Context, prefix string, c call) (*store.Caller, error) {
	if !storable(prefix, store.MaxKeyPrefix) {
		return nil, noSuchKey(c.name)
	}
	callers, err := readRows(ctx, s.on, c, scanCaller)
	if err != nil {
		return nil, err
	}
	if len(callers) == 0 {
		return nil, noSuchKey(c.name)
	}
	return &callers[0], nil
}

// ListKeys implements [store.KeyLister].
func (s *Store) ListKeys(ctx context.Context, q store.KeyQuery) ([]store.Key, error) {
	const op = "list_api_keys"
	if err := q.Validate(); err != nil {
		return nil, store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return readRows(ctx, s.on, s.texts.call(op, q.Account, q.After, int64(q.Limit)), func(scan scanFunc) (store.Key, error) {
		caller, err := scanCaller(scan)
		return caller.Key, err
	})
}

func scanCaller(scan scanFunc) (c store.Caller, err error) {
	k := &c.Key
	var created, expires storedTime
	if err := scan(&k.ID, &k.Prefix, &k.Hash, &k.SHA256, &k.Name, &k.Account, &created, &expires,
		&k.Revoked, &k.RateLimit, &k.ReadScores, &k.Historical, &k.SubmitPassports, &k.CreateScorers, &c.Community); err != nil {
		return c, err
	}
	k.ExpiresAt = expires.Time
	k.CreatedAt, err = created.known()
	return c, err
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
	return s.on.write(ctx, []call{s.texts.call(op,
		key.ID, key.Prefix, key.Hash, key.SHA256, key.Name, key.Account,
		timeOrNull(key.CreatedAt), timeOrNull(key.ExpiresAt), key.Revoked, key.RateLimit,
		key.ReadScores, key.Historical, key.SubmitPassports, key.CreateScorers)})
}

// MigrateKey implements [store.Keys].
func (s *Store) MigrateKey(ctx context.Context, id, sha256 string) error {
	const op = "migrate_api_key"
	if err := store.CheckKeySHA256(sha256); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	if !storable(id, store.MaxKeyID) {
		return nil
	}
	return s.on.write(ctx, []call{s.texts.call(op, id, sha256)})
}

// RevokeKey implements [store.Keys].
func (s *Store) RevokeKey(ctx context.Context, prefix string) error {
	const op = "revoke_api_key"
	if !storable(prefix, store.MaxKeyPrefix) {
		return noSuchKey(op)
	}
	revoked, err := s.count(ctx, nil, s.texts.call(op, prefix))
	if err == nil && revoked == 0 {
		err = noSuchKey(op)
	}
	return err
}
