package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// Tests of a host may share one database, each in a transaction of its own.
func TestWorld_InTx(t *testing.T) {
	t.Parallel()
	pool, err := pgstore.OpenPool(t.Context(), pgtest.New(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	weights := passporttest.Weights{"Google": "1.5"}
	host := func(t *testing.T) {
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		defer tx.Rollback(t.Context())
		world := passporttest.NewWorld(t, passporttest.On(pgstore.New(pool).InTx(tx)), weights)
		world.Stamp(alice, "Google", "account-1")
		world.Faults.FailApply(1, store.ErrConflict)
		result := world.MustScore(alice)
		assert.Equal(t, "1.5", result.Score.String())
		assert.Equal(t, world.Clock.Now(), result.ScoredAt)
		assert.Equal(t, 2, world.Faults.Applies())
	}
	t.Run("a test", host)
	t.Run("another one", host)
	page, err := newStore(pool).ListCredentials(t.Context(), alice, store.Page{Limit: 1})
	require.NoError(t, err)
	assert.Empty(t, page.Credentials, "nothing of it was committed")
}
