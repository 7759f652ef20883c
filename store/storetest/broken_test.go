package storetest_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store/storetest"
)

func newHarness(testing.TB) storetest.Harness { return brokenstore.New() }

// broken breaks one thing of a store that works.
type broken func(b *brokenstore.Store)

// fault is a store that is broken in one thing.
type fault struct {
	// caught is the case that must fail on it, "group/name"; or a group, of which
	// some case must.
	caught string
	breaks broken
}

// faults returns the broken stores by what is wrong with them.
func faults() map[string]fault {
	all := map[string]fault{}
	for _, some := range []map[string]fault{
		brokenTerms, brokenLoads, brokenBounds, brokenTexts, brokenApplies, brokenCounts, brokenClaims, brokenVersions, brokenLagging, brokenPoints, brokenAwards, brokenKnowing, brokenReceipts, brokenLoadedScores,
		brokenContexts, brokenTogether, brokenForTheEngine,
		brokenPuts, brokenFinding, brokenAccounts, brokenCredentials, brokenPages, brokenLoadedGroups, brokenGroupLists, brokenGroups, brokenGroupsTogether, brokenLastScores, brokenScoresAt, brokenHistory, brokenAddresses,
		brokenKeys, brokenKeyLists, brokenCallers, brokenUsage, brokenLedgers, brokenForgetting, brokenForgettingOthers, brokenPruning, brokenMethods(),
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
	var (
		mu     sync.Mutex
		caught = map[string][]string{}
		runs   sync.WaitGroup
		places = make(chan struct{}, 8) // most runs only wait
	)
	for _, c := range storetest.Cases(newHarness(nil)) {
		for name, f := range faults() {
			if !slices.Contains([]string{c.Group, caseName(c)}, f.caught) {
				continue
			}
			places <- struct{}{}
			runs.Go(func() {
				defer func() { <-places }()
				b := brokenstore.New()
				f.breaks(b)
				if fails(c, b) {
					mu.Lock()
					defer mu.Unlock()
					caught[name] = append(caught[name], caseName(c))
				}
			})
		}
	}
	runs.Wait()
	return caught
})

func caseName(c storetest.Case) string { return c.Group + "/" + c.Name }

// fails reports whether the case fails on the store.
func fails(c storetest.Case, h storetest.Harness) bool {
	return storetest.Fails(func(t testing.TB) { c.Check(t, h) })
}

func TestStore(t *testing.T) {
	storetest.Run(t, newHarness)
	storetest.RunContention(t, newHarness)
	storetest.Scenarios(t, newHarness)
}

// A store passes whatever it does of what the contract leaves to it.
func TestStore_Choices(t *testing.T) {
	for name, chooses := range map[string]broken{
		"ignores Known": ignoresKnown, "lags where it may": lagsBehind, "has versions in receipts": receiptsOfItsOwn,
	} {
		t.Run(name, func(t *testing.T) {
			chosen := func(testing.TB) storetest.Harness {
				b := brokenstore.New()
				chooses(b)
				return b
			}
			storetest.Run(t, chosen)
			storetest.RunContention(t, chosen)
		})
	}
}

// A name can be pasted into -run.
func TestCases_Names(t *testing.T) {
	cases := storetest.Cases(newHarness(t))
	assert.GreaterOrEqual(t, len(cases), 200)
	names := map[string]bool{}
	for _, c := range cases {
		name := caseName(c)
		assert.False(t, names[name], "two cases are called %s", name)
		names[name] = true
		for _, part := range []string{c.Group, c.Name} {
			assert.Equal(t, regexp.QuoteMeta(part), part)
			assert.False(t, strings.ContainsAny(part, `/,"'`), part)
			assert.LessOrEqual(t, len(part), 72, part)
		}
	}
}

func TestCases_Roles(t *testing.T) {
	all := storetest.Cases(newHarness(t))
	fewer := storetest.Cases(struct{ storetest.Harness }{newHarness(t)})
	assert.Less(t, len(fewer), len(all))
	groups := map[string]bool{}
	for _, c := range fewer {
		groups[c.Group] = true
		if !slices.ContainsFunc(all, func(other storetest.Case) bool { return caseName(other) == caseName(c) }) {
			t.Errorf("%s is no case of a store with every role", caseName(c))
		}
	}
	for _, c := range all {
		if !groups[c.Group] {
			continue
		}
		assert.False(t, fails(c, struct{ storetest.Harness }{newHarness(t)}), "%s needs a role", caseName(c))
	}
}

func TestCases_BrokenStores(t *testing.T) {
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			assert.NotEmpty(t, catches()[name], "it passes %q", f.caught)
		})
	}
}

// A case that no broken store fails may assert nothing.
func TestCases_AllCatch(t *testing.T) {
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

// A half-built store fails its cases and does not end the run.
func TestCase_Panic(t *testing.T) {
	for _, c := range storetest.Cases(newHarness(t)) {
		b := brokenstore.New()
		b.On = brokenstore.Methods{Seed: b.On.Seed, State: b.On.State}
		require.True(t, fails(c, b), caseName(c))
	}
}
