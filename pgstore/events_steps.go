package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/store"
)

// run takes steps until none is left.
func (e *events) run(ctx context.Context) (*EventPartitions, error) {
	for {
		s, err := e.state(ctx, e.on)
		if err != nil || s.Next == "" {
			return s, err
		}
		err = e.again(ctx, func(tx schemaTx) error { return e.step(ctx, tx, s.Next) })
		var detail *store.Error
		switch {
		case errors.Is(err, errMoved):
			continue
		case s.Next == stepValidate && errors.As(err, &detail) && detail.SQLState == checkViolation:
			return s, e.unbind(ctx, s, err)
		case err != nil:
			return s, err
		case e.Done != nil:
			e.Done(s.Next)
		}
	}
}

// unbind takes back a bound that events are beyond.
func (e *events) unbind(ctx context.Context, s *EventPartitions, cause error) error {
	err := e.again(ctx, func(tx schemaTx) error {
		if err := e.begin(ctx, tx, e.schema); err != nil {
			return err
		}
		return e.exec(ctx, tx, "alter table "+e.table(openPartition)+" drop constraint if exists "+boundCheck)
	})
	return store.Errorf(e.op, store.ErrInvalid, "events have a created_at of %v or later, which must be put right first: %w",
		s.Bound, errors.Join(cause, err))
}

// errMoved undoes a step because the table is not as it was found before.
var errMoved = errors.New("the table has changed")

// again repeats the transaction while others hold the table.
func (e *events) again(ctx context.Context, work func(schemaTx) error) error {
	const longest = 5 * time.Second
	waits := retry.WithMaxRetries(uint64(e.Attempts-1), //nolint:gosec // it is above 0
		retry.WithJitterPercent(30, retry.WithCappedDuration(longest, retry.NewExponential(100*time.Millisecond))))
	err := retry.Do(ctx, waits, func(ctx context.Context) error {
		err := e.on.migrate(ctx, func(tx schemaTx) error {
			if err := tx.exec(ctx, pinPath.name, pinPath.sql); err != nil {
				return err
			}
			return work(tx)
		})
		if e.isHeld(ctx, err) {
			return retry.RetryableError(err)
		}
		return err
	})
	if e.isHeld(ctx, err) {
		return store.Errorf(e.op, store.ErrUnavailable, "other sessions hold the table, after %d attempts: %w", e.Attempts, err)
	}
	return err
}

// isHeld reports whether a transaction failed because others hold the table, or
// because it took longer than Wait.
func (e *events) isHeld(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	var detail *store.Error
	if errors.As(err, &detail) && slices.Contains([]string{lockNotAvailable, deadlockDetected}, detail.SQLState) {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, errBusy)
}

// step takes one step in a transaction, if that is still the one that is left.
func (e *events) step(ctx context.Context, tx schemaTx, step string) error {
	if step == stepValidate { // which may be long, and does no harm twice
		if err := e.settings(ctx, tx); err != nil {
			return err
		}
		return tx.exec(ctx, step, "alter table "+e.table(openPartition)+" validate constraint "+boundCheck)
	}
	if err := e.begin(ctx, tx, e.schema); err != nil {
		return err
	}
	s, err := e.state(ctx, tx)
	switch {
	case err != nil:
		return err
	case s.Next != step:
		return errMoved
	}
	switch step {
	case stepAttach:
		return e.attach(ctx, tx)
	case stepBound:
		return e.alone(ctx, tx, openPartition, fmt.Sprintf("alter table %s add constraint %s check (created_at < %s) not valid",
			e.table(openPartition), boundCheck, literal(e.bound())))
	case stepUnbound:
		return e.alone(ctx, tx, openPartition, "alter table "+e.table(openPartition)+" drop constraint "+boundCheck)
	case stepClose:
		return e.close(ctx, tx, s)
	}
	return e.extend(ctx, tx, s.open().From)
}

// begin lets one process at a time take a step of that kind.
func (e *events) begin(ctx context.Context, tx schemaTx, kind string) error {
	if err := e.settings(ctx, tx); err != nil {
		return err
	}
	return tx.read(ctx, e.texts.call("lock_event_partitions", kind))
}

// settings limits how long the transaction waits for a lock, which is less than
// the server waits before it looks for deadlocks. A session that is lost gives
// its locks back.
func (e *events) settings(ctx context.Context, tx schemaTx) error {
	wait := min(e.Wait/2, 500*time.Millisecond)
	return tx.exec(ctx, "set_timeouts", fmt.Sprintf(`select pg_catalog.set_config('lock_timeout', '%[1]d', true),
		pg_catalog.set_config('statement_timeout', '0', true),
		pg_catalog.set_config('idle_in_transaction_session_timeout', '%[2]d', true)`,
		max(wait.Milliseconds(), 1), (10*time.Second).Milliseconds()))
}

