package passport

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The reference's arithmetic is the specification: testdata/decimals.py wrote
// these sums with it.
func TestDecimalAddsAndPrintsAsTheReferenceDoes(t *testing.T) {
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

func TestParseDecimalRefusesWhatIsNotAFiniteDecimal(t *testing.T) {
	for _, text := range []string{
		"", " ", "abc", "1,5", "1_000", " 1", "1 ", "0x10", "--1", "1e", "NaN", "sNaN", "Infinity", "-inf",
		"1e101", "1e-101", "1e999999999", "1e99999999999999999999", "null", "١",
	} {
		_, err := ParseDecimal(text)
		require.Error(t, err, "%q", text)
	}
	_, err := ParseDecimal(string(make([]byte, 1000)))
	assert.ErrorContains(t, err, "1000 characters")
}

func TestDecimalWritesJSONNumbersAsTheReferenceDoes(t *testing.T) {
	for text, want := range map[string]string{
		"2.0": "2.0", "0.75": "0.75", "1": "1.0", "2.5000": "2.5", "0": "0.0", "-0": "0.0", "-0.00": "0.0", "0e5": "0.0", "1e2": "100.0", "-0.50": "-0.5", "1e-7": "0.0000001",
	} {
		d, err := ParseDecimal(text)
		require.NoError(t, err)
		assert.Equal(t, want, d.jsonNumber())
		assert.True(t, json.Valid([]byte(d.jsonNumber())))
	}
}

func TestDecimalTravelsThroughJSONExactly(t *testing.T) {
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

func TestTheZeroDecimalIsZero(t *testing.T) {
	var zero Decimal
	assert.Equal(t, "0", zero.String())
	assert.Equal(t, "0.00000", zero.Fixed(5))
	assert.Zero(t, zero.Sign())
}
