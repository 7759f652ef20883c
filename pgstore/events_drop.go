package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// DroppedEvents is what DropEventPartitions did.
type DroppedEvents struct {
	Partitions []string // those that were dropped, in the order of their times
	Kept       int64    // the events of them that were copied
}

// DropEventPartitions removes the events of all partitions that end at or
// before the time, as [Store.Prune] does, and gives their space back to the
// system. The newest score of an address in a community that is not after the
// time stays. The events that stay are copied into one partition in the place
// of the others, so that the number of partitions does not grow over the years.
// Older events of the time's own month are left to Prune.
//
// The copy is made while others work. A trigger on the old partitions, where
// only [Store.Forget] and Prune still write, notes which events they change, so
// that the copy can follow. Then the partitions change place, and the old
// tables are dropped. These steps keep scorings and inserts waiting for no
// longer than Wait each; one that drops a table also locks that of the
// communities. The process may end at any point: the next call begins again, or
// drops what is left. One of several processes that call it at once works, and
// the others wait as long as Attempts allow.
//
// A transaction that began before, at REPEATABLE READ or above, does not see
// the events that were copied. Errors are those of [EnsureEventPartitions].
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
	done := &DroppedEvents{}
	for range e.Attempts {
		d := &eventDrop{events: e, before: store.Microseconds(before), run: rand.Text()}
		err := d.try(ctx, done)
		if !errors.Is(err, errMoved) {
			return done, err
		}
	}
	return done, store.Errorf(e.op, store.ErrUnavailable, "other processes drop partitions too")
}

// eventDrop is one try to replace old partitions.
type eventDrop struct {
	*events

	before time.Time
	run    string // distinguishes this try from those of other processes
	old    []EventPartition
	kept   int64

	other string    // how far the try of another process was
	since time.Time // when that was first seen
}

// try takes all steps.
func (d *eventDrop) try(ctx context.Context, done *DroppedEvents) error {
	s, err := d.state(ctx, d.on)
	if err != nil {
		return err
	}
	if d.old = s.before(d.before); len(d.old) > 0 {
		for _, step := range []struct {
			name string
			take func(context.Context, schemaTx) error
		}{{"prepare", d.prepare}, {"copy", d.copy}, {"refer", d.refer}, {"validate", d.validateKeys}, {"swap", d.swap}} {
			if err := d.take(ctx, step.name, step.take); err != nil {
				return err
			}
		}
		done.Kept = d.kept
		for _, p := range d.old {
			done.Partitions = append(done.Partitions, p.Name)
			s.Dropped = append(s.Dropped, droppedTable+suffix(p.To))
		}
	}
	for _, name := range s.Dropped {
		if err := d.take(ctx, "drop", func(ctx context.Context, tx schemaTx) error {
			return d.exec(ctx, tx, "drop table if exists "+d.table(name))
		}); err != nil {
			return err
		}
	}
	if len(s.Dropped) == 0 {
		return nil
	}
	return d.take(ctx, "clear", d.clear)
}

// take takes a step in a transaction, one process at a time.
func (d *eventDrop) take(ctx context.Context, name string, work func(context.Context, schemaTx) error) error {
	err := d.again(ctx, func(tx schemaTx) error {
		if err := d.begin(ctx, tx, d.schema+" events"); err != nil {
			return err
		}
		if err := work(ctx, tx); err != nil {
			return err
		}
		return d.note(ctx, tx, name)
	})
	if err == nil && d.Done != nil {
		d.Done(name)
	}
	return err
}

// before returns the partitions that end at or before the time, none if there
// is no other than the one of events that were kept.
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

// prepare makes the new table, and begins to note what is changed in the old
// ones.
func (d *eventDrop) prepare(ctx context.Context, tx schemaTx) error {
	if err := d.unchanged(ctx, tx); err != nil {
		return err
	}
	if err := d.clear(ctx, tx); err != nil {
		return err
	}
	open, err := d.facts(ctx, tx, openPartition)
	if err != nil {
		return err
	}
	changed, note, kept := d.table(changedTable), d.table(noteChange), d.table(keepingTable)
	statements := []string{
		fmt.Sprintf(createNotes, changed),
		"comment on table " + changed + " is" + text(d.run),
		fmt.Sprintf(createNote, changed, note),
		"create table " + kept + " (like " + d.table(eventTable) + " including all excluding identity)",
		fmt.Sprintf("alter table %s add constraint %s check (created_at < %s)", kept, boundCheck, literal(d.end())),
	}
	statements = append(statements, d.primaryKey(open, keepingTable)...)
	statements = append(statements, d.ownership(open, keepingTable)...)
	for _, p := range d.old {
		statements = append(statements, fmt.Sprintf(
			"create trigger %s after insert or update or delete on %s for each row execute function %s()",
			noteChange, d.table(p.Name), note))
	}
	return d.exec(ctx, tx, statements...)
}

