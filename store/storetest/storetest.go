// Package storetest is the suite that every store must pass. A store proves
// itself with two calls:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, newHarness)
//		storetest.RunContention(t, newHarness) // many writers at once
//		storetest.Scenarios(t, newHarness)     // recorded answers of the Django service
//	}
//
// Each case is a "must" of package store. The cases of a role run if the store
// has its methods; a role that it lacks is a skipped test that says how many
// cases it has.
//
// A [Harness] exchanges its content as [store.State]. Cases run in parallel,
// each on a harness of its own.
package storetest

import (
	"context"
	"maps"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/passport-sdk/passport-go/store"
)

// Harness is a store under test, with the means to replace and read its whole
// content.
type Harness interface {
	store.Store
	// Seed replaces the whole content of the store. The versions of wallets may
	// change with it, also of those whose credentials stay.
	//
	// Seed and State must have communities, credentials, scores, claims and
	// events. Lists that only a role needs may be left out without it: Accounts,
	// Lists, GroupClaims, Points, Qualified, PointValues, Multipliers, Keys and
	// Usage.
	Seed(ctx context.Context, state store.State) error
	// State returns the whole content of the store. Events and usage are in the
	// order in which they were written; the order of every other list, the ids of
	// events and the notation of decimals do not matter.
	State(ctx context.Context) (store.State, error)
}

// NewHarness returns an empty store. It releases its resources with the test's
// Cleanup.
type NewHarness func(t testing.TB) Harness

// Case is one demand on a store.
type Case struct {
	// Group and Name say what is demanded.
	Group, Name string
	run         func(w *world)
}

// group is a number of cases, and whether a store has the methods that they
// need.
type group struct {
	name  string
	role  string // what the store lacks otherwise
	has   func(h Harness) bool
	cases []Case
}

func has[Role any](h Harness) bool {
	_, has := h.(Role)
	return has
}

func groups() []group {
	engine := func(name string, cases []Case) group {
		return group{name, "store.Store", func(Harness) bool { return true }, cases}
	}
	return []group{
		engine("load", loadCases()),
		engine("bounds", boundsCases()),
		engine("known", append(knownCases(), knownClaimCases()...)),
		engine("loaded scores", loadedScoreCases()),
		engine("write", writeCases()),
		engine("counted", countedCases()),
		engine("claims", claimCases()),
		engine("stale", staleCases()),
		engine("lagging", laggingCases()),
		engine("receipts", receiptCases()),
		engine("all or nothing", atomicCases()),
		engine("batch", batchCases()),
		engine("invalid", invalidCases()),
		engine("hostile text", hostileCases()),
		engine("context", contextCases()),
		engine("engine", engineCases()),
		{"snapshot points", "store.Points", has[store.Points], slices.Concat(snapshotPointsCases(), knownPointsCases(), scoredPointsCases())},
		{"points", "store.Points", has[store.Points], pointsCases()},
		{"points ledger", "store.Points", has[store.Points], ledgerCases()},
		{"credentials", "store.Credentials", has[store.Credentials], credentialsCases()},
		{"versions", "store.Credentials", has[store.Credentials], changedCases(roleChanges())},
		{"known versions", "store.Credentials", has[store.Credentials], knownChanges(roleChanges())},
		{"receipt versions", "store.Credentials", has[store.Credentials], receiptChanges(roleChanges())},
		{"listing", "store.CredentialLister", has[store.CredentialLister], listingCases()},
		{"communities", "store.Communities", has[store.Communities], communitiesCases()},
		{"customizations", "store.Communities", has[store.Communities], customizationCases()},
		{"accounts and lists", "store.Communities", has[store.Communities], accountCases()},
		{"finding communities", "store.CommunityFinder", has[store.CommunityFinder], findingCases()},
		{"addresses", "store.AddressLister", has[store.AddressLister], addressCases()},
		{"last score", "store.LastScorer", has[store.LastScorer], lastScoreCases()},
		{"engine latest", "store.LastScorer", has[store.LastScorer], latestCases()},
		{"score at", "store.ScoreFinder", has[store.ScoreFinder], scoreAtCases()},
		{"loaded groups", "store.Groups", has[store.Groups], loadedGroupCases()},
		{"group claims", "store.Groups", has[store.Groups], append(groupSwapCases(), otherGroupCases()...)},
		{"listing groups", "store.Groups", has[store.Groups], listGroupCases()},
		{"history", "store.History", has[store.History], historyCases()},
		{"keys", "store.Keys", has[store.Keys], keysCases()},
		{"listing keys", "store.KeyLister", has[store.KeyLister], listKeysCases()},
		{"callers", "store.CallerFinder", has[store.CallerFinder], callerCases()},
		{"usage", "store.UsageLog with store.Keys", has[usageStore], usageCases()},
		{"forgetting", "store.Forgetter", has[store.Forgetter], forgetCases()},
		{"forgetting groups", "store.Forgetter with store.Groups", has[forgetfulGroups], forgetGroupCases()},
		{"forgetting lists", "store.Forgetter with store.Communities", has[forgetfulLists], forgetListCases()},
		{"forgetting usage", "store.Forgetter with store.UsageLog", has[forgetfulLog], forgetUsageCases()},
		{"pruning", "store.Pruner", has[store.Pruner], pruneCases()},
		{"pruning usage", "store.Pruner with store.UsageLog", has[prunableLog], pruneUsageCases()},
	}
}

