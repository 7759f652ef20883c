package apikey

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func newRegistry(t testing.TB, keys store.Keys, options ...Option) *Registry {
	t.Helper()
	registry, err := New(keys, options...)
	require.NoError(t, err)
	return registry
}

// The key of the recorded scenarios.
const (
	goodKey    = "Gh4kLm2p.a4d26868017c0ccffe2efe50944ef421"
	goodPBKDF2 = "pbkdf2_sha256$1000$saltsalt$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM="
	goodSHA256 = "sha256$1a9fb9355f331096a2e40df62dcb34922ab2d92eac89a45f102d0e4828fb2fc6"
)

func pbkdf2Row() store.Key {
	return store.Key{ID: "Gh4kLm2p." + goodPBKDF2, Prefix: "Gh4kLm2p", Hash: goodPBKDF2, Account: 1, RateLimit: "125/15m", ReadScores: true}
}

func sha256Row() store.Key {
	row := pbkdf2Row()
	row.SHA256 = goodSHA256
	return row
}

// fakeKeys is a store of keys, by prefix.
type fakeKeys struct {
	mu      sync.Mutex
	keys    map[string]store.Key
	find    func(prefix string) error
	add     func(key store.Key) error
	migrate func() error
}

func newKeys(keys ...store.Key) *fakeKeys {
	r := &fakeKeys{keys: map[string]store.Key{}}
	for _, key := range keys {
		r.keys[key.Prefix] = key
	}
	return r
}

func (r *fakeKeys) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.find != nil {
		if err := r.find(prefix); err != nil {
			return nil, err
		}
	}
	key, found := r.keys[prefix]
	if !found {
		return nil, store.ErrNotFound
	}
	return &key, nil
}

func (r *fakeKeys) AddKey(_ context.Context, key store.Key) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := key.Validate(); err != nil {
		return err
	}
	if r.add != nil {
		if err := r.add(key); err != nil {
			return err
		}
	}
	if _, taken := r.keys[key.Prefix]; taken {
		return store.ErrConflict
	}
	r.keys[key.Prefix] = key
	return nil
}

func (r *fakeKeys) MigrateKey(_ context.Context, id, sha256 string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.migrate != nil {
		if err := r.migrate(); err != nil {
			return err
		}
	}
	for prefix, key := range r.keys {
		if key.ID == id && key.SHA256 == "" {
			key.SHA256 = sha256
			r.keys[prefix] = key
		}
	}
	return nil
}

func (r *fakeKeys) RevokeKey(_ context.Context, prefix string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key, found := r.keys[prefix]
	if !found {
		return store.ErrNotFound
	}
	key.Revoked = true
	r.keys[prefix] = key
	return nil
}

func (r *fakeKeys) row(prefix string) store.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[prefix]
}
