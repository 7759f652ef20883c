package pgstore_test

import (
	"crypto/rand"
	"database/sql"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// plantTwins makes a schema with a twin of every function, operator and type of
// pg_catalog that has a signature in SQL. A twin raises an error when it runs.
const plantTwins = `
create schema evil;
do $do$
declare
    twin record;
begin
    for twin in
        select 'create domain evil.' || quote_ident(typname) || ' as pg_catalog.' || quote_ident(typname) ||
               ' check (current_setting(''evil.trap'') = value::pg_catalog.text)' as command
        from   pg_type
        where  typname in ('text', 'varchar', 'jsonb', 'timestamptz', 'bytea', 'int8', 'int4', 'bool', 'numeric', 'regclass')
        and    typnamespace = 'pg_catalog'::regnamespace
        union  all
        select format('create function evil.%I(%s) returns %s language plpgsql as $$ begin raise exception ''the twin of %s ran''; end $$',
                      p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), p.proname)
        from   pg_proc p
        where  p.pronamespace = 'pg_catalog'::regnamespace
        and    p.prokind = 'f'
        and    p.provariadic = 0
        and    p.proargmodes is null
        and    p.prorettype not in (select oid from pg_type where typtype = 'p' and typname not in ('anyelement', 'anyarray'))
        and    not p.proargtypes::oid[] && array(select oid from pg_type where typtype = 'p' and typname not in ('anyelement', 'anyarray'))
        union  all
        select format('create function evil.%I(%s) returns %s language plpgsql as $$ begin raise exception ''the twin of %s ran''; end $$;' ||
                      'create operator evil.%s (function = evil.%1$I, leftarg = %6$s, rightarg = %7$s)',
                      'operator_' || o.oid, format_type(oprleft, null) || ', ' || format_type(oprright, null),
                      format_type(oprresult, null), o.oprname, o.oprname, format_type(oprleft, null), format_type(oprright, null))
        from   pg_operator o
        where  o.oprnamespace = 'pg_catalog'::regnamespace
        and    o.oprleft <> 0
        and    not array[o.oprleft, o.oprright, o.oprresult] && array(select oid from pg_type where typtype = 'p' and typname not in ('anyelement', 'anyarray'))
    loop
        begin
            execute twin.command;
        exception when others then
            raise notice '%', twin.command || ': ' || sqlerrm;
        end;
    end loop;
end $do$`

// withTwins plants the twins in the database, and returns its URL with a search
// path on which they come first.
func withTwins(t *testing.T, url string) string {
	t.Helper()
	db := openPool(t, url)
	defer db.Close() // so that the database can be copied
	exec(t, db, plantTwins, pgx.QueryExecModeSimpleProtocol)
	planted := rows(t, db, `select (select count(*) > 1500 from pg_proc where pronamespace = 'evil'::regnamespace)
		|| ' ' || (select count(*) > 600 from pg_operator where oprnamespace = 'evil'::regnamespace)`)
	require.Equal(t, []string{"true true"}, planted)
	return twinsFirst(t, url)
}

func twinsFirst(t *testing.T, url string) string {
	t.Helper()
	return withParameters(t, url, "search_path", "evil,pg_catalog,public")
}

func TestSearchPath(t *testing.T) {
	original := pgtest.New(t)
	withTwins(t, original)
	for name, open := range someOf(map[string]func(t *testing.T, url string) (*pgstore.Store, host){
		"OpenPool": func(t *testing.T, url string) (*pgstore.Store, host) {
			t.Helper()
			return newStore(openPool(t, url)), host{}
		},
		"sql.DB with lib/pq": func(t *testing.T, url string) (*pgstore.Store, host) {
			t.Helper()
			return newStoreDB(openSQL(t, "postgres", url)), host{}
		},
		"InTx": func(t *testing.T, url string) (*pgstore.Store, host) {
			t.Helper()
			return nil, hostOnPool(openPool(t, url), pgx.ReadCommitted)
		},
		"InSQLTx": func(t *testing.T, url string) (*pgstore.Store, host) {
			t.Helper()
			return nil, hostOnDB(openSQL(t, "pgx", url), sql.LevelReadCommitted)
		},
	}, "OpenPool", "InSQLTx") {
		t.Run(name, func(t *testing.T) {
			runSuite(t, reused(t, func() emptied {
				url := pgtest.Copy(t, original)
				s, host := open(t, twinsFirst(t, url))
				h := &harness{s, pgtest.NewTables(t, url, "public")}
				if s == nil {
					return inHost{h, host}
				}
				return h
			}), valueCases)
		})
	}
}

func TestMigrate_SearchPath(t *testing.T) {
	t.Parallel()
	original := pgtest.NewEmpty(t)
	withTwins(t, original)
	for name, migrate := range someOf(waysToMigrate(), "pgx, cache statement", "database/sql, lib/pq") {
		t.Run(name, func(t *testing.T) {
			url := pgtest.Copy(t, original)
			migrate(t, twinsFirst(t, url))
			require.NoError(t, pgstore.CheckSchema(t.Context(), openPool(t, url)))
		})
	}
}

// The twins would run, and a host's transaction has its own path back after a
// call.
func TestInTx_SearchPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("alter table registry_hashscorerlink alter hash drop not null")
	w.exec("insert into registry_hashscorerlink (address, expires_at, community_id) values ($1, now(), 1)", alice)
	w.url = withTwins(t, w.url)
	db, pool := openSQL(t, "postgres", w.url), w.newPool()
	_, err := pool.Exec(t.Context(), `select cardinality('{a}'::pg_catalog.text[])`, pgx.QueryExecModeExec)
	require.ErrorContains(t, err, "the twin of cardinality ran")

	for name, c := range map[string]struct {
		do    func(s *pgstore.Store) error
		fails bool
	}{
		"read":  {func(s *pgstore.Store) error { _, err := s.FindKey(t.Context(), "p"); return err }, true},
		"write": {func(s *pgstore.Store) error { return s.DeleteCommunity(t.Context(), 4) }, false},
		"a write that fails": {func(s *pgstore.Store) error {
			return s.AddKey(t.Context(), store.Key{ID: "p.h", Prefix: "p", Hash: "h", Account: 7, CreatedAt: noon})
		}, true},
		"a row that is malformed": {func(s *pgstore.Store) error { _, err := s.ListClaims(t.Context(), 1, alice); return err }, true},
	} {
		t.Run(name, func(t *testing.T) {
			var path string
			onPgx, err := pool.Begin(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.fails, c.do(newStore(pool).InTx(onPgx)) != nil)
			require.NoError(t, onPgx.QueryRow(t.Context(), "show search_path").Scan(&path))
			assert.Equal(t, "evil,pg_catalog,public", path)
			require.NoError(t, onPgx.Rollback(t.Context()))

			onSQL, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, c.fails, c.do(newStoreDB(db).InSQLTx(onSQL)) != nil)
			require.NoError(t, onSQL.QueryRowContext(t.Context(), "show search_path").Scan(&path))
			assert.Equal(t, "evil,pg_catalog,public", path)
			require.NoError(t, onSQL.Rollback())
		})
	}
}

