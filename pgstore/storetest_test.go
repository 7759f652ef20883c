package pgstore_test

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/servicerows"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// harness is a store on a database of its own.
type harness struct {
	*pgstore.Store
	*pgtest.Tables
}

func (h *harness) pool() *pgxpool.Pool { return h.Pool }

// Seed implements [storetest.Harness].
func (h *harness) Seed(ctx context.Context, state store.State) error {
	rows, err := json.Marshal(servicerows.Rows(state))
	if err != nil {
		return err
	}
	return h.Tables.Seed(ctx, rows)
}

// State implements [storetest.Harness].
func (h *harness) State(ctx context.Context) (store.State, error) {
	document, err := h.Rows(ctx)
	if err != nil {
		return store.State{}, err
	}
	return servicerows.FromJSON(document)
}

// openStore is a way to reach a database.
type openStore func(t *testing.T, url string, options ...pgstore.Option) *pgstore.Store

// harnesses returns harnesses on databases with the SDK's schema.
func harnesses(t *testing.T, open openStore) storetest.NewHarness {
	t.Helper()
	return reused(t, func() emptied {
		url := pgtest.New(t)
		return &harness{open(t, url), pgtest.NewTables(t, url, "public")}
	})
}

// emptied is a harness that can be emptied.
type emptied interface {
	storetest.Harness
	Empty(ctx context.Context) error
}

// reused returns harnesses that open makes. One whose case has ended is emptied
// for the next case, so that there are as many as cases run at a time.
func reused(t *testing.T, open func() emptied) storetest.NewHarness {
	t.Helper()
	var mu sync.Mutex
	var free []emptied
	take := func() emptied {
		mu.Lock()
		defer mu.Unlock()
		if len(free) == 0 {
			return open()
		}
		h := free[len(free)-1]
		free = free[:len(free)-1]
		return h
	}
	return func(t testing.TB) storetest.Harness {
		t.Helper()
		h := take()
		require.NoError(t, h.Empty(t.Context()))
		t.Cleanup(func() {
			mu.Lock()
			defer mu.Unlock()
			free = append(free, h)
		})
		return h
	}
}

// storeModes are the ways to reach a database that the suite is run in.
func storeModes() map[string]openStore {
	return map[string]openStore{
		"pgx":                  onPool(pgx.QueryExecModeCacheStatement),
		"pgx exec":             onPool(pgx.QueryExecModeExec),
		"pgx simple":           onPool(pgx.QueryExecModeSimpleProtocol),
		"database/sql, pgx":    onDB("pgx"),
		"database/sql, lib/pq": onDB("postgres"),
	}
}

func onPool(mode pgx.QueryExecMode) openStore {
	return func(t *testing.T, url string, options ...pgstore.Option) *pgstore.Store {
		t.Helper()
		config, err := pgxpool.ParseConfig(url)
		require.NoError(t, err)
		config.ConnConfig.DefaultQueryExecMode = mode
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return newStore(pool, options...)
	}
}

// onDB opens with a driver, and with parameters that are added to the URL, each
// a name and a value.
func onDB(driver string, parameters ...string) openStore {
	return func(t *testing.T, address string, options ...pgstore.Option) *pgstore.Store {
		t.Helper()
		db := openSQL(t, driver, withParameters(t, address, parameters...))
		db.SetMaxOpenConns(8)
		db.SetMaxIdleConns(8)
		return newStoreDB(db, options...)
	}
}

func withParameters(t *testing.T, address string, parameters ...string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	values := parsed.Query()
	for pair := range slices.Chunk(parameters, 2) {
		values.Set(pair[0], pair[1])
	}
	parsed.RawQuery = values.Encode()
	return parsed.String()
}

// Groups of cases: those that a scoring depends on, and those that send and
// receive values of every type.
var (
	scoringCases = []string{"load", "write", "counted", "claims", "stale", "known", "receipts", "loaded scores", "all or nothing", "batch", "engine", "points", "loaded groups", "group claims", "listing groups", "forgetting", "forgetting groups", "forgetting usage", "pruning", "pruning usage"}
	valueCases   = []string{"write", "engine", "points", "group claims"}
)

// runSuite runs the suite and the recorded scenarios, or without -all only the
// cases of the groups.
func runSuite(t *testing.T, newHarness storetest.NewHarness, groups []string) {
	t.Helper()
	if *inFull {
		runWholeSuite(t, newHarness)
		return
	}
	for _, c := range storetest.Cases((*harness)(nil)) {
		if slices.Contains(groups, c.Group) {
			t.Run(c.Group+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				c.Check(t, newHarness(t))
			})
		}
	}
}

func runWholeSuite(t *testing.T, newHarness storetest.NewHarness) {
	t.Helper()
	storetest.Run(t, newHarness)
	storetest.RunContention(t, newHarness)
	storetest.Scenarios(t, referring(newHarness))
}

func TestStore(t *testing.T) {
	for name, open := range storeModes() {
		t.Run(name, func(t *testing.T) {
			switch newHarness := harnesses(t, open); name {
			case "pgx":
				runWholeSuite(t, newHarness)
			case "database/sql, lib/pq":
				runSuite(t, newHarness, scoringCases)
			default:
				runSuite(t, newHarness, valueCases)
			}
		})
	}
}

// In a schema of another name nothing is looked for elsewhere, whatever the
// search path is.
func TestWithSchema(t *testing.T) {
	for name, open := range someOf(storeModes(), "pgx") {
		t.Run(name, func(t *testing.T) {
			var databases []string
			newHarness := reused(t, func() emptied {
				address, inHostile := pgtest.NewEmpty(t), pgstore.WithSchema(hostile)
				require.NoError(t, pgstore.Migrate(t.Context(), openPool(t, address), onEngine([]pgstore.Option{inHostile})...))
				pgtest.Distribute(t, address, hostile)
				databases = append(databases, address)
				return &harness{open(t, address, inHostile), pgtest.NewTables(t, address, hostile)}
			})
			runSuite(t, newHarness, scoringCases)
			for _, address := range databases {
				db := openPool(t, address)
				assert.Empty(t, rows(t, db, `select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace and relkind <> 'v'`))
				assert.Equal(t, []string{`"$user", public`}, rows(t, db, `show search_path`))
			}
		})
	}
}
