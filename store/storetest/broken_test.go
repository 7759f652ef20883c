package storetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

type (
	row    = map[string]any
	tables = map[string][]row
)

// harness puts memstore under test. The broken stores change one thing each.
type harness struct{ *memstore.Store }

func newHarness(testing.TB) storetest.Harness { return harness{memstore.New()} }

func (h harness) Seed(_ context.Context, rows []byte) error { return h.ReadRows(bytes.NewReader(rows)) }

func (h harness) Rows(context.Context) ([]byte, error) {
	var rows bytes.Buffer
	err := h.WriteRows(&rows)
	return rows.Bytes(), err
}

// tables returns the rows. It panics when it cannot, as fill does: then it is
// not the store under test that is broken.
func (h harness) tables() tables {
	document, err := h.Rows(context.Background())
	if err != nil {
		panic(err)
	}
	t := tables{}
	if err := json.Unmarshal(document, &t); err != nil {
		panic(err)
	}
	return t
}

func (h harness) fill(t tables) {
	document, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	if err := h.Seed(context.Background(), document); err != nil {
		panic(err)
	}
}

// edit rewrites rows behind the store's back.
func (h harness) edit(change func(t tables)) {
	t := h.tables()
	change(t)
	h.fill(t)
}

// fault is a store that is broken in one thing.
type fault struct {
	// caught is the case that must fail on it, "group/name"; or a group, of which
	// some case must.
	caught string
	store  interface {
		on(h harness) storetest.Harness
	}
}

// faults returns the broken stores by what is wrong with them.
func faults() map[string]fault {
	all := map[string]fault{}
	for _, some := range []map[string]fault{
		brokenLoads, brokenBounds, brokenTexts, brokenApplies, brokenClaims, brokenVersions, brokenAwards, brokenTogether, brokenForTheEngine,
		storesWithBrokenCredentials, storesWithBrokenCommunities, storesWithBrokenHistory, storesWithBrokenKeys, brokenRefusals,
	} {
		for name, f := range some {
			if _, twice := all[name]; twice {
				panic("two broken stores are called " + name)
			}
			all[name] = f
		}
	}
	return all
}

// catches returns, for each broken store, those of the cases that must fail on
// it which do.
var catches = sync.OnceValue(func() map[string][]string {
	caught := map[string][]string{}
	for _, c := range storetest.Cases(harness{memstore.New()}) {
		for name, f := range faults() {
			if slices.Contains([]string{c.Group, caseName(c)}, f.caught) && fails(c, f.store.on(harness{memstore.New()})) {
				caught[name] = append(caught[name], caseName(c))
			}
		}
	}
	return caught
})

func caseName(c storetest.Case) string { return c.Group + "/" + c.Name }

// broken is a store with functions in place of its two methods.
type broken struct {
	harness
	load  func(harness, context.Context, store.Query) (*store.Snapshot, error)
	apply func(harness, context.Context, *store.Changes) (*store.Receipt, error)
}

func (b broken) on(h harness) storetest.Harness {
	b.harness = h
	return b
}

func (b broken) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if b.load == nil {
		return b.harness.Load(ctx, q)
	}
	return b.load(b.harness, ctx, q)
}

func (b broken) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if b.apply == nil {
		return b.harness.Apply(ctx, c)
	}
	return b.apply(b.harness, ctx, c)
}

// fails tells whether the case fails on the store.
func fails(c storetest.Case, h storetest.Harness) bool {
	return storetest.Fails(func(t testing.TB) { c.Check(t, h) })
}

func TestTheSuitePassesAGoodStoreAndIsLargeEnough(t *testing.T) {
	cases := storetest.Cases(newHarness(t))
	assert.GreaterOrEqual(t, len(cases), 200)
	names := map[string]bool{}
	for _, c := range cases {
		assert.False(t, names[caseName(c)], "two cases are called %s", caseName(c))
		names[caseName(c)] = true
		assert.False(t, fails(c, newHarness(t)), caseName(c))
	}
}

func TestTheSuiteAsksForNoRoleThatAStoreDoesNotHave(t *testing.T) {
	type twoMethods struct{ storetest.Harness }
	all := storetest.Cases(newHarness(t))
	fewer := storetest.Cases(twoMethods{newHarness(t)})
	assert.Less(t, len(fewer), len(all))
	for _, c := range fewer {
		assert.NotContains(t, []string{
			"credentials", "listing", "communities", "overlays", "finding communities", "accounts and lists", "history",
			"keys", "uses", "points ledger",
		}, c.Group)
	}
}

func TestTheSuiteCatchesBrokenStores(t *testing.T) {
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			assert.NotEmpty(t, catches()[name], "it passes %q", f.caught)
		})
	}
}

// A case that no broken store fails may assert nothing.
func TestEveryCaseOfTheSuiteCatchesABrokenStore(t *testing.T) {
	catching := map[string]bool{}
	for _, caught := range catches() {
		for _, name := range caught {
			catching[name] = true
		}
	}
	for _, c := range storetest.Cases(newHarness(t)) {
		assert.True(t, catching[caseName(c)], "no broken store fails %q: add one that the case is there for", caseName(c))
	}
}
