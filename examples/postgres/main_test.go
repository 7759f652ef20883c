package main

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	alice = "0xA11CE0A11CE0A11CE0A11CE0A11CE0A11CE0A11C"
	bob   = "0xB0B00B0B00B0B00B0B00B0B00B0B00B0B00B0B00"
)

func TestSignUp(t *testing.T) {
	url := pgtest.New(t)
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	count := func(table string) (n int) {
		require.NoError(t, pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n))
		return n
	}
	run := func(address string, issuers string) (*passport.Result, error) {
		return run(t.Context(), func(name string) string {
			return map[string]string{"PASSPORT_DATABASE_URL": url, "PASSPORT_TRUSTED_ISSUERS": issuers}[name]
		}, address)
	}

	_, err = run(alice, `["`+passport.HumanPassportIssuer+`"]`)
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)

	world := passporttest.NewWorld(t, passporttest.On(pgstore.New(pool)), passporttest.Weights{"Google": "1.5"})
	world.Stamp(alice, "Google", "account-1")
	world.Stamp(bob, "Google", "account-1")
	trusted := `["` + world.Issuer.DID() + `"]`

	_, err = run(alice, `["`+passport.HumanPassportIssuer+`"]`)
	require.ErrorIs(t, err, errRefused, "the issuer of the stamp is not trusted")
	require.EqualError(t, err, "refused: a score of 0, not 1.00000")
	for _, table := range []string{"signups", "registry_score", "registry_hashscorerlink", "registry_event"} {
		assert.Zero(t, count(table), "%s is undone with the refusal", table)
	}

	result, err := run(alice, trusted)
	require.NoError(t, err)
	assert.Equal(t, "1.5", result.Score.String())
	assert.Equal(t, 1, count("signups"))
	assert.Equal(t, 1, count("registry_score"))

	_, err = run(bob, trusted)
	require.ErrorIs(t, err, errRefused, "the account counts for another wallet")

	_, err = run(alice, trusted)
	require.Error(t, err, "it has signed up already")
	assert.Equal(t, 1, count("registry_event"), "so it is not scored again")
}

func TestSignUp_CommitFails(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), pgtest.New(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	_, err = pool.Exec(t.Context(), `
		create table signups (address text, until timestamptz);
		create function refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;
		create constraint trigger refuse after insert on signups deferrable initially deferred for each row execute function refuse()`)
	require.NoError(t, err)
	world := passporttest.NewWorld(t, passporttest.On(pgstore.New(pool)), passporttest.Weights{"Google": "1.5"})
	world.Stamp(alice, "Google", "account-1")
	result, err := signUp(t.Context(), pool, pgstore.New(pool), world.Engine, alice)
	require.ErrorContains(t, err, "not today")
	assert.Nil(t, result, "a score that is not there must not be shown")
}

// A host's test, as the README shows it: each transaction is a database without
// a community, until it is rolled back.
func TestWorld_InTx(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), pgtest.New(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	db, weights := pgstore.New(pool), passporttest.Weights{"Google": "1.5"}
	for range 2 {
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		world := passporttest.NewWorld(t, passporttest.On(db.InTx(tx)), weights)
		world.Stamp(alice, "Google", "account-1")
		assert.True(t, world.MustScore(alice).Passing)
		require.NoError(t, tx.Rollback(t.Context()))
	}
}

func TestRun_Misconfigured(t *testing.T) {
	for want, environment := range map[string]map[string]string{
		"PASSPORT_TRUSTED_ISSUERS is not a JSON list": {},
		"no trusted issuer":                           {"PASSPORT_TRUSTED_ISSUERS": "[]", "PASSPORT_DATABASE_URL": "postgres://127.0.0.1/x"},
		"the connection URL is empty":                 {"PASSPORT_TRUSTED_ISSUERS": `["did:ethr:0x…"]`},
	} {
		_, err := run(t.Context(), func(name string) string { return environment[name] }, alice)
		require.ErrorContains(t, err, want)
	}
}
