package pgstore_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// idForms are the ways in which versions of Django give a table its ids.
var idForms = map[string]string{
	"identity": `comment on table registry_event is 'What''s happened'`,
	"serial": `alter table registry_event alter column id drop identity;
		create sequence registry_event_id_seq owned by registry_event.id;
		alter table registry_event alter column id set default nextval('registry_event_id_seq')`,
}

// eventWriter inserts events as the service does, until it is stopped.
type eventWriter struct {
	written atomic.Int64
	stop    func()
}

// writeEvents begins to write. An insert fails if it waits for longer for a
// lock; a second is added for a busy machine, on which a step that is too slow
// is undone late.
func (w *world) writeEvents(t *testing.T, longest time.Duration) *eventWriter {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &eventWriter{}
	var running sync.WaitGroup
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol} {
		pool := w.newPool(execMode(mode), func(c *pgxpool.Config) {
			c.ConnConfig.RuntimeParams["lock_timeout"] = strconv.FormatInt((longest + time.Second).Milliseconds(), 10)
		})
		running.Go(func() {
			for ctx.Err() == nil {
				if !assert.NoError(t, insertEvent(pool, time.Now()), mode) {
					return
				}
				r.written.Add(1)
			}
		})
	}
	r.stop = func() { cancel(); running.Wait() }
	t.Cleanup(r.stop)
	return r
}

// insertEvent is the insert of the service.
func insertEvent(pool *pgxpool.Pool, at time.Time) error {
	var id int64
	return pool.QueryRow(context.Background(), `insert into registry_event (action, address, data, created_at, community_id)
		values ('SCU', $1, '{"score": "1"}', $2, 1) returning id`, alice, at).Scan(&id)
}

// numbered are the ids of the events that are there.
func (w *world) numbered() []string {
	return rows(w.tb, w.pool, "select id::text from registry_event order by id")
}

// Events are written at any time while the table is partitioned, and the table
// is then as it was before.
func TestPartitionEvents(t *testing.T) {
	t.Parallel()
	for name, form := range idForms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := w.pool.Exec(t.Context(), form+`; grant select, update (data) on registry_event to public`, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			before := liveFacts(t, w.url, "public")["registry_event"]
			sequence := w.value("select pg_get_serial_sequence('registry_event', 'id')")

			const wait = time.Second
			writer := w.writeEvents(t, wait)
			var steps []string
			done := func(step string) {
				steps = append(steps, step)
				from := writer.written.Load()
				assert.Eventually(t, func() bool { return writer.written.Load() > from+2 }, patience, tick)
			}
			status, err := pgstore.PartitionEvents(t.Context(), w.pool, pgstore.Partitioning{Wait: wait, Done: done})
			require.NoError(t, err)
			writer.stop()

			assert.Equal(t, []string{"attach", "bound", "validate", "close"}, steps)
			assert.Empty(t, status.Next)
			assert.Zero(t, status.Bound)
			requireContiguous(t, status)
			assert.Len(t, slices.Compact(w.numbered()), int(writer.written.Load()), "no event is lost")
			require.NoError(t, pgstore.CheckSchema(t.Context(), w.pool))
			require.NoError(t, pgstore.Migrate(t.Context(), w.pool))

			after := liveFacts(t, w.url, "public")["registry_event"]
			assert.Equal(t, before.Columns, after.Columns)
			for _, ix := range before.Indexes {
				ix.Definition = strings.Replace(ix.Definition, " ON ", " ON ONLY ", 1)
				assert.Contains(t, after.Indexes, ix)
			}
			assert.Equal(t, sequence, w.value("select pg_get_serial_sequence('registry_event', 'id')"))
			assert.Equal(t, "2", w.value(`select count(*) from pg_class c join pg_attribute a on a.attrelid = c.oid
				where c.oid = 'registry_event'::regclass and (a.attname = 'data' and a.attacl::text ~ '=w/' or a.attname = 'id' and c.relacl::text ~ '=r/')`))
			if name == "identity" {
				assert.Equal(t, "What's happened", w.value("select obj_description('registry_event'::regclass)"))
			}
			again, err := pgstore.PartitionEvents(t.Context(), openSQL(t, "postgres", w.url), pgstore.Partitioning{})
			require.NoError(t, err)
			assert.Equal(t, status, again)
		})
	}
}