// unchanged returns errMoved if the old partitions are not the same any more.
func (d *eventDrop) unchanged(ctx context.Context, tx schemaTx) error {
	s, err := d.state(ctx, tx)
	if err != nil {
		return err
	}
	same := func(a, b EventPartition) bool { return a.Name == b.Name }
	if !slices.EqualFunc(d.old, s.before(d.before), same) {
		return errMoved
	}
	return nil
}

// end is the end of the last of the old partitions.
func (d *eventDrop) end() time.Time { return d.old[len(d.old)-1].To }

// newestScores copies the events of old partitions that stay: see prune_events.
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

func (d *eventDrop) newestScores() string {
	return fmt.Sprintf(newestScores, d.table(keepingTable), d.table(eventTable), literal(d.end()), literal(d.before))
}

func (d *eventDrop) copy(ctx context.Context, tx schemaTx) error {
	if err := d.owns(ctx, tx); err != nil {
		return err
	}
	if err := d.exec(ctx, tx, "truncate "+d.table(keepingTable)); err != nil { // if the step is repeated
		return err
	}
	copied := call{name: "copy_newest_scores", sql: "with copied as (" + d.newestScores() + " returning id) select count(*)::bigint from copied"}
	return tx.read(ctx, copied.each(func(scan scanFunc) error { return scan(&d.kept) }))
}

// refer adds the foreign keys. To validate them later, in a transaction of its
// own, keeps no writer of the tables that they refer to.
func (d *eventDrop) refer(ctx context.Context, tx schemaTx) error {
	return d.eachForeignKey(ctx, tx, func(k eventFact) string {
		return "drop constraint if exists " + quoted(k.name) + ", add constraint " + quoted(k.name) + " " + k.text + " not valid"
	})
}

func (d *eventDrop) validateKeys(ctx context.Context, tx schemaTx) error {
	return d.eachForeignKey(ctx, tx, func(k eventFact) string { return "validate constraint " + quoted(k.name) })
}

// eachForeignKey alters the new table for each foreign key of a partition.
func (d *eventDrop) eachForeignKey(ctx context.Context, tx schemaTx, alter func(eventFact) string) error {
	if err := d.owns(ctx, tx); err != nil {
		return err
	}
	open, err := d.facts(ctx, tx, openPartition)
	if err != nil {
		return err
	}
	for _, k := range open["foreign key"] {
		if err := d.exec(ctx, tx, "alter table "+d.table(keepingTable)+" "+alter(k)); err != nil {
			return err
		}
	}
	return nil
}

// swap puts the new partition in the place of the old ones, with the changes
// that were noted.
func (d *eventDrop) swap(ctx context.Context, tx schemaTx) error {
	for _, check := range []func(context.Context, schemaTx) error{d.owns, d.unchanged} {
		if err := check(ctx, tx); err != nil {
			return err
		}
	}
	changed, kept := d.table(changedTable), d.table(keepingTable)
	statements := []string{
		"delete from " + kept + " where id in (select id from " + changed + ")",
		d.newestScores() + " and e.id in (select id from " + changed + ")",
	}
	for _, p := range d.old {
		statements = append(statements, d.detachment(p.Name),
			"alter table "+d.table(p.Name)+" rename to "+quoted(droppedTable+suffix(p.To)))
	}
	statements = append(statements,
		"alter table "+kept+" rename to "+quoted(keptPartition),
		d.attachment(EventPartition{Name: keptPartition, To: d.end()}),
		"alter table "+d.table(keptPartition)+" drop constraint "+boundCheck)
	return d.alone(ctx, tx, eventTable, statements...)
}
