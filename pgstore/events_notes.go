package pgstore

import (
	"context"
	"errors"
	"strings"
	"time"
)

// errBusy undoes a step because another process may be at work.
var errBusy = errors.New("another process drops partitions")

// The trigger notes the ids of events that are changed in old partitions. Its
// function runs as the owner: who changes events has no rights on the notes.
const (
	keepingTable = eventTable + "_keeping" // the new partition, while it is being made
	changedTable = eventTable + "_changed"
	noteChange   = "passport_event_changed"

	createNotes = `create table %s (id bigint not null)`
	createNote  = `create function %[2]s() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $note$
begin
    insert into %[1]s (id) values (case tg_op when 'DELETE' then old.id else new.id end);
    return null;
end $note$`
)

// clear removes what a try has made.
func (d *eventDrop) clear(ctx context.Context, tx schemaTx) error {
	if err := d.overtake(ctx, tx); err != nil {
		return err
	}
	return d.exec(ctx, tx,
		"drop function if exists "+d.table(noteChange)+"() cascade",
		"drop table if exists "+d.table(changedTable)+", "+d.table(keepingTable))
}

// note records how far the try is, for other processes.
func (d *eventDrop) note(ctx context.Context, tx schemaTx, step string) error {
	if found, err := d.noted(ctx, tx); err != nil || found == "" {
		return err
	}
	return d.exec(ctx, tx, "comment on table "+d.table(changedTable)+" is"+text(d.run+" "+step))
}

// noted returns what note has recorded last, "" for nothing.
func (d *eventDrop) noted(ctx context.Context, tx schemaTx) (found string, err error) {
	sql := "select coalesce(pg_catalog.obj_description(pg_catalog.to_regclass(" + text(d.table(changedTable)) + "), 'pg_class'), '')"
	err = tx.read(ctx, call{name: "read_event_drop", sql: sql}.each(func(scan scanFunc) error { return scan(&found) }))
	return found, err
}

// owns returns errMoved if another process has begun a try of its own.
func (d *eventDrop) owns(ctx context.Context, tx schemaTx) error {
	found, err := d.noted(ctx, tx)
	if err == nil && !strings.HasPrefix(found, d.run) {
		return errMoved
	}
	return err
}

// overtake returns errBusy while the try of another process may go on: between
// two steps it does not take long.
func (d *eventDrop) overtake(ctx context.Context, tx schemaTx) error {
	found, err := d.noted(ctx, tx)
	switch {
	case err != nil, found == "", strings.HasPrefix(found, d.run):
		return err
	case found != d.other:
		d.other, d.since = found, time.Now()
		return errBusy
	case time.Since(d.since) < 2*d.Wait:
		return errBusy
	}
	return nil
}
