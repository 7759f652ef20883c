package pgstore_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// partition partitions the events of the database, with a partition for each
// month from August 2025 to June 2026: the times of the suite's cases.
func partition(t *testing.T, url string, options ...pgstore.Option) {
	t.Helper()
	s, err := pgstore.PartitionEvents(t.Context(), openPool(t, url),
		pgstore.At(pgstore.Partitioning{Ahead: 12}, day(2025, 6, 15)), options...)
	require.NoError(t, err)
	require.Len(t, s.Partitions, 13)
}

// eventCases are the groups of cases that read or write events.
var eventCases = []string{"write", "engine", "history", "forgetting", "forgetting groups", "pruning", "batch"}

// The whole contract holds on a database with partitioned events.
func TestEvents_Suite(t *testing.T) {
	t.Parallel()
	runSuite(t, reused(t, func() emptied {
		url := pgtest.New(t)
		tables := pgtest.NewTables(t, url, "public") // which are those without partitions
		partition(t, url)
		return &harness{onPool(pgx.QueryExecModeCacheStatement)(t, url), tables}
	}), eventCases)
}

// In a schema whose name needs quoting too.
func TestEvents_Schema(t *testing.T) {
	t.Parallel()
	url, inHostile := pgtest.NewEmpty(t), pgstore.WithSchema(hostile)
	db := openPool(t, url)
	require.NoError(t, pgstore.Migrate(t.Context(), db, inHostile))
	partition(t, url, inHostile)
	require.NoError(t, pgstore.CheckSchema(t.Context(), db, inHostile))
	d, err := pgstore.DropEventPartitions(t.Context(), db, day(2026, 1, 1), pgstore.Partitioning{}, inHostile)
	require.NoError(t, err)
	assert.Len(t, d.Partitions, 6)
	require.NoError(t, pgstore.CheckSchema(t.Context(), db, inHostile))
	assert.Empty(t, rows(t, db, `select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace`))
}

// A partition that lacks an index or a key is reported.
func TestEvents_CheckSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partition(t, w.url)
	for change, want := range map[string]string{
		`alter table registry_event_2026_01 drop constraint registry_event_2026_01_pkey`:                                     "table registry_event lacks a unique key on (id)",
		`alter table registry_event_2026_02 drop constraint registry_event_community_id_83e82610_fk_account_community_id`:    "table registry_event lacks a foreign key from (community_id) to account_community",
		`drop index score_history_index; create index on registry_event_2026_01 (action, address, community_id, created_at)`: "table registry_event lacks an index on (action, address, community_id, created_at)",
	} {
		w.exec(change, pgx.QueryExecModeSimpleProtocol)
		assert.ErrorContains(t, pgstore.CheckSchema(t.Context(), w.pool), want)
	}
}

// The rights that a role had go over to the partitioned table.
func TestEvents_Grants(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"score": "grants.sql", "forget": "grants_forget.sql"} {
		t.Run(name, func(t *testing.T) {
			r := newRivals(t, passport.WithGroups(group{alice, bob}, passport.FailScoring))
			as, _, _ := r.withGrants(file)
			partition(t, r.url)
			work := r.scoreWith
			if name == "forget" {
				live(r)
				work = r.forgetWith
			} else {
				r.exec(`insert into account_addresslist (id, name) values (1, 'MetaMaskOG2')`)
				r.exec(`insert into account_addresslistmember (address, list_id) select $1, 1`, alice)
			}
			require.NoError(t, work(as))
		})
	}
}

// fillMonths adds events of 500 wallets, one for each and action in a month.
func (w *world) fillMonths(from time.Time, months int) {
	w.tb.Helper()
	w.exec(`insert into registry_event (action, address, created_at, data, community_id)
		select a.action, '0x' || lpad(to_hex(n), 40, '0'), $1::timestamptz + interval '1 month' * m + interval '1 day' * (n % 28), '{}', 1
		from generate_series(0, $2::int - 1) m, generate_series(1, 500) n, unnest(array['SCU', 'LDP']) as a (action)
		order by m, n % 28`, from, months)
}

