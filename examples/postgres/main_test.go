package main

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestAWalletSignsUpAndIsScoredOrNeither(t *testing.T) {
	const wallet = "0xA11CE0A11CE0A11CE0A11CE0A11CE0A11CE0A11C"
	pool, err := pgxpool.New(t.Context(), pgtest.NewEmpty(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	count := func(table string) (n int) {
		require.NoError(t, pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n))
		return n
	}

	_, err = signUp(t.Context(), pool, wallet)
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)
	assert.Zero(t, count("signups"), "not scored, not signed up")

	_, err = pool.Exec(t.Context(), `
		insert into auth_user (id, username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
		values (1, 'host', '', false, '', '', '', false, true, now());
		insert into account_account (id, address, user_id) values (1, '', 1);
		insert into scorer_weighted_scorer (id, type, exclude_from_weight_updates) values (1, 'WEIGHTED_BINARY', false);
		insert into scorer_weighted_binaryweightedscorer (scorer_ptr_id, weights, threshold) values (1, '{"Google": "1.5"}', 1);
		insert into account_community (id, name, description, account_id, scorer_id, rule, human_points_program)
		values (1, 'One', '', 1, 1, 'LIFO', false)`)
	require.NoError(t, err)

	result, err := signUp(t.Context(), pool, wallet)
	require.NoError(t, err)
	assert.Equal(t, "0", result.Score.String())
	assert.Equal(t, 1, count("signups"))
	assert.Equal(t, 1, count("registry_score"))

	_, err = pool.Exec(t.Context(), `
		create function refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;
		create constraint trigger refuse after insert on signups deferrable initially deferred for each row execute function refuse()`)
	require.NoError(t, err)
	result, err = signUp(t.Context(), pool, "0xB0B00B0B00B0B00B0B00B0B00B0B00B0B00B0B00")
	require.ErrorContains(t, err, "not today", "when all of it commits")
	assert.Nil(t, result, "a score that is not there must not be shown")
	assert.Equal(t, 1, count("registry_score"))

	_, err = signUp(t.Context(), pool, wallet)
	require.Error(t, err, "it has signed up already")
	assert.Equal(t, 1, count("registry_event"), "so it is not scored again")
}
