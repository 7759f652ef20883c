package pgstore_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
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

// A scoring of a wallet must also be two for any number of linked ones.
func TestScore_RoundTripsOfGroup(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRivals(t, passport.WithGroups(group{alice, bob, carol}, passport.FailScoring))
			for _, address := range []string{alice, bob, carol} {
				r.stamp(address, "account of "+address, "Google", "Github")
			}
			var trips atomic.Int64
			pool := r.newPool(execMode(mode), func(c *pgxpool.Config) { c.MaxConns = 1 }, pgtest.CountTrips(&trips))
			engine := r.engine.On(newStore(pool))
			for n := range 8 {
				before := trips.Load()
				result, err := engine.Score(t.Context(), 1, []string{alice, bob, carol}[n%3])
				require.NoError(t, err)
				require.Len(t, result.Linked.Members, 3)
				if n > 2 { // the first prepare their statements
					assert.EqualValues(t, 2, trips.Load()-before)
				}
			}
		})
	}
}

// group is a source of groups with one.
type group []passport.Address

// GroupsOf implements [passport.Groups].
func (g group) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	groups := make([]passport.Group, len(addresses))
	for i, address := range addresses {
		if slices.Contains(g, address) {
			groups[i].Wallets = g
		}
	}
	return groups, nil
}

func requireTwoRoundTrips(t *testing.T, w *world, mode pgx.QueryExecMode, stamps int) {
	t.Helper()
	var trips atomic.Int64
	pool := w.newPool(execMode(mode), func(c *pgxpool.Config) {
		c.MaxConns = 1
	}, pgtest.CountTrips(&trips))
	issuer := passporttest.NewIssuer()
	s := newStore(pool)
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
