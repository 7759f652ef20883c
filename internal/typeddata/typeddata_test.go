package typeddata_test

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/internal/typeddata"
)

func parse(t testing.TB, document string) *strictjson.Value {
	t.Helper()
	value, err := strictjson.Parse([]byte(document), strictjson.Limits{Size: 1 << 20, Depth: 64, Values: 1 << 17})
	require.NoError(t, err)
	return value
}

func digest(t testing.TB, types, domain, primaryType, message string) (string, error) {
	t.Helper()
	set, err := typeddata.Parse(parse(t, types))
	if err != nil {
		return "", err
	}
	sum, err := set.Digest(parse(t, domain), primaryType, parse(t, message))
	return "0x" + hex.EncodeToString(sum[:]), err
}

// The example of the EIP-712 specification.
func TestDigest_Specification(t *testing.T) {
	got, err := digest(t, `{
		"EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
			{"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}],
		"Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
		"Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person"}, {"name": "contents", "type": "string"}]}`,
		`{"name": "Ether Mail", "version": "1", "chainId": 1, "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"}`,
		"Mail", `{
		"from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
		"to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
		"contents": "Hello, Bob!"}`)
	require.NoError(t, err)
	assert.Equal(t, "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2", got)
}

// PASSPORT_VECTORS names a folder with 130 cases of the ethers project, which
// are not part of this one. Without it the specification's example above is
// the test.
func TestDigest_PublicCases(t *testing.T) {
	type field struct{ Name, Type string }
	var cases []struct {
		Name, PrimaryType, Digest string
		Domain, Data              map[string]any
		Types                     map[string][]field
	}
	folder := os.Getenv("PASSPORT_VECTORS")
	if folder == "" {
		t.Log("PASSPORT_VECTORS names no folder")
		TestDigest_Specification(t)
		return
	}
	file, err := os.Open(filepath.Join(folder, "eip712-typed-data.json.gz"))
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	decoder := json.NewDecoder(unzipped)
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&cases))
	require.Len(t, cases, 130)

	for _, c := range cases {
		var domain []field
		for _, f := range []field{{"name", "string"}, {"version", "string"}, {"chainId", "uint256"}, {"verifyingContract", "address"}, {"salt", "bytes32"}} {
			if _, found := c.Domain[f.Name]; found {
				domain = append(domain, f)
			}
		}
		c.Types["EIP712Domain"] = domain

		// The cases write integers in decimal, which issuers do not: they are
		// the same numbers in hex.
		var hexed func(kind string, v any) any
		members := func(name string, v any) any {
			object, out := v.(map[string]any), map[string]any{}
			for _, f := range c.Types[name] {
				if value, found := object[f.Name]; found {
					out[f.Name] = hexed(f.Type, value)
				}
			}
			require.Len(t, out, len(object))
			return out
		}
		hexed = func(kind string, v any) any {
			switch {
			case strings.HasSuffix(kind, "]"):
				items := []any{}
				for _, item := range v.([]any) {
					items = append(items, hexed(kind[:strings.LastIndexByte(kind, '[')], item))
				}
				return items
			case strings.HasPrefix(kind, "uint") || strings.HasPrefix(kind, "int"):
				number, ok := new(big.Int).SetString(fmt.Sprint(v), 0)
				require.True(t, ok, v)
				if number.Sign() < 0 {
					number.Add(number, new(big.Int).Lsh(big.NewInt(1), 256))
				}
				return fmt.Sprintf("0x%064x", number)
			case c.Types[kind] != nil:
				return members(kind, v)
			}
			return v
		}
		types := map[string][]map[string]string{}
		for name, fields := range c.Types {
			types[name] = []map[string]string{}
			for _, f := range fields {
				types[name] = append(types[name], map[string]string{"name": f.Name, "type": f.Type})
			}
		}
		text := func(v any) string {
			document, err := json.Marshal(v)
			require.NoError(t, err)
			return string(document)
		}
		got, err := digest(t, text(types), text(members("EIP712Domain", c.Domain)), c.PrimaryType, text(members(c.PrimaryType, c.Data)))
		if assert.NoError(t, err, c.Name) {
			assert.Equal(t, c.Digest, got, c.Name)
		}
	}
}

