package typeddata_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/typeddata"
)

func TestParse_AmbiguousNames(t *testing.T) {
	long := strings.Repeat("x", 257)
	var many, wide []string
	for i := range 65 {
		many = append(many, fmt.Sprintf(`"T%d":[]`, i))
	}
	for i := range 129 {
		wide = append(wide, fmt.Sprintf(`{"name":"m%d","type":"string"}`, i))
	}
	for types, want := range map[string]string{
		`[]`:                   "not an object",
		`{"":[]}`:              "name of 0 bytes",
		`{"` + long + `":[]}`:  "name of 257 bytes",
		`{"A,B":[]}`:           "separator",
		`{"A(string x":[]}`:    "separator",
		`{"A b":[]}`:           "separator",
		`{"A[]":[]}`:           "separator",
		`{"A\u2003":[]}`:       "separator",
		`{"A\u3000":[]}`:       "separator",
		`{"A\u0001":[]}`:       "separator",
		`{"uint8x":[]}`:        "begins like",
		`{"intX":[]}`:          "begins like",
		`{"bytesX":[]}`:        "begins like",
		`{"A":{}}`:             "not a list",
		`{"A":["x"]}`:          "an object of a name and a type",
		`{"A":[{"name":"x"}]}`: "an object of a name and a type",
		`{"A":[{"name":"x","type":"string","extra":1}]}`:                  "an object of a name and a type",
		`{"A":[{"name":"x","type":7}]}`:                                   "an object of a name and a type",
		`{"A":[{"name":7,"type":"string"}]}`:                              "an object of a name and a type",
		`{"A":[{"type":"string","x":"y"}]}`:                               "an object of a name and a type",
		`{"A":[{"name":"x","y":"z"}]}`:                                    "an object of a name and a type",
		`{"A":[{"x":1,"y":2}]}`:                                           "an object of a name and a type",
		`{"A":[{"name":"x","type":"string[4097]"}]}`:                      "not a type",
		`{"A":[{"name":"x","type":"string[99999999999999999999]"}]}`:      "not a type",
		`{"A":[{"name":"x","type":"string[x]"}]}`:                         "not a type",
		`{"A":[{"name":"x","type":"uint99999999999999999999"}]}`:          "not a type",
		`{"A":[{"name":"x","type":"bytesX"}]}`:                            "not a type",
		`{"A":[{"name":"x","type":"int0"}]}`:                              "not a type",
		`{"A":[{"name":"x,string y","type":"string"}]}`:                   "separator",
		`{"A":[{"name":"x y","type":"string"}]}`:                          "separator",
		`{"A":[{"name":"x","type":"string"},{"name":"x","type":"bool"}]}`: "twice",
		`{"A":[{"name":"x","type":""}]}`:                                  "name of 0 bytes",
		`{"A":[{"name":"x","type":"uint"}]}`:                              "not a type",
		`{"A":[{"name":"x","type":"int"}]}`:                               "not a type",
		`{"A":[{"name":"x","type":"uint7"}]}`:                             "not a type",
		`{"A":[{"name":"x","type":"uint264"}]}`:                           "not a type",
		`{"A":[{"name":"x","type":"uint08"}]}`:                            "not a type",
		`{"A":[{"name":"x","type":"bytes0"}]}`:                            "not a type",
		`{"A":[{"name":"x","type":"bytes33"}]}`:                           "not a type",
		`{"A":[{"name":"x","type":"string[-1]"}]}`:                        "not a type",
		`{"A":[{"name":"x","type":"string[01]"}]}`:                        "not a type",
		`{"A":[{"name":"x","type":"string[99999]"}]}`:                     "not a type",
		`{"A":[{"name":"x","type":"string]"}]}`:                           "not a type",
		`{"A":[{"name":"x","type":"[]"}]}`:                                "name of 0 bytes",
		`{"A":[{"name":"x","type":"B,C"}]}`:                               "separator",
		`{"A":[{"name":"x","type":"` + strings.Repeat("[]", 200) + `"}]}`: "400 bytes",
		`{` + strings.Join(many, ",") + `}`:                               "65 types",
		`{"A":[` + strings.Join(wide, ",") + `]}`:                         "129 members",
		`{"Used":[],"Unused":[{"name":"x","type":"uint9"}]}`:              "not a type",
	} {
		_, err := typeddata.Parse(parse(t, types))
		assert.ErrorContains(t, err, want, "%.80s", types)
	}
	_, err := typeddata.Parse(nil)
	assert.ErrorContains(t, err, "not an object")
}

