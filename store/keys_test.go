package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// almostZero is a time that is zero once it is kept in whole microseconds.
var almostZero = time.Time{}.Add(time.Nanosecond)

func TestKey_Valid(t *testing.T) {
	k := goodKey()
	require.NoError(t, k.Validate())
	k.CreatedAt, k.ExpiresAt = time.Time{}, time.Time{}
	k.Hash, k.Name, k.RateLimit = "", "", ""
	require.NoError(t, k.Validate(), "the SHA-256 is enough")
}

func TestKey_Invalid(t *testing.T) {
	for name, spoil := range map[string]func(*store.Key){
		"no id":                   func(k *store.Key) { k.ID = "" },
		"an id too long":          func(k *store.Key) { k.ID = strings.Repeat("i", store.MaxKeyID+1) },
		"no prefix":               func(k *store.Key) { k.Prefix = "" },
		"a prefix too long":       func(k *store.Key) { k.Prefix = "123456789" },
		"a prefix with a dot":     func(k *store.Key) { k.Prefix = "a.b" },
		"no hash at all":          func(k *store.Key) { k.Hash, k.SHA256 = "", "" },
		"a hash too long":         func(k *store.Key) { k.Hash = strings.Repeat("h", store.MaxKeyID+1) },
		"an SHA-256 too long":     func(k *store.Key) { k.SHA256 = strings.Repeat("h", store.MaxKeySHA256+1) },
		"a name too long":         func(k *store.Key) { k.Name = strings.Repeat("ü", store.MaxKeyName+1) },
		"a rate limit too long":   func(k *store.Key) { k.RateLimit = strings.Repeat("1", store.MaxRateLimit+1) },
		"a NUL":                   func(k *store.Key) { k.Name = "a\x00" },
		"invalid UTF-8":           func(k *store.Key) { k.Prefix = "\xff" },
		"no account":              func(k *store.Key) { k.Account = 0 },
		"a creation out of reach": func(k *store.Key) { k.CreatedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"an expiry out of reach":  func(k *store.Key) { k.ExpiresAt = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) },
		"an expiry that is zero":  func(k *store.Key) { k.ExpiresAt = almostZero },
	} {
		t.Run(name, func(t *testing.T) {
			k := goodKey()
			spoil(&k)
			require.ErrorIs(t, k.Validate(), store.ErrInvalid)
		})
	}
}

func goodKey() store.Key {
	return store.Key{
		ID: "12345678.sha256$aa", Prefix: "12345678", Hash: "sha256$aa", SHA256: "sha256$bb", Name: "mine",
		Account: 1, CreatedAt: noon, ExpiresAt: noon.AddDate(1, 0, 0), RateLimit: "125/15m",
	}
}

func TestUsage_Valid(t *testing.T) {
	u := goodUsage()
	require.NoError(t, u.Validate())
	least := store.Usage{KeyID: "k", At: noon}
	require.NoError(t, least.Validate(), "the rest may be left out")
}

func TestUsage_Invalid(t *testing.T) {
	for name, spoil := range map[string]func(*store.Usage){
		"no key":                 func(u *store.Usage) { u.KeyID = "" },
		"no time":                func(u *store.Usage) { u.At = time.Time{} },
		"a time that is zero":    func(u *store.Usage) { u.At = almostZero },
		"a path too long":        func(u *store.Usage) { u.Path = strings.Repeat("/", store.MaxPath+1) },
		"a base path too long":   func(u *store.Usage) { u.BasePath = strings.Repeat("/", store.MaxBasePath+1) },
		"an error too long":      func(u *store.Usage) { u.Error = strings.Repeat("e", store.MaxUsageError+1) },
		"a NUL":                  func(u *store.Usage) { u.Path = "/\x00" },
		"a NUL in a document":    func(u *store.Usage) { u.Payload = []byte(`{"a":"\u0000"}`) },
		"segments that are none": func(u *store.Usage) { u.Segments = []byte(`[`) },
		"a query that is none":   func(u *store.Usage) { u.Query = []byte{} },
		"headers that are none":  func(u *store.Usage) { u.Headers = []byte(`{}{}`) },
		"a response that is none": func(u *store.Usage) {
			u.Response = []byte("\xff")
		},
		"a negative status":  func(u *store.Usage) { u.Status = -1 },
		"a status too large": func(u *store.Usage) { u.Status = 1000 },
	} {
		t.Run(name, func(t *testing.T) {
			u := goodUsage()
			spoil(&u)
			require.ErrorIs(t, u.Validate(), store.ErrInvalid)
		})
	}
}

func goodUsage() store.Usage {
	return store.Usage{
		KeyID: "k", At: noon, Path: "/a/b", BasePath: "/a", Status: 200, Error: strings.Repeat("ü", store.MaxUsageError),
		Segments: []byte(`["a","b"]`), Query: []byte(`{}`), Headers: []byte(`{}`), Payload: []byte(`{}`), Response: []byte(`null`),
	}
}

func TestComparePoints(t *testing.T) {
	inOrder := []store.HumanPoint{
		{Action: "A", Provider: "b", TxHash: "c", ChainID: 9},
		{Action: "B", TxHash: "z"},
		{Action: "B", Provider: "Z"},
		{Action: "B", Provider: "a", TxHash: "y", ChainID: 7},
		{Action: "B", Provider: "a", TxHash: "z", ChainID: -1},
		{Action: "B", Provider: "a", TxHash: "z", ChainID: 1},
	}
	for i := range inOrder {
		for j := range inOrder {
			sign := store.ComparePoints(inOrder[i], inOrder[j])
			assert.Equal(t, i < j, sign < 0, "%d and %d", i, j)
			assert.Equal(t, i == j, sign == 0, "%d and %d", i, j)
		}
	}
}
