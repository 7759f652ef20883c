package passport_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
)

// The sample is the row of a weighted scorer, which had no evidence.
func TestLatest_Sample(t *testing.T) {
	rows, err := os.Open("testdata/reports/score-row-no-evidence.rows.json")
	require.NoError(t, err)
	defer rows.Close()
	mem := memstore.New()
	require.NoError(t, mem.ReadRows(rows))
	engine, err := passport.New(mem, passport.WithTrustedIssuers(passporttest.NewIssuer().DID()))
	require.NoError(t, err)

	latest, err := engine.Latest(t.Context(), 1, "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c")
	require.NoError(t, err)
	assert.Equal(t, "78.762", latest.Score.String())
	assert.Equal(t, "0", latest.Threshold.String())
	assert.True(t, latest.Passing)
	assert.False(t, latest.Outdated)
}
