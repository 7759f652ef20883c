package mask

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const key = "Gh4kLm2p.a4d26868017c0ccffe2efe50944ef421"

func TestMasker_Hide(t *testing.T) {
	m := New(key)
	for text, want := range map[string]string{
		"":                                     "",
		"ordinary text, 50 %":                  "ordinary text, 50 %",
		"a " + key + " b":                      "a *** b",
		"Zz9kLm2p." + strings.Repeat("0", 32):  Text, // another key
		key[9:]:                                Text,
		"x=" + strings.ToUpper(key):            "x=***",
		strings.Replace(key, ".", "%2E", 1):    Text,
		strings.Replace(key, ".", "%252e", 1):  Text,
		strings.Replace(key, ".", `\u002e`, 1): Text,
		strings.Replace(key, "G", "&#71;", 1):  Text,
		"id " + base64.StdEncoding.EncodeToString([]byte("user:"+key)): Text,
		hex.EncodeToString([]byte(key)):                                Text,
		"i%" + strings.Repeat("25", 30) + "6e":                         Text, // too deep
	} {
		assert.Equal(t, want, m.Hide(text), text)
	}
	assert.Equal(t, "nothing to hide", New("").Hide("nothing to hide"))
}

func TestMasker_Path(t *testing.T) {
	m := New(key)
	assert.Equal(t, "/v2/stamps/***/score", m.Path("/v2/stamps/"+key+"/score"))
	assert.Equal(t, Text, New("odd.secret/12345").Path("/v2/odd.secret/12345"), "the segments together hold the key")
}

func TestMasker_Values(t *testing.T) {
	harmless := func(name, value string) bool { return name == "token" && value == "o17" }
	got := New(key).Values(map[string][]string{
		"a": {"1", "2"}, "X-Copy": {key}, key: {"x"}, "Cookie": {"hush"}, "api%5Fkey": {"hush"}, "token": {"o17"}, "Token": {"o17"},
	}, harmless)
	assert.Equal(t, map[string]string{
		"a": "1, 2", "X-Copy": Text, Text: "x", "Cookie": Text, "api%5Fkey": Text, "token": "o17", "Token": Text,
	}, got)
}
