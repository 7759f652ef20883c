package pgstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// DroppedEvents is what DropEventPartitions did.
type DroppedEvents struct {
	Partitions []string // those that were dropped, in the order of their times
	Kept       int64    // the events of them that were kept
}

// DropEventPartitions removes the events of all partitions that end at or
// before the time, and gives their space back to the system. What is left is
// that of [Store.Prune] with the same time: of the scores of an address in a
// community the newest one at or before the time stays. Those that stay are
// copied into one partition in the place of the others, so that the number of
// partitions does not grow over the years. Events of the time's own month are
// left to Prune.
//
// Who writes to the partitions in question, such as [Store.Forget] and Prune,
// waits until the copy is made; if it then holds the table, the copy is made
// again. Scorings and inserts of the service wait for no longer than Wait, once
// for the change of the partitions, and once more for each table that is
// dropped, which needs a lock on the table of communities. All of it happens or
// nothing, but for the tables that are dropped last: the next call does what is
// left. In a transaction that began before, at REPEATABLE READ or above, the
// events that were copied are missing.
//
// Errors are those of [EnsureEventPartitions].
func DropEventPartitions[D Database](
	ctx context.Context, db D, before time.Time, p Partitioning, options ...Option,
) (*DroppedEvents, error) {
	e, err := newEvents("drop_event_partitions", db, p, options)
	if err != nil {
		return nil, err
	}
	if err := store.CheckTime(before); err != nil {
		return nil, store.Errorf(e.op, store.ErrInvalid, "the time before which partitions are dropped: %w", err)
	}
	d := &DroppedEvents{}
	for {
		s, err := e.state(ctx, e.on)
		if err != nil {
			return nil, err
		}
		for _, name := range s.Dropped {
			if err := e.again(ctx, func(tx schemaTx) error { return e.drop(ctx, tx, name) }); err != nil {
				return nil, err
			}
		}
		old := s.before(before)
		if len(old) == 0 {
			return d, nil
		}
		if err := e.again(ctx, func(tx schemaTx) error { return e.replace(ctx, tx, old, before, d) }); err != nil {
			return nil, err
		}
	}
}

// before returns the partitions that end at or before the time, none if there
// is no other than those that were kept before.
func (s *EventPartitions) before(at time.Time) (old []EventPartition) {
	for _, p := range s.Partitions {
		if !p.To.IsZero() && !p.To.After(at) {
			old = append(old, p)
		}
	}
	if len(old) == 1 && old[0].Name == keptPartition {
		return nil
	}
	return old
}

// drop drops a table that is no partition any more.
func (e *events) drop(ctx context.Context, tx schemaTx, name string) error {
	if err := e.settings(ctx, tx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, e.Wait)
	defer cancel()
	return e.all(ctx, tx, "drop table if exists "+e.table(name))
}

// newestScores is the events of old partitions that stay: see prune_events.
const newestScores = `
insert into %[1]s
select e.*
from   %[2]s e
where  e.created_at < %[3]s
and    e.action = '` + store.ActionScoreUpdate + `'
and    e.community_id is not null
and    not exists (
         select from %[2]s newer
         where  newer.action = '` + store.ActionScoreUpdate + `'
         and    newer.address = e.address
         and    newer.community_id = e.community_id
         and    newer.created_at >= e.created_at
         and    newer.created_at <= %[4]s
         and    (newer.created_at > e.created_at or newer.id > e.id)
       )`

// replace puts one partition with the events that stay in the place of the old
// ones.
func (e *events) replace(ctx context.Context, tx schemaTx, old []EventPartition, before time.Time, d *DroppedEvents) error {
	if err := e.settings(ctx, tx); err != nil {
		return err
	}
	if err := tx.read(ctx, e.texts.call("lock_schema", e.schema)); err != nil {
		return err
	}
	s, err := e.state(ctx, tx)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(old, s.before(before), func(a, b EventPartition) bool { return a.Name == b.Name }) {
		return errMoved
	}
	open, err := e.facts(ctx, tx, s.open().Name)
	if err != nil {
		return err
	}
	locked, end := make([]string, len(old)), old[len(old)-1].To
	for i, p := range old {
		locked[i] = "only " + e.table(p.Name)
	}
	kept := e.table(nextPartition)
	statements := append([]string{
		"lock table " + strings.Join(locked, ", ") + " in share mode",
		"create table " + kept + " (like " + e.table(eventTable) + " including all excluding identity)",
		fmt.Sprintf(newestScores, kept, e.table(eventTable), literal(end), literal(store.Microseconds(before))),
		fmt.Sprintf("alter table %s add constraint %s check (created_at < %s)", kept, boundCheck, literal(end)),
	}, e.keys(open, nextPartition)...)
	if err := e.all(ctx, tx, append(statements, e.ownership(open, nextPartition)...)...); err != nil {
		return err
	}
	var count int64
	counted := call{name: "count_kept_events", sql: "select count(*)::bigint from " + kept}
	if err := tx.read(ctx, counted.each(func(scan scanFunc) error { return scan(&count) })); err != nil {
		return err
	}
	if err := e.swap(ctx, tx, old); err != nil {
		return err
	}
	d.Kept, d.Partitions = count, nil
	for _, p := range old {
		d.Partitions = append(d.Partitions, p.Name)
	}
	return nil
}

// swap changes the partitions for the one that was made. To try again is
// cheaper than to make it again.
func (e *events) swap(ctx context.Context, tx schemaTx, old []EventPartition) error {
	var statements []string
	for _, p := range old {
		statements = append(statements, e.detachment(p.Name),
			"alter table "+e.table(p.Name)+" rename to "+quoted(droppedTable+suffix(p.To)))
	}
	statements = append(statements,
		"alter table "+e.table(nextPartition)+" rename to "+quoted(keptPartition),
		e.attachment(EventPartition{Name: keptPartition, To: old[len(old)-1].To}),
		"alter table "+e.table(keptPartition)+" drop constraint "+boundCheck)
	const attempts = 5
	for i := 1; ; i++ {
		if err := e.all(ctx, tx, "savepoint passport_swap"); err != nil {
			return err
		}
		err := e.alone(ctx, tx, eventTable, statements...)
		if err == nil || i == attempts || ctx.Err() != nil {
			return err
		}
		if e.all(ctx, tx, "rollback to savepoint passport_swap") != nil {
			return err // of the connection, which did not survive
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(e.Wait / 4):
		}
	}
}
