package storetest

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// last returns the last score of Alice in the community.
func (w *world) last() *store.RecordedScore {
	w.t.Helper()
	score, err := role[store.LastScorer](w).LastScore(w.ctx, community, alice)
	require.NoError(w.t, err)
	require.NotNil(w.t, score)
	return score
}

// noLast demands an error of that kind in place of a score.
func (w *world) noLast(kind error, community int64, address store.Address) {
	w.t.Helper()
	score, err := role[store.LastScorer](w).LastScore(w.ctx, community, address)
	w.fails(kind, err)
	assert.Nil(w.t, score)
}

// scoreOf is a score of Alice in the community, with changes.
func scoreOf(change ...func(*store.StoredScore)) store.StoredScore {
	s := store.StoredScore{Score: passing(), Community: community, Address: alice}
	for _, f := range change {
		f(&s)
	}
	return s
}

// scores replaces all scores.
func (w *world) scores(scores ...store.StoredScore) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Scores = scores })
}

// equalScores fails the case unless both scores are the same, their decimals by
// value.
func equalScores(w *world, want, got store.Score) {
	w.t.Helper()
	want.Value, got.Value = plain(want.Value), plain(got.Value)
	equal(w, want, got)
}

// lastScoreCases are about the last score of an address.
func lastScoreCases() []Case {
	cases := []Case{
		{Name: "the score is that of the last scoring", run: func(w *world) {
			w.score(alice, func(c *store.Changes) {
				c.Wallets[0].Score.Value, c.Wallets[0].Score.ExpiresAt = "0", time.Time{}
			})
			w.score(alice)
			equalScores(w, passing(), w.last().Score)
		}},
		{Name: "a failed scoring has its error", run: func(w *world) {
			w.score(alice)
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = failed("why") })
			equalScores(w, failed("why"), w.last().Score)
		}},
		{Name: "the score is of the address and the community", run: func(w *world) {
			elsewhere := scoreOf(func(s *store.StoredScore) { s.Community, s.Value = neighbour, "0" })
			another := scoreOf(func(s *store.StoredScore) { s.Address, s.Value = bob, "0" })
			w.scores(elsewhere, another, scoreOf())
			equalScores(w, passing(), w.last().Score)
		}},
		{Name: "an address without a score is not found", run: func(w *world) {
			w.scores(
				scoreOf(func(s *store.StoredScore) { s.Community = neighbour }),
				scoreOf(func(s *store.StoredScore) { s.Address = bob }))
			w.noLast(store.ErrNotFound, community, alice)
			w.noLast(store.ErrNotFound, neighbour, bob)
		}},
		{Name: "a community that does not exist is not found", run: func(w *world) {
			for _, id := range []int64{0, -1, 77, 1<<63 - 1} {
				w.noLast(store.ErrCommunityNotFound, id, alice)
			}
		}},
		{Name: "a deleted community is not found", run: func(w *world) {
			w.scores(scoreOf())
			w.edit(func(s *store.State) {
				for i := range s.Communities {
					s.Communities[i].Deleted = s.Communities[i].ID == community
				}
			})
			w.noLast(store.ErrCommunityNotFound, community, alice)
			w.noLast(store.ErrCommunityNotFound, community, bob)
		}},
		{Name: "ReadAt is the time of the call by the clock of the store", run: func(w *world) {
			w.scores(scoreOf())
			first, second := w.last().ReadAt, w.last().ReadAt
			assert.WithinDuration(w.t, time.Now(), first, time.Hour)
			assert.False(w.t, second.Before(first))
			w.exact(first, second)
		}},
		{Name: "Scorer is the type of the scorer of the community", run: func(w *world) {
			w.scores(scoreOf(), scoreOf(func(s *store.StoredScore) { s.Community = neighbour }))
			assert.Equal(w.t, store.ScorerBinary, w.last().Scorer)
			score, err := role[store.LastScorer](w).LastScore(w.ctx, neighbour, alice)
			require.NoError(w.t, err)
			assert.Equal(w.t, store.ScorerWeighted, score.Scorer)
		}},
		{Name: "Live is empty for an address without credentials", run: func(w *world) {
			w.scores(scoreOf())
			w.credentials(stored(1, bob, "Google"))
			assert.Empty(w.t, w.last().Live)
		}},
		{Name: "Live has the provider of each live credential once", run: func(w *world) {
			w.scores(scoreOf())
			change := func(id int64, provider string, change func(*store.StoredCredential)) store.StoredCredential {
				return with(stored(id, alice, provider), change)
			}
			w.credentials(
				stored(1, alice, "Google"), stored(2, bob, "Github"),
				change(3, "Google", func(c *store.StoredCredential) { c.Foreign = true }),
				change(4, "Ens", func(c *store.StoredCredential) { c.Deleted = true }),
				change(5, "Lens", func(c *store.StoredCredential) { c.Revoked = true }),
				change(6, "Poh", func(c *store.StoredCredential) { c.ExpiresAt = years(-9) }),
				change(7, "Deleted", func(c *store.StoredCredential) { c.Deleted = true }),
				change(8, "Deleted", func(c *store.StoredCredential) { c.Foreign = true }),
			)
			assert.ElementsMatch(w.t, []string{"Google", "Poh", "Deleted"}, w.last().Live)
		}},
		{Name: "an address is found in any letter case", run: func(w *world) {
			w.scores(scoreOf())
			w.credentials(stored(1, alice, "Google"))
			score, err := role[store.LastScorer](w).LastScore(w.ctx, community, upper(alice))
			require.NoError(w.t, err)
			equalScores(w, passing(), score.Score)
			assert.Equal(w.t, []string{"Google"}, score.Live)
		}},
		{Name: "a malformed address is refused", run: func(w *world) {
			w.refusesAddresses(func(a store.Address) error {
				return errorOf(role[store.LastScorer](w).LastScore(w.ctx, community, a))
			})
		}},
		{Name: "LastScore changes nothing", run: func(w *world) {
			w.scores(scoreOf())
			w.unchanged(func() { w.last() })
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			w.scores(scoreOf())
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.LastScorer](w).LastScore(ctx, community, alice))
			})
		}},
	}
	return append(cases, scoreFormCases()...)
}

// oddScores are ones that the engine would not write.
var oddScores = map[string]store.Score{
	"that is queued":                 {Status: "BULK_PROCESSING"},
	"without evidence":               {Status: store.StatusDone, Value: "78.762", ScoredAt: noon},
	"with evidence that is a list":   {Status: store.StatusDone, Value: "1", ScoredAt: noon, Evidence: []byte(`[{"rawScore":"30.5"}]`)},
	"with evidence that is a text":   {Status: store.StatusDone, Value: "1", ScoredAt: noon, Evidence: []byte(`"30.5"`)},
	"with numbers of many digits":    {Status: store.StatusDone, Value: "1", Evidence: []byte(`{"rawScore":12345678901234567890.1250,"threshold":2e1}`)},
	"with an error and a value":      {Status: store.StatusError, Value: "0.000000001", ScoredAt: noon, Error: "why"},
	"with stamp scores that are odd": {Status: store.StatusDone, Value: "1", ScoredAt: noon, StampScores: []byte(`["Google"]`), Stamps: []byte(`"none"`)},
}

// scoreFormCases are about scores that the engine would not write.
func scoreFormCases() []Case {
	var cases []Case
	for name, odd := range oddScores {
		cases = append(cases, Case{Name: "a score " + name + " is returned as it is", run: func(w *world) {
			w.scores(scoreOf(func(s *store.StoredScore) { s.Score = odd }))
			equalScores(w, odd, w.last().Score)
		}})
	}
	return cases
}
