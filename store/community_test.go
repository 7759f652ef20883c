package store_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestCommunity_Valid(t *testing.T) {
	customization := map[string]string{
		"AllowList#" + strings.Repeat("é", 100): "-999.9999", strings.Repeat("é", 256): "1e2", "a": ".5", "b": "5.", "c": "+0.00004E+00", "d": "0e99",
	}
	for _, c := range []store.Community{
		{ID: 1},
		{ID: math.MaxInt64, Name: strings.Repeat("名", 100), ExternalID: strings.Repeat("名", 42), Rule: "FIFO", Scorer: "WEIGHTED"},
		{ID: 1, Threshold: "99999.9999949999", Weights: []byte(`"not for the store to judge"`), Customization: customization},
	} {
		require.NoError(t, c.Validate())
	}
}

func TestCommunity_Invalid(t *testing.T) {
	custom := func(provider, weight string) store.Community {
		return store.Community{ID: 1, Customization: map[string]string{provider: weight}}
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
		{"a threshold that is no number", store.Community{ID: 1, Threshold: "high"}, `"high" is not a decimal number`},
		{"a threshold out of range", store.Community{ID: 1, Threshold: "100000"}, "out of the range of numeric(10,5)"},
		{"a threshold that is rounded out of range", store.Community{ID: 1, Threshold: "-99999.999995"}, "out of the range of numeric(10,5)"},
		{"a threshold of digits without end", store.Community{ID: 1, Threshold: strings.Repeat("0", 1<<20)}, "at most 100 characters"},
		{"a threshold with an exponent without end", store.Community{ID: 1, Threshold: "1e1000000000"}, "is not a decimal number"},
		{"a fraction", custom("x", "1/2"), "is not a decimal number"},
		{"hexadecimal", custom("x", "0x10"), "is not a decimal number"},
		{"underscores", custom("x", "1_0"), "is not a decimal number"},
		{"white space", custom("x", " 1"), "is not a decimal number"},
		{"no digit", custom("x", "."), "is not a decimal number"},
		{"no number at all", custom("x", ""), "is not a decimal number"},
		{"NaN", custom("x", "NaN"), "is not a decimal number"},
		{"Infinity", custom("x", "-Infinity"), "is not a decimal number"},
		{"a customization of nothing", custom("", "1"), "the provider of a customization is empty"},
		{"a customization of no list", custom("AllowList#", "1"), "the list of a customization is empty"},
		{"a customization of an overlong list", custom("AllowList#"+strings.Repeat("l", 101), "1"), "has 101 characters"},
		{"a customization that is no number", custom("x", "heavy"), `"heavy" is not a decimal number`},
		{"a customization out of range", custom("x", "1000"), "out of the range of numeric(7,4)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.community.Validate()
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, test.want)
			assert.Less(t, len(err.Error()), 500)
		})
	}
}

func TestCommunity_Stored(t *testing.T) {
	given := store.Community{ID: 1, Weights: []byte(" null\n")}
	stored, err := given.Stored()
	require.NoError(t, err)
	assert.Equal(t, store.Community{ID: 1, Rule: "LIFO", Scorer: store.ScorerBinary, Customization: map[string]string{}}, stored)

	given = store.Community{
		ID: 1, Name: "One", Account: 2, ExternalID: "x", Rule: "FIFO", HumanPoints: true, Scorer: store.ScorerWeighted,
		Weights: []byte(`{"b": 1e1, "a": "0.10"}`), Threshold: "2.000005", Customization: map[string]string{"c": "-.00005"},
	}
	want := given
	want.Weights, want.Threshold = []byte(`{"a":"0.10","b":10}`), "2.00001"
	want.Customization = map[string]string{"c": "-0.0001"}
	stored, err = given.Stored()
	require.NoError(t, err)
	assert.Equal(t, want, stored)
	assert.Equal(t, "-.00005", given.Customization["c"], "the argument is not changed")

	for _, bad := range []store.Community{
		{Weights: []byte(`{`)}, {Threshold: "high"}, {Customization: map[string]string{"c": "1000"}},
	} {
		_, err := bad.Stored()
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}

func TestCommunityID(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "007": 7, "9223372036854775807": math.MaxInt64, "9223372036854775808": 0, "": 0, "-1": 0, "+1": 0, "1\n": 0, "1a1": 0, "١": 0,
		strings.Repeat("9", 1<<20): 0, strings.Repeat("0", 1<<20) + "1": 1,
	} {
		assert.Equal(t, want, store.CommunityID(text), "%.30q", text)
	}
}

func TestCheckNames(t *testing.T) {
	for name, check := range map[string]struct {
		of   func(string) error
		most int
	}{"user": {store.CheckUsername, store.MaxUsername}, "list": {store.CheckListName, store.MaxListName}} {
		require.NoError(t, check.of(strings.Repeat("é", check.most)), name)
		for _, bad := range []string{"", strings.Repeat("n", check.most+1), "\x00", "\xff"} {
			require.ErrorIs(t, check.of(bad), store.ErrInvalid, name)
		}
	}
}
