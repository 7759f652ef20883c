package apikey

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// matchesPlainly reports whether the row is that of the key, by the rules
// alone.
func matchesPlainly(key string, row store.Key) bool {
	digest := sha256.Sum256([]byte(key))
	fast := "sha256$" + hex.EncodeToString(digest[:])
	if row.SHA256 != "" {
		return row.SHA256 == fast
	}
	if row.Hash == fast {
		return true
	}
	parts := strings.Split(row.Hash, "$")
	if len(parts) != 4 || parts[2] == "" {
		return false
	}
	iterations, err := strconv.Atoi(parts[1])
	if err != nil || iterations < 1 || iterations > 2000 {
		return false
	}
	derived, err := pbkdf2.Key(sha256.New, key, []byte(parts[2]), iterations, 32)
	if err != nil {
		return false
	}
	again := fmt.Sprintf("pbkdf2_sha256$%d$%s$%s", iterations, parts[2], base64.StdEncoding.EncodeToString(derived))
	return again == row.Hash
}

// FuzzCheck: hostile keys and rows never make the check panic, and a key is
// accepted if and only if the row is its own.
func FuzzCheck(f *testing.F) {
	f.Add(goodKey, goodPBKDF2, "")
	f.Add(goodKey, goodPBKDF2, goodSHA256)
	f.Add(goodKey, goodSHA256, "")
	f.Add(goodKey+"x", goodPBKDF2, "")
	f.Add("Gh4kLm2p.", "pbkdf2_sha256$1$$", "sha256$")
	f.Add("Gh4kLm2p.\xff", "$$$", "")
	f.Add("....", "pbkdf2_sha256$99999999999$s$RwQ1J9wYFWVUtPZ90BW8F3RkEvt1r4GHlW5pisSKWPM=", "")
	f.Fuzz(func(t *testing.T, key, hash, fast string) {
		row := store.Key{ID: "id", Hash: hash, SHA256: fast, Account: 1}
		row.Prefix, _, _ = strings.Cut(key, ".")
		_, mayBe := prefixOf(key)
		found, err := newRegistry(t, newKeys(row), WithMaxIterations(2000)).Check(t.Context(), key)
		if err != nil {
			require.Equal(t, ErrRefused, err)
			require.Nil(t, found)
			require.False(t, mayBe && matchesPlainly(key, row))
			return
		}
		require.True(t, mayBe && matchesPlainly(key, row))
		require.Equal(t, "id", found.ID)
	})
}
