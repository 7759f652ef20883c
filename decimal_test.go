package passport

import (
	"cmp"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testdata/decimals.py wrote these sums with the service's arithmetic.
func TestDecimal_Sum(t *testing.T) {
	document, err := os.ReadFile("testdata/decimals.json")
	require.NoError(t, err)
	var cases []struct {
		Terms      []string
		Sum, Fixed string
	}
	require.NoError(t, json.Unmarshal(document, &cases))
	require.Len(t, cases, 424)

	for _, c := range cases {
		var sum Decimal
		for _, term := range c.Terms {
			d, err := ParseDecimal(term)
			require.NoError(t, err)
			sum, err = sum.add(d)
			require.NoError(t, err)
		}
		assert.Equal(t, c.Sum, sum.String(), "sum of %v", c.Terms)
		assert.Equal(t, c.Fixed, sum.Fixed(5), "fixed sum of %v", c.Terms)
	}
}

func TestParseDecimal_Errors(t *testing.T) {
	for _, text := range []string{
		"", " ", "abc", "1,5", "1_000", " 1", "1 ", "0x10", "--1", "1e", "NaN", "sNaN", "Infinity", "-inf",
		"1e101", "1e-101", "1e999999999", "1e99999999999999999999", "null", "١",
	} {
		_, err := ParseDecimal(text)
		require.ErrorIs(t, err, ErrInvalidDecimal, "%q", text)
	}
	for text, want := range map[string]string{
		strings.Repeat("1", 101): "invalid decimal: 101 characters, at most 100",
		"twelve":                 `invalid decimal: "twelve"`,
		"NaN":                    `invalid decimal: "NaN"`,
		"1e101":                  "invalid decimal: the exponent of 1e101 is beyond ±100",
		"0.1e-100":               "invalid decimal: the exponent of 0.1e-100 is beyond ±100",
	} {
		_, err := ParseDecimal(text)
		require.EqualError(t, err, want)
	}
}

func TestParseDecimal_Bounds(t *testing.T) {
	for _, text := range []string{strings.Repeat("9", 100), "1e100", "1e-100", "0.1e-99", "-0", "+1", ".5", "5."} {
		_, err := ParseDecimal(text)
		require.NoError(t, err, text)
	}
}

func TestDecimal_Fixed(t *testing.T) {
	for _, c := range []struct {
		text   string
		places uint8
		want   string
	}{
		{"2.5", 5, "2.50000"},
		{"0", 10, "0.0000000000"},
		{"1e-100", 5, "0.00000"},
		{"1e-10", 10, "0.0000000001"},
		{"1e3", 0, "1000"},
		{"0.5", 0, "0"},
		{"1.5", 0, "2"},
		{"-2.000005", 5, "-2.00000"},
		{strings.Repeat("9", 96) + "e100", 255, strings.Repeat("9", 96) + strings.Repeat("0", 100) + "." + strings.Repeat("0", 255)},
	} {
		d, err := ParseDecimal(c.text)
		require.NoError(t, err)
		assert.Equal(t, c.want, d.Fixed(c.places), "%s with %d places", c.text, c.places)
	}
}

func TestDecimal_Cmp(t *testing.T) {
	rising := []string{"-1e100", "-2", "-0.5", "0", "1e-100", "0.5", "2", "1e100"}
	for i, text := range rising {
		d, err := ParseDecimal(text)
		require.NoError(t, err)
		assert.Equal(t, cmp.Compare(i, 3), d.Sign(), text)
		for k, other := range rising {
			o, err := ParseDecimal(other)
			require.NoError(t, err)
			assert.Equal(t, cmp.Compare(i, k), d.Cmp(o), "%s and %s", text, other)
		}
	}
	one, err := ParseDecimal("1")
	require.NoError(t, err)
	alsoOne, err := ParseDecimal("1.000")
	require.NoError(t, err)
	assert.Zero(t, one.Cmp(alsoOne), "the scale makes no difference")
}

func TestDecimal_JSONNumber(t *testing.T) {
	for text, want := range map[string]string{
		"2.0": "2.0", "0.75": "0.75", "1": "1.0", "2.5000": "2.5", "0": "0.0", "-0": "0.0", "-0.00": "0.0", "0e5": "0.0", "1e2": "100.0", "-0.50": "-0.5", "1e-7": "0.0000001",
	} {
		d, err := ParseDecimal(text)
		require.NoError(t, err)
		assert.Equal(t, want, d.jsonNumber())
		assert.True(t, json.Valid([]byte(d.jsonNumber())))
	}
}

func TestDecimal_JSON(t *testing.T) {
	d, err := ParseDecimal("0.10000000000000000000000000007")
	require.NoError(t, err)
	document, err := json.Marshal(d)
	require.NoError(t, err)
	assert.JSONEq(t, `"0.10000000000000000000000000007"`, string(document))

	var back Decimal
	require.NoError(t, json.Unmarshal(document, &back))
	assert.Zero(t, d.Cmp(back))
	require.Error(t, json.Unmarshal([]byte(`"x"`), &back))
	assert.Zero(t, d.Cmp(back), "a failed read leaves the value alone")
}

func TestDecimal_Zero(t *testing.T) {
	var zero Decimal
	assert.Equal(t, "0", zero.String())
	assert.Equal(t, "0.00000", zero.Fixed(5))
	assert.Zero(t, zero.Sign())
}

func TestDecimal_UnmarshalText(t *testing.T) {
	for text, fits := range map[string]bool{
		strings.Repeat("1", 400): true, strings.Repeat("1", 401): false, "1e300": true, "1e301": false, "1e-300": true, "1e-301": false, "NaN": false,
	} {
		var d Decimal
		assert.Equal(t, fits, d.UnmarshalText([]byte(text)) == nil, text)
	}
}
