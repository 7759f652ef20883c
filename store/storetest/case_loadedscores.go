package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// scoresOf asks for the last scores of the wallets.
func scoresOf(addresses ...store.Address) store.Query {
	return store.Query{Community: community, Addresses: addresses, At: noon, LastScore: true}
}

// loadsScores demands that Load returns those scores, nil for none.
func (w *world) loadsScores(q store.Query, want ...*store.Score) *store.Snapshot {
	w.t.Helper()
	snapshot := w.query(q)
	for i, wallet := range snapshot.Wallets {
		if want[i] == nil {
			assert.Nil(w.t, wallet.LastScore, "wallet %d", i)
			continue
		}
		require.NotNil(w.t, wallet.LastScore, "wallet %d", i)
		equalScores(w, *want[i], *wallet.LastScore)
	}
	return snapshot
}

// loadedScoreCases are about the last scores of a snapshot.
func loadedScoreCases() []Case {
	worth := func(value string) *store.Score {
		score := passing()
		score.Value = value
		return &score
	}
	of := func(address store.Address, score *store.Score) store.StoredScore {
		return scoreOf(func(s *store.StoredScore) { s.Address, s.Score = address, *score })
	}
	cases := []Case{
		{Name: "none unless the query asks for it", run: func(w *world) {
			w.scores(scoreOf())
			w.loadsScores(store.Query{Community: community, Addresses: []store.Address{alice}}, nil)
		}},
		{Name: "none for a wallet that was never scored", run: func(w *world) {
			w.readBefore()
			w.loadsScores(scoresOf(alice, carol), nil, nil)
		}},
		{Name: "none without an address", run: func(w *world) {
			w.scores(scoreOf())
			w.loadsScores(scoresOf())
		}},
		{Name: "the score of the last scoring", run: func(w *world) {
			w.score(alice, func(c *store.Changes) {
				c.Wallets[0].Score.Value, c.Wallets[0].Score.ExpiresAt = "0", time.Time{}
			})
			w.loadsScores(scoresOf(alice), &w.lastScore(alice).Score)
			w.score(alice)
			w.loadsScores(scoresOf(alice), new(passing()))
		}},
		{Name: "the error of a failed scoring", run: func(w *world) {
			w.score(alice)
			w.score(alice, failing("why"))
			w.loadsScores(scoresOf(alice), new(failed("why")))
		}},
		{Name: "the score of the community", run: func(w *world) {
			elsewhere := of(alice, worth("0"))
			elsewhere.Community = neighbour
			w.scores(elsewhere)
			w.loadsScores(scoresOf(alice), nil)
			w.scores(elsewhere, scoreOf())
			w.loadsScores(scoresOf(alice), worth("1"))
			q := scoresOf(alice)
			q.Community = neighbour
			w.loadsScores(q, worth("0"))
		}},
		{Name: "the score of each wallet in the order of the query", run: func(w *world) {
			w.readBefore()
			w.scores(of(bob, worth("0")), of(alice, worth("1")))
			w.loadsScores(scoresOf(alice, carol, bob), worth("1"), nil, worth("0"))
			w.loadsScores(scoresOf(bob, alice, carol), worth("0"), worth("1"), nil)
		}},
		{Name: "the scores of known wallets", run: func(w *world) {
			w.readBefore()
			w.scores(of(bob, worth("0")), of(alice, worth("1")))
			q := scoresOf(alice, carol, bob)
			q.Known = known{alice: {Version: w.version(alice)}, bob: {Version: "another"}, carol: {Version: w.version(carol)}}
			w.loadsScores(q, worth("1"), nil, worth("0"))
			w.again(q, alice, carol)
		}},
		{Name: "a score that was recorded since a wallet became known", run: func(w *world) {
			w.readBefore()
			q := scoresOf(alice)
			for i, version := range w.versions() {
				q.Known = ofAlice(version)
				next := worth([]string{"0", "1"}[i])
				w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = *next })
				w.loadsScores(q, next)
			}
		}},
		{Name: "the score beside the credentials", run: func(w *world) {
			w.readBefore()
			w.scores(scoreOf())
			loaded := w.loadsScores(scoresOf(alice), worth("1")).Wallets[0]
			equal(w, inOrder(w.load(alice).Wallets[0].Credentials), inOrder(loaded.Credentials))
			w.score(alice, counted(1), func(c *store.Changes) { c.Wallets[0].Version = loaded.Version })
		}},
		{Name: "Load with scores changes and shares nothing", run: func(w *world) {
			w.scores(scoreOf())
			w.unchanged(func() {
				score := w.query(scoresOf(alice)).Wallets[0].LastScore
				require.NotNil(w.t, score)
				score.Value, score.Evidence[0], score.Stamps[0] = "7", 'x', 'x'
			})
			w.loadsScores(scoresOf(alice), worth("1"))
		}},
	}
	for name, odd := range oddScores {
		cases = append(cases, Case{Name: "a score " + name + " as it is", run: func(w *world) {
			w.scores(scoreOf(func(s *store.StoredScore) { s.Score = odd }))
			w.loadsScores(scoresOf(alice), &odd)
		}})
	}
	return cases
}

// scoredPointsCases are about the last scores of a query that asks for points
// as well.
func scoredPointsCases() []Case {
	return []Case{
		{Name: "the last scores with the points", run: func(w *world) {
			w.scores(scoreOf())
			w.points(point(alice, "HKY", "Google", "n1"))
			q := scoresOf(bob, alice)
			q.Points = &store.PointsQuery{}
			points := w.loadsScores(q, nil, new(passing())).Points
			require.NotNil(w.t, points)
			require.Len(w.t, points.Wallets, 2)
			assert.Len(w.t, points.Wallets[1].Points, 1)
		}},
	}
}