// requireContiguous demands that every time has its partition.
func requireContiguous(t *testing.T, s *pgstore.EventPartitions) {
	t.Helper()
	require.Greater(t, len(s.Partitions), 1)
	end := time.Time{}
	for _, p := range s.Partitions {
		assert.Equal(t, end, p.From, p.Name)
		assert.Positive(t, p.Bytes)
		end = p.To
	}
	assert.Zero(t, end)
}

func TestPartitionEvents_AtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	writer := w.writeEvents(t, time.Second)
	const processes = 6
	failures := make(chan error, processes)
	for i := range processes {
		if i%2 == 0 {
			pool := w.newPool()
			go func() {
				_, err := pgstore.PartitionEvents(t.Context(), pool, pgstore.Partitioning{})
				failures <- err
			}()
		} else {
			db := openSQL(t, []string{"pgx", "postgres"}[i/2%2], w.url)
			go func() {
				_, err := pgstore.PartitionEvents(t.Context(), db, pgstore.Partitioning{})
				failures <- err
			}()
		}
	}
	for range processes {
		assert.NoError(t, <-failures)
	}
	writer.stop()
	assert.Len(t, w.numbered(), int(writer.written.Load()))
	status, err := pgstore.ReadEventPartitions(t.Context(), w.pool, pgstore.Partitioning{})
	require.NoError(t, err)
	assert.Empty(t, status.Next)
	requireContiguous(t, status)
}

// A session that holds the table delays the step. Others write in between.
func TestPartitionEvents_Held(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select count(*) from registry_event")
	require.NoError(t, err)
	wait := 200 * time.Millisecond
	writer := w.writeEvents(t, wait)
	_, err = pgstore.PartitionEvents(t.Context(), w.pool, pgstore.Partitioning{Wait: wait, Attempts: 3})
	require.ErrorIs(t, err, store.ErrUnavailable)
	status, err := pgstore.ReadEventPartitions(t.Context(), w.pool, pgstore.Partitioning{})
	require.NoError(t, err)
	assert.Empty(t, status.Partitions)
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = pgstore.PartitionEvents(t.Context(), w.pool, pgstore.Partitioning{})
	require.NoError(t, err)
	writer.stop()
	assert.Len(t, w.numbered(), int(writer.written.Load()))
}

func TestPartitionEvents_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := pgstore.EnsureEventPartitions(t.Context(), w.pool, pgstore.Partitioning{})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = pgstore.DropEventPartitions(t.Context(), w.pool, noon, pgstore.Partitioning{})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = pgstore.PartitionEvents(t.Context(), w.pool, pgstore.Partitioning{Ahead: 61})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = pgstore.PartitionEvents(t.Context(), openPool(t, pgtest.NewEmpty(t)), pgstore.Partitioning{})
	require.ErrorIs(t, err, pgstore.ErrSchema)

	for change, want := range map[string]string{
		`create view recent as select * from registry_event`:                                                                  "a view or rule reads it: public.recent",
		`create function f(registry_event) returns int language sql as 'select 1'`:                                            "a function depends on it: f",
		`create table copies (of registry_event)`:                                                                             "a column has its row type: public.copies",
		`create table notes (event bigint constraint of_event references registry_event)`:                                     "a foreign key refers to it: of_event of public.notes",
		`create publication events for table registry_event`:                                                                  "a publication names it: events",
		`alter table registry_event enable row level security`:                                                                "it has row-level security",
		`create table other () inherits (registry_event)`:                                                                     "it inherits, or is inherited from",
		`create unique index by_time on registry_event (address, created_at)`:                                                 "a unique key besides that on id cannot be kept: public.by_time",
		`alter table registry_event add constraint c check (id > 0) not valid`:                                                "a constraint was never validated: c",
		`create trigger t before insert on registry_event for each row execute function suppress_redundant_updates_trigger()`: "it has a trigger: t",
	} {
		require.NoError(t, pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), change)
			return err
		}))
		_, err := pgstore.PartitionEvents(t.Context(), w.pool, pgstore.Partitioning{})
		require.ErrorIs(t, err, store.ErrInvalid, change)
		assert.ErrorContains(t, err, want)
		w.exec(`drop view if exists recent; drop function if exists f; drop table if exists copies, notes, other;
			drop publication if exists events; alter table registry_event disable row level security; drop index if exists by_time;
			alter table registry_event drop constraint if exists c; drop trigger if exists t on registry_event`, pgx.QueryExecModeSimpleProtocol)
	}
	_, err = pgstore.PartitionEvents(t.Context(), w.pool, pgstore.Partitioning{})
	require.NoError(t, err)
}

