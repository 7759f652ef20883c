package passport

import (
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