// Each read of the history goes to the indexes, of the newest partition that
// has the score, or of each partition.
func TestEvents_History(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partition(t, w.url)
	w.fillMonths(day(2025, 6, 1), 13)
	w.exec("vacuum analyze registry_event")
	const address = "0x0000000000000000000000000000000000000011"
	s := pgstore.New(w.pool)
	reads := func(work func(s *pgstore.Store)) (inOrder, byIndex, rows int) {
		tx, err := w.pool.Begin(t.Context())
		require.NoError(t, err)
		defer func() { assert.NoError(t, tx.Rollback(t.Context())) }()
		count := func() (n [3]int) {
			require.NoError(t, tx.QueryRow(t.Context(), `select sum(seq_scan), sum(idx_scan), sum(seq_tup_read + idx_tup_fetch)
				from pg_stat_xact_user_tables where relname ~ '^registry_event'`, pgx.QueryExecModeSimpleProtocol).Scan(&n[0], &n[1], &n[2]))
			return n
		}
		for _, setting := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"} { // as in a transaction of the store
			_, err := tx.Exec(t.Context(), "set local "+setting+" = off")
			require.NoError(t, err)
		}
		before := count()
		work(s.InTx(tx))
		after := count()
		return after[0] - before[0], after[1] - before[1], after[2] - before[2]
	}
	const partitions, actions = 13, 2
	for name, c := range map[string]struct {
		work        func(s *pgstore.Store)
		scans, rows int // at most
	}{
		"the score now": {func(s *pgstore.Store) {
			e, err := s.ScoreAt(t.Context(), 1, address, noon)
			require.NoError(t, err)
			assert.Equal(t, day(2026, 6, 18), e.At)
		}, 3, 2},
		"the score at a time": {func(s *pgstore.Store) {
			e, err := s.ScoreAt(t.Context(), 1, address, day(2025, 12, 25))
			require.NoError(t, err)
			assert.Equal(t, day(2025, 12, 18), e.At)
		}, 2, 2},
		"no score": {func(s *pgstore.Store) {
			_, err := s.ScoreAt(t.Context(), 1, bob, noon)
			require.ErrorIs(t, err, store.ErrNotFound)
		}, partitions, 0},
		"a page of events": {func(s *pgstore.Store) {
			events, err := s.ListEvents(t.Context(), 1, address, store.Page{Limit: 30})
			require.NoError(t, err)
			assert.Len(t, events, 26)
		}, 2 * partitions * (actions + 2), 26 + partitions*(actions+1)},
		"a step of pruning": {func(s *pgstore.Store) {
			p, err := s.Prune(t.Context(), store.Pruning{Kind: store.PruneEvents, Before: day(2026, 4, 1), Limit: 50})
			require.NoError(t, err)
			assert.Equal(t, 50, p.Removed)
		}, 500, 500},
	} {
		inOrder, byIndex, rows := reads(c.work)
		t.Log(name, inOrder, byIndex, rows)
		assert.Zero(t, inOrder, name)
		assert.Positive(t, byIndex, name)
		assert.LessOrEqual(t, byIndex, c.scans, name)
		assert.LessOrEqual(t, rows, c.rows, name)
	}
}

