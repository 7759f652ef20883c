package main

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go/pgstore"
)

func (p *program) migrate() *cobra.Command {
	sharedRateLimits := false
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Create the tables that are missing",
		Long: `Migrate makes a new database ready, and brings one that it made before up to
date. It does all of it or nothing, and any number of processes may do it at
once. It never changes a database of the Django service: that is only checked.`,
		Example: `  PASSPORT_DATABASE_URL=postgres://… passport migrate`,
		Args:    cobra.NoArgs,
		RunE: p.do(func(cmd *cobra.Command, _ []string) error {
			return p.withSchema(cmd, func(ctx context.Context, pool *pgxpool.Pool, options ...pgstore.Option) error {
				if err := pgstore.Migrate(ctx, pool, options...); err != nil || !sharedRateLimits {
					return err
				}
				return pgstore.NewLimiter(pool, options...).Migrate(ctx)
			}, "the database is up to date")
		}),
	}
	addSettings(cmd, databaseSettings())
	cmd.Flags().BoolVar(&sharedRateLimits, "shared-rate-limits", false,
		"also create the table of serve --shared-rate-limits, in a database of the service too")
	return cmd
}

func (p *program) check() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "List what the database lacks, and change nothing",
		Long: `Check compares the database with what the SDK needs of it: tables, columns,
keys, indexes and the encoding. It lists every difference and exits with 1, or
with 0 if there is none.`,
		Example: `  PASSPORT_DATABASE_URL=postgres://… passport check`,
		Args:    cobra.NoArgs,
		RunE: p.do(func(cmd *cobra.Command, _ []string) error {
			return p.withSchema(cmd, pgstore.CheckSchema, "the database has all that the SDK needs")
		}),
	}
	addSettings(cmd, databaseSettings())
	return cmd
}

// withSchema does something with the database, and reports that it is done.
func (p *program) withSchema(cmd *cobra.Command, do schemaFunc, done string) error {
	db, err := p.open(cmd)
	if err != nil {
		return err
	}
	defer db.pool.Close()
	if err := do(cmd.Context(), db.pool, pgstore.WithEngine(db.engine)); err != nil {
		return err
	}
	p.notef("%s", done)
	return nil
}

// schemaFunc is like [pgstore.Migrate] and [pgstore.CheckSchema].
type schemaFunc func(context.Context, *pgxpool.Pool, ...pgstore.Option) error
