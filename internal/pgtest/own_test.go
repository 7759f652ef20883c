package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

// The commits of a server outlive its crash, other writes and connections do
// not.
func TestAServerOfOnesOwnCanCrash(t *testing.T) {
	own := pgtest.NewOwn(t)
	database := own.New(t)
	conn := connect(t, database)
	_, err := conn.Exec(t.Context(), "insert into registry_humanpointsmultiplier values ('0x01', 2)")
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "insert into registry_humanpointsmultiplier values ('0x02', 2)")
	require.NoError(t, err)

	require.NoError(t, own.Stop())
	require.Error(t, conn.Ping(t.Context()))
	_, err = pgx.Connect(t.Context(), database)
	require.Error(t, err)

	require.NoError(t, own.Start())
	assert.Equal(t, "0x01", query(t, database, "select string_agg(address, ' ') from registry_humanpointsmultiplier"))
	require.NoError(t, own.Restart())
	assert.Equal(t, "0x01", query(t, database, "select string_agg(address, ' ') from registry_humanpointsmultiplier"))
}
