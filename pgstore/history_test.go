package pgstore_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const (
	patience = 10 * time.Second
	tick     = 5 * time.Millisecond
)

// A column may hold times that no document can: they are returned as the
// nearest ones that it can.
func TestHistory_InfiniteTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`insert into registry_event (id, action, address, created_at, data, community_id) values
		(1, 'SCU', $1, '-infinity', '{}', 1), (2, 'SCU', $1, '4000-01-01 BC', '{}', 1),
		(3, 'SCU', $1, '100000-01-01', '{}', 1), (4, 'LDP', $1, 'infinity', '{}', 1)`, alice)
	w.exec(`insert into registry_hashscorerlink (hash, address, expires_at, community_id) values ('n1', $1, 'infinity', 1), ('n2', $1, '-infinity', 1)`, alice)
	w.exec(`insert into ceramic_cache_ceramiccache (type, address, provider, stamp, updated_at, compose_db_save_status, compose_db_stream_id, proof_value)
		values (1, $1, 'Google', '{}', 'infinity', '', '', ''), (1, $1, 'Ens', '{}', '-infinity', '', '', '')`, alice)
	first := time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	for name, open := range storeModes() {
		t.Run(name, func(t *testing.T) {
			s := open(t, w.url)
			events, err := s.ListEvents(t.Context(), 1, alice, store.Page{Limit: 10})
			require.NoError(t, err)
			var times []time.Time
			for _, event := range events {
				times = append(times, event.At)
			}
			assert.Equal(t, []time.Time{last, last, first, first}, times)

			event, err := s.ScoreAt(t.Context(), 1, alice, noon)
			require.NoError(t, err)
			assert.EqualValues(t, 2, event.ID)

			claims, err := s.ListClaims(t.Context(), 1, alice)
			require.NoError(t, err)
			assert.Equal(t, []store.Claim{
				{Nullifier: "n1", Holder: store.Holder{Address: alice, ExpiresAt: last}}, {Nullifier: "n2", Holder: store.Holder{Address: alice, ExpiresAt: first}},
			}, claims)

			page, err := s.ListCredentials(t.Context(), alice, store.Page{Limit: 2})
			require.NoError(t, err)
			assert.Equal(t, []time.Time{first, last}, []time.Time{page.Credentials[0].UpdatedAt, page.Credentials[1].UpdatedAt})
		})
	}
}

// The history of an address must be read by index, from tables that are large.
func TestHistory_Indexes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`insert into registry_event (action, address, created_at, data, community_id)
		select (array['SCU', 'LDP', 'FDP'])[1 + n % 3], '0x' || lpad(to_hex(n % 2000), 40, '0'), now(), '{}', 1 + n % 2 from generate_series(1, 60000) n`)
	w.exec(`insert into registry_hashscorerlink (hash, address, expires_at, community_id)
		select 'n' || n, '0x' || lpad(to_hex(n % 2000), 40, '0'), now(), 1 + n % 2 from generate_series(1, 20000) n`)
	w.exec(`insert into ceramic_cache_ceramiccache (type, address, provider, stamp, updated_at, compose_db_save_status, compose_db_stream_id, proof_value, deleted_at)
		select 1, '0x' || lpad(to_hex(n % 2000), 40, '0'), 'p' || n, '{}', now(), '', '', '', case n % 7 when 0 then now() end from generate_series(1, 20000) n`)
	w.exec("analyze")
	s := newStore(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 1 }))
	const address = "0x0000000000000000000000000000000000000011"
	for _, page := range []store.Page{{Limit: 5}, {Limit: 5, Before: 15000}, {Limit: 5, After: 5000}} {
		events, err := s.ListEvents(t.Context(), 2, address, page)
		require.NoError(t, err)
		assert.Len(t, events, 5)
		credentials, err := s.ListCredentials(t.Context(), address, page)
		require.NoError(t, err)
		assert.Len(t, credentials.Credentials, 5)
	}
	_, err := s.ScoreAt(t.Context(), 2, address, future)
	require.NoError(t, err)
	read := func(columns string) int {
		n, err := strconv.Atoi(w.value(`select min(` + columns + `) from pg_stat_user_tables
			where relname in ('registry_event', 'registry_hashscorerlink', 'ceramic_cache_ceramiccache')`))
		require.NoError(t, err)
		return n
	}
	// A session reports its reads with the first query after a second.
	require.Eventually(t, func() bool {
		claims, err := s.ListClaims(t.Context(), 2, address)
		return assert.NoError(t, err) && assert.Len(t, claims, 10) && read("idx_scan") > 0
	}, patience, 50*time.Millisecond)
	assert.Less(t, -read("-(seq_tup_read + idx_tup_fetch)"), 5000)
	entries, err := strconv.Atoi(w.value(`select sum(idx_tup_read) from pg_stat_user_indexes
		where relname in ('registry_event', 'registry_hashscorerlink', 'ceramic_cache_ceramiccache')`))
	require.NoError(t, err)
	assert.Less(t, entries, 5000)
}
