package tables_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/tables"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)

// scored is a world in which alice has passed everywhere, and bob has lost a
// stamp to her.
func scored(t *testing.T) *world.World {
	t.Helper()
	w := world.New(t, pgtest.New(t))
	alice, bob := passporttest.Address("alice"), passporttest.Address("bob")
	w.Stamp(alice, "Google", "account")
	w.Stamp(alice, "Github", "account")
	w.Stamp(bob, "Google", "account")
	w.Stamp(bob, "Discord", "account of bob")
	require.NoError(t, w.Store.PutAddressList(t.Context(), "MetaMaskOG2", store.Address(alice), store.Address(bob)))
	score(t, w)
	return w
}

func score(t *testing.T, w *world.World) {
	t.Helper()
	engine := w.Engine(w.Store, passport.WithClock(func() time.Time { return noon }))
	for _, name := range []string{"alice", "bob"} {
		for _, id := range world.Communities() {
			_, err := engine.Score(t.Context(), id, passporttest.Address(name))
			require.NoError(t, err)
		}
	}
}

func broken(t *testing.T, w *world.World) []string {
	t.Helper()
	found, err := tables.Check(t.Context(), w.Pool, world.Limits())
	require.NoError(t, err)
	return found
}

func TestCheck_Breaches(t *testing.T) {
	w := scored(t)
	require.Empty(t, broken(t, w))
	w.Keep()
	for _, breach := range []struct{ notices, sql string }{
		{"a claim is of a scored wallet", `update registry_hashscorerlink set address = '0x' || repeat('0', 40)`},
		{"a wallet holds what it counts", `update registry_hashscorerlink set expires_at = '2031-01-01'`},
		{"a wallet holds what it counts", `delete from registry_hashscorerlink where id = (select min(id) from registry_hashscorerlink)`},
		{"a passport has a score", `delete from registry_score where id = (select min(id) from registry_score)`},
		{"the stamps are those", `delete from registry_stamp where id = (select min(id) from registry_stamp)`},
		{"the stamps are those", `update registry_score set stamps = '{}'`},
		{"the stamps are those", `update registry_score set stamp_scores = '{}'`},
		{"the score is the sum", `update registry_score set score = 1 - score`},
		{"the score is the sum", `update registry_score set evidence = evidence || '{"rawScore": "3.4"}'`},
		{"the newest event has", `update registry_score set expiration_date = now() where expiration_date is not null`},
		{"the newest event has", `update registry_score set last_score_timestamp = now()`},
		{"the newest event has", `delete from registry_event where action = 'SCU'`},
		{"the newest event has", `update registry_event set data = jsonb_set(data, '{pk}', '0') where action = 'SCU'`},
		{"every deduplicated stamp", `delete from registry_event where action = 'LDP'`},
		{"every deduplicated stamp", `insert into registry_event (action, address, created_at, data, community_id)
			select action, address, created_at, data, community_id from registry_event where action = 'LDP'`},
		{"exactly those that have passed", `delete from registry_humanpointscommunityqualifiedusers`},
		{"exactly those that have passed", `insert into registry_humanpointscommunityqualifiedusers (address, community_id) values ('0x', 1)`},
		{"nothing is awarded twice", `insert into registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
			select address, action, provider, 'x', chain_id, timestamp from registry_humanpoints`},
		{"a key is awarded", `delete from registry_humanpoints where action = 'HKY'`},
		{"a key is awarded", `update registry_humanpoints set tx_hash = '' where action = 'HKY'`},
		{"a key is awarded", `insert into registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
			select address, action, 'Twitter', tx_hash, chain_id, timestamp from registry_humanpoints where action = 'HKY' limit 1`},
		{"the bonus is for four", `delete from registry_humanpoints where action = 'SCB'`},
		{"the bonus is for four", `delete from registry_humanpointscommunityqualifiedusers where community_id = 1`},
		{"a limited award stops", `insert into registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
			select n::text, 'MM2', '', '', 0, now() from generate_series(1, 10) n`},
		{"one group claim names a wallet", `insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
			values ('0xa,0xb', '0xa', now(), 1), ('0xb,0xc', '0xc', now(), 1)`},
		{"a merged score has a group claim", `update registry_score set stamps = jsonb_set(stamps, '{Google,source_wallet}', '"0x"')`},
		{"the score is the sum", `insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
			select '0xa,' || address, '0xa', now(), community_id from registry_passport`},
		// The last, because the constraint stays away.
		{"a nullifier has one holder", `alter table registry_hashscorerlink drop constraint registry_hashscorerlink_hash_community_id_ea7e08a6_uniq;
			insert into registry_hashscorerlink (hash, community_id, address, expires_at)
			select hash, community_id, '0x', expires_at from registry_hashscorerlink`},
	} {
		w.Exec(breach.sql)
		found := broken(t, w)
		noticed := func(text string) bool { return strings.HasPrefix(text, breach.notices) }
		assert.True(t, slices.ContainsFunc(found, noticed), "%s\n%q", breach.sql, found)
		w.Restore()
		require.Empty(t, broken(t, w))
	}
}

// Only the ids that the database gives make no difference.
func TestRows(t *testing.T) {
	w := scored(t)
	w.Exec("delete from registry_stamp; delete from registry_score; delete from registry_passport; delete from registry_event")
	w.Keep()
	before := rows(t, w)
	score(t, w)
	once := rows(t, w)
	assert.NotEqual(t, before, once)

	w.Restore()
	assert.Equal(t, before, rows(t, w))
	score(t, w)
	assert.Equal(t, once, rows(t, w))
	score(t, w)
	assert.NotEqual(t, once, rows(t, w), "an event more")
}

func rows(t *testing.T, w *world.World) []string {
	t.Helper()
	all, err := tables.Rows(t.Context(), w.Pool)
	require.NoError(t, err)
	return all
}

func TestLeft(t *testing.T) {
	w := scored(t)
	left := func() []string {
		found, err := tables.Left(t.Context(), w.Pool)
		require.NoError(t, err)
		return found
	}
	require.Empty(t, left())
	tx, err := w.Pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select 1")
	require.NoError(t, err)
	assert.NotEmpty(t, left(), "a transaction that does nothing")
	_, err = tx.Exec(t.Context(), "lock registry_score")
	require.NoError(t, err)
	assert.Contains(t, strings.Join(left(), "\n"), "registry_score")
	require.NoError(t, tx.Rollback(t.Context()))
	assert.Empty(t, left())
}
