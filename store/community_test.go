package store_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestAGoodCommunityIsValid(t *testing.T) {
	overlay := map[string]string{
		"AllowList#" + strings.Repeat("é", 100): "-999.9999", strings.Repeat("é", 256): "1e2", "a": ".5", "b": "5.", "c": "+0.00004E+00", "d": "0e99",
	}
	for _, c := range []store.Community{
		{ID: 1},
		{ID: math.MaxInt64, Name: strings.Repeat("名", 100), ExternalID: strings.Repeat("名", 42), Rule: "FIFO", Scorer: "WEIGHTED"},
		{ID: 1, Threshold: "99999.9999949999", Weights: []byte(`"not for the store to judge"`), Overlay: overlay},
	} {
		require.NoError(t, c.Validate())
	}
}

func TestBadCommunitiesAreRefused(t *testing.T) {
	overlay := func(provider, weight string) store.Community {
		return store.Community{ID: 1, Overlay: map[string]string{provider: weight}}
	}
	for _, test := range []struct {
		name      string
		community store.Community
		want      string
	}{
		{"no id", store.Community{}, "its id is not above 0"},
		{"negative id", store.Community{ID: -1}, "its id is not above 0"},
		{"negative account", store.Community{ID: 1, Account: -1}, "account -1 is below 0"},
		{"overlong name", store.Community{ID: 1, Name: strings.Repeat("n", 101)}, "the name of a community has 101 characters"},
		{"NUL in the rule", store.Community{ID: 1, Rule: "\x00"}, "the rule of a community holds a NUL"},
		{"invalid UTF-8 in the external id", store.Community{ID: 1, ExternalID: "\xff"}, "the external id of a community is not valid UTF-8"},
		{"unknown scorer", store.Community{ID: 1, Scorer: "OTHER"}, `scorer "OTHER" is neither`},
		{"weights without a threshold", store.Community{ID: 1, Weights: []byte(`{}`)}, "no threshold"},
		{"weights that are not JSON", store.Community{ID: 1, Weights: []byte(`{`), Threshold: "1"}, "the weights document of a community is not JSON"},
		{"a threshold that is no number", store.Community{ID: 1, Threshold: "high"}, `the threshold of a community, "high", is not a decimal number`},
		{"a threshold out of range", store.Community{ID: 1, Threshold: "100000"}, "out of the range of numeric(10,5)"},
		{"a threshold that is rounded out of range", store.Community{ID: 1, Threshold: "-99999.999995"}, "out of the range of numeric(10,5)"},
		{"a threshold of digits without end", store.Community{ID: 1, Threshold: strings.Repeat("0", 1<<20)}, "at most 100 characters"},
		{"a threshold with an exponent without end", store.Community{ID: 1, Threshold: "1e1000000000"}, "is not a decimal number"},
		{"a fraction", overlay("x", "1/2"), "is not a decimal number"},
		{"hexadecimal", overlay("x", "0x10"), "is not a decimal number"},
		{"underscores", overlay("x", "1_0"), "is not a decimal number"},
		{"white space", overlay("x", " 1"), "is not a decimal number"},
		{"no digit", overlay("x", "."), "is not a decimal number"},
		{"no number at all", overlay("x", ""), "is not a decimal number"},
		{"NaN", overlay("x", "NaN"), "is not a decimal number"},
		{"Infinity", overlay("x", "-Infinity"), "is not a decimal number"},
		{"an overlay for nothing", overlay("", "1"), "the provider of an overlay is empty"},
		{"an overlay for no list", overlay("AllowList#", "1"), "the list of an overlay is empty"},
		{"an overlay for an overlong list", overlay("AllowList#"+strings.Repeat("l", 101), "1"), "has 101 characters"},
		{"an overlay that is no number", overlay("x", "heavy"), `the overlay's weight of "x", "heavy", is not a decimal number`},
		{"an overlay out of range", overlay("x", "1000"), "out of the range of numeric(7,4)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.community.Validate()
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, test.want)
			assert.Less(t, len(err.Error()), 500)
		})
	}
}

func TestACommunityHasDefaults(t *testing.T) {
	given := store.Community{ID: 1, Weights: []byte(" null\n")}
	assert.Equal(t, store.Community{ID: 1, Rule: "LIFO", Scorer: "WEIGHTED_BINARY"}, given.WithDefaults())
	given = store.Community{ID: 1, Rule: "FIFO", Scorer: "WEIGHTED", Weights: []byte(`{}`)}
	assert.Equal(t, given, given.WithDefaults())
}

func TestAnIDIsSpeltInDigits(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "007": 7, "9223372036854775807": math.MaxInt64, "9223372036854775808": 0, "": 0, "-1": 0, "+1": 0, "1\n": 0, "1a1": 0, "١": 0,
		strings.Repeat("9", 1<<20): 0, strings.Repeat("0", 1<<20) + "1": 1,
	} {
		assert.Equal(t, want, store.CommunityID(text), "%.30q", text)
	}
}

func TestNamesOfUsersAndListsAreChecked(t *testing.T) {
	require.NoError(t, store.CheckUsername(strings.Repeat("é", 150)))
	require.NoError(t, store.CheckAddressList("og", address, address))
	for _, err := range []error{
		store.CheckUsername(""), store.CheckUsername(strings.Repeat("n", 151)), store.CheckUsername("\x00"),
		store.CheckAddressList("", address), store.CheckAddressList("og", address, "0x"), store.CheckAddressList(strings.Repeat("l", 101)),
	} {
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}