// plantBetterMatches makes functions and operators in the schema public that
// fit arguments of the statements better than those of pg_catalog, and raise.
const plantBetterMatches = `
do $do$
declare
    op record;
begin
    create function public.length(varchar)     returns int        language plpgsql as $$ begin raise exception 'ran'; end $$;
    create function public.cardinality(text[]) returns int        language plpgsql as $$ begin raise exception 'ran'; end $$;
    create function public.unnest(text[])      returns setof text language plpgsql as $$ begin raise exception 'ran'; end $$;
    create function public.says(varchar, text)    returns bool language plpgsql as $$ begin raise exception 'ran'; end $$;
    create function public.says(text, varchar)    returns bool language plpgsql as $$ begin raise exception 'ran'; end $$;
    create function public.says(varchar, varchar) returns bool language plpgsql as $$ begin raise exception 'ran'; end $$;
    create function public.joins(text, bigint)    returns text language plpgsql as $$ begin raise exception 'ran'; end $$;
    create operator public.|| (function = public.joins, leftarg = text, rightarg = bigint);
    for op in select name, l, r from pg_catalog.unnest(array['=', '<>', '<', '>', '>=']) as name,
        (values ('varchar', 'text'), ('text', 'varchar'), ('varchar', 'varchar')) as arguments (l, r)
    loop
        execute format('create operator public.%s (function = public.says, leftarg = %s, rightarg = %s)', op.name, op.l, op.r);
    end loop;
end $do$`

