package passport_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestLeavingUnchanged(t *testing.T) {
	setScore := func(change func(*store.Score)) func(*testing.T, *passporttest.World) {
		return func(t *testing.T, w *passporttest.World) {
			state := w.Store.State()
			for i := range state.Scores {
				if state.Scores[i].Address == store.Address(alice) {
					change(&state.Scores[i].Score)
				}
			}
			require.NoError(t, w.Store.SetState(state))
		}
	}
	for name, c := range map[string]struct {
		change  func(*testing.T, *passporttest.World)
		written bool
	}{
		"nothing has changed":    {},
		"just younger":           {func(_ *testing.T, w *passporttest.World) { w.Clock.Advance(59*time.Minute - time.Microsecond) }, false},
		"as old as the age":      {func(_ *testing.T, w *passporttest.World) { w.Clock.Advance(time.Hour - time.Minute) }, true},
		"recorded in the future": {func(_ *testing.T, w *passporttest.World) { w.Clock.Advance(-2 * time.Minute) }, true},
		"a stamp more":           {func(_ *testing.T, w *passporttest.World) { w.Stamp(alice, "Other", "account") }, true},
		"a stamp less": {func(t *testing.T, w *passporttest.World) {
			_, err := w.Store.DeleteCredentials(t.Context(), store.Address(alice), "Github")
			require.NoError(t, err)
		}, true},
		"a stamp again":            {func(_ *testing.T, w *passporttest.World) { w.Stamp(alice, "Google", "account") }, true},
		"a stamp that is left out": {func(t *testing.T, w *passporttest.World) { add(t, w, alice, "Malformed", "{}") }, true},
		"a weight": {func(t *testing.T, w *passporttest.World) {
			require.NoError(t, w.Store.PutCommunity(t.Context(), store.Community{ID: 1, Name: "Test", Threshold: "1", Weights: []byte(`{"Google":"2"}`)}))
		}, true},
		"the threshold": {func(t *testing.T, w *passporttest.World) {
			require.NoError(t, w.Store.PutCommunity(t.Context(), store.Community{ID: 1, Name: "Test", Threshold: "0.5", Weights: []byte(`{"Google":"1"}`)}))
		}, true},
		"a claim is gone": {func(t *testing.T, w *passporttest.World) {
			state := w.Store.State()
			state.Claims = state.Claims[:1]
			require.NoError(t, w.Store.SetState(state))
		}, true},
		"the evidence in another form": {setScore(func(s *store.Score) {
			s.Evidence = []byte(`{"rawScore": "1", "threshold": "1.00000", "type": "ThresholdScoreCheck", "success": true}`)
		}), false},
		"the value in another form": {setScore(func(s *store.Score) { s.Value = "1.000000000" }), false},
		"numbers in another form":   {setScore(func(s *store.Score) { s.StampScores = []byte(`{"Google": 1.00}`) }), false},
		"more evidence": {setScore(func(s *store.Score) {
			s.Evidence = []byte(`{"rawScore":"1","threshold":"1.00000","type":"ThresholdScoreCheck","success":true,"more":1}`)
		}), true},
		"less evidence": {setScore(func(s *store.Score) { s.Evidence = []byte(`{"rawScore":"1","threshold":"1.00000","success":true}`) }), true},
		"a list of evidence": {setScore(func(s *store.Score) {
			s.Evidence = []byte(`[{"rawScore":"1","threshold":"1.00000","type":"ThresholdScoreCheck","success":true}]`)
		}), true},
		"no evidence":                  {setScore(func(s *store.Score) { s.Evidence = nil }), true},
		"evidence that is no document": {setScore(func(s *store.Score) { s.Evidence = []byte(`7`) }), true},
		"another value":                {setScore(func(s *store.Score) { s.Value = "0" }), true},
		"a value that is no number":    {setScore(func(s *store.Score) { s.Value = "NaN" }), true},
		"other stamp scores":           {setScore(func(s *store.Score) { s.StampScores = []byte(`{"Google":1.5}`) }), true},
		"other stamps":                 {setScore(func(s *store.Score) { s.Stamps = []byte(`{}`) }), true},
		"another expiry":               {setScore(func(s *store.Score) { s.ExpiresAt = s.ExpiresAt.Add(time.Second) }), true},
		"no expiry":                    {setScore(func(s *store.Score) { s.ExpiresAt = time.Time{} }), true},
		"queued":                       {setScore(func(s *store.Score) { s.Status = "BULK_PROCESSING" }), true},
		"failed":                       {setScore(func(s *store.Score) { *s = store.Score{Status: store.StatusError, Error: "why"} }), true},
		"with an error text":           {setScore(func(s *store.Score) { s.Error = "why" }), true},
		"never scored": {func(t *testing.T, w *passporttest.World) {
			state := w.Store.State()
			state.Scores = nil
			require.NoError(t, w.Store.SetState(state))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
			world.Stamp(bob, "Github", "account")
			world.MustScore(bob)
			world.Stamp(alice, "Google", "account")
			world.Stamp(alice, "Github", "account") // deduplicated
			world.MustScore(alice)
			recorded := world.Clock.Now()
			world.Clock.Advance(time.Minute)
			if c.change != nil {
				c.change(t, world)
			}
			before := world.Store.State()
			preview, err := world.Engine.LeavingUnchanged(time.Hour).Preview(t.Context(), 1, alice)
			require.NoError(t, err)
			assert.Equal(t, before, world.Store.State())
			result, err := world.Engine.LeavingUnchanged(time.Hour).Score(t.Context(), 1, alice)
			require.NoError(t, err)
			assert.Equal(t, preview, result, "a preview decides alike")
			assert.Equal(t, !c.written, result.Unchanged)
			if c.written {
				assert.Equal(t, world.Clock.Now(), result.ScoredAt)
				assert.Greater(t, len(world.Store.State().Events), len(before.Events))
				return
			}
			assert.Equal(t, before, world.Store.State(), "nothing was written")
			assert.Equal(t, recorded, result.ScoredAt)
			assert.True(t, result.Passing)
			written, err := world.Engine.LeavingUnchanged(time.Nanosecond).Preview(t.Context(), 1, alice)
			require.NoError(t, err)
			require.False(t, written.Unchanged)
			assert.Equal(t, written.Before, result.Before, "as it is read from the record")
			assert.Equal(t, "1", result.Before.Score.String())
			assert.Equal(t, passport.Deduplicated, result.Stamps[0].Outcome)

			result = world.MustScore(alice)
			assert.False(t, result.Unchanged, "by default every scoring is written")
			assert.Nil(t, result.Before)
			result, err = world.Engine.LeavingUnchanged(0).Score(t.Context(), 1, alice)
			require.NoError(t, err)
			assert.False(t, result.Unchanged)
		})
	}
}

