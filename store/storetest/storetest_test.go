package storetest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// bare is a store without a role.
type bare struct{ Harness }

// Each role that is lacking is one skipped test, with the number of its cases.
func TestLacking(t *testing.T) {
	all := append(groups(), contention()...)
	assert.Empty(t, lacking(brokenstore.New(), all))
	lacks := lacking(bare{brokenstore.New()}, all)
	total := len(Cases(bare{brokenstore.New()}))
	for role, cases := range lacks {
		assert.Positive(t, cases, role)
		total += cases
	}
	assert.Len(t, Cases(brokenstore.New()), total)
	for _, role := range []string{
		"Points", "Credentials", "CredentialLister", "Communities", "CommunityFinder", "LastScorer", "ScoreFinder", "History", "Keys", "CallerFinder", "KeyLister", "AddressLister", "Groups",
	} {
		assert.Contains(t, lacks, "store."+role)
	}
}

// A store has the cases of the methods that it has, not those of larger roles.
func TestLacking_Methods(t *testing.T) {
	finder := struct {
		Harness
		store.CommunityFinder
		store.ScoreFinder
		store.CredentialLister
	}{Harness: brokenstore.New()}
	lacks := lacking(finder, groups())
	for _, role := range []string{"CommunityFinder", "ScoreFinder", "CredentialLister"} {
		assert.NotContains(t, lacks, "store."+role)
	}
	assert.Contains(t, lacks, "store.History")
}

func TestRun_Parallel(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	meet := Case{Name: "meets another", run: func(w *world) {
		both.Done()
		met := make(chan struct{})
		go func() { both.Wait(); close(met) }()
		select {
		case <-met:
		case <-time.After(10 * time.Second):
			w.t.Error("no other case runs")
		}
	}}
	other := meet
	other.Name = "meets one more"
	t.Run("group", func(t *testing.T) {
		run(t, func(testing.TB) Harness { return brokenstore.New() }, []group{
			{"one", "store.Store", func(Harness) bool { return true }, []Case{meet, other}},
		})
	})
}

func TestCompare_Nearest(t *testing.T) {
	claimed := func(of ...string) (s store.State) {
		for _, nullifier := range of {
			s.Claims = append(s.Claims, claim(nullifier, alice, noon))
		}
		s.Claims[0].Address = bob
		return s
	}
	got := claimed("n1", "n3")
	got.Claims[1].ExpiresAt = years(1)
	lines := Compare(claimed("n1", "n2", "n3"), got)
	text := strings.Join(lines, "\n")
	assert.Contains(t, lines[0], "len(Claims): want 3, got 2")
	assert.Contains(t, text, "Claims[2]: want {")
	assert.Contains(t, text, "the nearest is Claims[1].Claim.Holder.ExpiresAt: want 2026-06-01 12:00:00 +0000 UTC")
	assert.NotContains(t, text, "Claims[0]:")

	lines = Compare(claimed("n1"), claimed("n1", "n2"))
	assert.Contains(t, strings.Join(lines, "\n"), "Claims[1]: want nothing, got {")
}

func TestCompare_Decimals(t *testing.T) {
	weighed := func(threshold, weight, value string) store.State {
		return store.State{
			Communities: []store.StoredCommunity{{Community: store.Community{Threshold: threshold, Customization: map[string]string{"a": weight}}}},
			Scores:      []store.StoredScore{{Score: store.Score{Value: value}}},
		}
	}
	assert.Empty(t, Compare(weighed("2.50000", "1e1", "1"), weighed("2.5", "10.0000", "1.000000000")))
	assert.Len(t, Compare(weighed("2.5", "1", "1"), weighed("2.6", "1.1", "0")), 3)
}

// A method that panics in a goroutine of a case fails the case.
func TestCase_PanicAtOnce(t *testing.T) {
	for _, c := range contentionCases() {
		b := brokenstore.New()
		b.On.Apply = func(context.Context, *store.Changes) (*store.Receipt, error) { panic("not written yet") }
		require.True(t, Fails(func(t testing.TB) { c.Check(t, b) }), c.Name)
	}
}
