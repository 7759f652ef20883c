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
)

// PBKDF2 by Wycheproof's vectors, which are not part of this project: they are
// read from the folder that PASSPORT_VECTORS names. Without it the scenarios'
// own key is tested.
func TestWycheproofPBKDF2(t *testing.T) {
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
	tests, spelled := 0, 0
	for _, group := range file.TestGroups {
		for _, v := range group.Tests {
			tests++
			password, salt, derived := unhex(t, v.Password), unhex(t, v.Salt), unhex(t, v.DK)
			require.Equal(t, "valid", v.Result)
			hash := &djangoHash{v.IterationCount, salt, derived}
			got, _ := hash.derive(password)
			// A shorter digest is the beginning of Django's, of a longer one Django's is.
			compared := min(len(derived), len(got))
			assert.Equal(t, derived[:compared], string(got[:compared]), v.TCID)
			if len(derived) < len(got) || salt == "" || strings.Contains(salt, "$") {
				continue // Django could not spell it
			}
			spelled++
			parsed, ok := parseDjangoHash(fmt.Sprintf("pbkdf2_sha256$%d$%s$%s", v.IterationCount, salt, base64.StdEncoding.EncodeToString(got)))
			require.True(t, ok, v.TCID)
			for _, key := range []string{password, password + "x"} {
				matches, _ := parsed.matches(key)
				assert.Equal(t, key == password, matches, v.TCID)
			}
		}
	}
	assert.Equal(t, 36, spelled)
	assert.Equal(t, file.NumberOfTests, tests)
}

func unhex(t *testing.T, text string) string {
	t.Helper()
	data, err := hex.DecodeString(text)
	require.NoError(t, err)
	return string(data)
}
