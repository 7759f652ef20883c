// Package world is a database with communities, an issuer and an engine, for
// tests in which a scoring goes wrong.
package world

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// The communities, all in the human points program. A wallet passes in One with
// 3.5 points, in the others with 1.
const (
	One, Two, Three, Four int64 = 1, 2, 3, 4
)

// Communities are all of them.
func Communities() []int64 { return []int64{One, Two, Three, Four} }

// Limit is the number of capped awards, MM2, that are given at most.
const Limit = 3

// World is a database, reached without anything in between.
type World struct {
	URL    string
	Pool   *pgxpool.Pool
	Store  *pgstore.Store
	Issuer *passporttest.Issuer

	tb testing.TB
}

// New fills the database, which must hold the SDK's schema and nothing else.
// An error, here and in the methods below, ends the test.
func New(tb testing.TB, url string) *World {
	tb.Helper()
	pool, err := pgxpool.New(tb.Context(), url)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	w := &World{URL: url, Pool: pool, Store: pgstore.New(pool), Issuer: passporttest.NewIssuer(), tb: tb}
	for _, id := range Communities() {
		c := store.Community{ID: id, Name: fmt.Sprint("Community ", id), HumanPoints: true, Threshold: "1", Weights: []byte(
			`{"Google": "1.5", "Github": "2", "Discord": 1, "Twitter": "1", "LinkedIn": "1", "TrustedCitizen": "0.5"}`)}
		if id == One {
			c.Threshold = "3.5"
		}
		require.NoError(tb, w.Store.PutCommunity(tb.Context(), c))
	}
	return w
}

// In returns the same world for a part of the test, which ends at an error.
func (w *World) In(tb testing.TB) *World {
	tb.Helper()
	same := *w
	same.tb = tb
	return &same
}

// Engine returns an engine on the store that trusts the issuer and gives
// points.
func (w *World) Engine(on store.Store, options ...passport.Option) *passport.Engine {
	w.tb.Helper()
	capped := passport.MetaMaskOG()
	capped.Limit = Limit
	engine, err := passport.New(on, append([]passport.Option{
		passport.WithTrustedIssuers(w.Issuer.DID()),
		passport.WithHumanPoints(passport.HumanPoints{Capped: capped}),
	}, options...)...)
	require.NoError(w.tb, err)
	return engine
}

// Stamp gives the address a credential, in the place of the one of the provider
// that it has.
func (w *World) Stamp(address, provider, account string, options ...passporttest.CredentialOption) {
	w.tb.Helper()
	signed, err := w.Issuer.Issue(address, provider, account, options...)
	require.NoError(w.tb, err)
	input, err := passport.ReadCredential(signed)
	require.NoError(w.tb, err)
	require.NoError(w.tb, w.Store.AddCredentials(w.tb.Context(), store.Address(address), input))
}

// Limits are the limits of awards, for tables.Check.
func Limits() map[string]int { return map[string]int{passport.MetaMaskOG().Action: Limit} }
