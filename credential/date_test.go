package credential

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/strictjson"
)

func TestDatesArePrintedAsTheIssuersLibraryPrintsThem(t *testing.T) {
	for _, c := range []struct{ spelt, printed, utc string }{
		{"2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.100Z", "2026-01-01T00:00:00.100Z"},
		{"2026-01-01T00:00:00.120000Z", "2026-01-01T00:00:00.120Z", "2026-01-01T00:00:00.120Z"},
		{"2026-01-01T00:00:00.1234Z", "2026-01-01T00:00:00.123400Z", "2026-01-01T00:00:00.123400Z"},
		{"2026-01-01T00:00:00.000000001Z", "2026-01-01T00:00:00.000000001Z", "2026-01-01T00:00:00.000000001Z"},
		{"2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00Z"},
		{"2026-01-01T00:00:00.5+05:30", "2026-01-01T00:00:00.500+05:30", "2025-12-31T18:30:00.500Z"},
		{"2026-01-01T00:00:00-23:59", "2026-01-01T00:00:00-23:59", "2026-01-01T23:59:00Z"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
		{"2024-02-29T12:34:56Z", "2024-02-29T12:34:56Z", "2024-02-29T12:34:56Z"},
	} {
		read, err := readDate(&strictjson.Value{Kind: strictjson.String, Text: c.spelt}, "a date")
		require.NoError(t, err, c.spelt)
		assert.Equal(t, c.printed, read.print(), c.spelt)
		assert.Equal(t, c.utc, read.printUTC(), c.spelt)
	}
}

func TestADateHasOneSpelling(t *testing.T) {
	for _, spelt := range []string{
		"", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-01-01 00:00:00Z", "2026-01-01t00:00:00Z", "2026-01-01T00:00:00z",
		" 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ", "+2026-01-01T00:00:00Z", "2026-1-001T00:00:00Z", "2026-01-01T0:00:000Z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.0000000000Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00,5678Z", "2026-01-01T00:00:00,5+1:00",
		"2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-24:00", "2026-01-01T00:00:00+23:60", "2026-01-01T00:00:00+99:99",
		"2026-01-01T00:00:00+0530", "2026-01-01T00:00:00+05", "2026-01-01T00:00:00+5:300", "2026-01-01T00:00:00\u221205:00", "2026-01-01T00:00:00Z+00:00",
		"2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2025-02-29T00:00:00Z", "0000-01-01T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T23:59:60Z", "٢٠٢٦-01-01T00:00:00Z",
	} {
		_, err := readDate(&strictjson.Value{Kind: strictjson.String, Text: spelt}, "a date")
		assert.ErrorContains(t, err, "RFC 3339", "%q", spelt)
	}
	for _, v := range []*strictjson.Value{nil, {Kind: strictjson.Null}, {Kind: strictjson.Number, Text: "2026"}} {
		_, err := readDate(v, "a date")
		assert.ErrorContains(t, err, "a date is not a date")
	}
}

func TestAnOffsetIsASignHoursAndMinutes(t *testing.T) {
	for text, want := range map[string]bool{
		"+00:00": true, "-00:01": true, "+05:30": true, "-23:59": true, "+23:59": true,
		"": false, "Z": false, "-00:00": false, "05:30": false, " 05:30": false, "x05:30": false, "+5:30": false, "+05:3": false,
		"+0530": false, "+05:300": false, "+24:00": false, "+23:60": false, "+05 30": false, "+0a:30": false,
	} {
		assert.Equal(t, want, isOffset(text), "%q", text)
	}
}

func TestAShapeTellsDigitsFromTheRest(t *testing.T) {
	const shape = "00-T0"
	for text, want := range map[string]bool{
		"09-T5": true, "90-T0": true,
		"": false, "09-T": false, "09-T55": false, "0/-T5": false, "0:-T5": false, "09+T5": false, "0905T": false, "09-TT": false, "09-t5": false, "0a-T5": false,
		"0--T5": false, "095T5": false,
	} {
		assert.Equal(t, want, hasShape(text, shape), "%q", text)
	}
}