func TestLeavingUnchanged_Points(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.HumanPoints{})
	world.Stamp(alice, "Google", "account")
	engine := world.Engine.LeavingUnchanged(time.Hour)
	score := func() *passport.Result {
		result, err := engine.Score(t.Context(), 1, alice)
		require.NoError(t, err)
		return result
	}
	assert.Len(t, score().Points, 1)
	left := score()
	assert.True(t, left.Unchanged)
	assert.Empty(t, left.Points)
	ledger, err := world.Store.LoadPoints(t.Context(), store.Address(alice))
	require.NoError(t, err)
	require.Len(t, ledger.Points, 1)
	assert.Equal(t, ledger, left.Ledger)
	state := world.Store.State()
	state.Points = nil
	require.NoError(t, world.Store.SetState(state))
	result := score()
	assert.False(t, result.Unchanged, "there is something to award")
	assert.Len(t, result.Points, 1)
	assert.True(t, score().Unchanged)

	state = world.Store.State()
	require.Len(t, state.Qualified, 1)
	state.Qualified = nil
	require.NoError(t, world.Store.SetState(state))
	assert.False(t, score().Unchanged, "there is a bonus to ask for")
	assert.True(t, score().Unchanged)

	state = world.Store.State()
	bonus := state.Points[0]
	bonus.Action, bonus.Provider = "SCB", ""
	state.Points, state.Qualified = append(state.Points, bonus), nil
	require.NoError(t, world.Store.SetState(state))
	assert.False(t, score().Unchanged, "there is a qualification to record, and no award")
	assert.True(t, score().Unchanged)
}

