package pgstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// A scoring must be two round trips for any number of stamps.
func TestScore_RoundTrips(t *testing.T) {
	t.Parallel()
	for mode, stamps := range map[pgx.QueryExecMode]int{
		pgx.QueryExecModeCacheStatement: 3,
		pgx.QueryExecModeExec:           20,
		pgx.QueryExecModeSimpleProtocol: 1,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			requireTwoRoundTrips(t, newWorld(t), mode, stamps)
		})
	}
}

func requireTwoRoundTrips(t *testing.T, w *world, mode pgx.QueryExecMode, stamps int) {
	t.Helper()
	var trips atomic.Int64
	pool := w.newPool(execMode(mode), func(c *pgxpool.Config) {
		c.MaxConns = 1
	}, pgtest.CountTrips(&trips))
	issuer := passporttest.NewIssuer()
	s := pgstore.New(pool)
	engine, err := passport.New(s, passport.WithTrustedIssuers(issuer.DID()), passport.WithHumanPoints(passport.HumanPoints{}))
	require.NoError(t, err)
	address := passporttest.Address("alice")
	for i := range stamps {
		signed, err := issuer.Issue(address, fmt.Sprintf("Provider%02d", i), "account")
		require.NoError(t, err)
		stamp, err := passport.ReadCredential(signed)
		require.NoError(t, err)
		require.NoError(t, s.AddCredentials(t.Context(), store.Address(address), stamp))
	}
	score := func() int64 {
		before := trips.Load()
		result, err := engine.Score(t.Context(), 1, address)
		require.NoError(t, err)
		require.Len(t, result.Stamps, stamps)
		return trips.Load() - before
	}
	score() // the first prepares its statements, and the second those for what it knows
	score()
	for range 5 {
		assert.EqualValues(t, 2, score())
	}
}
