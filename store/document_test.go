package store_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestANumberIsBoundedAsItIsWrittenOut(t *testing.T) {
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