// Dropping partitions leaves what Prune leaves.
func TestDropEventPartitions(t *testing.T) {
	t.Parallel()
	const left = `select count(*) || ' events ' || md5(string_agg(e::text, ',' order by id)) from registry_event e`
	before := day(2026, 3, 1)
	fill := func(w *world) {
		w.exec(`insert into registry_event (action, address, created_at, data, community_id)
			select (array['SCU', 'LDP', 'SCU'])[1 + n % 3], '0x' || lpad(to_hex(n * n % 97), 40, '0'),
			       $1::timestamptz + interval '5 hours' * n, '{}', nullif(n % 4, 0) from generate_series(1, 2000) n`, day(2025, 4, 1))
	}
	pruned, dropped := newWorld(t), newWorld(t)
	fill(pruned)
	_, err := takeSteps(pgstore.New(pruned.pool), before)
	require.NoError(t, err)
	partition(t, dropped.url)
	fill(dropped)
	assert.Equal(t, "544", pruned.value("select count(*) from registry_event"))

	d, err := pgstore.DropEventPartitions(t.Context(), dropped.pool, before, pgstore.Partitioning{})
	require.NoError(t, err)
	assert.Len(t, d.Partitions, 8)
	assert.Equal(t, pruned.value(left), dropped.value(left))
	assert.Equal(t, strconv.FormatInt(d.Kept, 10), dropped.value("select count(*) from registry_event where created_at < $1", before))
	s, err := pgstore.ReadEventPartitions(t.Context(), dropped.pool, pgstore.At(pgstore.Partitioning{}, day(2026, 3, 2)))
	require.NoError(t, err)
	assert.Equal(t, []string{"registry_event_kept", "registry_event_2026_03", "registry_event_2026_04", "registry_event_2026_05", "registry_event_2026_06", "registry_event_open"}, names(s))
	assert.Empty(t, s.Dropped)
	requireContiguous(t, s)
	require.NoError(t, pgstore.CheckSchema(t.Context(), dropped.pool))
	require.NoError(t, insertEvent(dropped.pool, day(2020, 1, 1)), "of an old time")
	dropped.exec("delete from registry_event where address = $1", alice)

	for _, next := range []time.Time{before, day(2026, 3, 20), day(2026, 4, 2)} {
		_, err := takeSteps(pgstore.New(pruned.pool), next)
		require.NoError(t, err)
		_, err = pgstore.DropEventPartitions(t.Context(), openSQL(t, "postgres", dropped.url), next, pgstore.Partitioning{})
		require.NoError(t, err)
		_, err = takeSteps(pgstore.New(dropped.pool), next)
		require.NoError(t, err)
	}
	assert.Equal(t, pruned.value(left), dropped.value(left))
}

func TestDropEventPartitions_AtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partition(t, w.url)
	w.fillMonths(day(2025, 6, 1), 13)
	const processes = 4
	ended := make(chan error, processes)
	for n := range processes {
		pool := w.newPool()
		go func() {
			_, err := pgstore.DropEventPartitions(t.Context(), pool, day(2026, 1+time.Month(n%2), 1), pgstore.Partitioning{})
			ended <- err
		}()
	}
	for range processes {
		assert.NoError(t, <-ended)
	}
	// Every 28th wallet has its newest score at the time itself.
	assert.Equal(t, strconv.Itoa(5*1000+500-500/28), w.value("select count(*) from registry_event"))
	s, err := pgstore.ReadEventPartitions(t.Context(), w.pool, pgstore.Partitioning{})
	require.NoError(t, err)
	assert.Empty(t, s.Dropped)
	assert.Len(t, s.Partitions, 7)
	require.NoError(t, pgstore.CheckSchema(t.Context(), w.pool))
}

// takeSteps prunes the events before the time.
func takeSteps(s *pgstore.Store, before time.Time) (removed int, err error) {
	for step, err := range store.PruneAll(context.Background(), s, store.Pruning{Kind: store.PruneEvents, Before: before, Limit: 500}) {
		if err != nil {
			return removed, err
		}
		removed += step.Removed
	}
	return removed, nil
}

