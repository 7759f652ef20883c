package apikey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestCreate(t *testing.T) {
	r := newKeys()
	registry := newRegistry(t, r, WithClock(atNoon))
	secret, stored, err := registry.Create(t.Context(), KeyParams{
		Name: "for the shop", Account: 7, ReadScores: true, Historical: true, ExpiresAt: noon.Add(time.Hour),
	})
	require.NoError(t, err)
	assert.Regexp(t, `^[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}$`, secret)
	hash := sha256Text(secret)
	assert.Equal(t, store.Key{
		ID: secret[:8] + "." + hash, Prefix: secret[:8], Hash: hash, SHA256: hash,
		Name: "for the shop", Account: 7, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
		RateLimit: "125/15m", ReadScores: true, Historical: true,
	}, *stored)
	assert.Equal(t, *stored, r.row(stored.Prefix), "the returned row is the stored one")

	found, err := registry.Check(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, stored, found)
	_, err = registry.Check(t.Context(), secret[:40]+"!")
	assert.Equal(t, ErrRefused, err)
}

// A store keeps times in UTC and whole microseconds.
func TestCreate_Microseconds(t *testing.T) {
	mem := memstore.New(memstore.WithClock(atNoon))
	account, err := mem.PutAccount(t.Context(), "shop")
	require.NoError(t, err)
	east := time.FixedZone("east", 3600)
	registry := newRegistry(t, mem, WithClock(func() time.Time { return noon.Add(1234 * time.Nanosecond).In(east) }))
	secret, row, err := registry.Create(t.Context(), KeyParams{Account: account, ExpiresAt: noon.Add(time.Hour + 1999*time.Nanosecond).In(east)})
	require.NoError(t, err)
	assert.Equal(t, noon.Add(time.Hour+time.Microsecond), row.ExpiresAt)
	assert.Equal(t, noon.Add(time.Microsecond), row.CreatedAt)
	found, err := registry.Check(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, found, row)
}

func TestCreate_Invalid(t *testing.T) {
	for name, k := range map[string]KeyParams{
		"no account":            {},
		"expired":               {Account: 1, ExpiresAt: noon},
		"expired when stored":   {Account: 1, ExpiresAt: noon.Add(999 * time.Nanosecond)},
		"year 1":                {Account: 1, ExpiresAt: time.Time{}.Add(1)}, // when stored, it would mean never
		"no rate":               {Account: 1, RateLimit: "125"},
		"long rate":             {Account: 1, RateLimit: "000000000000000000001/s"},
		"limited and unlimited": {Account: 1, RateLimit: "1/s", Unlimited: true},
		"long name":             {Account: 1, Name: "123456789012345678901234567890123456789012345678901"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newKeys()
			secret, stored, err := newRegistry(t, r, WithClock(atNoon)).Create(t.Context(), k)
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.Empty(t, secret)
			assert.Nil(t, stored)
			assert.Empty(t, r.keys)
		})
	}
}

func TestCreate_RateLimit(t *testing.T) {
	for _, c := range []struct {
		k    KeyParams
		want string
	}{
		{KeyParams{Account: 1}, "125/15m"},
		{KeyParams{Account: 1, RateLimit: "5/s"}, "5/s"},
		{KeyParams{Account: 1, Unlimited: true}, ""},
	} {
		_, stored, err := newRegistry(t, newKeys()).Create(t.Context(), c.k)
		require.NoError(t, err)
		assert.Equal(t, c.want, stored.RateLimit)
	}
}

func TestCreate_PrefixTaken(t *testing.T) {
	r := newKeys()
	var prefixes []string
	r.add = func(key store.Key) error {
		prefixes = append(prefixes, key.Prefix)
		if len(prefixes) < creationAttempts {
			return store.ErrConflict
		}
		return nil
	}
	_, stored, err := newRegistry(t, r).Create(t.Context(), KeyParams{Account: 1})
	require.NoError(t, err)
	assert.Len(t, prefixes, creationAttempts)
	assert.NotEqual(t, prefixes[0], prefixes[1])
	assert.Equal(t, prefixes[creationAttempts-1], stored.Prefix)

	prefixes = nil
	r.add = func(key store.Key) error {
		prefixes = append(prefixes, key.Prefix)
		return store.ErrConflict
	}
	secret, _, err := newRegistry(t, r).Create(t.Context(), KeyParams{Account: 1})
	require.ErrorIs(t, err, store.ErrConflict)
	assert.Empty(t, secret)
	assert.Len(t, prefixes, creationAttempts, "it gives up")
}

func TestCreate_StoreFails(t *testing.T) {
	for _, failure := range []error{store.ErrNotFound, store.ErrUnavailable, store.ErrUnknownOutcome} {
		r := newKeys()
		asked := 0
		r.add = func(store.Key) error { asked++; return failure }
		secret, _, err := newRegistry(t, r).Create(t.Context(), KeyParams{Account: 1})
		require.ErrorIs(t, err, failure)
		assert.Empty(t, secret)
		assert.Equal(t, 1, asked)
	}
}
