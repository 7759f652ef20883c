package passport

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestParseAddressKeepsOneForm(t *testing.T) {
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

func TestWhatIsWrongWithAnAddressIsTold(t *testing.T) {
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
		require.True(t, store.ValidAddress(string(address)))
		require.True(t, strings.EqualFold(text, string(address)))
		again, err := ParseAddress(string(address))
		require.NoError(t, err)
		require.Equal(t, address, again)
	})
}

func TestOn_Nil(t *testing.T) {
	engine, err := New(noStore{}, WithTrustedIssuers("did:key:z6Mkj9se6ebKKi6U9wxVuJKfNrVg3TftERczRXZSGf86QPLS"))
	require.NoError(t, err)
	const address = "0x4902f60229f5138a92daec0bf6afa7b0424c451d"
	for name, on := range map[string]Store{"nil": nil, "typed": (*fakeStore)(nil)} {
		engine := engine.On(on)
		_, score := engine.Score(t.Context(), 1, address)
		_, preview := engine.Preview(t.Context(), 1, address)
		_, latest := engine.Latest(t.Context(), 1, address)
		for _, err := range []error{score, preview, latest} {
			require.ErrorIs(t, err, ErrMisconfigured, name)
			require.ErrorContains(t, err, "On got a nil store")
			assert.Equal(t, store.KindMisconfigured, store.KindOf(err))
		}
		_, err := New(on)
		require.ErrorContains(t, err, "the store is nil", name)
	}
}

type fakeStore struct{ noStore }
