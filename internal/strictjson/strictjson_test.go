package strictjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

var limits = strictjson.Limits{Size: 1 << 16, Depth: 32, Values: 1 << 16}

// plain turns a tree into what encoding/json makes of the same text.
func plain(v *strictjson.Value) any {
	switch v.Kind {
	case strictjson.Bool:
		return v.Bool
	case strictjson.Number:
		return json.Number(v.Text)
	case strictjson.String:
		return v.Text
	case strictjson.Array:
		items := []any{}
		for i := range v.Items {
			items = append(items, plain(&v.Items[i]))
		}
		return items
	case strictjson.Object:
		members := map[string]any{}
		for i := range v.Members {
			members[v.Members[i].Name] = plain(&v.Members[i].Value)
		}
		return members
	case strictjson.Null:
	}
	return nil
}

func standard(t *testing.T, document []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value))
	return value
}

func TestParse_StandardLibrary(t *testing.T) {
	for _, document := range []string{
		`null`, ` true `, "\tfalse\r\n", `0`, `-0`, `10`, `-1.5e+10`, `1E-2`, `""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"\u00e9\uD83D\uDE00é😀"`,
		`[]`, `[ ]`, `[1,[2,[3]],"x",{}]`, `{}`, `{ }`, `{"a":1,"b":{"a":[null,true]},"":0,"A":2}`, `"\\u0000"`, `["\u2028"]`,
		`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"11":1,"12":1,"13":1,"14":1,"15":1,"16":1,"17":1,"18":1}`,
	} {
		value, err := strictjson.Parse([]byte(document), limits)
		require.NoError(t, err, document)
		assert.Equal(t, standard(t, []byte(document)), plain(value), document)
	}
}

func TestParse_Refused(t *testing.T) {
	for document, want := range map[string]string{
		``:                           "missing",
		` `:                          "missing",
		`tru`:                        "unknown word",
		`nul`:                        "unknown word",
		`1 2`:                        "follows",
		`1/`:                         "follows",
		`1:`:                         "follows",
		`{}x`:                        "follows",
		"{}\x00":                     "follows",
		"\ufeff{}":                   "neither a value",
		`01`:                         "follows",
		`+1`:                         "neither a value",
		`.5`:                         "neither a value",
		`1.`:                         "its point",
		`1e`:                         "its exponent",
		`-`:                          "neither a value",
		`NaN`:                        "neither a value",
		`"`:                          "without an end",
		`"a`:                         "without an end",
		`"\`:                         "without an end",
		`"\x"`:                       "unknown escape",
		`"\u12 x"`:                   "hex",
		`"\u12`:                      "without an end",
		`"\u+123"`:                   "hex",
		"\"\n\"":                     "control character",
		"\"\\n\n\"":                  "control character",
		"\"\x1f\"":                   "control character",
		"\"\\n\x1f\"":                "control character",
		`"\n`:                        "without an end",
		`"\ud800"`:                   "surrogate",
		`"\ud800\u0041"`:             "surrogate",
		`"\udc00\ud800"`:             "surrogate",
		`"\ud800\n"`:                 "surrogate",
		`"\ud800\uzzzz"`:             "hex",
		`"\u0000"`:                   "U+0000",
		"\"\xff\"":                   "UTF-8",
		`[`:                          "missing",
		`[1`:                         "comma",
		`[1,]`:                       "neither a value",
		`[1 2]`:                      "comma",
		`[,1]`:                       "neither a value",
		`{`:                          "name is missing",
		`{"a"}`:                      "colon",
		`{"a":}`:                     "neither a value",
		`{"a":1,}`:                   "name is missing",
		`{"a":1 "b":2}`:              "comma",
		`{a:1}`:                      "name is missing",
		`{"\x":1}`:                   "unknown escape",
		`{"a`:                        "without an end",
		`{"a":1,"b":2,"a":3}`:        "twice",
		`{"a":1,"\u0061":2}`:         "twice",
		`{"x":{"a":1,"a":1}}`:        "twice",
		strings.Repeat("[", 33):      "too deep",
		strings.Repeat(" ", 1<<17+1): "131073 bytes",
	} {
		_, err := strictjson.Parse([]byte(document), limits)
		assert.ErrorContains(t, err, want, "%.60q", document)
	}

	for first := range 20 {
		var names []string
		for i := range 20 {
			names = append(names, fmt.Sprintf(`"%d":0`, i))
		}
		object := "{" + strings.Join(names, ",") + fmt.Sprintf(`,"%d":1}`, first)
		_, err := strictjson.Parse([]byte(object), limits)
		assert.ErrorContains(t, err, fmt.Sprintf(`the name "%d" is there twice`, first))
	}
}

