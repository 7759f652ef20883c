// Package tables looks at the service's tables from outside the SDK: whether
// the invariants hold ([Check]), what the rows are ([Rows]), and whether a
// scoring has left anything open ([Left]).
package tables

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Database is a pool, a connection or a transaction of pgx.
type Database interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Check returns what does not hold, as of one moment. It may be called while
// scorings go on. It is for tables that only the SDK has written, with the
// human points program on, and with credentials of today's form. The limits are
// those of limited awards, by action.
func Check(ctx context.Context, db Database, limits map[string]int) ([]string, error) {
	return look(ctx, db, func(tx pgx.Tx) ([]string, error) {
		var broken []string
		for _, name := range slices.Sorted(maps.Keys(invariants)) {
			found, err := texts(ctx, tx, invariants[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for _, text := range found {
				broken = append(broken, name+": "+text)
			}
		}
		for action, limit := range limits {
			var given int
			if err := tx.QueryRow(ctx, `select count(*) from registry_humanpoints where action = $1`, action).Scan(&given); err != nil {
				return nil, err
			}
			if given > limit {
				broken = append(broken, fmt.Sprintf("a limited award stops at its limit: %s was given %d times, %d at most", action, given, limit))
			}
		}
		return broken, nil
	})
}

// Rows returns every row of the tables as of one moment, as JSON, table by
// table: two databases in which the same was done have the same. In the place
// of the ids that a database gave are the rows' own keys.
func Rows(ctx context.Context, db Database) ([]string, error) {
	return look(ctx, db, func(tx pgx.Tx) ([]string, error) {
		names, err := texts(ctx, tx, `
			select c.relname::text from pg_class c
			where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname !~ '^passport_'
			order by 1`)
		if err != nil {
			return nil, err
		}
		var all []string
		for _, name := range names {
			rows, err := texts(ctx, tx, rowsOf(name))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for _, row := range rows {
				all = append(all, name+" "+row)
			}
		}
		return all, nil
	})
}

// rowsOf returns the query for the rows of the table. Events are in the order
// of their ids.
func rowsOf(table string) string {
	switch table {
	case "registry_stamp", "registry_score":
		return `select ((to_jsonb(t) - 'id' - 'passport_id') || jsonb_build_object('of', p.address, 'in', p.community_id))::text
			from ` + table + ` t join registry_passport p on p.id = t.passport_id order by 1`
	case "registry_event":
		return `select ((to_jsonb(t) - 'id') #- '{data,pk}' #- '{data,fields,passport}')::text from registry_event t order by t.id`
	case "registry_passport", "registry_hashscorerlink", "registry_humanpoints", "registry_humanpointscommunityqualifiedusers",
		"account_walletgroupcommunityclaim":
		return `select (to_jsonb(t) - 'id')::text from ` + table + ` t order by 1`
	}
	return `select to_jsonb(t)::text from ` + pgx.Identifier{table}.Sanitize() + ` t order by 1`
}

// Left returns what is open in the database besides the caller's own session:
// sessions that are in a transaction or busy, and locks.
func Left(ctx context.Context, db Database) ([]string, error) {
	return look(ctx, db, func(tx pgx.Tx) ([]string, error) {
		return texts(ctx, tx, `
			select format('session %s is %s since %s: %s', pid, state, clock_timestamp() - state_change, left(query, 100))
			from   pg_stat_activity
			where  datname = current_database() and backend_type = 'client backend'
			and    pid <> pg_backend_pid() and state <> 'idle'
			union  all
			select format('session %s has the lock %s on %s %s', l.pid, l.mode, l.locktype, coalesce(l.relation::regclass::text, ''))
			from   pg_locks l
			join   pg_stat_activity a on a.pid = l.pid
			where  a.datname = current_database() and a.backend_type = 'client backend'
			and    l.pid <> pg_backend_pid() and l.granted`)
	})
}

// look runs the function in a transaction that sees one moment and changes
// nothing.
func look(ctx context.Context, db Database, at func(tx pgx.Tx) ([]string, error)) ([]string, error) {
	tx, err := db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // nothing is written
	if _, err := tx.Exec(ctx, "set transaction isolation level repeatable read, read only"); err != nil {
		return nil, err
	}
	return at(tx)
}

func texts(ctx context.Context, tx pgx.Tx, sql string) ([]string, error) {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
