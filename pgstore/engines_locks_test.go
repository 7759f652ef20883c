package pgstore_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// onCitus stands for every engine that locks rows.
var onCitus = pgstore.WithEngine(pgstore.Citus)

func TestMigrate_Locks(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	require.NoError(t, pgstore.CheckSchema(t.Context(), db))
	err := pgstore.CheckSchema(t.Context(), db, onCitus)
	require.ErrorIs(t, err, pgstore.ErrSchema)
	require.ErrorContains(t, err, "table passport_locks is missing, which Migrate makes in a schema of its own, and pgstore/locks.sql in others")

	failures := make(chan error, 8)
	for range cap(failures) {
		go func() { failures <- pgstore.Migrate(t.Context(), db, onCitus) }()
	}
	for range cap(failures) {
		require.NoError(t, <-failures)
	}
	require.NoError(t, pgstore.CheckSchema(t.Context(), db, onCitus))
	assert.Equal(t, []string{"4096 000 fff"}, rows(t, db, `select count(*) || ' ' || min(slot) || ' ' || max(slot) from passport_locks`))
}

// To a database of the service Migrate adds nothing, and says what does.
func TestMigrate_LocksOfService(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	exec(t, db, `drop table passport_schema_version`)
	require.NoError(t, pgstore.Migrate(t.Context(), db))
	require.ErrorContains(t, pgstore.Migrate(t.Context(), db, onCitus), "passport_locks is missing, which Migrate makes in a schema of its own, and pgstore/locks.sql in others")

	file, err := os.ReadFile("locks.sql")
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), strings.ReplaceAll(string(file), `:"schema"`, "public"), pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	require.NoError(t, pgstore.Migrate(t.Context(), db, onCitus))
}

// Without its row there is no lock, so nothing is written.
func TestEngine_MissingLocks(t *testing.T) {
	t.Parallel()
	for missing, change := range map[string]string{"rows": `delete from passport_locks`, "table": `drop table passport_locks`} {
		t.Run(missing, func(t *testing.T) {
			w := newWorld(t)
			require.NoError(t, pgstore.Migrate(t.Context(), w.pool, onCitus))
			s := pgstore.New(w.pool, onCitus)
			w.exec(change)
			c := changes(load(t, s, alice))
			c.Wallets[0].Qualified = true
			_, err := s.Apply(t.Context(), c)
			for op, err := range map[string]error{
				"lock_points":      err,
				"lock_credentials": s.AddCredentials(t.Context(), alice, store.CredentialInput{Provider: "Google", Document: []byte(`{}`)}),
				"lock_communities": s.PutAddressList(t.Context(), "og"),
			} {
				require.ErrorIs(t, err, store.ErrInternal)
				require.ErrorIs(t, err, pgstore.ErrSchema)
				require.ErrorContains(t, err, op+": ")
			}
			assert.Equal(t, "0", w.value("select count(*) from registry_score"))
		})
	}
}

// The statements of each engine must be SQL of the same names, and take no lock
// that holds on one node only.
func TestEngine_Statements(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	require.NoError(t, pgstore.Migrate(t.Context(), db, onCitus))
	require.NoError(t, pgstore.NewLimiter(db, onCitus).Migrate(t.Context()))
	conn, err := db.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	usual := pgstore.Texts()
	for _, engine := range []pgstore.Engine{pgstore.Citus, pgstore.YugabyteDB, pgstore.CockroachDB} {
		texts := pgstore.TextsOf(engine)
		assert.Equal(t, slices.Sorted(maps.Keys(usual)), slices.Sorted(maps.Keys(texts)))
		for name, sql := range texts {
			assert.NotContains(t, sql, "advisory", name)
			prepared, err := conn.Conn().Prepare(t.Context(), "", sql)
			require.NoError(t, err, name)
			asUsual, err := conn.Conn().Prepare(t.Context(), "", usual[name])
			require.NoError(t, err, name)
			assert.Equal(t, asUsual.ParamOIDs, prepared.ParamOIDs, "the arguments of %s", name)
		}
	}
}

