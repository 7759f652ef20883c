package passport_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func planner(t *testing.T, engine *passport.Engine, options ...passport.PlanOption) *passport.Planner {
	t.Helper()
	p, err := engine.Planner(options...)
	require.NoError(t, err)
	return p
}

// copyOf returns a store with the same content.
func copyOf(t require.TestingT, w *memstore.Store, clock func() time.Time) *memstore.Store {
	twin := memstore.New(memstore.WithClock(clock))
	require.NoError(t, twin.SetState(w.State()))
	return twin
}

// A plan has the result and the change set of the scoring, and writes nothing.
func TestPlan(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1", "Github": "2"}, passporttest.HumanPoints{})
	world.Stamp(bob, "Google", "account")
	world.MustScore(bob)
	world.Stamp(alice, "Google", "account")
	world.Stamp(alice, "Github", "account")
	h := &hooked{Store: world.Store}
	var applied *store.Changes
	h.apply = func(c *store.Changes) error {
		applied = c
		return nil
	}
	before := world.Store.State()
	plan, err := planner(t, world.Engine.On(h)).Plan(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Nil(t, applied)
	assert.Equal(t, before, world.Store.State())

	result, err := world.Engine.On(h).Score(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, applied, plan.Changes)
	plan.Result.Ledger = result.Ledger // a plan has none, as a preview
	assert.Equal(t, result, plan.Result)
}

func TestPlan_Linked(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob), carol)
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	world.MustScore(alice)
	f.are(together(bob, carol)) // alice has left, and is decided too
	plan, err := planner(t, world.Engine).Plan(t.Context(), world.Community, bob)
	require.NoError(t, err)
	assert.Len(t, plan.Changes.Wallets, 3)
	var applied *store.Changes
	h := &hooked{Store: world.Store, apply: func(c *store.Changes) error {
		applied = c
		return nil
	}}
	_, err = world.Engine.On(h).Score(t.Context(), world.Community, bob)
	require.NoError(t, err)
	assert.Equal(t, applied, plan.Changes)
}

func TestPlanner_Under(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1", "Github": "2"}, passporttest.Threshold("3"))
	world.Stamp(alice, "Google", "account")
	world.Stamp(alice, "Github", "account")
	for name, c := range map[string]struct {
		terms   passport.Terms
		score   string
		passing bool
	}{
		"its own":       {score: "3", passing: true},
		"weights":       {passport.Terms{Weights: json.RawMessage(`{"Google":"0.5"}`)}, "0.5", false},
		"a threshold":   {passport.Terms{Threshold: "3.1"}, "3", false},
		"customization": {passport.Terms{Customization: map[string]string{"Google": "4"}}, "6", true},
		"all": {passport.Terms{
			Weights: json.RawMessage(`{"Google":1}`), Threshold: "1", Customization: map[string]string{"Github": "0"},
		}, "1", true},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := planner(t, world.Engine, passport.Under(c.terms)).Plan(t.Context(), world.Community, alice)
			require.NoError(t, err)
			assert.Equal(t, c.score, plan.Result.Score.String())
			assert.Equal(t, c.passing, plan.Result.Passing)
		})
	}
	assert.True(t, world.MustScore(alice).Passing, "the engine has its own terms")
}

func TestPlanner_At(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	until := world.Clock.Now().Add(time.Hour)
	world.Stamp(alice, "Google", "account", passporttest.ExpiresAt(until))
	world.MustScore(alice)
	plan, err := planner(t, world.Engine, passport.At(until.Add(500))).Plan(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.False(t, plan.Result.Passing)
	assert.Equal(t, until, plan.Result.ScoredAt, "in whole microseconds")
	assert.True(t, plan.Result.Before.PassedWhenScored)
	plan, err = planner(t, world.Engine, passport.At(time.Time{})).Plan(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, world.Clock.Now(), plan.Result.ScoredAt)
}

func TestPlanner_Trusting(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Stamp(alice, "Google", "account")
	world.MustScore(alice)
	other := passporttest.NewIssuer()
	plan, err := planner(t, world.Engine, passport.Trusting(other.DID())).Plan(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, passport.ReasonUntrustedIssuer, plan.Result.Stamps[0].Reason)
	assert.True(t, world.MustScore(alice).Passing, "the engine trusts whom it did")
}

func TestPlanner_Invalid(t *testing.T) {
	world := passporttest.NewWorld(t)
	for name, c := range map[string]struct {
		option passport.PlanOption
		cause  string
	}{
		"no issuer":     {passport.Trusting(), "no trusted issuer"},
		"odd issuer":    {passport.Trusting("did:web:example.org"), "did:web:example.org"},
		"weights":       {passport.Under(passport.Terms{Weights: json.RawMessage(`{"Google":"x"}`)}), "Google"},
		"no weights":    {passport.Under(passport.Terms{Weights: json.RawMessage(`null`)}), "weights"},
		"threshold":     {passport.Under(passport.Terms{Threshold: "high"}), "threshold"},
		"customization": {passport.Under(passport.Terms{Customization: map[string]string{"A": "x"}}), "customization"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := world.Engine.Planner(c.option)
			require.ErrorIs(t, err, passport.ErrMisconfigured)
			require.ErrorContains(t, err, c.cause)
		})
	}
}

