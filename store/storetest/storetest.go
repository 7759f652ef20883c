// Package storetest is the suite that every store must pass. A store proves
// itself with one call:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) storetest.Harness { return newHarness(t) })
//	}
//
// Each case names the sentence of the contract (package store) that it holds
// a store to. [Scenarios] runs the recorded scenarios of the Django service
// through the scoring engine on the same harness.
//
// A store that also has the roles [store.Credentials], [store.Communities],
// [store.History], [store.Keys], [store.Uses] and [store.Points] is held to
// those as well.
//
// Rows travel as JSON: an object of the service's tables, each a list of rows, by
// column. The SQL files in pgstore/schema have the tables, their columns and what
// a column holds that a row leaves out; memstore.Store.WriteRows shows what a
// store with some rows is to answer.
package storetest

import (
	"context"
	"testing"

	"github.com/passport-sdk/passport-go/store"
)

// Harness is a store under test, with the means to put rows in and take them
// out.
type Harness interface {
	store.Store
	// Seed makes each table named in the JSON object (the service's table name
	// → list of rows) hold exactly those rows. A column that a row leaves out
	// takes the schema's default, or the zero of its type.
	Seed(ctx context.Context, rows []byte) error
	// Rows returns the rows of all tables as the same kind of JSON object.
	Rows(ctx context.Context) ([]byte, error)
}

// NewHarness returns a fresh store without rows. What it holds on to is
// released with the test's Cleanup.
type NewHarness func(t testing.TB) Harness

// Case is one demand on a store.
type Case struct {
	// Group and Name say what is demanded.
	Group, Name string
	run         func(w *world)
}

// Run holds the store to every case, each on a fresh harness.
func Run(t *testing.T, newHarness NewHarness) {
	t.Helper()
	probe := newHarness(t)
	if probe == nil {
		t.Fatal("newHarness returned nil")
	}
	for _, c := range Cases(probe) {
		t.Run(c.Group+"/"+c.Name, func(t *testing.T) { c.Check(t, newHarness(t)) })
	}
}

// Cases returns the demands on the store: those of the contract, and those of
// the roles that it has.
func Cases(h Harness) []Case {
	var all []Case
	for _, group := range []struct {
		name  string
		cases []Case
	}{
		{"load", loadCases()},
		{"bounds", boundsCases(h)},
		{"snapshot points", snapshotPointsCases()},
		{"write", writeCases()},
		{"stamps", stampCases()},
		{"claims", claimCases()},
		{"stale", staleCases()},
		{"all or nothing", atomicCases()},
		{"points", pointsCases()},
		{"batch", batchCases()},
		{"invalid", invalidCases()},
		{"hostile text", hostileCases()},
		{"context", contextCases()},
		{"concurrent", concurrentCases()},
		{"engine", engineCases()},
		{"credentials", credentialsCases(h)},
		{"listing", listingCases(h)},
		{"communities", communitiesCases(h)},
		{"overlays", overlayCases(h)},
		{"finding communities", findingCases(h)},
		{"accounts and lists", accountCases(h)},
		{"history", historyCases(h)},
		{"keys", keysCases(h)},
		{"uses", usesCases(h)},
		{"points ledger", ledgerCases(h)},
		{"refusals", refusalCases(h)},
	} {
		for _, c := range group.cases {
			c.Group = group.name
			all = append(all, c)
		}
	}
	return all
}

// Check runs the case on the harness, whose tables must be empty.
func (c Case) Check(t testing.TB, h Harness) {
	t.Helper()
	w := newWorld(t, h)
	c.run(w)
}
