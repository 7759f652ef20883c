package pgstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/servicerows"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// How Postgres imitates another engine: each is a change of the database.
const (
	// serializable has every transaction at SERIALIZABLE, as on CockroachDB.
	serializable = `do $$ begin
		execute format('alter database %I set default_transaction_isolation = serializable', current_database());
	end $$`

	// scattered gives ids out as the nodes of an engine do that have taken a
	// range each: those of one transaction grow, those of several do not.
	// Communities get theirs from the caller.
	scattered = `
		create function public.scattered(n bigint) returns bigint language sql volatile
		return n + 1048576 * (1 + (txid_current() * 7) % 16);
		do $$ declare t record; begin
			for t in
				select c.oid::regclass as name, c.relname || '_scattered' as sequence
				from   pg_class c
				join   pg_attribute a on a.attrelid = c.oid and a.attname = 'id' and a.attidentity <> ''
				where  c.relnamespace = 'public'::regnamespace and c.relname <> 'account_community'
			loop
				execute format('alter table %s alter id drop identity', t.name);
				execute format('create sequence public.%I owned by %s.id', t.sequence, t.name);
				execute format('alter table %s alter id set default public.scattered(nextval(%L))', t.name, 'public.' || t.sequence);
			end loop;
		end $$`
)

// imitating returns a database with those changes, made ready for the engine.
func imitating(t *testing.T, engine pgstore.Engine, changes ...string) (url string) {
	t.Helper()
	url = pgtest.New(t)
	db := openPool(t, url)
	for _, change := range changes {
		exec(t, db, change)
	}
	require.NoError(t, pgstore.Migrate(t.Context(), db, pgstore.WithEngine(engine)))
	return url
}

// scattered reports rows in the order in which they were written, by the number
// that each id was made of.
type scatteredHarness struct{ *harness }

// State implements [storetest.Harness].
func (h scatteredHarness) State(ctx context.Context) (store.State, error) {
	document, err := h.Rows(ctx)
	if err != nil {
		return store.State{}, err
	}
	var tables map[string][]map[string]any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&tables); err != nil {
		return store.State{}, err
	}
	for _, table := range []string{"registry_event", "account_accountapikeyanalytics"} {
		for _, row := range tables[table] {
			id, err := row["id"].(json.Number).Int64()
			if err != nil {
				return store.State{}, err
			}
			row["id"] = id % 1048576
		}
	}
	if document, err = json.Marshal(tables); err != nil {
		return store.State{}, err
	}
	return servicerows.FromJSON(document)
}

// unordered are the cases that rest on ids that grow.
var unordered = []string{"AddCredentials gives later credentials higher ids"}

// All engines with more than one node run the same statements. With -all the
// whole suite runs on what is hardest, and the cases of scorings at the
// isolation of Postgres.
func TestEngine(t *testing.T) {
	for name, changes := range someOf(map[string][]string{
		"scattered ids, serializable": {scattered, serializable},
		"read committed":              {},
	}, "scattered ids, serializable") {
		t.Run(name, func(t *testing.T) {
			newHarness := reused(t, func() emptied {
				url, is := imitating(t, pgstore.CockroachDB, changes...), pgstore.WithEngine(pgstore.CockroachDB)
				return scatteredHarness{&harness{onPool(pgx.QueryExecModeCacheStatement)(t, url, is), pgtest.NewTables(t, url, "public")}}
			})
			for _, c := range storetest.Cases((*harness)(nil)) {
				whole := *inFull && len(changes) > 0 && !slices.Contains(unordered, c.Name)
				if whole || slices.Contains(scoringCases, c.Group) || strings.HasPrefix(c.Group, "conten") {
					t.Run(c.Group+"/"+c.Name, func(t *testing.T) {
						t.Parallel()
						c.Check(t, newHarness(t))
					})
				}
			}
			storetest.Scenarios(t, referring(newHarness))
		})
	}
}

// rivalsAs is newRivals on a database that imitates the engine.
func rivalsAs(t *testing.T, engine pgstore.Engine, changes ...string) *rivals {
	t.Helper()
	w := newWorld(t)
	for _, change := range changes {
		w.exec(change, pgx.QueryExecModeSimpleProtocol)
	}
	require.NoError(t, pgstore.Migrate(t.Context(), w.pool, pgstore.WithEngine(engine)))
	return rivalsOn(t, w, pgstore.New(w.newPool(manyAtOnce), pgstore.WithEngine(engine)))
}

func TestEngine_Contended(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]string{"read committed": {scattered}, "serializable": {scattered, serializable}} {
		t.Run(name, func(t *testing.T) {
			r := rivalsAs(t, pgstore.CockroachDB, changes...)
			requireNoDeadlock(t, r.world, r.store.WithoutAdvisoryLocks(), times(*contended, 300, 2000))
		})
		t.Run(name+", capped award", func(t *testing.T) {
			requireCapped(t, rivalsAs(t, pgstore.Citus, changes...))
		})
	}
}

// awarding returns a scoring that gives the address an award, which may be
// given once.
func awarding(t *testing.T, s *pgstore.Store, address store.Address) func() error {
	t.Helper()
	c := changes(load(t, s, address))
	c.Wallets[0].Awards = []store.Award{{Action: "MM2", Limit: 1}}
	return func() error {
		_, err := s.Apply(t.Context(), c)
		return err
	}
}

const given = "select count(*) from registry_humanpoints where action = 'MM2'"

// Two scorings at a time give an award that may be given once one time where
// rows are locked. Where advisory locks are relied on and do not hold, they
// give it twice.
func TestEngine_NoAdvisoryLocks(t *testing.T) {
	t.Parallel()
	for engine, want := range map[pgstore.Engine]string{pgstore.Postgres: "2", pgstore.Citus: "1", pgstore.YugabyteDB: "1", pgstore.CockroachDB: "1"} {
		t.Run(string(engine), func(t *testing.T) {
			r := rivalsAs(t, engine)
			s := r.store.WithoutAdvisoryLocks()
			first, err := r.pool.Begin(t.Context())
			require.NoError(t, err)
			require.NoError(t, awarding(t, s.InTx(first), alice)())
			second, award := make(chan error, 1), awarding(t, s, bob)
			go func() { second <- award() }()
			waits := func() bool {
				return r.waiting() == "1"
			}
			if want == "1" {
				assert.Eventually(t, waits, patience, tick)
				require.NoError(t, first.Commit(t.Context()))
			}
			require.NoError(t, <-second)
			_ = first.Commit(t.Context()) // if it is not over
			assert.Equal(t, want, r.value(given))
		})
	}
}

// YugabyteDB without READ COMMITTED reports that it has it, and keeps the first
// snapshot: a scoring that does not see the award of another must fail.
func TestEngine_KeptSnapshot(t *testing.T) {
	t.Parallel()
	r := rivalsAs(t, pgstore.YugabyteDB)
	s := r.store.WithoutLockCounts()
	tx, err := r.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	kept := awarding(t, s.InTx(tx), bob)
	require.NoError(t, awarding(t, s, alice)())
	require.ErrorIs(t, kept(), store.ErrConflict)
	assert.Equal(t, "1", r.value(given))
}
