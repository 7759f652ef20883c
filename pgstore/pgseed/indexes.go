package pgseed

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// filled are the tables that fillers have rows in.
var filled = []string{
	"ceramic_cache_ceramiccache", "ceramic_cache_revocation",
	"registry_passport", "registry_score", "registry_stamp", "registry_hashscorerlink", "registry_event",
}

// readIndexes returns statements that drop the indexes of tables, but not the
// primary keys, and the statements that make them again: unique and foreign
// keys first, since they own indexes. Names have their schema.
const readIndexes = `
select format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname),
       format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
from   pg_constraint k
where  k.conrelid = any($1::text[]::regclass[])
and    k.contype in ('u', 'f')
union  all
select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
from   pg_index i
where  i.indrelid = any($1::text[]::regclass[])
and    not i.indisprimary
and    not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)`

// dropIndexes returns the statements that make the indexes again.
func (f *filling) dropIndexes(ctx context.Context, tx pgx.Tx) (makes []string, err error) {
	if _, err := tx.Exec(ctx, "select set_config('search_path', 'pg_catalog', true)"); err != nil {
		return nil, err
	}
	var tables []string
	for _, name := range filled {
		tables = append(tables, f.table(name))
	}
	rows, err := tx.Query(ctx, readIndexes, tables)
	if err != nil {
		return nil, err
	}
	var drops []string
	var drop, makeAgain string
	if _, err := pgx.ForEachRow(rows, []any{&drop, &makeAgain}, func() error {
		drops, makes = append(drops, drop), append(makes, makeAgain)
		return nil
	}); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, strings.Join(drops, ";\n"), pgx.QueryExecModeSimpleProtocol)
	return makes, err
}

func (f *filling) makeIndexes(ctx context.Context, tx pgx.Tx, makes []string) error {
	for i, sql := range makes {
		if _, err := tx.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		f.Progress(Progress{Indexing, i + 1, len(makes)})
	}
	return nil
}