// A bound that has come near is moved.
func TestPartitionEvents_LateBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var steps []string
	ctx, cancel := context.WithCancel(t.Context())
	p := pgstore.Partitioning{Done: func(step string) {
		if steps = append(steps, step); step == "bound" {
			cancel() // the process ends
		}
	}}
	_, err := pgstore.PartitionEvents(ctx, w.pool, pgstore.At(p, day(2030, 1, 10)))
	require.ErrorIs(t, err, context.Canceled)
	s, err := pgstore.ReadEventPartitions(t.Context(), w.pool, pgstore.At(p, day(2030, 1, 11)))
	require.NoError(t, err)
	assert.Equal(t, day(2030, 3, 1), s.Bound)
	assert.Equal(t, "validate", s.Next)
	_, err = pgstore.PartitionEvents(t.Context(), w.pool, pgstore.At(p, day(2030, 2, 25)))
	require.NoError(t, err)
	assert.Equal(t, []string{"attach", "bound", "unbound", "bound", "validate", "close"}, steps)
}

// An event that is beyond the bound, as by a wrong clock, is reported, and the
// bound is taken back.
func TestPartitionEvents_BeyondBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, insertEvent(w.pool, noon))
	p := pgstore.At(pgstore.Partitioning{}, day(2027, 1, 10))
	status, err := pgstore.PartitionEvents(t.Context(), w.pool, p)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "created_at of 2027-03-01 00:00:00 +0000 UTC or later")
	assert.Equal(t, "validate", status.Next)
	require.NoError(t, insertEvent(w.pool, noon))
	status, err = pgstore.ReadEventPartitions(t.Context(), w.pool, p)
	require.NoError(t, err)
	assert.Zero(t, status.Bound)
	w.exec("delete from registry_event")
	status, err = pgstore.PartitionEvents(t.Context(), w.pool, p)
	require.NoError(t, err)
	requireContiguous(t, status)
}

// Where months were not made in time, their events are in the last partition,
// which is then closed.
func TestEnsureEventPartitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var steps []string
	p := pgstore.Partitioning{Ahead: 1, Done: func(step string) { steps = append(steps, step) }}
	_, err := pgstore.PartitionEvents(t.Context(), w.pool, pgstore.At(p, day(2030, 1, 10)))
	require.NoError(t, err)
	for month := range time.Month(11) {
		require.NoError(t, insertEvent(w.pool, day(2030, 1+month, 15)))
	}
	s, err := pgstore.EnsureEventPartitions(t.Context(), w.pool, pgstore.At(p, day(2030, 11, 20)))
	require.NoError(t, err)
	assert.Equal(t, []string{"attach", "bound", "validate", "close", "bound", "validate", "close"}, steps)
	assert.Equal(t, []string{"registry_event_until_2030_03", "registry_event_until_2031_01", "registry_event_open"}, names(s))

	steps = nil
	s, err = pgstore.EnsureEventPartitions(t.Context(), w.pool, pgstore.At(p, day(2031, 1, 20)))
	require.NoError(t, err)
	assert.Equal(t, []string{"extend"}, steps)
	assert.Equal(t, []string{
		"registry_event_until_2030_03", "registry_event_until_2031_01", "registry_event_2031_01", "registry_event_2031_02", "registry_event_open",
	}, names(s))
	requireContiguous(t, s)
	assert.Len(t, w.numbered(), 11)
	require.NoError(t, pgstore.CheckSchema(t.Context(), w.pool))
}

func names(s *pgstore.EventPartitions) (all []string) {
	for _, p := range s.Partitions {
		all = append(all, p.Name)
	}
	return all
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
