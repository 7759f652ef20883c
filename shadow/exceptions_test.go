package shadow_test

import (
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

func TestReadExceptions(t *testing.T) {
	exceptions, err := shadow.ReadExceptions(strings.NewReader(`[
		{"name": "threshold of last year", "until": "2026-06-01T00:00:00Z", "field": "threshold", "primary": "20", "ours": "2"},
		{"name": "Google", "until": "2026-01-01T12:00:00Z", "provider": "Google"}
	]`))
	require.NoError(t, err)
	other := decision(func(d *shadow.Decision) {
		d.Threshold = passporttest.MustDecimal("20")
		d.Stamps["Google"] = shadow.Stamp{Score: passporttest.MustDecimal("1.5")}
	})
	names := map[shadow.Field]string{}
	for _, d := range shadow.Compare(other, decision(at(noon.Add(-time.Second))), shadow.Rules{Exceptions: exceptions}) {
		names[d.Field] = d.Exception
	}
	assert.Equal(t, map[shadow.Field]string{shadow.FieldThreshold: "threshold of last year", shadow.FieldStampExpiry: "Google"}, names)
	for _, d := range shadow.Compare(other, decision(), shadow.Rules{Exceptions: exceptions}) {
		assert.Equal(t, d.Field == shadow.FieldThreshold, d.Class == shadow.Excepted, "that of Google is over")
	}

	for name, text := range map[string]string{
		"nothing":     "",
		"an object":   `{"name": "a"}`,
		"no name":     `[{"until": "2026-06-01T00:00:00Z", "field": "score"}]`,
		"no date":     `[{"name": "a", "field": "score"}]`,
		"no part":     `[{"name": "a", "until": "2026-06-01T00:00:00Z"}]`,
		"another one": `[{"name": "a", "until": "2026-06-01T00:00:00Z", "feild": "score"}]`,
		"more":        `[] []`,
		"too long":    strings.Repeat(" ", 1<<20) + "[]",
		"too many":    "[" + strings.Repeat("{},", 1000) + "{}]",
	} {
		_, err := shadow.ReadExceptions(strings.NewReader(text))
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
	_, err = shadow.ReadExceptions(iotest.ErrReader(iotest.ErrTimeout))
	assert.ErrorIs(t, err, iotest.ErrTimeout)
}
