package pgstore

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// The steps.
const (
	stepAttach   = "attach"
	stepBound    = "bound"
	stepUnbound  = "unbound"
	stepValidate = "validate"
	stepClose    = "close"
	stepExtend   = "extend"
)

// The names of the tables. The partition of one month has the month as suffix,
// and one that was closed has the month in which it ends.
const (
	eventTable     = "registry_event"
	openPartition  = eventTable + "_open"
	nextPartition  = eventTable + "_next" // the open one, while it is being made
	untilPartition = eventTable + "_until_"
	keptPartition  = eventTable + "_kept"
	droppedTable   = eventTable + "_dropped_"
	boundCheck     = "passport_event_bound"
)

// A bound is set this long before it takes effect, and taken back if it is
// about to.
const (
	boundAhead = 31 * 24 * time.Hour
	boundNear  = 7 * 24 * time.Hour
)

// next returns the step that is left, "" for none.
func (e *events) next(s *EventPartitions) (string, error) {
	open := s.open()
	switch {
	case s.key == "" && e.op == "read_event_partitions":
		return "", nil
	case s.key == "" && !e.convert:
		return "", store.Errorf(e.op, store.ErrInvalid, "table registry_event is not partitioned")
	case s.key == "":
		return stepAttach, nil
	case s.key != "RANGE (created_at)" || open == nil:
		return "", store.Errorf(e.op, store.ErrInvalid,
			"table registry_event is partitioned by another program (%s, %d partitions of times)", s.key, len(s.Partitions))
	case !s.Bound.IsZero() && s.Bound.Before(e.now().Add(boundNear)):
		return stepUnbound, nil
	case !s.Bound.IsZero() && !s.validated:
		return stepValidate, nil
	case !s.Bound.IsZero():
		return stepClose, nil
	case open.From.IsZero() || s.overdue:
		return stepBound, nil
	case open.From.Before(e.horizon()):
		return stepExtend, nil
	}
	return "", nil
}

// open returns the partition that has no end, nil if there is none.
func (s *EventPartitions) open() *EventPartition {
	if n := len(s.Partitions); n > 0 && s.Partitions[n-1].To.IsZero() {
		return &s.Partitions[n-1]
	}
	return nil
}

// sort puts the partitions into the order of their times.
func (s *EventPartitions) sort() {
	slices.SortFunc(s.Partitions, func(a, b EventPartition) int {
		if a.To.IsZero() != b.To.IsZero() {
			return cmp.Compare(b.To.Unix(), a.To.Unix()) // the one without an end is last
		}
		return a.To.Compare(b.To)
	})
}

// horizon is the end of the last month that has a partition of its own.
func (e *events) horizon() time.Time {
	return monthOf(e.now()).AddDate(0, e.Ahead+1, 0)
}

// bound is the time at which a partition that has events can be closed.
func (e *events) bound() time.Time {
	return monthOf(e.now().Add(boundAhead)).AddDate(0, 1, 0)
}

// months returns the partitions of the months from one time to another.
func months(from, to time.Time) (all []EventPartition) {
	for m := from; m.Before(to); m = m.AddDate(0, 1, 0) {
		all = append(all, EventPartition{
			Name: eventTable + "_" + suffix(m), From: m, To: m.AddDate(0, 1, 0),
		})
	}
	return all
}

// monthOf returns the start of the month.
func monthOf(t time.Time) time.Time {
	year, month, _ := t.UTC().Date()
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

func suffix(month time.Time) string { return month.UTC().Format("2006_01") }

// table returns the quoted name of a table, with its schema.
func (e *events) table(name string) string { return pgx.Identifier{e.schema, name}.Sanitize() }

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func literal(t time.Time) string { return t.UTC().Format("'2006-01-02 15:04:05.999999+00'") }

// attachment returns the statement that makes a table a partition.
func (e *events) attachment(p EventPartition) string {
	from, to := "minvalue", "maxvalue"
	if !p.From.IsZero() {
		from = literal(p.From)
	}
	if !p.To.IsZero() {
		to = literal(p.To)
	}
	return fmt.Sprintf("alter table %s attach partition %s for values from (%s) to (%s)",
		e.table(eventTable), e.table(p.Name), from, to)
}