// One member m of the type, and a value: its word, or the words of an error.
func TestEncode(t *testing.T) {
	word := func(kind, value string) (string, error) {
		return digest(t, `{"M":[{"name":"m","type":"`+kind+`"}],"S":[{"name":"s","type":"string"}]}`, `{"name":"d"}`, "M", `{"m":`+value+`}`)
	}
	t.Run("alike", func(t *testing.T) {
		for _, c := range []struct{ kind, a, b string }{
			{"bool", `true`, `1`},
			{"bool", `true`, `"1"`},
			{"bool", `true`, `"true"`},
			{"bool", `false`, `0`},
			{"bool", `false`, `""`},
			{"uint256", `16`, `"0x10"`},
			{"uint256", `0`, `"0x"`},
			{"uint256", `9223372036854775807`, `"0x7fffffffffffffff"`},
			{"uint256", `"0x80"`, `"0x0080"`},
			{"int256", `-9223372036854775808`, `"0x8000000000000000"`},
			{"int256", `-5`, `"0xfb"`},
			{"int256", `1`, `"0x0001"`},
			{"int256", `"0x7f"`, `"0x007f"`},
			{"int256", `"0x80"`, `"0xff80"`},
			{"int256", `-5`, `"0x` + strings.Repeat("f", 63) + `b"`},
			{"uint256", `-5`, `"0xfffffffffffffffb"`},
			{"uint8", `255`, `"0x00ff"`},
			{"uint8", `300`, `"0x012c"`},
			{"address", `"0xABABABABABABABABABABABABABABABABABABABAB"`, `"0xabababababababababababababababababababab"`},
			{"bytes", `"0xAB"`, `"0xab"`},
		} {
			a, err := word(c.kind, c.a)
			require.NoError(t, err, c)
			b, err := word(c.kind, c.b)
			require.NoError(t, err, c)
			assert.Equal(t, a, b, c)
		}
	})
	t.Run("unlike", func(t *testing.T) {
		for _, c := range []struct{ kind, a, b string }{
			{"bool", `true`, `false`},
			{"uint256", `1`, `2`},
			{"int256", `1`, `-1`},
			{"int256", `-1`, `"0x00ff"`},
			{"string", `"a"`, `"b"`},
			{"bytes", `"0x"`, `"0x00"`},
			{"bytes2", `"0x0100"`, `"0x0001"`},
			{"string[]", `["a","b"]`, `["b","a"]`},
			{"string[]", `["a"]`, `["a","a"]`},
			{"string[][]", `[["a","b"]]`, `[["a"],["b"]]`},
			{"S", `{"s":"a"}`, `{"s":"b"}`},
			{"S[][]", `[[{"s":"a"}]]`, `[[{"s":"b"}]]`},
		} {
			a, err := word(c.kind, c.a)
			require.NoError(t, err, c)
			b, err := word(c.kind, c.b)
			require.NoError(t, err, c)
			assert.NotEqual(t, a, b, c)
		}
	})
	t.Run("told in words", func(t *testing.T) {
		for _, c := range []struct{ kind, value, want string }{
			{"string", `1`, "message: m: want a string, not a number"},
			{"bool", `[]`, "message: m: want a boolean, not a list"},
			{"bool", `{}`, "message: m: want a boolean, not an object"},
			{"bool", `2`, "message: m: want a boolean, not that number"},
			{"bool", `"yes"`, "message: m: want a boolean, not that string"},
			{"uint256", `true`, "message: m: want a hex string, not a boolean"},
			{"address", `7`, "message: m: want a hex string, not a number"},
			{"address", `"0x01"`, "message: m: want an address of 20 bytes, not 1"},
			{"bytes4", `7`, "message: m: want a hex string, not a number"},
			{"bytes4", `"0x01"`, "message: m: want 4 bytes, not 1"},
			{"uint8", `"0x` + strings.Repeat("00", 33) + `"`, "message: m: want at most 32 bytes, not 33"},
			{"string[]", `"a"`, "message: m: want a list, not a string"},
			{"string[2]", `[]`, "message: m: want a list of 2, not of 0"},
			{"string[0]", `["a"]`, "message: m: want a list of 0, not of 1"},
			{"S[][]", `[[],[{"s":1}]]`, "message: m: item 1: item 0: s: want a string, not a number"},
			{"S", `"a"`, "message: m: a S is an object, not a string"},
			{"string", `1,"extra":1`, "message: M has a member that its type does not list"},
		} {
			_, err := word(c.kind, c.value)
			assert.EqualError(t, err, c.want, c)
		}
	})
	t.Run("refused", func(t *testing.T) {
		for _, c := range []struct{ kind, value, want string }{
			{"string", `1`, "want a string"},
			{"string", `null`, "want a string"},
			{"string", `["a"]`, "want a string"},
			{"bool", `2`, "want a boolean"},
			{"bool", `"false"`, "want a boolean"},
			{"bool", `null`, "want a boolean"},
			{"uint256", `1.0`, "64 bits"},
			{"uint256", `1e3`, "64 bits"},
			{"uint256", `-0`, "64 bits"},
			{"uint256", `9223372036854775808`, "64 bits"},
			{"uint256", `"16"`, "begins with 0x"},
			{"uint256", `"0x1"`, "even number"},
			{"uint256", `"0xzz"`, "even number"},
			{"uint256", `"0x` + strings.Repeat("00", 33) + `"`, "at most 32 bytes"},
			{"uint256", `true`, "want a hex string"},
			{"address", `"0xab"`, "20 bytes"},
			{"bytes4", `"0x010203"`, "want 4 bytes"},
			{"bytes", `"01"`, "begins with 0x"},
			{"string[]", `"a"`, "want a list"},
			{"string[2]", `["a"]`, "want a list of 2"},
			{"string[]", `["a",1]`, "item 1"},
			{"S", `"a"`, "a S is an object"},
			{"S", `{"s":"a","t":"b"}`, "does not list"},
			{"S", `{"t":"b"}`, "does not list"},
			{"Missing", `{}`, "a type \"Missing\", and there is none"},
			{"Missing[]", `[]`, "a type \"Missing\", and there is none"},
			{"int8", `"0x"`, "at least one byte"},
		} {
			_, err := word(c.kind, c.value)
			assert.ErrorContains(t, err, c.want, c)
		}
	})
}

