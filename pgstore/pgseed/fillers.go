package pgseed

import (
	"context"
	_ "embed" // for the statement
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed fillers.sql
var fillersSQL string

// fillAll adds the fillers in one transaction. In a database that was empty
// their tables have no indexes while it runs: to keep 30 of them up to date
// takes several times as long as making them again.
func (f *filling) fillAll(ctx context.Context) error {
	if f.Fillers == 0 {
		return nil
	}
	err := pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select set_config('work_mem', '64MB', true), set_config('maintenance_work_mem', '256MB', true),
			set_config('jit', 'off', true)`)
		if err != nil {
			return err
		}
		if f.crowded { // checks that wait for the commit would fill the server's memory
			if _, err := tx.Exec(ctx, "set constraints all immediate"); err != nil {
				return err
			}
			return f.fill(ctx, tx)
		}
		dropped, err := f.dropIndexes(ctx, tx)
		if err != nil {
			return err
		}
		if err := f.fill(ctx, tx); err != nil {
			return err
		}
		return f.makeIndexes(ctx, tx, dropped)
	})
	if err != nil {
		return fmt.Errorf("adding fillers: %w", err)
	}
	return nil
}

// fill adds the fillers.
func (f *filling) fill(ctx context.Context, tx pgx.Tx) error {
	first, err := f.first(ctx, tx)
	if err != nil {
		return err
	}
	sql := strings.ReplaceAll(fillersSQL, "/* schema */", pgx.Identifier{f.Schema}.Sanitize()+".")
	for from := 0; from < f.Fillers; from += chunk {
		next := min(from+chunk, f.Fillers)
		if _, err := tx.Exec(ctx, sql, f.Seed, int64(from), int64(next), f.Community+1, first.credentials, first.score, first.event, f.Events, f.Bare); err != nil {
			return err
		}
		f.Progress(Progress{Filling, next, f.Fillers})
	}
	return nil
}

// firstRows are the ids of the rows of the first wallet. Only these indexes are
// there all the time.
type firstRows struct {
	credentials  []int64
	score, event int64
}

func (f *filling) first(ctx context.Context, tx pgx.Tx) (first firstRows, err error) {
	err = tx.QueryRow(ctx, fmt.Sprintf(`
		select (select array_agg(c.id) from %s c where c.address = $1::text and c.deleted_at is null),
		       coalesce((select s.id from %s s join %s p on p.id = s.passport_id where p.address = $1::text and p.community_id = $2::bigint), 0),
		       coalesce((select max(e.id) from %s e where e.address = $1::text and e.community_id = $2::bigint and e.action = 'SCU'), 0)`,
		f.table("ceramic_cache_ceramiccache"), f.table("registry_score"), f.table("registry_passport"), f.table("registry_event"),
	), f.address(0), f.Community).Scan(&first.credentials, &first.score, &first.event)
	return first, err
}
