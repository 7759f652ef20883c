package pgstore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// The tests of this file are about the rows that ListAddresses finds among
// others, and about how many it reads.

// listing is a world with a store, and the names of the statements that it
// sends.
type listing struct {
	*world

	store  *pgstore.Store
	tracer *textTracer
}

func newListing(t *testing.T) *listing {
	t.Helper()
	l := &listing{world: newWorld(t), tracer: &textTracer{}}
	l.store = newStore(l.newPool(func(c *pgxpool.Config) { c.MaxConns, c.ConnConfig.Tracer = 1, l.tracer }))
	return l
}

// stamps gives each address of the query a credential.
func (l *listing) stamps(addresses string, args ...any) {
	l.tb.Helper()
	l.exec(`insert into ceramic_cache_ceramiccache (address, provider, stamp, updated_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
		select a, 'Google', '{}', now(), 1, '', '', '' from (`+addresses+`) as of (a)`, args...)
}

// scores gives each address of the query a score of noon in a community.
func (l *listing) scores(community int, addresses string, args ...any) {
	l.tb.Helper()
	l.exec(fmt.Sprintf(`insert into registry_passport (address, community_id) select a, %d from (%s) as of (a)`, community, addresses), args...)
	l.exec(`insert into registry_score (passport_id, status, score, last_score_timestamp, expiration_date)
		select p.id, 'DONE', 1, '2030-06-01 12:00 UTC', '2031-06-01 12:00 UTC' from registry_passport p
		where not exists (select from registry_score s where s.passport_id = p.id)`)
}

// list returns the addresses of community 1, and how often each statement that
// lists some was sent.
func (l *listing) list(q store.AddressQuery) (listed []store.Address, sent map[string]int) {
	l.tb.Helper()
	l.tracer.texts = nil
	q.Community = 1
	listed, err := l.store.ListAddresses(l.tb.Context(), q)
	require.NoError(l.tb, err)
	sent = map[string]int{}
	for _, text := range l.tracer.texts {
		if name, is := strings.CutPrefix(text, "-- name: list_"); is {
			name, _, _ = strings.Cut(name, "\n")
			sent[name]++
		}
	}
	return listed, sent
}

var (
	stale    = store.AddressQuery{ScoredBefore: future, Limit: 100}
	expiring = store.AddressQuery{ExpiringBefore: future, Limit: 100}
	stamped  = store.AddressQuery{Limit: 100}
)

// The page is the first rows of the walk, so the planner must not make a join
// of it, which can have another order.
func TestListAddresses_Order(t *testing.T) {
	t.Parallel()
	l := newListing(t)
	addresses := `select '0x' || rpad(md5(n::text), 40, '0') from generate_series(1, 3) n`
	l.stamps(addresses)
	l.scores(1, addresses)
	l.exec("analyze")
	for q, arguments := range map[*store.AddressQuery]string{
		&stamped: "'0x', 2, 4000",
		&stale:   "'0x', 2, 4000, 1, '2040-01-01', null",
	} {
		listed, _ := l.list(*q)
		require.Len(t, listed, 3)
		l.tracer.texts = slices.DeleteFunc(l.tracer.texts, func(text string) bool { return !strings.HasPrefix(text, "-- name: list_") })
		require.NotEmpty(t, l.tracer.texts)
		conn, err := l.pool.Acquire(t.Context())
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "prepare listing as "+l.tracer.texts[0])
		require.NoError(t, err)
		explained, err := conn.Query(t.Context(), "explain (costs off) execute listing("+arguments+")")
		require.NoError(t, err)
		plan, err := pgx.CollectRows(explained, pgx.RowTo[string])
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "deallocate listing")
		require.NoError(t, err)
		conn.Release()
		_, page, found := strings.Cut(strings.Join(plan, "\n"), "CTE page")
		require.True(t, found)
		page, _, found = strings.Cut(page, "->  Append")
		require.True(t, found)
		assert.Contains(t, page, "CTE Scan on walk")
		assert.NotContains(t, page, "Semi Join")
		assert.NotContains(t, page, "Aggregate")
	}
}

// Danish has "aa" behind "f". The rows in between are other programs'.
func TestListAddresses_OddRows(t *testing.T) {
	t.Parallel()
	l := newListing(t)
	var want []store.Address
	for _, digits := range []string{"0", "0aa", "2", "aa", "ab", "f0", "ff"} {
		want = append(want, store.Address("0x"+digits+strings.Repeat("0", 40-len(digits))))
	}
	for _, table := range []string{"ceramic_cache_ceramiccache", "registry_passport"} {
		l.exec(`alter table ` + table + ` alter column address type varchar(100) collate "da-x-icu"`)
	}
	odd := `select '0x5A' || lpad(n::text, 38, '0') from generate_series(1, 9000) n
		union all select unnest(array[null, '', '0x', '0x1', 'alice', '0y', 'å', repeat('0x', 21), repeat('0x2', 30), upper($1)])`
	for _, rows := range []string{odd, `select unnest($1::text[])`} {
		arg := any("0x" + strings.Repeat("ab", 20))
		if rows != odd {
			arg = reversed(want)
		}
		l.stamps(rows, arg)
		l.scores(1, rows, arg)
	}
	for _, c := range []struct {
		q    store.AddressQuery
		sent map[string]int
	}{
		{stamped, map[string]int{"stamped_addresses": 3}},
		{stale, map[string]int{"scored_addresses": 1, "few_scored_addresses": 1}},
		{expiring, map[string]int{"scored_addresses": 1, "few_scored_addresses": 1}},
	} {
		listed, sent := l.list(c.q)
		assert.Equal(t, want, listed, "%+v", c.q)
		assert.Equal(t, c.sent, sent)
		c.q.Limit, c.q.After = 1, want[2]
		listed, _ = l.list(c.q)
		assert.Equal(t, want[3:4], listed)
		c.q.After = want[6]
		listed, _ = l.list(c.q)
		assert.Empty(t, listed)
	}
}