// The rights that locks.sql names are those that a role needs.
func TestEngine_Grants(t *testing.T) {
	t.Parallel()
	r := rivalsAs(t, pgstore.Citus)
	r.stamp(alice, "account", "Google", "Github")
	r.exec(`do $$ begin execute format('create role %I', 'locks of ' || current_database()); end $$`)
	role := pgx.Identifier{"locks of " + r.value("select current_database()")}.Sanitize()
	t.Cleanup(func() { r.exec("drop owned by " + role); r.exec("drop role " + role) })
	file, err := os.ReadFile("grants.sql")
	require.NoError(t, err)
	r.exec(strings.NewReplacer(`:"schema"`, "public", `:"role"`, role).Replace(string(file)), pgx.QueryExecModeSimpleProtocol)
	score := func() error {
		as := r.newPool(func(c *pgxpool.Config) {
			c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
				_, err := conn.Exec(ctx, "set role "+role)
				return err
			}
		})
		_, err := r.engine.On(pgstore.New(as, onCitus)).Score(t.Context(), 1, alice)
		return err
	}
	for _, right := range []string{"select", "update"} {
		require.ErrorContains(t, score(), "42501", "without the right to "+right)
		r.exec("grant " + right + " on passport_locks to " + role)
	}
	require.NoError(t, score())
}

// failing has the commit of every other transaction that writes fail, as it may
// on CockroachDB.
const failing = `
	create sequence public.commits;
	create function public.fail() returns trigger language plpgsql as $$ begin
		if current_setting('test.seen', true) is distinct from txid_current()::text then
			perform set_config('test.seen', txid_current()::text, true);
			if nextval('public.commits') % 2 = 1 then
				raise exception 'restart transaction' using errcode = '40001';
			end if;
		end if;
		return null;
	end $$;
	do $$ declare name text; begin
		for name in select oid::regclass from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' loop
			execute format('create constraint trigger fail after insert or update or delete on %s
				deferrable initially deferred for each row execute function public.fail()', name);
		end loop;
	end $$`

// Every role that writes repeats a commit that failed, and reports what the
// repetition has written.
func TestEngine_FailingCommits(t *testing.T) {
	t.Parallel()
	for mode, groups := range map[string][]string{
		"pgx": {
			"write", "receipts", "points", "group claims", "credentials", "communities", "customizations", "accounts and lists",
			"keys", "usage", "forgetting", "pruning",
		},
		"database/sql, lib/pq": {"write", "credentials"},
	} {
		newHarness := reused(t, func() emptied {
			url, is := pgtest.New(t), pgstore.WithEngine(pgstore.CockroachDB)
			db := openPool(t, url)
			require.NoError(t, pgstore.Migrate(t.Context(), db, is))
			exec(t, db, failing)
			return &harness{storeModes()[mode](t, url, is), pgtest.NewTables(t, url, "public")}
		})
		for _, c := range storetest.Cases((*harness)(nil)) {
			if slices.Contains(groups, c.Group) {
				t.Run(mode+"/"+c.Group+"/"+c.Name, func(t *testing.T) {
					t.Parallel()
					c.Check(t, newHarness(t))
				})
			}
		}
	}
	t.Run("Postgres repeats nothing", func(t *testing.T) {
		w := newWorld(t)
		w.exec(failing, pgx.QueryExecModeSimpleProtocol)
		err := pgstore.New(w.pool).AddCredentials(t.Context(), alice, store.CredentialInput{Provider: "Google", Document: []byte(`{}`)})
		require.ErrorIs(t, err, store.ErrConflict)
		require.ErrorContains(t, err, "commit: ")
	})
}

func TestWithEngine_Unknown(t *testing.T) {
	t.Parallel()
	db := openPool(t, "postgres://u:p@127.0.0.1:1/d?sslmode=disable")
	for _, engine := range []pgstore.Engine{"", "dsql", "Postgres"} {
		is := pgstore.WithEngine(engine)
		_, err := pgstore.New(db, is).PutAccount(t.Context(), "guest")
		for _, err := range []error{
			err, pgstore.Migrate(t.Context(), db, is), pgstore.CheckSchema(t.Context(), db, is), pgstore.NewLimiter(db, is).Check(t.Context()),
		} {
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, `want one of ["citus" "cockroachdb" "postgres" "yugabytedb"]`)
		}
	}
}