func TestEncode_Absent(t *testing.T) {
	types := `{"M":[{"name":"s","type":"string"},{"name":"l","type":"string[]"},{"name":"c","type":"C"},{"name":"n","type":"uint256"}],"C":[]}`
	absent, err := digest(t, types, `{}`, "M", `{}`)
	require.NoError(t, err)
	zero, err := digest(t, types, `{}`, "M", `{"n":0}`)
	require.NoError(t, err)
	empty, err := digest(t, types, `{}`, "M", `{"s":""}`)
	require.NoError(t, err)
	assert.Equal(t, absent, zero)
	assert.NotEqual(t, absent, empty, "an empty string is hashed")

	_, err = digest(t, types, `{}`, "Other", `{}`)
	require.ErrorContains(t, err, "no type")
	_, err = digest(t, types, `[]`, "M", `{}`)
	require.ErrorContains(t, err, "domain")
	_, err = digest(t, types, `{"version":"1"}`, "M", `{}`)
	require.ErrorContains(t, err, "does not list", "the domain's type has a name only")
}

func TestDigest_NoDocuments(t *testing.T) {
	set, err := typeddata.Parse(parse(t, `{"M":[]}`))
	require.NoError(t, err)
	_, err = set.Digest(nil, "M", parse(t, `{}`))
	require.EqualError(t, err, "domain: a EIP712Domain is an object, not absent")
	_, err = set.Digest(parse(t, `{}`), "M", nil)
	require.EqualError(t, err, "message: a M is an object, not absent")
	_, err = set.Digest(parse(t, `{}`), "M", parse(t, `[]`))
	require.EqualError(t, err, "message: a M is an object, not a list")
}

// As in didkit 0.3.3, where an unused struct is never asked for its references.
func TestDigest_MissingType(t *testing.T) {
	unused := `{"M":[{"name":"n","type":"uint8"}],"Unused":[{"name":"x","type":"Missing"}]}`
	_, err := digest(t, unused, `{}`, "M", `{"n":1}`)
	require.NoError(t, err)
	for _, types := range []string{
		`{"M":[{"name":"n","type":"uint8"},{"name":"x","type":"Missing"}]}`,
		`{"M":[{"name":"n","type":"uint8"},{"name":"x","type":"Missing[2][]"}]}`,
		`{"M":[{"name":"n","type":"uint8"},{"name":"a","type":"A"}],"A":[{"name":"b","type":"B[]"}],"B":[{"name":"m","type":"M"},{"name":"x","type":"Missing"}]}`,
		`{"M":[{"name":"n","type":"uint8"}],"EIP712Domain":[{"name":"x","type":"Missing"}]}`,
	} {
		_, err := digest(t, types, `{}`, "M", `{"n":1}`)
		assert.ErrorContains(t, err, `"Missing"`, types)
	}
}

func TestEncodeType_Recursive(t *testing.T) {
	nested, err := digest(t, `{"N":[{"name":"next","type":"N[]"},{"name":"v","type":"uint8"}]}`, `{}`, "N", `{"next":[{"v":1}],"v":2}`)
	require.NoError(t, err)
	assert.Len(t, nested, 66)
}