// alone runs statements while no other session has the table, all of it within
// Wait.
func (e *events) alone(ctx context.Context, tx schemaTx, table string, statements ...string) error {
	return e.within(ctx, tx, table, func(ctx context.Context) error { return e.exec(ctx, tx, statements...) })
}

// within takes the table for the work, all of it within Wait.
func (e *events) within(ctx context.Context, tx schemaTx, table string, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, e.Wait)
	defer cancel()
	if err := tx.exec(ctx, "lock_events", "lock table only "+e.table(table)+" in access exclusive mode"); err != nil {
		return err
	}
	return work(ctx)
}

// exec runs statements that have no answer.
func (e *events) exec(ctx context.Context, tx schemaTx, statements ...string) error {
	for _, sql := range statements {
		if err := tx.exec(ctx, e.op, sql); err != nil {
			return err
		}
	}
	return nil
}

// close ends the open partition at its bound and makes those after it.
func (e *events) close(ctx context.Context, tx schemaTx, s *EventPartitions) error {
	open := *s.open()
	end := e.horizon()
	if end.Before(s.Bound) {
		end = s.Bound
	}
	after := months(s.Bound, end)
	if err := e.create(ctx, tx, append(after, EventPartition{Name: nextPartition})); err != nil {
		return err
	}
	closed := EventPartition{Name: untilPartition + suffix(s.Bound), From: open.From, To: s.Bound}
	statements := []string{
		e.detachment(open.Name),
		"alter table " + e.table(open.Name) + " rename to " + quoted(closed.Name),
		e.attachment(closed),
		"alter table " + e.table(closed.Name) + " drop constraint " + boundCheck,
	}
	for _, p := range after {
		statements = append(statements, e.attachment(p))
	}
	return e.alone(ctx, tx, eventTable, append(statements,
		"alter table "+e.table(nextPartition)+" rename to "+quoted(openPartition),
		e.attachment(EventPartition{Name: openPartition, From: end}))...)
}

// extend takes the months up to the horizon out of the open partition, which
// has no event of them.
func (e *events) extend(ctx context.Context, tx schemaTx, from time.Time) error {
	ahead := months(from, e.horizon())
	if err := e.create(ctx, tx, ahead); err != nil {
		return err
	}
	return e.within(ctx, tx, eventTable, func(ctx context.Context) error {
		has, err := e.hasEvents(ctx, tx, openPartition, e.horizon())
		if err != nil {
			return err
		}
		if has {
			return errMoved
		}
		statements := []string{e.detachment(openPartition)}
		for _, p := range append(ahead, EventPartition{Name: openPartition, From: e.horizon()}) {
			statements = append(statements, e.attachment(p))
		}
		return e.exec(ctx, tx, statements...)
	})
}

func (e *events) detachment(name string) string {
	return "alter table " + e.table(eventTable) + " detach partition " + e.table(name)
}

// create makes tables that can become partitions, with the keys that each
// partition has of its own.
func (e *events) create(ctx context.Context, tx schemaTx, partitions []EventPartition) error {
	open, err := e.facts(ctx, tx, openPartition)
	if err != nil {
		return err
	}
	for _, p := range partitions {
		statements := []string{"create table " + e.table(p.Name) +
			" (like " + e.table(eventTable) + " including all excluding indexes excluding identity)"}
		statements = append(statements, e.primaryKey(open, p.Name)...)
		statements = append(statements, e.foreignKeys(open, p.Name)...)
		if err := e.exec(ctx, tx, append(statements, e.ownership(open, p.Name)...)...); err != nil {
			return err
		}
	}
	return nil
}

// primaryKey returns the statement that gives a table the primary key of a
// partition. Its name is that of an index, and so the table's own.
func (e *events) primaryKey(of eventFacts, table string) (statements []string) {
	for _, k := range of["primary key"] {
		statements = append(statements, "alter table "+e.table(table)+" add "+k.text)
	}
	return statements
}

// foreignKeys returns the statements that give a table the foreign keys of a
// partition.
func (e *events) foreignKeys(of eventFacts, table string) (statements []string) {
	for _, k := range of["foreign key"] {
		statements = append(statements, "alter table "+e.table(table)+" add constraint "+quoted(k.name)+" "+k.text)
	}
	return statements
}
