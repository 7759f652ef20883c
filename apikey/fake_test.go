package apikey

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func newChecker(t testing.TB, rows store.Keys, options ...Option) *Checker {
	t.Helper()
	checker, err := New(rows, options...)
	require.NoError(t, err)
	return checker
}

func newUseLog(t testing.TB, rows store.Uses, options ...UseOption) *UseLog {
	t.Helper()
	log, err := NewUseLog(rows, options...)
	require.NoError(t, err)
	return log
}

func newLimiter(t testing.TB, options ...LimiterOption) *MemoryLimiter {
	t.Helper()
	limiter, err := NewMemoryLimiter(options...)
	require.NoError(t, err)
	return limiter
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

// rows are keys in memory, by prefix.
type rows struct {
	mu      sync.Mutex
	keys    map[string]store.Key
	find    func(prefix string) error
	add     func(key store.Key) error
	migrate func() error
}

func newRows(keys ...store.Key) *rows {
	r := &rows{keys: map[string]store.Key{}}
	for _, key := range keys {
		r.keys[key.Prefix] = key
	}
	return r
}

func (r *rows) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
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

func (r *rows) AddKey(_ context.Context, key store.Key) error {
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

func (r *rows) MigrateKey(_ context.Context, id, sha256 string) error {
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

func (r *rows) RevokeKey(_ context.Context, prefix string) error {
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

func (r *rows) row(prefix string) store.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[prefix]
}

// uses are what a UseLog has written.
type uses struct {
	mu      sync.Mutex
	written []store.Use
	batches []int
	before  func(ctx context.Context, batch []store.Use) error
}

func (u *uses) AddUses(ctx context.Context, batch ...store.Use) error {
	if u.before != nil {
		if err := u.before(ctx, batch); err != nil {
			return err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.written = append(u.written, batch...)
	u.batches = append(u.batches, len(batch))
	return nil
}

func (u *uses) paths() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var paths []string
	for _, use := range u.written {
		paths = append(paths, use.Path)
	}
	return paths
}
