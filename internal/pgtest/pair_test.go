package pgtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

// The standby has the rows of the primary, and can take its place.
func TestNewPair(t *testing.T) {
	pair := pgtest.NewPair(t)
	first, second := pair.New(t)
	const write, read = "insert into registry_humanpointsmultiplier values ('0x01', 2)", "select count(*)::text from registry_humanpointsmultiplier"
	_, err := connect(t, first).Exec(t.Context(), write)
	require.NoError(t, err)
	pair.CatchUp(t)
	assert.Equal(t, "1", query(t, second, read))
	_, err = connect(t, second).Exec(t.Context(), write)
	require.ErrorContains(t, err, "read-only transaction")

	require.NoError(t, pair.Primary.Stop())
	require.NoError(t, pair.Standby.Promote())
	_, err = connect(t, second).Exec(t.Context(), "update registry_humanpointsmultiplier set address = '0x02'")
	require.NoError(t, err)
	assert.Equal(t, "1", query(t, second, read))
}
