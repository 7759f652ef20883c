package pgstore_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// asCitus are the functions of Citus as far as a Postgres can have them: they
// keep what they were called with. "null" is a table in one shard.
const asCitus = `
	create table public.calls (place integer generated always as identity, name text primary key, kind text, beside text);
	create function public.create_distributed_table(t regclass, by_column text, colocate_with text) returns void language sql
	begin atomic
		insert into public.calls (name, kind, beside)
		select relname, coalesce(by_column, 'null'), colocate_with from pg_class where oid = t;
	end;
	create function public.create_reference_table(t regclass) returns void language sql
	begin atomic
		insert into public.calls (name, kind) select relname, 'reference' from pg_class where oid = t;
	end`

// distributed returns a database whose tables citus.sql has put into the
// layout.
func distributed(t *testing.T, layout pgstore.CitusLayout) (url string) {
	t.Helper()
	url = pgtest.NewEmpty(t)
	db := openPool(t, url)
	require.NoError(t, pgstore.Migrate(t.Context(), db, pgstore.WithEngine(pgstore.Citus)))
	exec(t, db, asCitus, pgx.QueryExecModeSimpleProtocol)
	statements, err := pgstore.CitusStatements(layout)
	require.NoError(t, err)
	require.NoError(t, pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		return nil
	}))
	return url
}

// Citus demands of a table that is spread by a column that every unique key has
// the column and that foreign keys stay on a node.
func TestCitus_Layouts(t *testing.T) {
	t.Parallel()
	for layout, spread := range map[pgstore.CitusLayout]int{pgstore.CitusOneNode: 0, pgstore.CitusByCommunity: 2} {
		t.Run(string(layout), func(t *testing.T) {
			db := openPool(t, distributed(t, layout))
			assert.Len(t, rows(t, db, `select name from calls where kind not in ('null', 'reference')`), spread)
			assert.Empty(t, rows(t, db, `select name from calls a where beside <> 'none'
				and not exists (select from calls b where b.name = a.beside and b.kind = a.kind and b.place < a.place)`), "not beside one that is there")
			assert.Empty(t, rows(t, db, `
				select i.indexrelid::regclass::text from calls c join pg_index i on i.indrelid = c.name::regclass
				where c.kind not in ('null', 'reference') and i.indisunique and not exists (
					select from pg_attribute a where a.attrelid = i.indrelid and a.attname = c.kind and a.attnum = any(i.indkey))`), "keys without the column")
			assert.Empty(t, rows(t, db, `
				select k.conname::text
				from   pg_constraint k
				left   join calls a on a.name::regclass = k.conrelid
				left   join calls b on b.name::regclass = k.confrelid
				where  k.contype = 'f'
				and    case coalesce(b.kind, 'local')
				         when 'null' then a.kind is distinct from 'null'
				         when 'local' then coalesce(a.kind, 'local') not in ('local', 'reference')
				         when 'reference' then coalesce(a.kind, '') = 'null'
				         else true
				       end`), "foreign keys that leave the node")
			assert.Empty(t, rows(t, db, `
				select c.name || '.' || a.attname from calls c join pg_attribute a on a.attrelid = c.name::regclass
				where c.kind <> 'null' and a.attidentity <> '' and a.atttypid <> 'bigint'::regtype`), "ids that no worker numbers")
			require.NoError(t, pgstore.CheckSchema(t.Context(), db, pgstore.WithEngine(pgstore.Citus)))
		})
	}
}

// Every table has a place in each layout, and one only.
func TestCitus_Tables(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("citus.sql")
	require.NoError(t, err)
	list := regexp.MustCompile(`(?m)^-- local: (.+(?:\n-- {3}.+)*)`).FindSubmatch(file)
	require.NotNil(t, list)
	local := map[pgstore.CitusLayout][]string{
		pgstore.CitusByCommunity: regexp.MustCompile(`\w+`).FindAllString(string(list[1]), -1),
	}
	for _, layout := range []pgstore.CitusLayout{pgstore.CitusOneNode, pgstore.CitusByCommunity} {
		db := openPool(t, distributed(t, layout))
		placed := append(rows(t, db, `select name from calls`), local[layout]...)
		tables := rows(t, db, `select relname::text from pg_class
			where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'calls'`)
		assert.ElementsMatch(t, tables, placed, layout)
	}
}

func TestCitusStatements(t *testing.T) {
	t.Parallel()
	for _, layout := range []pgstore.CitusLayout{pgstore.CitusOneNode, pgstore.CitusByCommunity} {
		statements, err := pgstore.CitusStatements(layout, pgstore.WithSchema(hostile))
		require.NoError(t, err)
		assert.Equal(t, "set local search_path to "+pgx.Identifier{hostile}.Sanitize(), statements[0])
		assert.False(t, slices.ContainsFunc(statements, func(sql string) bool {
			return strings.ContainsAny(sql, `\:`) || strings.Contains(sql, "--")
		}), "what only psql knows")
	}
	_, err := pgstore.CitusStatements("elsewhere")
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = pgstore.CitusStatements(pgstore.CitusOneNode, pgstore.WithSchema(""))
	assert.ErrorIs(t, err, store.ErrInvalid)
}
