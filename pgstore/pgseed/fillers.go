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

// fillAll adds the fillers.
func (f *filling) fillAll(ctx context.Context) error {
	sql := strings.ReplaceAll(fillersSQL, "/* schema */", pgx.Identifier{f.Schema}.Sanitize()+".")
	for from := 0; from < f.Fillers; from += chunk {
		next := min(from+chunk, f.Fillers)
		if err := f.fill(ctx, sql, from, next); err != nil {
			return fmt.Errorf("adding fillers: %w", err)
		}
		f.Progress(Progress{Filling, next, f.Fillers})
	}
	return nil
}

// fill adds the fillers from one number up to the next, in a transaction.
func (f *filling) fill(ctx context.Context, sql string, from, next int) error {
	return pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select set_config('synchronous_commit', 'off', true), set_config('work_mem', '64MB', true),
			set_config('jit', 'off', true)`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sql, f.Seed, int64(from), int64(next), f.address(0), f.Community, f.Community+1)
		return err
	})
}
