package passport

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestParseAddress(t *testing.T) {
	address, err := ParseAddress("0x4902F60229F5138A92DAEC0BF6AFA7B0424C451d")
	require.NoError(t, err)
	assert.Equal(t, Address("0x4902f60229f5138a92daec0bf6afa7b0424c451d"), address)

	for _, text := range []string{
		"", "0x", "0x123", "nonsense", "4902f60229f5138a92daec0bf6afa7b0424c451d", "0X4902f60229f5138a92daec0bf6afa7b0424c451d",
		"0x4902f60229f5138a92daec0bf6afa7b0424c451d00", "0xgggggggggggggggggggggggggggggggggggggggg",
		" 0x4902f60229f5138a92daec0bf6afa7b0424c451d", "0x4902f60229f5138a92daec0bf6afa7b0424c451\x00",
		"0x4902f60229f5138a92daec0bf6afa7b0424c45K", // the Kelvin sign, whose lower case is k
		"0x" + strings.Repeat("é", 20), strings.Repeat("0", 1<<20),
	} {
		_, err := ParseAddress(text)
		require.ErrorIs(t, err, ErrInvalidAddress, "%.60q", text)
		assert.Less(t, len(err.Error()), 400, "an error stays readable whatever the input")
	}
}

func TestParseAddress_Errors(t *testing.T) {
	const digits = "4902f60229f5138a92daec0bf6afa7b0424c451d"
	for text, want := range map[string]string{
		"":                             `"" does not begin with 0x`,
		"0":                            `"0" does not begin with 0x`,
		digits:                         `does not begin with 0x`,
		"0X" + digits:                  `does not begin with 0x`,
		"0x":                           `"0x" is not 0x and 40 hex digits`,
		"0x" + digits + "0":            `is not 0x and 40 hex digits`,
		"0x" + digits[1:]:              `is not 0x and 40 hex digits`,
		"0x" + digits[1:] + "g":        `is not 0x and 40 hex digits`,
		strings.Repeat("0", 100):       `0" does not begin with 0x`,
		strings.Repeat("0", 101):       `101 characters, want 0x and 40 hex digits`,
		"0x" + strings.Repeat("0", 98): `is not 0x and 40 hex digits`,
	} {
		_, err := ParseAddress(text)
		require.ErrorIs(t, err, ErrInvalidAddress)
		require.ErrorContains(t, err, want)
	}
}

func TestScoringError_Kind(t *testing.T) {
	recorded := &ScoringError{Community: 1, Err: errors.New("the recorded text")}
	assert.Equal(t, store.KindUnscorable, store.KindOf(recorded))
}

func FuzzParseAddress(f *testing.F) {
	f.Add("0x4902f60229f5138a92daec0bf6afa7b0424c451d")
	f.Add("0x4902F60229F5138A92DAEC0BF6AFA7B0424C451D")
	f.Add("4902f60229f5138a92daec0bf6afa7b0424c451d")
	f.Add("0x\x00")
	f.Fuzz(func(t *testing.T, text string) {
		address, err := ParseAddress(text)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalidAddress)
			require.Empty(t, address)
			return
		}
		require.True(t, address.Valid())
		require.True(t, strings.EqualFold(text, string(address)))
		again, err := ParseAddress(string(address))
		require.NoError(t, err)
		require.Equal(t, address, again)
	})
}