// usageStore is what the cases about usage need.
type usageStore interface {
	store.Keys
	store.UsageLog
}

// Run holds the store to every case but those of [RunContention], each on a
// harness of its own.
func Run(t *testing.T, newHarness NewHarness) {
	t.Helper()
	run(t, newHarness, groups())
}

// RunContention holds the store to the cases in which many writers meet at
// once. They are apart because an optimistic store may need its own retries to
// pass them.
func RunContention(t *testing.T, newHarness NewHarness) {
	t.Helper()
	run(t, newHarness, contention())
}

func contention() []group {
	return []group{
		{"contention", "store.Store", func(Harness) bool { return true }, contentionCases()},
		{"contended points", "store.Points", has[store.Points], contendedPointsCases()},
		{"contended groups", "store.Groups", has[store.Groups], contendedGroupsCases()},
		{"contended roles", "store.Credentials", has[store.Credentials], contendedRolesCases()},
		{"contended communities", "store.Communities", has[store.Communities], contendedCommunitiesCases()},
		{"contended keys", "store.Keys", has[store.Keys], contendedKeysCases()},
		{"contended forgetting", "store.Forgetter", has[store.Forgetter], contendedForgettingCases()},
	}
}

func run(t *testing.T, newHarness NewHarness, groups []group) {
	t.Helper()
	probe := newHarness(t)
	if probe == nil {
		t.Fatal("newHarness returned nil")
	}
	lacks := lacking(probe, groups)
	for _, role := range slices.Sorted(maps.Keys(lacks)) {
		t.Run(role, func(t *testing.T) { t.Skipf("the store lacks %s: %d cases", role, lacks[role]) })
	}
	for _, g := range groups {
		if !g.has(probe) {
			continue
		}
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					c.Check(t, newHarness(t))
				})
			}
		})
	}
}

// lacking returns the number of cases of each role that the store lacks.
func lacking(h Harness, groups []group) map[string]int {
	cases := map[string]int{}
	for _, g := range groups {
		if !g.has(h) {
			cases[g.role] += len(g.cases)
		}
	}
	return cases
}

// Cases returns the demands on the store, those of [RunContention] included: of
// the contract, and of the roles that it has.
func Cases(h Harness) []Case {
	var all []Case
	for _, g := range append(groups(), contention()...) {
		if !g.has(h) {
			continue
		}
		for _, c := range g.cases {
			c.Group = g.name
			all = append(all, c)
		}
	}
	return all
}

// Check runs the case on the harness, which must be empty. A store that panics
// fails the case.
func (c Case) Check(t testing.TB, h Harness) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	c.run(newWorld(t, h))
}
