package store_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestCheckJSON_Numbers(t *testing.T) {
	for _, number := range []string{
		"0", "-0", "1e999", "1E+999", "1e-998", "-1e-997", "-1e998", "1.5e997", strings.Repeat("9", store.MaxNumber), "0e999",
	} {
		assert.NoError(t, store.CheckJSON([]byte(`{"n":`+number+`}`)), "%.40s", number)
	}
	for _, number := range []string{
		"1e1000", "1e-999", "-1e-998", "1e-1000", "1E+1000", "11e999", "0e1000", strings.Repeat("9", store.MaxNumber+1),
		"1e9223372036854775807", "1e-9223372036854775807", "1e-9223372036854775808", "1e9223372036854775808", "1e" + strings.Repeat("9", 100),
	} {
		for _, document := range []string{number, `[1,` + number + `]`, `{"n":{"n":` + number + `}}`} {
			err := store.CheckJSON([]byte(document))
			require.EqualError(t, err, "it holds a number of more than "+strconv.Itoa(store.MaxNumber)+" digits", "%.40s", document)
		}
	}
	assert.NoError(t, store.CheckJSON([]byte(`{"1e9999":"1e9999"}`)), "texts are no numbers")
}

func TestTooLarge(t *testing.T) {
	text := func(size int) string { return `{"a": "` + strings.Repeat("x", size-len(`{"a": ""}`)) + `"}` }
	nested := func(levels int) string { return strings.Repeat(`[`, levels) + strings.Repeat(`]`, levels) }
	for name, c := range map[string]struct {
		stamp string
		want  bool
	}{
		"the greatest size":    {text(store.MaxDocumentBytes), false},
		"one byte more":        {text(store.MaxDocumentBytes + 1), true},
		"white space":          {strings.Repeat(" ", 2*store.MaxDocumentBytes) + text(store.MaxDocumentBytes), false},
		"a space after commas": {`[` + strings.Repeat(`[],`, store.MaxDocumentBytes/4) + `1]`, true},
		"numbers":              {`[` + strings.Repeat(`1e999,`, store.MaxDocumentBytes/1000+1) + `0]`, true},
		"small numbers":        {`[` + strings.Repeat(`1e-998,`, store.MaxDocumentBytes/1000+1) + `0]`, true},
		"a few numbers":        {`[1e999, -1e-997, true, false, null, "\"1e999"]`, false},
		"the most levels":      {nested(store.MaxDocumentDepth), false},
		"one more level":       {nested(store.MaxDocumentDepth + 1), true},
		"a text on one more":   {`{"a":` + nested(store.MaxDocumentDepth - 1)[:store.MaxDocumentDepth-1] + `"x"`, true},
		"brackets in a text":   {`"` + strings.Repeat(`[`, store.MaxDocumentDepth+1) + `"`, false},
	} {
		assert.Equal(t, c.want, store.TooLarge([]byte(c.stamp)), name)
	}
}