// A Forget that waits for the copy is not undone by it.
func TestDropEventPartitions_Forget(t *testing.T) {
	t.Parallel()
	r := newRivals(t)
	w := r.world
	as, _, _ := r.withGrants("grants_forget.sql")
	partition(t, w.url)
	w.fillMonths(day(2025, 6, 1), 9)
	s := pgstore.New(as)
	writer := w.writeEvents(t, time.Second)
	forgotten := make(chan error, 1)
	addresses := make(chan store.Address, 1000)
	stop, cancel := context.WithCancel(t.Context())
	go func() {
		var err error
		for n := 1; stop.Err() == nil && n < 500 && err == nil; n += 3 {
			address := store.Address(fmt.Sprintf("0x%040x", n))
			if _, err = s.Forget(context.Background(), store.Forgetting{Address: address, Claims: store.KeepClaims, SkipSearch: true}); err == nil {
				addresses <- address
			}
		}
		close(addresses)
		forgotten <- err
	}()
	_, err := pgstore.DropEventPartitions(t.Context(), w.pool, day(2026, 3, 1), pgstore.Partitioning{Wait: time.Second})
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-forgotten)
	writer.stop()
	n := 0
	for address := range addresses {
		assert.Equal(t, "0", w.value("select count(*) from registry_event where address = $1", string(address)))
		n++
	}
	assert.Positive(t, n)
	assert.Equal(t, strconv.Itoa(500-n), w.value("select count(*) from registry_event where address <> $1", alice))
}

// A plain table that was partitioned for a while is as it was before.
func TestUnpartitionEvents(t *testing.T) {
	t.Parallel()
	for name, form := range idForms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := w.pool.Exec(t.Context(), form+"; grant select, update (data) on registry_event to public", pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			before := liveFacts(t, w.url, "public")
			rights := "select relacl::text || (select attacl::text from pg_attribute where attrelid = c.oid and attname = 'data') from pg_class c where oid = 'registry_event'::regclass"
			granted := w.value(rights)
			require.NoError(t, pgstore.UnpartitionEvents(t.Context(), w.pool, pgstore.Partitioning{}))
			partition(t, w.url)
			w.fillMonths(day(2025, 6, 1), 13)
			rows := w.value("select md5(string_agg(e::text, ',' order by id)) from registry_event e")
			require.NoError(t, pgstore.UnpartitionEvents(t.Context(), openSQL(t, "postgres", w.url), pgstore.Partitioning{}))
			assert.Equal(t, rows, w.value("select md5(string_agg(e::text, ',' order by id)) from registry_event e"))
			after := liveFacts(t, w.url, "public")
			assert.ElementsMatch(t, before["registry_event"].Indexes, after["registry_event"].Indexes)
			assert.ElementsMatch(t, before["registry_event"].Constraints, after["registry_event"].Constraints)
			assert.Equal(t, before["registry_event"].Columns, after["registry_event"].Columns)
			assert.Len(t, after, len(before), "no table is left")
			assert.Equal(t, granted, w.value(rights))
			require.NoError(t, insertEvent(w.pool, noon))
		})
	}
}

// The service may alter the table while it is partitioned. The partitions that
// are made later are like it.
func TestEvents_ServiceMigrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partition(t, w.url)
	w.fillMonths(day(2025, 6, 1), 13)
	for _, migration := range []string{
		`alter table registry_event add column origin varchar(20) default 'service' not null`,
		`alter table registry_event alter column origin drop default, alter column origin drop not null`,
		`alter table registry_event alter column action type varchar(10)`,
		`create index registry_event_created on registry_event (created_at)`,
		`alter index score_history_index rename to score_history`,
		`alter table registry_event drop column origin`,
		`alter table registry_event add constraint positive check (id > 0)`,
	} {
		w.exec(migration, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, insertEvent(w.pool, noon), migration)
		require.NoError(t, pgstore.CheckSchema(t.Context(), w.pool), migration)
	}
	w.exec("delete from registry_event where address = $1", alice)
	s, err := pgstore.EnsureEventPartitions(t.Context(), w.pool, pgstore.At(pgstore.Partitioning{}, day(2026, 8, 1)))
	require.NoError(t, err)
	assert.Len(t, s.Partitions, 18)
	_, err = pgstore.DropEventPartitions(t.Context(), w.pool, day(2026, 5, 1), pgstore.Partitioning{})
	require.NoError(t, err)
	require.NoError(t, pgstore.CheckSchema(t.Context(), w.pool))
	assert.Equal(t, "2000", w.value("select count(*) from registry_event where created_at >= '2026-05-01'"))
}
