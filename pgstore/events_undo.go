package pgstore

import "context"

// UnpartitionEvents makes registry_event a plain table again. It copies all
// events in one transaction, in which no other session reads or writes them,
// and needs the space for both tables: stop the service for it. A plain table
// stays as it is.
//
// Errors are those of [EnsureEventPartitions].
func UnpartitionEvents[D Database](ctx context.Context, db D, p Partitioning, options ...Option) error {
	e, err := newEvents("unpartition_events", db, p, options)
	if err != nil {
		return err
	}
	e.convert = true // so that a plain table is no error
	return e.again(ctx, func(tx schemaTx) error { return e.undo(ctx, tx) })
}

func (e *events) undo(ctx context.Context, tx schemaTx) error {
	if err := e.begin(ctx, tx, e.schema); err != nil {
		return err
	}
	if err := e.exec(ctx, tx, "lock table "+e.table(eventTable)+" in access exclusive mode"); err != nil {
		return err
	}
	s, err := e.state(ctx, tx)
	if err != nil || s.Next == stepAttach {
		return err
	}
	old, err := e.facts(ctx, tx, eventTable)
	if err != nil {
		return err
	}
	open, err := e.facts(ctx, tx, openPartition)
	if err != nil {
		return err
	}
	const oldName = eventTable + "_parted"
	if err := e.replaceTable(ctx, tx, old, oldName, ""); err != nil {
		return err
	}
	statements := []string{
		"insert into " + e.table(eventTable) + " select * from " + e.table(oldName),
		"drop table " + e.table(oldName),
	}
	statements = append(statements, e.primaryKey(open, eventTable)...)
	statements = append(statements, e.foreignKeys(open, eventTable)...)
	return e.exec(ctx, tx, append(statements, e.belongings(old)...)...)
}
