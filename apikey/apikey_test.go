package apikey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

func TestCheck(t *testing.T) {
	with := func(change func(*store.Key)) store.Key {
		row := pbkdf2Row()
		change(&row)
		return row
	}
	wrong := goodKey[:len(goodKey)-1] + "2"
	otherSHA256 := "sha256$" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name string
		row  store.Key
		key  string
		want error
	}{
		{"SHA-256", sha256Row(), goodKey, nil},
		{"PBKDF2", pbkdf2Row(), goodKey, nil},
		{"older hash is a SHA-256", with(func(k *store.Key) { k.Hash = goodSHA256 }), goodKey, nil},
		{"expires later", with(func(k *store.Key) { k.ExpiresAt = noon.Add(time.Microsecond) }), goodKey, nil},
		{"expires now", with(func(k *store.Key) { k.ExpiresAt = noon }), goodKey, ErrRefused},
		{"expired, with a SHA-256", with(func(k *store.Key) { k.SHA256 = goodSHA256; k.ExpiresAt = noon.Add(-time.Hour) }), goodKey, ErrRefused},
		{"revoked", with(func(k *store.Key) { k.Revoked = true }), goodKey, ErrRefused},
		{"wrong, SHA-256", sha256Row(), wrong, ErrRefused},
		{"wrong, PBKDF2", pbkdf2Row(), wrong, ErrRefused},
		{"SHA-256 decides alone", with(func(k *store.Key) { k.SHA256 = otherSHA256 }), goodKey, ErrRefused},
		{"SHA-256 without its mark", with(func(k *store.Key) { k.SHA256 = strings.TrimPrefix(goodSHA256, "sha256$") }), goodKey, ErrRefused},
		{"hash in place of the key", sha256Row(), "Gh4kLm2p." + goodSHA256, ErrRefused},
		{"unknown prefix", sha256Row(), "Gh4kLm2q" + goodKey[8:], ErrRefused},
		{"row without a hash", with(func(k *store.Key) { k.Hash = "" }), goodKey, ErrRefused},
		{"another algorithm", with(func(k *store.Key) { k.Hash = strings.Replace(goodPBKDF2, "sha256", "sha1", 1) }), goodKey, ErrRefused},
		{"empty", sha256Row(), "", ErrRefused},
		{"no dot", sha256Row(), "Gh4kLm2p", ErrRefused},
		{"no secret", sha256Row(), "Gh4kLm2p.", ErrRefused},
		{"no prefix", sha256Row(), goodKey[8:], ErrRefused},
		{"white space", sha256Row(), goodKey + " ", ErrRefused},
		{"long prefix", sha256Row(), "Gh4kLm2pX.a", ErrRefused},
		{"too long", sha256Row(), "Gh4kLm2p." + strings.Repeat("a", MaxKeyLength), ErrRefused},
		{"not UTF-8", sha256Row(), "Gh4kLm2p.\xff", ErrRefused},
		{"NUL", sha256Row(), "Gh4k\x00m2p.a", ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := newRegistry(t, newKeys(c.row), WithClock(atNoon)).Check(t.Context(), c.key)
			if c.want != nil {
				assert.Nil(t, key)
				assert.Equal(t, c.want, err, "the same error for every reason")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.row.ID, key.ID)
			assert.True(t, key.ReadScores)
		})
	}
}

func TestCheck_MalformedKey(t *testing.T) {
	r := newKeys()
	r.find = func(prefix string) error { return errors.New("looked up " + prefix) }
	for _, key := range []string{"", ".", "x", ".x", "123456789.x", "\xff.x", "a\x00.x", "a." + strings.Repeat("x", 255)} {
		_, err := newRegistry(t, r).Check(t.Context(), key)
		assert.Equal(t, ErrRefused, err, key)
	}
}

func TestCheck_Migrates(t *testing.T) {
	r := newKeys(pbkdf2Row())
	registry := newRegistry(t, r)
	key, err := registry.Check(t.Context(), goodKey)
	require.NoError(t, err)
	assert.Equal(t, goodSHA256, key.SHA256)
	want := pbkdf2Row()
	want.SHA256 = goodSHA256
	assert.Equal(t, want, r.row("Gh4kLm2p"))

	r.migrate = func() error { return errors.New("migrated again") }
	registry.compare = func(*djangoHash, string) (bool, time.Duration) { panic("hashed again") }
	_, err = registry.Check(t.Context(), goodKey)
	require.NoError(t, err)
}

func TestCheck_MigratesNothingElse(t *testing.T) {
	older := pbkdf2Row()
	older.Hash = goodSHA256
	for _, c := range []struct {
		row store.Key
		key string
	}{{pbkdf2Row(), goodKey + "x"}, {older, goodKey}, {sha256Row(), goodKey}} {
		r := newKeys(c.row)
		_, _ = newRegistry(t, r).Check(t.Context(), c.key)
		assert.Equal(t, c.row, r.row("Gh4kLm2p"))
	}
}

func TestCheck_MigrationFails(t *testing.T) {
	r := newKeys(pbkdf2Row())
	r.migrate = func() error { return store.ErrUnavailable }
	var log bytes.Buffer
	registry := newRegistry(t, r, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	hashed := 0
	registry.compare = func(h *djangoHash, key string) (bool, time.Duration) { hashed++; return h.matches(key) }
	for range 3 {
		key, err := registry.Check(t.Context(), goodKey)
		require.NoError(t, err)
		assert.Empty(t, key.SHA256)
	}
	assert.Equal(t, 1, hashed, "the result is cached")
	assert.Contains(t, log.String(), `level=WARN msg="the SHA-256 of an API key could not be stored" key_prefix=Gh4kLm2p kind=unavailable error="store unavailable"`)
	assertNoSecret(t, log.String())

	r.migrate = nil
	_, err := registry.Check(t.Context(), goodKey)
	require.NoError(t, err)
	assert.Equal(t, goodSHA256, r.row("Gh4kLm2p").SHA256, "the next check tries again")
}

func assertNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{goodKey[9:], strings.TrimPrefix(goodSHA256, "sha256$"), goodPBKDF2[len(goodPBKDF2)-44:]} {
		assert.NotContains(t, text, secret)
	}
}

