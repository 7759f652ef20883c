package pgstore

// readCatalog answers with what there is of the tables: one row each for a
// table, a column, an index and a foreign key. One more tells the encodings.
//
// An index counts only when it is complete and holds for new rows; a key only
// when it is checked at once, as ON CONFLICT needs it. Columns of an index are
// listed in order, without what they sort by.
//
//	$1 schema  $2 tables
var readCatalog = statement{name: "check_schema", sql: `
with tables as (
    select c.oid, c.relname::text as name
    from   pg_catalog.pg_class c
    join   pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where  n.nspname = $1::pg_catalog.text
    and    c.relname = any($2::pg_catalog.text[])
    and    c.relkind in ('r', 'p')
)
select 'encodings', '', pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('client_encoding'), false, false
union  all
select 'table', t.name, '', '', false, false
from   tables t
union  all
select 'column', t.name, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
       not a.attnotnull, a.atthasdef or a.attidentity <> ''
from   tables t
join   pg_catalog.pg_attribute a on a.attrelid = t.oid
where  a.attnum > 0
and    not a.attisdropped
union  all
select 'index', t.name, columns.list, coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), ''),
       i.indisunique and i.indimmediate, false
from   tables t
join   pg_catalog.pg_index i on i.indrelid = t.oid
cross  join lateral (
         select string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, place, true), ', ' order by place)
         from   generate_series(1, i.indnkeyatts) as place
       ) as columns (list)
where  i.indisvalid
and    i.indisready
union  all
select 'foreign key', t.name, columns.list, other.relname::text, false, false
from   tables t
join   pg_catalog.pg_constraint k on k.conrelid = t.oid and k.contype = 'f' and k.convalidated
join   pg_catalog.pg_class other on other.oid = k.confrelid
cross  join lateral (
         select string_agg(a.attname::text, ', ' order by key.place)
         from   unnest(k.conkey) with ordinality as key (attnum, place)
         join   pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = key.attnum
       ) as columns (list)`}

// catalogReader collects the rows of readCatalog.
type catalogReader struct {
	encodings encodings
	tables    []table
}

func (r *catalogReader) row(scan scanFunc) error {
	var kind, name, first, second string
	var yes, alsoYes bool
	if err := scan(&kind, &name, &first, &second, &yes, &alsoYes); err != nil {
		return err
	}
	if kind == "encodings" {
		r.encodings = encodings{database: first, session: second}
		return nil
	}
	t := r.table(name)
	switch kind {
	case "column":
		t.columns = append(t.columns, column{name: first, typ: second, nullable: yes, generated: alsoYes})
	case "index":
		ix := index{columns: first, where: second}
		if yes {
			t.keys = append(t.keys, ix)
		} else {
			t.indexes = append(t.indexes, ix)
		}
	case "foreign key":
		t.references = append(t.references, reference{columns: first, table: second})
	}
	return nil
}

// table returns the table of that name, a new one when none was read before.
func (r *catalogReader) table(name string) *table {
	if t := tableOf(r.tables, name); t != nil {
		return t
	}
	r.tables = append(r.tables, table{name: name})
	return &r.tables[len(r.tables)-1]
}
