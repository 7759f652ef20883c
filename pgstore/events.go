package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Partitioning is how the partitions of registry_event are made. The zero value
// is fit for use.
type Partitioning struct {
	// Ahead is the number of months after the current one that have a partition:
	// 0 for three, at most 60. The events of later months are in a last partition
	// that has no end, so that no insert ever lacks one.
	Ahead int
	// Wait bounds how long a step keeps other sessions from the table: for how
	// long it waits for its lock and works under it, together. 0 is for a second.
	// An attempt that takes longer is undone and repeated.
	Wait time.Duration
	// Attempts is how often a step is tried, 0 for 30. Between two attempts the
	// others have the table to themselves, for a tenth of a second at first, and
	// for up to five.
	Attempts int
	// Done, unless it is nil, is called after each step with its name.
	Done func(step string)

	now func() time.Time // for tests; nil for the clock
}

// EventPartitions is how far registry_event is partitioned.
type EventPartitions struct {
	// Partitions are in the order of their times, without a gap. There is none if
	// the table is a plain one.
	Partitions []EventPartition
	// Bound is not zero while the last partition is being closed: it takes no
	// event of that time or later until the work goes on. It is at least a month
	// ahead when it is set.
	Bound time.Time
	// Dropped are tables that DropEventPartitions has left or is working with.
	Dropped []string
	// Next is the step that is left, "" for none.
	Next string

	key       string // by which the table is partitioned
	validated bool   // whether all events are known to be before Bound
	overdue   bool   // whether the last partition has events of months that lack one
}

// EventPartition is one table of events.
type EventPartition struct {
	Name string
	// From and To are the times that it holds, To excluded; zero for no bound.
	From, To time.Time
	Bytes    int64 // on disk, with indexes
}

// PartitionEvents partitions registry_event by the month of created_at, beside
// a service that writes events and knows nothing of it, or goes on where an
// earlier call has ended. It returns when nothing is left to do. The steps are:
//
//   - attach: a partitioned table takes the name, with the columns, the
//     sequence, the indexes, the rights and the owner. The old table becomes its
//     only partition. Nothing is read or copied.
//   - bound: a check keeps events of a time or later out of the old table: the
//     start of a month, 31 to 62 days from now.
//   - validate: reads the old table once, under a lock that lets others read
//     and write. It may take long, and no migration should alter the table
//     during it.
//   - close: the old table ends at that time, and the months behind it get
//     their partitions, as [EnsureEventPartitions] makes them later.
//
// Each is a transaction, so the process may end at any point. All but validate
// keep others from the table for no longer than Wait. Where no process goes on,
// inserts work until the time of the bound comes, a month later at least; to
// give up instead, drop the check passport_event_bound. Any number of processes
// may call it at once.
//
// The primary key on id and the foreign key are each partition's own, since a
// key of the whole table would have to include created_at. So ids are unique
// because they come from one sequence. The service's inserts, with RETURNING
// and ON CONFLICT DO NOTHING, and its migrations of columns and indexes work as
// before. These do not: a foreign key to the table, CREATE INDEX CONCURRENTLY,
// and a query that groups by id alone.
//
// The caller must own the table. Views, functions, triggers, publications and
// foreign keys that depend on it, row-level security and other unique keys
// cannot be carried over: then the error is store.ErrInvalid and lists them,
// and nothing is changed. Postgres is needed itself, not an engine that is like
// it.
//
// Errors are *[store.Error]. It is [store.ErrUnavailable] if others held the
// table in all Attempts of a step, and [store.ErrInvalid] if there are events
// of the time of the bound or later, such as by a wrong clock; the bound is
// then taken back.
func PartitionEvents[D Database](ctx context.Context, db D, p Partitioning, options ...Option) (*EventPartitions, error) {
	e, err := newEvents("partition_events", db, p, options)
	if err != nil {
		return nil, err
	}
	e.convert = true
	return e.run(ctx)
}

// EnsureEventPartitions makes the partitions of the months ahead that are
// missing. It should be called every week or so, by any number of processes. If
// it was not called for months, and the last partition has events of them, that
// one is closed as the old table was, see [PartitionEvents]. It returns
// store.ErrInvalid for a table that is not partitioned.
func EnsureEventPartitions[D Database](ctx context.Context, db D, p Partitioning, options ...Option) (*EventPartitions, error) {
	e, err := newEvents("ensure_event_partitions", db, p, options)
	if err != nil {
		return nil, err
	}
	return e.run(ctx)
}

// ReadEventPartitions returns how far registry_event is partitioned, and
// changes nothing.
func ReadEventPartitions[D Database](ctx context.Context, db D, p Partitioning, options ...Option) (*EventPartitions, error) {
	e, err := newEvents("read_event_partitions", db, p, options)
	if err != nil {
		return nil, err
	}
	return e.state(ctx, e.on)
}

// events partitions the events of one schema.
type events struct {
	config
	Partitioning

	op      string
	texts   texts
	on      host
	convert bool // whether a plain table is to be partitioned
}

func newEvents[D Database](op string, db D, p Partitioning, options []Option) (*events, error) {
	e := &events{config: newConfig(options), Partitioning: p, op: op, on: hostOn(db)}
	if err := e.validate(); err != nil {
		return nil, store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	const most = 60
	if p.Ahead < 0 || p.Ahead > most || p.Wait < 0 || p.Attempts < 0 {
		return nil, store.Errorf(op, store.ErrInvalid, "partitions are made for 0 to %d months ahead, "+
			"and neither a wait nor a number of attempts is below 0", most)
	}
	e.texts = e.config.texts()
	if e.Ahead == 0 {
		e.Ahead = 3
	}
	if e.Wait == 0 {
		e.Wait = time.Second
	}
	if e.Attempts == 0 {
		e.Attempts = 30
	}
	if e.now == nil {
		e.now = time.Now
	}
	return e, nil
}

// state reads how far the table is.
func (e *events) state(ctx context.Context, on executor) (*EventPartitions, error) {
	s := &EventPartitions{}
	found := false
	err := on.read(ctx, e.texts.call("read_event_partitions", e.schema).each(func(scan scanFunc) error {
		var kind, name string
		var from, to, bound storedTime
		var p EventPartition
		var validated bool
		if err := scan(&kind, &name, &from, &to, &bound, &validated, &p.Bytes); err != nil {
			return err
		}
		switch p.Name, p.From, p.To = name, from.Time, to.Time; kind {
		case "table":
			found, s.key = true, name
		case "dropped":
			s.Dropped = append(s.Dropped, name)
		case "other":
			s.key = "a partition that is not of months, " + name
		default:
			s.Partitions = append(s.Partitions, p)
			if !bound.IsZero() {
				s.Bound, s.validated = bound.Time, validated
			}
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, store.Errorf(e.op, store.ErrInternal, "%w: table registry_event is missing", ErrSchema)
	}
	s.sort()
	if open := s.open(); open != nil && !open.From.IsZero() && open.From.Before(e.horizon()) {
		if s.overdue, err = e.hasEvents(ctx, on, open.Name, e.horizon()); err != nil {
			return nil, err
		}
	}
	s.Next, err = e.next(s)
	return s, err
}

// hasEvents reports whether a partition has events before the time.
func (e *events) hasEvents(ctx context.Context, on executor, partition string, before time.Time) (has bool, err error) {
	sql := fmt.Sprintf("select exists (select from %s where created_at < %s)", e.table(partition), literal(before))
	err = on.read(ctx, call{name: "read_open_events", sql: sql}.each(func(scan scanFunc) error { return scan(&has) }))
	return has, err
}
