package apikey

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey/internal/slowcheck"
)

// PBKDF2 is tested with Wycheproof's vectors, which are not part of this
// project: they are read from the folder that PASSPORT_VECTORS names. Without
// it only the key of the scenarios is tested.
func TestWycheproof(t *testing.T) {
	folder := os.Getenv("PASSPORT_VECTORS")
	if folder == "" {
		t.Log("PASSPORT_VECTORS names no folder: only our own key is tested")
		hash, ok := parseDjangoHash(goodPBKDF2)
		require.True(t, ok)
		matches, _ := hash.matches(goodKey)
		assert.True(t, matches)
		return
	}
	document, err := os.ReadFile(filepath.Join(folder, "pbkdf2_hmacsha256_test.json"))
	require.NoError(t, err)
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Tests []struct {
				TCID, IterationCount, DKLen int
				Password, Salt, DK, Result  string
			}
		}
	}
	require.NoError(t, json.Unmarshal(document, &file))
	tests, written := 0, 0
	for _, group := range file.TestGroups {
		for _, v := range group.Tests {
			tests++
			password, salt, derived := unhex(t, v.Password), unhex(t, v.Salt), unhex(t, v.DK)
			require.Equal(t, "valid", v.Result)
			hash := &djangoHash{v.IterationCount, salt, derived}
			got, _ := slowcheck.PBKDF2(password, hash.salt, hash.iterations)
			// A shorter digest is a prefix of Django's, which is a prefix of a
			// longer one.
			compared := min(len(derived), len(got))
			assert.Equal(t, derived[:compared], string(got[:compared]), v.TCID)
			if len(derived) < len(got) || salt == "" || strings.Contains(salt, "$") {
				continue // Django has no such hash
			}
			written++
			parsed, ok := parseDjangoHash(fmt.Sprintf("pbkdf2_sha256$%d$%s$%s", v.IterationCount, salt, base64.StdEncoding.EncodeToString(got)))
			require.True(t, ok, v.TCID)
			for _, key := range []string{password, password + "x"} {
				matches, _ := parsed.matches(key)
				assert.Equal(t, key == password, matches, v.TCID)
			}
		}
	}
	assert.Equal(t, 36, written)
	assert.Equal(t, file.NumberOfTests, tests)
}

func unhex(t *testing.T, text string) string {
	t.Helper()
	data, err := hex.DecodeString(text)
	require.NoError(t, err)
	return string(data)
}
