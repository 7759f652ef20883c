package pgstore_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestMigrate_FirstRows(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	assert.Equal(t, []string{
		"CSB 100 true", "CSE 200 true", "CST 500 true", "HIM 1000 true", "HKY 100 true",
		"ISB 100 true", "ISG 500 true", "ISS 200 true", "PMT 300 true", "SCB 500 true",
	}, rows(t, db, `select action || ' ' || points || ' ' || active from registry_humanpointsconfig order by action`))
}

func TestMigrate_Versions(t *testing.T) {
	t.Parallel()
	for name, migrate := range someOf(waysToMigrate(), "pgx, exec", "database/sql, pgx") {
		t.Run(name, func(t *testing.T) {
			url := pgtest.NewEmpty(t)
			migrate(t, url)
			migrate(t, url)
			assert.Equal(t, []string{
				"1 0001_scorers", "2 0002_accounts", "3 0003_communities", "4 0004_credentials", "5 0005_registry", "6 0006_human_points",
				"7 0007_linked_wallets",
			}, rows(t, openPool(t, url), `select version || ' ' || name from passport_schema_version order by version`))
		})
	}
}

func TestMigrate_Twice(t *testing.T) {
	t.Parallel()
	address := pgtest.New(t)
	db := openPool(t, address)
	exec(t, db, `delete from registry_humanpointsconfig where action = 'PMT'`) // the host's wish
	before := fingerprint(t, db)

	// A role is the server's, not the database's: its name is the database's own.
	exec(t, db, `do $$ begin execute format('create role %I login password ''x''', current_database()); end $$`)
	t.Cleanup(func() {
		exec(t, db, `do $$ begin execute format('drop owned by %1$I; drop role %1$I', current_database()); end $$`)
	})
	exec(t, db, `do $$ begin execute format('grant select on passport_schema_version to %I', current_database()); end $$`)
	asReader, err := url.Parse(address)
	require.NoError(t, err)
	asReader.User = url.UserPassword(strings.TrimPrefix(asReader.Path, "/"), "x")

	require.NoError(t, pgstore.Migrate(t.Context(), openPool(t, asReader.String())))
	require.NoError(t, pgstore.Migrate(t.Context(), db))
	assert.Equal(t, before, fingerprint(t, db))
}

func TestMigrate_AtOnce(t *testing.T) {
	t.Parallel()
	for _, isolation := range []string{"read committed", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			address := pgtest.NewEmpty(t)
			exec(t, openPool(t, address), `do $$ begin execute format('alter database %I set default_transaction_isolation = '''||
				'`+isolation+`''', current_database()); end $$`)
			const processes = 8
			failures := make(chan error, processes)
			for i := range processes {
				if i%2 == 0 {
					pool := openPool(t, address)
					go func() { failures <- pgstore.Migrate(t.Context(), pool) }()
				} else {
					db := openSQL(t, "postgres", address)
					go func() { failures <- pgstore.Migrate(t.Context(), db) }()
				}
			}
			for range processes {
				assert.NoError(t, <-failures)
			}
			assert.Equal(t, []string{migratedOnce(t)}, rows(t, openPool(t, address),
				`select (select count(*) from passport_schema_version) || ' ' || (select count(*) from registry_humanpointsconfig)`))
		})
	}
}

// migratedOnce is the number of schema files, each recorded once, and of the
// first rows of registry_humanpointsconfig.
func migratedOnce(t *testing.T) string {
	t.Helper()
	files, err := os.ReadDir("schema")
	require.NoError(t, err)
	return fmt.Sprintf("%d 10", len(files))
}

func TestMigrate_TwoSchemas(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	for _, schema := range []string{"passport", "Passport", hostile} {
		require.NoError(t, pgstore.Migrate(t.Context(), db, pgstore.WithSchema(schema)))
		require.NoError(t, pgstore.CheckSchema(t.Context(), db, pgstore.WithSchema(schema)))
	}
	require.ErrorIs(t, pgstore.CheckSchema(t.Context(), db), pgstore.ErrSchema, "nothing is in the usual schema")
}

func TestMigrate_Fails(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(address string) func(options ...pgstore.Option) error{
		"pgx": func(address string) func(...pgstore.Option) error {
			db := openPool(t, address)
			return func(o ...pgstore.Option) error { return pgstore.Migrate(t.Context(), db, o...) }
		},
		"database/sql, pgx": func(address string) func(...pgstore.Option) error {
			db := openSQL(t, "pgx", address)
			return func(o ...pgstore.Option) error { return pgstore.Migrate(t.Context(), db, o...) }
		},
		"database/sql, lib/pq": func(address string) func(...pgstore.Option) error {
			db := openSQL(t, "postgres", address)
			return func(o ...pgstore.Option) error { return pgstore.Migrate(t.Context(), db, o...) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := pgtest.NewEmpty(t)
			db := openPool(t, address)
			migrate := open(address)
			// In the way of the last version: the name of one of its indexes.
			exec(t, db, `create sequence passport_group_wallets`)

			err := migrate()
			var detail *store.Error
			require.ErrorAs(t, err, &detail)
			assert.Equal(t, "migrate_0007_linked_wallets", detail.Op)
			assert.Equal(t, "42P07", detail.SQLState)
			require.ErrorIs(t, err, store.ErrInternal)
			assert.ErrorContains(t, err, "passport_group_wallets")
			assert.Empty(t, rows(t, db, `select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')`))

			exec(t, db, `drop sequence passport_group_wallets`)
			require.NoError(t, migrate(), "the way is free")
			assert.Equal(t, []string{"7 0007_linked_wallets"}, rows(t, db,
				`select version || ' ' || name from passport_schema_version order by version desc limit 1`))
		})
	}
}