func TestCheck_StoreFails(t *testing.T) {
	r := newKeys(sha256Row())
	for _, failure := range []error{store.ErrUnavailable, store.ErrInternal, context.DeadlineExceeded} {
		r.find = func(string) error { return failure }
		key, err := newRegistry(t, r).Check(t.Context(), goodKey)
		assert.Nil(t, key)
		require.ErrorIs(t, err, failure)
		require.NotErrorIs(t, err, ErrRefused)
		assertNoSecret(t, err.Error())
	}
	r.find = nil
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newRegistry(t, r).Check(ended, goodKey)
	require.ErrorIs(t, err, context.Canceled)
}

func TestErrBusy(t *testing.T) {
	require.ErrorIs(t, ErrBusy, store.ErrUnavailable)
	require.NotErrorIs(t, ErrBusy, ErrRefused)
}

func TestCheck_BadHash(t *testing.T) {
	const rest = "$saltsalt$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM="
	for _, hash := range []string{
		"pbkdf2_sha256$5000000" + rest, "pbkdf2_sha256$2000001" + rest, "pbkdf2_sha256$9223372036854775808" + rest,
		"pbkdf2_sha256$0" + rest, "pbkdf2_sha256$-1" + rest, "pbkdf2_sha256$+1000" + rest, "pbkdf2_sha256$01000" + rest,
		"pbkdf2_sha256$1e3" + rest, "pbkdf2_sha256$ 1000" + rest, "pbkdf2_sha256$" + rest,
		"pbkdf2_sha256$1000$$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM=",
		"pbkdf2_sha256$1000$saltsalt$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM",
		"pbkdf2_sha256$1000$saltsalt$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPN=",
		"pbkdf2_sha256$1000$saltsalt$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSK\nWPM=",
		"pbkdf2_sha256$1000$saltsalt$", "pbkdf2_sha256$1000$saltsalt", "pbkdf2_sha256", "$$$", "",
		goodPBKDF2 + "$", "pbkdf2_sha256$1000$" + strings.Repeat("s", 1000) + "$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM=",
	} {
		row := pbkdf2Row()
		row.Hash = hash
		registry := newRegistry(t, newKeys(row))
		registry.compare = func(*djangoHash, string) (bool, time.Duration) { panic("computed") }
		_, err := registry.Check(t.Context(), goodKey)
		assert.Equal(t, ErrRefused, err, hash)
	}
}

func TestWithMaxIterations(t *testing.T) {
	_, err := newRegistry(t, newKeys(pbkdf2Row()), WithMaxIterations(999)).Check(t.Context(), goodKey)
	assert.Equal(t, ErrRefused, err)
	_, err = newRegistry(t, newKeys(pbkdf2Row()), WithMaxIterations(1000)).Check(t.Context(), goodKey)
	require.NoError(t, err)
}

// A key matches the hash that Django made of it, and no other key does.
func TestCheck_DjangoHashes(t *testing.T) {
	document, err := os.ReadFile("testdata/django_hashes.json")
	require.NoError(t, err)
	var hashes []struct{ Key, Hash string }
	require.NoError(t, json.Unmarshal(document, &hashes))
	require.Len(t, hashes, 10)
	for _, h := range hashes {
		prefix, _, _ := strings.Cut(h.Key, ".")
		registry := newRegistry(t, newKeys(store.Key{ID: "1", Prefix: prefix, Hash: h.Hash, Account: 1}))
		_, err := registry.Check(t.Context(), h.Key)
		require.NoError(t, err, h.Hash)
		_, err = newRegistry(t, newKeys(store.Key{ID: "1", Prefix: prefix, Hash: h.Hash, Account: 1})).Check(t.Context(), h.Key+"x")
		require.Equal(t, ErrRefused, err, h.Hash)
	}
}

// A key whose SHA-256 another process has stored during a flood of guesses is
// accepted when it is tried again, and at once after a second.
func TestCheck_MigratedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newKeys(pbkdf2Row())
		registry := newRegistry(t, keys)
		registry.compare = func(*djangoHash, string) (bool, time.Duration) {
			time.Sleep(150 * time.Millisecond)
			return false, 150 * time.Millisecond
		}
		var guesses sync.WaitGroup
		for n := range 4000 { // 200 a second
			guesses.Go(func() {
				time.Sleep(time.Duration(n) * 5 * time.Millisecond)
				_, _ = registry.Check(t.Context(), fmt.Sprintf("Gh4kLm2p.guess%d", n))
			})
		}
		time.Sleep(10*time.Second + time.Millisecond)
		require.NoError(t, keys.MigrateKey(t.Context(), pbkdf2Row().ID, goodSHA256))
		_, err := registry.Check(t.Context(), goodKey)
		require.ErrorIs(t, err, ErrBusy)
		_, err = registry.Check(t.Context(), goodKey)
		require.NoError(t, err)

		require.NoError(t, keys.RevokeKey(t.Context(), "Gh4kLm2p"))
		time.Sleep(time.Second + time.Millisecond)
		_, err = registry.Check(t.Context(), "Gh4kLm2p.other")
		require.ErrorIs(t, err, ErrRefused)
		guesses.Wait()
	})
}