func TestParse_Bounds(t *testing.T) {
	long := strings.Repeat("x", 256)
	var many, wide []string
	for i := range 64 {
		many = append(many, fmt.Sprintf(`"T%d":[]`, i))
	}
	for i := range 128 {
		wide = append(wide, fmt.Sprintf(`{"name":"m%d","type":"string"}`, i))
	}
	member := func(kind string) string { return `{"A":[{"name":"x","type":"` + kind + `"}]}` }
	for _, types := range []string{
		`{` + strings.Join(many, ",") + `}`,
		`{"A":[` + strings.Join(wide, ",") + `]}`,
		`{"` + long + `":[{"name":"` + long + `","type":"` + long + `"}]}`,
		member("string" + strings.Repeat("[]", 125)),
		member("string[4096]"), member("string[0]"), member("bytes1"), member("bytes32"), member("uint8"), member("uint256"), member("int8"), member("int256"),
	} {
		_, err := typeddata.Parse(parse(t, types))
		assert.NoError(t, err, "%.80s", types)
	}
}

func TestParse_NoDomainType(t *testing.T) {
	domain := `"EIP712Domain":[{"name":"name","type":"string"}]`
	listed, err := digest(t, `{"M":[],`+domain+`}`, `{"name":"d"}`, "M", `{}`)
	require.NoError(t, err)
	assumed, err := digest(t, `{"M":[]}`, `{"name":"d"}`, "M", `{}`)
	require.NoError(t, err)
	assert.Equal(t, listed, assumed)
}

// Every struct is hashed together with all that it refers to, so a document
// could ask for 64 times its own size.
func TestParse_TextBound(t *testing.T) {
	chain := func(length, members int) string {
		var types []string
		for i := range length {
			listed := []string{fmt.Sprintf(`{"name":"next","type":"T%d"}`, (i+1)%length)}
			for m := range members {
				listed = append(listed, fmt.Sprintf(`{"name":"m%d","type":"bool"}`, m))
			}
			types = append(types, fmt.Sprintf(`"T%d":[%s]`, i, strings.Join(listed, ",")))
		}
		return "{" + strings.Join(types, ",") + "}"
	}
	_, err := typeddata.Parse(parse(t, chain(10, 30)))
	require.NoError(t, err)
	_, err = typeddata.Parse(parse(t, chain(64, 60)))
	assert.ErrorContains(t, err, "more than 32768 bytes")

	// 2 structs of 64 members, "Txx(bool m,bool m…)", that refer to no other.
	total := func(spare int) string {
		var types []string
		for i := range 2 {
			var listed []string
			for m := range 64 {
				length := 250 // and 6 for "bool " and a comma or parenthesis
				if m == 0 {
					length -= len("Txx(")
				}
				if i == 0 && m == 0 {
					length += spare - len("EIP712Domain(string name)")
				}
				listed = append(listed, fmt.Sprintf(`{"name":"%0*d","type":"bool"}`, length, m))
			}
			types = append(types, fmt.Sprintf(`"T%02d":[%s]`, i, strings.Join(listed, ",")))
		}
		return "{" + strings.Join(types, ",") + "}"
	}
	_, err = typeddata.Parse(parse(t, total(0)))
	require.NoError(t, err, "exactly so many")
	_, err = typeddata.Parse(parse(t, total(1)))
	require.ErrorContains(t, err, "more than 32768 bytes")
}
