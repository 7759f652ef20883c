package passport

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSameJSON(t *testing.T) {
	const huge = "1e999999" // more digits than a decimal has
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	list := func(values int) string { return "[" + strings.Repeat("1,", values-2) + "1]" } // the list is one of them
	sized := func(size int) string { return `"` + strings.Repeat("x", size-2) + `"` }
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1", "1.0", true},
		{"1", "2", false},
		{"2", "1", false},
		{"0", huge, false},
		{huge, "0", false},
		{huge, "1E999999", false},
		{huge, " " + huge, true},
		{`"a"`, `"\u0061"`, true},
		{`"a"`, `"b"`, false},
		{`"1"`, "1", false},
		{"1", `"1"`, false},
		{"true", " true", true},
		{"true", "false", false},
		{"null", " null", true},
		{"null", "false", false},
		{"[]", "{}", false},
		{"[1,2]", "[1.0,2]", true},
		{"[1,2]", "[2,2]", false},
		{"[1,2]", "[1,3]", false},
		{"[1]", "[1,2]", false},
		{"[1,-2]", "[1,2]", false},
		{"[1,", "[1,2]", false},
		{"[1,2]", "[1]", false},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":1,"b":2}`, `{"a":1}`, false},
		{`{"a":1,"b":2}`, `{"a":1,"c":2}`, false},
		{`{"a":1,"b":2}`, `{"a":1,"b":3}`, false},
		{`{"a":1,"b":2}`, `{"a":3,"b":2}`, false},
		{"", "", true},
		{"", "1", false},
		{"1", "", false},
		{"{", "{ ", false},
		{nested(8), nested(8), true},
		{nested(8), " " + nested(8), true},
		{nested(9), " " + nested(9), false},
		{list(1 << 16), " " + list(1<<16), true},
		{list(1<<16 + 1), " " + list(1<<16+1), false},
		{sized(1 << 20), " " + sized(1<<20), true}, // white space does not count
		{sized(1<<20 + 1), " " + sized(1<<20+1), false},
	} {
		assert.Equal(t, c.want, sameJSON([]byte(c.a), []byte(c.b)), "%.40s %.40s", c.a, c.b)
	}
}

func TestSameJSON_Jsonb(t *testing.T) {
	const written = `{"A":{"dedup":false,"score":"1.00000"},"say \"a, b: c\\":2.5,"B, C":[]}`
	for name, c := range map[string]struct {
		read string
		same bool
	}{
		"the same":                {written, true},
		"as jsonb":                {`{"A": {"dedup": false, "score": "1.00000"}, "say \"a, b: c\\": 2.5, "B, C": []}`, true},
		"more space":              {` {"A" :{"dedup":false,  "score":"1.00000"},"say \"a, b: c\\":2.5,"B, C":[ ]} `, true},
		"another order":           {`{"B, C":[],"A":{"score":"1.00000","dedup":false},"say \"a, b: c\\":2.5}`, true},
		"another form of numbers": {`{"A":{"dedup":false,"score":"1.00000"},"say \"a, b: c\\":2.50,"B, C":[]}`, true},
		"space in a name":         {`{"A":{"dedup":false,"score":"1.00000"},"say \"a,  b: c\\":2.5,"B, C":[]}`, false},
		"less space in a name":    {`{"A":{"dedup":false,"score":"1.00000"},"say \"a,b: c\\":2.5,"B, C":[]}`, false},
		"more":                    {written + `1`, false},
		"less":                    {written[:len(written)-1], false},
		"another value":           {strings.Replace(written, "2.5", "2.6", 1), false},
		"nothing":                 {``, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.same, sameJSON([]byte(c.read), []byte(written)))
			if name == "as jsonb" {
				assert.True(t, spaced([]byte(c.read), []byte(written)), "without parsing")
			}
		})
	}
	long := stampsOf("BB", "A", "CCC", "AA")
	numbers, records := stampDocuments(long)
	assert.Equal(t, `{"A":0.0,"AA":0.0,"BB":0.0,"CCC":0.0}`, string(numbers), "in the order of jsonb")
	assert.True(t, json.Valid(records))
}

func stampsOf(providers ...string) []Stamp {
	stamps := make([]Stamp, len(providers))
	for i, provider := range providers {
		stamps[i] = Stamp{Provider: provider, Outcome: Counted}
	}
	return stamps
}