func reversed[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

func TestListAddresses_OddScores(t *testing.T) {
	t.Parallel()
	l := newListing(t)
	numbered := func(n int) store.Address { return store.Address(fmt.Sprintf("0x%040x", n)) }
	for n, change := range []string{
		1: `last_score_timestamp = 'infinity', expiration_date = 'infinity'`,
		2: `last_score_timestamp = '-infinity', expiration_date = '-infinity'`,
		3: `status = null, last_score_timestamp = 'infinity', expiration_date = null`,
		4: `status = 'BULK_PROCESSING', last_score_timestamp = 'infinity'`,
		5: `last_score_timestamp = null, expiration_date = null`,
	} {
		if n > 0 {
			l.scores(1, `select $1`, numbered(n))
			l.exec(`update registry_score set `+change+` where passport_id = (select id from registry_passport where address = $1)`, numbered(n))
		}
	}
	l.exec(`insert into registry_passport (address, community_id) values ($1, 1), ($1, null)`, numbered(9)) // without a score
	listed, _ := l.list(stale)
	assert.Equal(t, []store.Address{numbered(2), numbered(3), numbered(4), numbered(5)}, listed)
	listed, _ = l.list(expiring)
	assert.Equal(t, []store.Address{numbered(2), numbered(4)}, listed)
}

// The addresses of a community with very many are looked at once, whatever is
// selected of them.
func TestListAddresses_Many(t *testing.T) {
	t.Parallel()
	l := newListing(t)
	l.scores(1, `select '0x' || lpad(to_hex(n), 40, '0') from generate_series(1, 50001) n`)
	last := store.Address(fmt.Sprintf("0x%040x", 50001))
	l.exec(`update registry_score set last_score_timestamp = null where passport_id = (select id from registry_passport where address = $1)`, last)
	listed, sent := l.list(store.AddressQuery{ScoredBefore: noon.AddDate(-1, 0, 0), Limit: 2})
	assert.Equal(t, []store.Address{last}, listed)
	assert.Equal(t, map[string]int{"scored_addresses": 13, "few_scored_addresses": 1}, sent)
}

// A page must not cost more in a large table, with no statistics, or with those
// of a time when the community had no scores.
func TestListAddresses_Reads(t *testing.T) {
	t.Parallel()
	l := newListing(t)
	others := `select '0x' || md5(n::text) || '00000000' from generate_series(1, 20000) n`
	l.stamps(others)
	l.scores(2, others)
	few := `select '0x' || md5(n::text) || '00000000' from generate_series(1, 20000, 1000) n`
	half := store.Address("0x8" + strings.Repeat("0", 39))
	for _, statistics := range []string{"none", "old", "new"} {
		switch statistics {
		case "none":
			l.scores(1, few)
		case "old":
			l.exec(`delete from registry_score where passport_id in (select id from registry_passport where community_id = 1)`)
			l.exec(`delete from registry_passport where community_id = 1`)
			l.exec(`vacuum analyze`)
			l.scores(1, few)
		case "new":
			l.exec(`analyze`)
		}
		for q, most := range map[store.AddressQuery]int{
			{Limit: 50}:                                     100,
			{Limit: 50, After: half}:                        100,
			{Limit: 2, ScoredBefore: future}:                10_000, // of 60,000
			{Limit: 2, ExpiringBefore: future, After: half}: 10_000,
		} {
			q.Community = 1
			inOrder, byIndex := l.reads(func(s *pgstore.Store) {
				listed, err := s.ListAddresses(t.Context(), q)
				require.NoError(t, err)
				assert.Len(t, listed, q.Limit)
			})
			assert.Zero(t, inOrder, "statistics %s: %+v", statistics, q)
			assert.LessOrEqual(t, byIndex, most, "statistics %s: %+v", statistics, q)
		}
	}
}

// reads returns how many rows a call in a transaction reads from whole tables
// and by indexes.
func (l *listing) reads(call func(s *pgstore.Store)) (inOrder, byIndex int) {
	l.tb.Helper()
	ctx := l.tb.Context()
	tx, err := l.pool.Begin(ctx)
	require.NoError(l.tb, err)
	defer func() { require.NoError(l.tb, tx.Rollback(ctx)) }()
	count := func() (inOrder, byIndex int) {
		require.NoError(l.tb, tx.QueryRow(ctx, `select sum(seq_tup_read), sum(idx_tup_fetch) from pg_stat_xact_user_tables
			where relname in ('ceramic_cache_ceramiccache', 'registry_passport', 'registry_score')`).Scan(&inOrder, &byIndex))
		return inOrder, byIndex
	}
	seqBefore, idxBefore := count() // of earlier transactions, which are reported later
	call(l.store.InTx(tx))
	inOrder, byIndex = count()
	return inOrder - seqBefore, byIndex - idxBefore
}