func TestPlanAll(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world.Stamp(alice, "Google", "account")
	world.Stamp(bob, "Google", "account")
	var planned []passport.Planned
	for p, err := range planner(t, world.Engine).PlanAll(t.Context(), world.Community, slices.Values([]string{bob, "rubbish", alice, bob})) {
		require.NoError(t, err)
		planned = append(planned, p)
	}
	require.Len(t, planned, 4)
	assert.True(t, planned[0].Plan.Result.Passing, "bob claims first")
	require.ErrorIs(t, planned[1].Err, passport.ErrInvalidAddress)
	assert.Equal(t, passport.Deduplicated, planned[2].Plan.Result.Stamps[0].Outcome)
	assert.True(t, planned[3].Plan.Result.Passing, "bob's claim stands")
	assert.Equal(t, bob, planned[3].Address)
	assert.Empty(t, world.Store.State().Scores)
}

func TestPlanAll_Errors(t *testing.T) {
	world := passporttest.NewWorld(t)
	plans := func(community int64, addresses ...string) (n int, failed error) {
		for _, err := range planner(t, world.Engine).PlanAll(t.Context(), community, slices.Values(addresses)) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	_, err := plans(2, alice)
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)
	_, err = planner(t, world.Engine).Plan(t.Context(), 2, alice)
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)
	_, err = planner(t, world.Engine).Plan(t.Context(), 1, "rubbish")
	require.ErrorIs(t, err, passport.ErrInvalidAddress)
	for _, err := range planner(t, world.Engine).PlanAll(t.Context(), 1, nil) {
		require.ErrorIs(t, err, passport.ErrMisconfigured)
	}
	n, err := plans(1)
	require.NoError(t, err)
	assert.Zero(t, n)
	world.Faults.FailLoad(1, store.ErrUnavailable)
	n, err = plans(1, alice, bob)
	require.NoError(t, err, "a short absence is waited for")
	assert.Equal(t, 2, n)
	world.Faults.FailLoad(1, store.ErrConflict)
	n, err = plans(1, alice, bob)
	require.NoError(t, err, "then they are planned one by one")
	assert.Equal(t, 2, n)
	world.Faults.FailLoad(100, store.ErrUnavailable)
	_, err = plans(1, alice, bob)
	require.ErrorIs(t, err, store.ErrUnavailable)
	for range planner(t, world.Engine.On(world.Store)).PlanAll(t.Context(), 1, slices.Values([]string{alice, bob})) {
		break
	}
}

// A run over many wallets that fight for accounts ends as their scorings do,
// one after the other on a copy.
func TestPlanAll_Properties(t *testing.T) {
	t.Parallel()
	issuer := passporttest.NewIssuerFromSeed("plans")
	rapid.Check(t, func(t *rapid.T) {
		now := start
		clock := func() time.Time { return now }
		mem := memstore.New(memstore.WithClock(clock))
		require.NoError(t, mem.PutCommunity(t.Context(), store.Community{ID: 1, Name: "Test", Threshold: "2", Weights: []byte(`{"A":"1","B":"1.5"}`)}))
		addresses := crowd(rapid.IntRange(1, 60).Draw(t, "wallets"))
		for _, address := range addresses {
			for _, provider := range []string{"A", "B"} {
				account := rapid.IntRange(0, 9).Draw(t, "account")
				expiry := now.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "hours")) * hour)
				signed, err := issuer.Issue(address, provider, strconv.Itoa(account), passporttest.ExpiresAt(expiry))
				require.NoError(t, err)
				stamp, err := passport.ReadCredential(signed)
				require.NoError(t, err)
				require.NoError(t, mem.AddCredentials(t.Context(), store.Address(address), stamp))
			}
		}
		engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
		require.NoError(t, err)
		for _, address := range addresses[:rapid.IntRange(0, len(addresses)).Draw(t, "scored before")] {
			_, err := engine.Score(t.Context(), 1, address)
			require.NoError(t, err)
		}
		now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours later")) * hour)

		p, err := engine.Planner(passport.Under(passport.Terms{Weights: json.RawMessage(`{"A":"0.5","B":"2"}`)}))
		require.NoError(t, err)
		order := rapid.Permutation(addresses).Draw(t, "order")
		twin := copyOf(t, mem, clock)
		require.NoError(t, twin.PutCommunity(t.Context(), store.Community{ID: 1, Name: "Test", Threshold: "2", Weights: []byte(`{"A":"0.5","B":"2"}`)}))
		i := 0
		for planned, err := range p.PlanAll(t.Context(), 1, slices.Values(order)) {
			require.NoError(t, err)
			require.NoError(t, planned.Err)
			result, err := engine.On(twin).Score(t.Context(), 1, order[i])
			require.NoError(t, err)
			planned.Plan.Result.Before = nil
			require.Equal(t, result, planned.Plan.Result)
			i++
		}
		require.Equal(t, len(order), i)
	})
}