// In a batch an unchanged wallet lies between wallets that are written.
func TestLeavingUnchanged_Batch(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 5)
	engine = engine.LeavingUnchanged(time.Hour)
	score := func() (unchanged []bool) {
		for s, err := range engine.ScoreAll(t.Context(), 1, func(yield func(string) bool) {
			for _, a := range addresses {
				if !yield(a) {
					return
				}
			}
		}) {
			require.NoError(t, err)
			require.NoError(t, s.Err)
			unchanged = append(unchanged, s.Result.Unchanged)
		}
		return unchanged
	}
	assert.Equal(t, make([]bool, 5), score())
	world.Clock.Advance(time.Minute)
	world.Stamp(addresses[1], "Github", "account")
	world.Stamp(addresses[3], "Github", "account") // deduplicated
	var written []*store.Changes
	h.apply = func(c *store.Changes) error { written = append(written, c); return nil }
	assert.Equal(t, []bool{true, false, true, false, true}, score())
	require.Len(t, written, 1)
	assert.Len(t, written[0].Wallets, 2)
	assert.Len(t, written[0].Claims, 1, "only the new one; it is stated once")
	assert.Equal(t, []bool{true, true, true, true, true}, score())
	assert.Len(t, written, 1, "nothing is applied when nothing has changed")
}

func TestResult_Before(t *testing.T) {
	world, _, engine, _ := newCrowd(t, 0)
	engine = engine.LeavingUnchanged(time.Nanosecond)
	score := func() *passport.LastScore {
		world.Clock.Advance(time.Minute)
		result, err := engine.Score(t.Context(), 1, alice)
		require.NoError(t, err)
		return result.Before
	}
	expiry := world.Clock.Now().Add(time.Hour)
	world.Stamp(alice, "Google", "account", passporttest.ExpiresAt(expiry))
	assert.Nil(t, score(), "never scored")
	first := world.Clock.Now()
	before := score()
	assert.Equal(t, &passport.LastScore{
		Community: 1, Address: store.Address(alice), Passing: true, PassedWhenScored: true, Score: passporttest.MustDecimal("1"),
		Threshold: passporttest.MustDecimal("1.00000"), ScoredAt: first, ExpiresAt: expiry,
	}, before)

	world.Clock.Set(expiry)
	before = score()
	assert.False(t, before.Passing, "it has expired")
	assert.False(t, before.Outdated, "its stamp is still there, though expired")
	world.Stamp(alice, "Google", "account")
	score()
	_, err := world.Store.DeleteCredentials(t.Context(), store.Address(alice), "Google")
	require.NoError(t, err)
	before = score()
	assert.True(t, before.Outdated)
	assert.True(t, before.PassedWhenScored)

	for _, odd := range []store.Score{
		{Status: "BULK_PROCESSING"},
		{Status: store.StatusError, Error: "why"},
		{Status: store.StatusDone, Value: "one"},
		{Status: store.StatusDone, Value: "1"}, // a verdict, and no score
		{Status: store.StatusDone, Value: "1", Evidence: []byte(`"passed"`)},
		{Status: store.StatusDone, Value: "1", Evidence: []byte(`{"success":true,"rawScore":"1"}`), Stamps: []byte(`[]`)},
	} {
		state := world.Store.State()
		state.Scores[0].Score = odd
		require.NoError(t, world.Store.SetState(state))
		assert.Nil(t, score(), "%s %s", odd.Status, odd.Evidence)
	}
}