func TestMigrate_OlderVersion(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	exec(t, db, `drop table registry_humanpoints, registry_humanpointscommunityqualifiedusers, registry_humanpointsconfig, registry_humanpointsmultiplier`)
	exec(t, db, `drop index passport_group_wallets`)
	exec(t, db, `delete from passport_schema_version where version >= 6`)
	before := fingerprint(t, db)

	require.NoError(t, pgstore.Migrate(t.Context(), db))
	require.NoError(t, pgstore.CheckSchema(t.Context(), db))
	assert.Subset(t, fingerprint(t, db), before, "what was there stays as it was")
}

func TestMigrate_NewerVersion(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	exec(t, db, `insert into passport_schema_version (version, name) values (8, '0008_of_the_future')`)
	before := fingerprint(t, db)
	require.NoError(t, pgstore.Migrate(t.Context(), db))
	assert.Equal(t, before, fingerprint(t, db))
}

func TestMigrate_ServiceDatabase(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	exec(t, db, `drop table passport_schema_version`) // now it might as well be the service's
	exec(t, db, `insert into scorer_weighted_scorer (id, type, exclude_from_weight_updates) values (7, 'WEIGHTED', false)`)
	before := fingerprint(t, db)

	require.NoError(t, pgstore.Migrate(t.Context(), db))
	assert.Equal(t, before, fingerprint(t, db))

	exec(t, db, `alter table registry_score drop column stamps`)
	before = fingerprint(t, db)
	err := pgstore.Migrate(t.Context(), db)
	require.ErrorIs(t, err, pgstore.ErrSchema)
	assert.ErrorContains(t, err, `such as the Django service, and are its own to migrate`)
	assert.ErrorContains(t, err, "column registry_score.stamps, jsonb, is missing")
	assert.Equal(t, before, fingerprint(t, db))
}

func TestMigrate_SchemaNames(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	for _, name := range []string{"", strings.Repeat("é", 32), "a\x00b", "\xff"} {
		require.ErrorIs(t, pgstore.Migrate(t.Context(), db, pgstore.WithSchema(name)), store.ErrInvalid, "%q", name)
		require.ErrorIs(t, pgstore.CheckSchema(t.Context(), db, pgstore.WithSchema(name)), store.ErrInvalid, "%q", name)
	}
	longest := pgstore.WithSchema(strings.Repeat("é", 31) + "x")
	require.NoError(t, pgstore.Migrate(t.Context(), db, longest))
	require.NoError(t, pgstore.Migrate(t.Context(), db, longest))
}

func TestMigrate_ContextEnded(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, pgstore.Migrate(ctx, db), context.Canceled)

	db = openPool(t, "postgres://u:p@127.0.0.1:1/d?sslmode=disable")
	require.ErrorIs(t, pgstore.Migrate(t.Context(), db), store.ErrUnavailable)
}

// Before the commit is sent it is known that nothing was written.
func TestMigrate_Cancelled(t *testing.T) {
	t.Parallel()
	for name, migrate := range map[string]func(ctx context.Context, config *pgx.ConnConfig) error{
		"pgx": func(ctx context.Context, config *pgx.ConnConfig) error {
			return pgstore.Migrate(ctx, openPool(t, config.ConnString(), func(c *pgxpool.Config) { c.ConnConfig.Tracer = config.Tracer }))
		},
		"database/sql": func(ctx context.Context, config *pgx.ConnConfig) error {
			db := stdlib.OpenDB(*config)
			defer db.Close()
			return pgstore.Migrate(ctx, db)
		},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := pgx.ParseConfig(pgtest.NewEmpty(t))
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			config.Tracer = &lastStatement{answered: cancel}

			err = migrate(ctx, config)
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, store.ErrUnknownOutcome)
			require.EqualError(t, err, "commit: context canceled")
			assert.Equal(t, []string{"0"}, rows(t, openPool(t, config.ConnString()),
				`select count(*)::text from pg_class where relnamespace = 'public'::regnamespace and relkind <> 'v'`))
		})
	}
}

// lastStatement is a tracer that calls when the last statement of a migration
// has been answered.
type lastStatement struct {
	sent     bool
	answered func()
}

func (l *lastStatement) TraceQueryStart(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryStartData) context.Context {
	l.sent = strings.Contains(query.SQL, "create index passport_group_wallets")
	return ctx
}

func (l *lastStatement) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {
	if l.sent {
		l.answered()
	}
}

// fingerprint returns everything in the catalog about the tables in the schema
// public, and how often their rows were written.
func fingerprint(t *testing.T, db *pgxpool.Pool) []string {
	t.Helper()
	tables := rows(t, db, `select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`)
	all := rows(t, db, `
		select attrelid::regclass || ' ' || a::text from pg_attribute a join pg_class c on c.oid = attrelid
		where relnamespace = 'public'::regnamespace and relkind in ('r', 'i') order by 1`)
	for _, table := range tables {
		all = append(all, rows(t, db, `select '`+table+` ' || xmin || ' ' || ctid || ' ' || t::text from `+table+` t order by 1`)...)
	}
	return all
}

func exec(t testing.TB, db *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := db.Exec(context.Background(), sql, args...)
	require.NoError(t, err, sql)
}

func rows(t testing.TB, db *pgxpool.Pool, sql string) []string {
	t.Helper()
	found, err := db.Query(t.Context(), sql)
	require.NoError(t, err, sql)
	lines, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(t, err, sql)
	return lines
}
