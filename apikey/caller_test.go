package apikey

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// callerKeys is a store with the role CallerFinder, of which account 1 has the
// community 7.
type callerKeys struct {
	*slowKeys

	asked []string
}

func newCallerKeys(keys ...store.Key) *callerKeys {
	return &callerKeys{slowKeys: &slowKeys{fakeKeys: newKeys(keys...)}}
}

func (c *callerKeys) FindCommunity(context.Context, int64, string) (int64, error) {
	return 0, errors.New("it is found with the key")
}

func (c *callerKeys) FindCaller(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
	c.asked = append(c.asked, prefix+" "+scorer)
	key, err := c.FindKey(ctx, prefix)
	if err != nil {
		return nil, err
	}
	caller := &store.Caller{Key: *key}
	if key.Account == 1 && scorer == "7" {
		caller.Community = 7
	}
	return caller, nil
}

func TestCheckCaller(t *testing.T) {
	revoked, expired := sha256Row(), sha256Row()
	revoked.Revoked, expired.ExpiresAt = true, noon
	for name, c := range map[string]struct {
		row         store.Key
		key, scorer string
		community   int64
		want        error
	}{
		"found":         {sha256Row(), goodKey, "7", 7, nil},
		"PBKDF2":        {pbkdf2Row(), goodKey, "7", 7, nil},
		"no community":  {sha256Row(), goodKey, "8", 0, nil},
		"wrong key":     {sha256Row(), goodKey + "x", "7", 0, ErrRefused},
		"wrong, PBKDF2": {pbkdf2Row(), goodKey + "x", "7", 0, ErrRefused},
		"unknown key":   {sha256Row(), "nobody12.x", "7", 0, ErrRefused},
		"revoked":       {revoked, goodKey, "7", 0, ErrRefused},
		"expired":       {expired, goodKey, "7", 0, ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			keys := newCallerKeys(c.row)
			caller, err := newRegistry(t, keys, WithClock(atNoon)).CheckCaller(t.Context(), c.key, c.scorer)
			assert.Equal(t, []string{c.key[:8] + " " + c.scorer}, keys.asked)
			if c.want != nil {
				assert.Nil(t, caller, "nothing about the community either")
				assert.Equal(t, c.want, err, "the same error for every reason")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.row.ID, caller.Key.ID)
			assert.Equal(t, c.community, caller.Community)
			assert.Equal(t, goodSHA256, keys.row("Gh4kLm2p").SHA256, "it is migrated like any other")
		})
	}
}

// A malformed key is no lookup, and a store's failure is no refusal.
func TestCheckCaller_Errors(t *testing.T) {
	keys := newCallerKeys(sha256Row())
	_, err := newRegistry(t, keys).CheckCaller(t.Context(), "no dot", "7")
	assert.Equal(t, ErrRefused, err)
	assert.Empty(t, keys.asked)

	keys.find = func(string) error { return store.ErrUnavailable }
	_, err = newRegistry(t, keys).CheckCaller(t.Context(), goodKey, "7")
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NotErrorIs(t, err, ErrRefused)

	_, err = newRegistry(t, newKeys(sha256Row())).CheckCaller(t.Context(), goodKey, "7")
	require.ErrorIs(t, err, store.ErrMisconfigured)
}

// The lookup is not cut when the caller leaves.
func TestCheckCaller_CallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newCallerKeys(sha256Row())
		keys.takes = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		_, _ = newRegistry(t, keys).CheckCaller(ctx, goodKey, "7")
		assert.Equal(t, keys.takes, time.Since(began), "the query runs to its end")
		assert.Zero(t, keys.cut)
	})
}

// uncomparable is a store that == cannot compare.
type uncomparable struct {
	store.CallerFinder
	_ []int
}

func TestFindsCallers(t *testing.T) {
	keys := newCallerKeys()
	assert.True(t, newRegistry(t, keys).FindsCallers(keys))
	assert.False(t, newRegistry(t, keys).FindsCallers(newCallerKeys()), "another store")
	assert.False(t, newRegistry(t, keys).FindsCallers(nil))
	assert.False(t, newRegistry(t, newKeys()).FindsCallers(keys), "a registry on another store")
	assert.False(t, newRegistry(t, uncomparable{CallerFinder: keys}).FindsCallers(uncomparable{CallerFinder: keys}))
}
