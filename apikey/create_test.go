package apikey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestACreatedKeyIsLetIn(t *testing.T) {
	r := newRows()
	checker := newChecker(t, r, WithClock(atNoon))
	secret, stored, err := checker.Create(t.Context(), NewKey{
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
	assert.Equal(t, *stored, r.row(stored.Prefix), "what is returned is what is stored")

	found, err := checker.Check(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, stored, found)
	_, err = checker.Check(t.Context(), secret[:40]+"!")
	assert.Equal(t, ErrRefused, err)
}

// A store keeps moments in UTC, to the microsecond.
func TestTheRowOfACreatedKeyIsTheOneThatWasStored(t *testing.T) {
	mem := memstore.New(memstore.WithClock(atNoon))
	account, err := mem.PutAccount(t.Context(), "shop")
	require.NoError(t, err)
	east := time.FixedZone("east", 3600)
	checker := newChecker(t, mem, WithClock(func() time.Time { return noon.Add(1234 * time.Nanosecond).In(east) }))
	secret, row, err := checker.Create(t.Context(), NewKey{Account: account, ExpiresAt: noon.Add(time.Hour + 1999*time.Nanosecond).In(east)})
	require.NoError(t, err)
	assert.Equal(t, noon.Add(time.Hour+time.Microsecond), row.ExpiresAt)
	assert.Equal(t, noon.Add(time.Microsecond), row.CreatedAt)
	found, err := checker.Check(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, found, row)
}

func TestAKeyThatCannotBeIsNotCreated(t *testing.T) {
	for name, k := range map[string]NewKey{
		"no account":                 {},
		"expired":                    {Account: 1, ExpiresAt: noon},
		"expired once it is stored":  {Account: 1, ExpiresAt: noon.Add(999 * time.Nanosecond)},
		"expired for ages":           {Account: 1, ExpiresAt: time.Time{}.Add(1)}, // stored, it would mean never
		"a rate that is none":        {Account: 1, RateLimit: "125"},
		"a rate that is too long":    {Account: 1, RateLimit: "000000000000000000001/s"},
		"limited and unlimited":      {Account: 1, RateLimit: "1/s", Unlimited: true},
		"a name longer than allowed": {Account: 1, Name: "123456789012345678901234567890123456789012345678901"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRows()
			secret, stored, err := newChecker(t, r, WithClock(atNoon)).Create(t.Context(), k)
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.Empty(t, secret)
			assert.Nil(t, stored)
			assert.Empty(t, r.keys)
		})
	}
}

func TestTheRateOfANewKey(t *testing.T) {
	for _, c := range []struct {
		k    NewKey
		want string
	}{
		{NewKey{Account: 1}, "125/15m"},
		{NewKey{Account: 1, RateLimit: "5/s"}, "5/s"},
		{NewKey{Account: 1, Unlimited: true}, ""},
	} {
		_, stored, err := newChecker(t, newRows()).Create(t.Context(), c.k)
		require.NoError(t, err)
		assert.Equal(t, c.want, stored.RateLimit)
	}
}

func TestACollidingPrefixIsDrawnAgain(t *testing.T) {
	r := newRows()
	var prefixes []string
	r.add = func(key store.Key) error {
		prefixes = append(prefixes, key.Prefix)
		if len(prefixes) < creationAttempts {
			return store.ErrConflict
		}
		return nil
	}
	_, stored, err := newChecker(t, r).Create(t.Context(), NewKey{Account: 1})
	require.NoError(t, err)
	assert.Len(t, prefixes, creationAttempts)
	assert.NotEqual(t, prefixes[0], prefixes[1])
	assert.Equal(t, prefixes[creationAttempts-1], stored.Prefix)

	prefixes = nil
	r.add = func(key store.Key) error {
		prefixes = append(prefixes, key.Prefix)
		return store.ErrConflict
	}
	secret, _, err := newChecker(t, r).Create(t.Context(), NewKey{Account: 1})
	require.ErrorIs(t, err, store.ErrConflict)
	assert.Empty(t, secret)
	assert.Len(t, prefixes, creationAttempts, "but not for ever")
}

func TestOtherFailuresToCreateAreToldAtOnce(t *testing.T) {
	for _, fault := range []error{store.ErrNotFound, store.ErrUnavailable, store.ErrUnknownOutcome} {
		r := newRows()
		asked := 0
		r.add = func(store.Key) error { asked++; return fault }
		secret, _, err := newChecker(t, r).Create(t.Context(), NewKey{Account: 1})
		require.ErrorIs(t, err, fault)
		assert.Empty(t, secret)
		assert.Equal(t, 1, asked)
	}
}

func TestRandomTextIsEven(t *testing.T) {
	const drawn = 62 * 2000
	seen := map[rune]int{}
	for _, letter := range randomText(drawn) {
		seen[letter]++
	}
	assert.Len(t, seen, 62)
	for letter, n := range seen {
		assert.InDelta(t, 2000, n, 300, "%c", letter) // 6.7 standard deviations
	}
}
