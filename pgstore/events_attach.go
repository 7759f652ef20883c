package pgstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// attach puts a partitioned table in the place of the plain one.
func (e *events) attach(ctx context.Context, tx schemaTx) error {
	return e.within(ctx, tx, eventTable, func(ctx context.Context) error {
		old, err := e.facts(ctx, tx, eventTable)
		if err != nil {
			return err
		}
		if obstacles := old["obstacle"]; len(obstacles) > 0 {
			var list []string
			for _, o := range obstacles {
				list = append(list, o.text)
			}
			return store.Errorf(e.op, store.ErrInvalid, "table registry_event cannot be partitioned:\n%s", strings.Join(list, "\n"))
		}
		if err := e.replaceTable(ctx, tx, old, openPartition, " partition by range (created_at)"); err != nil {
			return err
		}
		return e.exec(ctx, tx, append(e.belongings(old), e.attachment(EventPartition{Name: openPartition}))...)
	})
}

// replaceTable makes a table in the place of the old one, which gets another
// name. The new one goes on with the ids of the old.
func (e *events) replaceTable(ctx context.Context, tx schemaTx, old eventFacts, oldName, form string) error {
	statements := []string{"alter table " + e.table(eventTable) + " rename to " + quoted(oldName)}
	ending := strings.TrimPrefix(oldName, eventTable)
	for _, ix := range old["index"] {
		const longest = 63 // bytes of a name
		statements = append(statements, "alter index "+e.table(ix.name)+
			" rename to "+quoted(ix.name[:min(len(ix.name), longest-len(ending))]+ending))
	}
	like := " including all excluding indexes"
	if !old.hasIdentity() {
		like += " excluding identity"
	}
	statements = append(statements, "create table "+e.table(eventTable)+" (like "+e.table(oldName)+like+")"+form)
	if err := e.exec(ctx, tx, statements...); err != nil {
		return err
	}
	return e.moveSequence(ctx, tx, old, oldName)
}

// moveSequence lets the new table go on with the ids of the old one.
func (e *events) moveSequence(ctx context.Context, tx schemaTx, old eventFacts, oldName string) error {
	if len(old["sequence"]) == 0 {
		return nil
	}
	s := old["sequence"][0]
	if !s.yes {
		return e.exec(ctx, tx, "alter sequence "+s.name+" owned by "+e.table(eventTable)+".id")
	}
	made, err := e.facts(ctx, tx, eventTable)
	if err != nil {
		return err
	}
	if len(made["sequence"]) != 1 {
		return store.Errorf(e.op, store.ErrInternal, "the column id of the new table has %d sequences", len(made["sequence"]))
	}
	sequence := made["sequence"][0]
	return e.exec(ctx, tx,
		"select pg_catalog.setval("+text(sequence.name)+"::pg_catalog.regclass, last_value, is_called) from "+s.name,
		"alter table "+e.table(oldName)+" alter column id drop identity",
		"alter sequence "+sequence.name+" rename to "+quoted(s.text))
}

// belongings returns the statements that give the new table what the old one
// had.
func (e *events) belongings(old eventFacts) (statements []string) {
	for _, ix := range old["index"] {
		statements = append(statements, ix.text)
	}
	for _, c := range old["comment"] {
		statements = append(statements, "comment on table "+e.table(eventTable)+" is "+text(c.text))
	}
	for _, r := range old["right"] {
		to, option := "public", ""
		if r.name != "" {
			to = quoted(r.name)
		}
		if r.yes {
			option = " with grant option"
		}
		statements = append(statements, fmt.Sprintf("grant %s on %s to %s%s", r.text, e.table(eventTable), to, option))
	}
	return append(statements, e.ownership(old, eventTable)...)
}

// ownership returns the statement that gives a new table its owner, if that is
// another role.
func (e *events) ownership(of eventFacts, table string) (statements []string) {
	for _, o := range of["owner"] {
		if o.yes {
			statements = append(statements, "alter table "+e.table(table)+" owner to "+quoted(o.name))
		}
	}
	return statements
}

// eventFacts are what belongs to a table, by its kind.
type eventFacts map[string][]eventFact

type eventFact struct {
	name, text string
	yes        bool
}

func (f eventFacts) hasIdentity() bool {
	return slices.ContainsFunc(f["sequence"], func(s eventFact) bool { return s.yes })
}

func (e *events) facts(ctx context.Context, tx schemaTx, table string) (eventFacts, error) {
	all := eventFacts{}
	err := tx.read(ctx, e.texts.call("read_event_table", e.schema, table).each(func(scan scanFunc) error {
		var kind string
		var f eventFact
		if err := scan(&kind, &f.name, &f.text, &f.yes); err != nil {
			return err
		}
		all[kind] = append(all[kind], f)
		return nil
	}))
	return all, err
}

// text returns the text as a literal.
func text(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `'`, `''`)
	return " E'" + s + "'"
}
