package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// FindKey implements [store.Keys].
func (s *Store) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	return view(ctx, s, "validate_api_key", nil, func(d *data) (*store.Key, error) {
		key, err := d.key(prefix)
		if err != nil {
			return nil, err
		}
		return new(*key), nil
	})
}

// FindCaller implements [store.CallerFinder].
func (s *Store) FindCaller(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
	return view(ctx, s, "find_caller", nil, func(d *data) (*store.Caller, error) {
		key, err := d.key(prefix)
		if err != nil {
			return nil, err
		}
		return &store.Caller{Key: *key, Community: d.find(key.Account, scorer)}, nil
	})
}

func (d *data) key(prefix string) (*store.Key, error) {
	key, found := d.keys[prefix]
	if !found {
		return nil, fail(store.ErrNotFound, "there is no API key with that prefix")
	}
	return key, nil
}

// ListKeys implements [store.KeyLister].
func (s *Store) ListKeys(ctx context.Context, q store.KeyQuery) ([]store.Key, error) {
	return view(ctx, s, "list_api_keys", q.Validate(), func(d *data) (keys []store.Key, err error) {
		for _, prefix := range slices.Sorted(maps.Keys(d.keys)) {
			key := d.keys[prefix]
			if len(keys) < q.Limit && prefix > q.After && (q.Account == 0 || q.Account == key.Account) {
				keys = append(keys, *key)
			}
		}
		return keys, nil
	})
}

// AddKey implements [store.Keys].
func (s *Store) AddKey(ctx context.Context, key store.Key) error {
	return s.update(ctx, "insert_api_key", key.Validate(), func(d *data, now time.Time) error {
		if !d.hasAccount(key.Account) {
			return fail(store.ErrNotFound, "there is no account %d", key.Account)
		}
		if d.keys[key.Prefix] != nil || d.keyIDs[key.ID] != nil {
			return fail(store.ErrConflict, "another API key has the id or the prefix %q", key.Prefix)
		}
		if key.CreatedAt.IsZero() {
			key.CreatedAt = now
		}
		d.addKey(key)
		return nil
	})
}

// MigrateKey implements [store.Keys].
func (s *Store) MigrateKey(ctx context.Context, id, sha256 string) error {
	return s.update(ctx, "migrate_api_key", store.CheckKeySHA256(sha256), func(d *data, _ time.Time) error {
		if key := d.keyIDs[id]; key != nil && key.SHA256 == "" {
			key.SHA256 = sha256
		}
		return nil
	})
}

// RevokeKey implements [store.Keys].
func (s *Store) RevokeKey(ctx context.Context, prefix string) error {
	return s.update(ctx, "revoke_api_key", nil, func(d *data, _ time.Time) error {
		key, err := d.key(prefix)
		if err == nil {
			key.Revoked = true
		}
		return err
	})
}

// AddUsage implements [store.UsageLog].
func (s *Store) AddUsage(ctx context.Context, usage ...store.Usage) error {
	var fault error
	added := make([]store.Usage, len(usage))
	for i := range usage {
		fault, added[i] = cmp.Or(fault, usage[i].Validate()), cloneUsage(usage[i])
	}
	return s.update(ctx, "bulk_insert_uses", fault, func(d *data, _ time.Time) error {
		for i := range added {
			if d.keyIDs[added[i].KeyID] == nil {
				return fail(store.ErrNotFound, "usage %d is of an API key that does not exist", i)
			}
		}
		d.usage = append(d.usage, added...)
		return nil
	})
}