func TestParse_Limits(t *testing.T) {
	_, err := strictjson.Parse([]byte(strings.Repeat("[", 32)+strings.Repeat("]", 32)), limits)
	require.NoError(t, err)
	_, err = strictjson.Parse([]byte(strings.Repeat("[", 33)+strings.Repeat("]", 33)), limits)
	require.ErrorIs(t, err, strictjson.ErrTooLarge)
	_, err = strictjson.Parse([]byte(`"12345"`), strictjson.Limits{Size: 6, Depth: 1, Values: 1})
	require.ErrorIs(t, err, strictjson.ErrTooLarge)
	for document, values := range map[string]int{`1`: 1, `[]`: 1, `{"a":1}`: 2, `[1,[2],{"a":[]}]`: 6} {
		_, err = strictjson.Parse([]byte(document), strictjson.Limits{Size: 100, Depth: 9, Values: values})
		require.NoError(t, err, document)
		_, err = strictjson.Parse([]byte(document), strictjson.Limits{Size: 100, Depth: 9, Values: values - 1})
		require.ErrorIs(t, err, strictjson.ErrTooLarge, document)
	}
}

// Postgres writes a document with a space behind each comma and colon.
func TestParse_WhiteSpace(t *testing.T) {
	tight := strictjson.Limits{Size: len(`{"a":[1,2,3]}`), Depth: 2, Values: 5}
	for document, fits := range map[string]bool{
		`{"a":[1,2,3]}`:                           true,
		`{"a": [1, 2, 3]}`:                        true,
		" {\"a\" :\t[1,\r\n2, 3]}\n ":             true,
		`{"a":[1,2,33]}`:                          false,
		`{"a": [1, 2, 33]}`:                       false,
		`{"a":" 1 2"}`:                            true,
		`{"a":" 1 2 3"}`:                          false, // in a string it is no white space between tokens
		strings.Repeat(" ", 13) + `{"a":[1,2,3]}`: true,
		strings.Repeat(" ", 13) + `1`:             true,
		strings.Repeat(" ", 26) + `123`:           false,
	} {
		_, err := strictjson.Parse([]byte(document), tight)
		if fits {
			require.NoError(t, err, document)
		} else {
			require.ErrorIs(t, err, strictjson.ErrTooLarge, document)
		}
	}
}

func TestGet(t *testing.T) {
	value, err := strictjson.Parse([]byte(`{"issuer":"a","ISSUER":"b"}`), limits)
	require.NoError(t, err)
	assert.Equal(t, "a", value.Get("issuer").Text)
	assert.Nil(t, value.Get("Issuer"))
	assert.Nil(t, value.Get("Issuer").Get("x"), "nothing has no members")
	assert.Len(t, value.Raw, len(`{"issuer":"a","ISSUER":"b"}`))
}

func TestRaw(t *testing.T) {
	value, err := strictjson.Parse([]byte(` {"a": [1, {"b":2} ], "c":3} `), limits)
	require.NoError(t, err)
	assert.Equal(t, `{"a": [1, {"b":2} ], "c":3}`, value.Raw) //nolint:testifylint // the text itself
	assert.Equal(t, `[1, {"b":2} ]`, value.Get("a").Raw)
	assert.Equal(t, `{"b":2}`, value.Get("a").Items[1].Raw)
}

func TestKind_String(t *testing.T) {
	for kind, name := range map[strictjson.Kind]string{
		strictjson.Null: "null", strictjson.Bool: "a boolean", strictjson.Number: "a number", strictjson.String: "a string",
		strictjson.Array: "a list", strictjson.Object: "an object", strictjson.Object + 1: "nothing",
	} {
		assert.Equal(t, name, kind.String())
	}
}

// FuzzParse compares with the standard library: what is accepted is valid there
// and reads alike; what is valid there is accepted but for the strictnesses of
// the package documentation.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",true,null,{}]}`, `{"a":1,"a":2}`, `"\ud800"`, `"\u0000"`, `[[[[]]]]`, `1e5`, "\"\xff\"", `{"a":1}x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		value, err := strictjson.Parse(document, limits)
		if err == nil {
			require.True(t, json.Valid(document))
			require.Equal(t, standard(t, document), plain(value))
			return
		}
		if json.Valid(document) {
			forgiven := []string{"twice", "UTF-8", "surrogate", "U+0000", "beyond limits"}
			named := false
			for _, reason := range forgiven {
				named = named || strings.Contains(err.Error(), reason)
			}
			require.True(t, named, "refused valid JSON: %v", err)
		}
	})
}