// strange makes a role that may create objects in the schema public, and lets
// it run the commands.
func strange(t *testing.T, db *pgxpool.Pool, commands string) (role string) {
	t.Helper()
	role = "stranger_" + strings.ToLower(rand.Text())
	exec(t, db, "create role "+role)
	t.Cleanup(func() { exec(t, db, "drop owned by "+role); exec(t, db, "drop role "+role) })
	exec(t, db, "grant create, usage on schema public to "+role)
	exec(t, db, "set role "+role+"; "+commands+"; reset role", pgx.QueryExecModeSimpleProtocol)
	return role
}

// A role that may create objects in public does not run code as the role that
// migrates, or that scores.
func TestStrangersFunctions(t *testing.T) {
	schema := pgstore.WithSchema("passport") // where the rows are put in and taken out by another path
	open := func() (url, role string, pool *pgxpool.Pool) {
		url = pgtest.NewEmpty(t)
		pool = openPool(t, url)
		role = strange(t, pool, plantBetterMatches)
		_, err := pool.Exec(t.Context(), "select length('a'::varchar)")
		require.ErrorContains(t, err, "ran", "which the host's own statements do")
		require.NoError(t, pgstore.Migrate(t.Context(), pool, schema))
		return url, role, pool
	}
	runSuite(t, reused(t, func() emptied {
		url, _, pool := open()
		return &harness{newStore(pool, schema), pgtest.NewTables(t, url, "passport")}
	}), valueCases)

	url, role, pool := open()
	for _, err := range []error{
		pgstore.CheckSchema(t.Context(), pool, schema),
		pgstore.CheckSchema(t.Context(), openSQL(t, "postgres", url), schema),
	} {
		require.ErrorIs(t, err, pgstore.ErrSchema)
		assert.ErrorContains(t, err, `function "public.length(character varying)" of role "`+role)
		assert.ErrorContains(t, err, `function "public.cardinality(text[])"`)
		assert.ErrorContains(t, err, `operator "public.=(character varying, text)"`)
		assert.ErrorContains(t, err, `operator "public.||(text, bigint)"`)
		assert.Len(t, strings.Split(err.Error(), "\n"), 1+3+16)
		assert.ErrorContains(t, err, `let no such role create objects in schema "public"`)
	}
	elsewhere := withParameters(t, url, "search_path", "pg_catalog")
	require.NoError(t, pgstore.CheckSchema(t.Context(), openPool(t, elsewhere), schema), "they are not on this path")
}

// Objects of a role that could do as it likes anyway are not reported, nor are
// those under names that the SDK does not use.
func TestCheckSchema_OwnFunctions(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	exec(t, db, `create function public.length(varchar) returns int language sql as 'select 1'`)
	strange(t, db, `create function public.of_the_host(varchar) returns int language sql as 'select 1'`)
	require.NoError(t, pgstore.CheckSchema(t.Context(), db))
}

// A trigger of a planted table does not run as the role that migrates.
func TestMigrate_StrangersTable(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.NewEmpty(t))
	role := strange(t, db, `
		create table public.passport_schema_version (version int, name text);
		create function public.takes_over() returns trigger language plpgsql as $$ begin raise exception 'ran'; end $$;
		create trigger t before insert on public.passport_schema_version execute function public.takes_over()`)
	err := pgstore.Migrate(t.Context(), db)
	require.ErrorIs(t, err, pgstore.ErrSchema)
	require.ErrorContains(t, err, `belongs to role "`+role+`"`)
	exec(t, db, "drop table passport_schema_version")
	require.NoError(t, pgstore.Migrate(t.Context(), db))
}
