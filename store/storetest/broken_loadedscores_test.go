package storetest_test

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// loadsScores is a store that loads changed last scores.
func loadsScores(change func(q store.Query, w *store.Wallet)) broken {
	return snapshots(func(q store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			if s.Wallets[i].LastScore != nil {
				change(q, &s.Wallets[i])
			}
		}
	})
}

// brokenLoadedScores are stores that load last scores wrongly.
var brokenLoadedScores = map[string]fault{
	"loads scores unasked": {"loaded scores/none unless the query asks for it", queries(func(q *store.Query) { q.LastScore = true })},
	"loads an empty score for none": {"loaded scores", snapshots(func(q store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			if q.LastScore && s.Wallets[i].LastScore == nil {
				s.Wallets[i].LastScore = &store.Score{}
			}
		}
	})},
	"wants an address to load a score": {"loaded scores/none without an address", refusesLoads(store.ErrInvalid, func(q store.Query) bool {
		return q.LastScore && len(q.Addresses) == 0
	})},
	"loads no score":             {"loaded scores", loadsScores(func(_ store.Query, w *store.Wallet) { w.LastScore = nil })},
	"loads no expiry of a score": {"loaded scores/the score of the last scoring", loadsScores(func(_ store.Query, w *store.Wallet) { w.LastScore.ExpiresAt = w.LastScore.ScoredAt })},
	"loads done scores only": {"loaded scores", loadsScores(func(_ store.Query, w *store.Wallet) {
		if w.LastScore.Status != store.StatusDone {
			w.LastScore = nil
		}
	})},
	"loads scores of another community": {"loaded scores/the score of the community", sees(func(_ store.Query, s *store.State) {
		for i := range s.Scores {
			s.Scores[i].Community = 3 - s.Scores[i].Community
		}
	})},
	"loads scores of any community": {"loaded scores/the score of the community", sees(func(q store.Query, s *store.State) {
		if len(s.Scores) == 1 {
			s.Scores[0].Community = q.Community
		}
	})},
	"loads scores in an order of its own": {"loaded scores/the score of each wallet in the order of the query", snapshots(func(_ store.Query, s *store.Snapshot) {
		var scores []*store.Score
		for _, w := range s.Wallets {
			scores = append(scores, w.LastScore)
		}
		slices.Reverse(scores)
		for i := range s.Wallets {
			s.Wallets[i].LastScore = scores[i]
		}
	})},
	"loads scores of those with credentials": {"loaded scores/the score of the last scoring", loadsScores(func(_ store.Query, w *store.Wallet) {
		if len(w.Credentials) == 0 && !w.Unchanged {
			w.LastScore = nil
		}
	})},
	"loads no score of an unchanged wallet": {"loaded scores", unchanged(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) { w.LastScore = nil })},
	"loads no credentials of known scores":  {"loaded scores/the scores of known wallets", unchanged(func(q store.Query, _ *store.Snapshot, w *store.Wallet) { w.Unchanged = !q.LastScore })},
	"loads the score or the credentials": {"loaded scores/the score beside the credentials", loadsScores(func(_ store.Query, w *store.Wallet) {
		w.Credentials = nil
	})},
	"loads no score with points": {"snapshot points/the last scores with the points", queries(func(q *store.Query) { q.LastScore = q.LastScore && q.Points == nil })},
	"shares the scores that it loads": {"loaded scores/Load with scores changes and shares nothing", func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil && len(snapshot.Wallets) > 0 && snapshot.Wallets[0].LastScore != nil {
				snapshot.Wallets[0].LastScore.Stamps = b.Good.State().Scores[0].Stamps
			}
			return snapshot, err
		}
	}},
	"loads values without a fraction": {"loaded scores", loadsScores(func(_ store.Query, w *store.Wallet) {
		w.LastScore.Value, _, _ = strings.Cut(w.LastScore.Value, ".")
	})},
	"loads evidence that is an object": {"loaded scores", loadsScores(func(_ store.Query, w *store.Wallet) {
		if !bytes.HasPrefix(w.LastScore.Evidence, []byte("{")) {
			w.LastScore.Evidence = []byte(`{}`)
		}
	})},
	"loads evidence as doubles": {"loaded scores/a score with numbers of many digits as it is", loadsScores(func(_ store.Query, w *store.Wallet) {
		if w.LastScore.Evidence != nil {
			w.LastScore.Evidence = inFloats(w.LastScore.Evidence)
		}
	})},
	"loads stamps that are an object": {"loaded scores/a score with stamp scores that are odd as it is", loadsScores(func(_ store.Query, w *store.Wallet) {
		if !bytes.HasPrefix(w.LastScore.StampScores, []byte("{")) {
			w.LastScore.StampScores = nil
		}
	})},
}
