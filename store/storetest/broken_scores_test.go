package storetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// lastScores is a store whose last scores are changed.
func lastScores(change func(*store.RecordedScore)) broken {
	return returns("LastScore", func(s *store.RecordedScore) *store.RecordedScore {
		change(s)
		return s
	})
}

// lastScoresIn is a store that looks for last scores in a changed content.
func lastScoresIn(change func(*store.State)) broken {
	return func(b *brokenstore.Store) {
		b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
			return b.Like(change).LastScore(ctx, community, address)
		}
	}
}

// brokenLastScores are stores that return last scores wrongly.
var brokenLastScores = map[string]fault{
	"returns the first score": {"last score/the score is that of the last scoring", func(b *brokenstore.Store) {
		apply := b.On.Apply
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			scores := b.Good.State().Scores
			receipt, err := apply(ctx, c)
			if err == nil && len(scores) > 0 {
				b.Edit(func(s *store.State) { s.Scores = scores })
			}
			return receipt, err
		}
	}},
	"returns passing scores": {"last score/the score is that of the last scoring", lastScores(func(s *store.RecordedScore) { s.ExpiresAt = time.Time{} })},
	"returns no errors":      {"last score/a failed scoring has its error", lastScores(func(s *store.RecordedScore) { s.Error = "" })},
	"returns the score of another community": {"last score", func(b *brokenstore.Store) {
		b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
			score, err := b.Good.LastScore(ctx, community, address)
			if other, failed := b.Good.LastScore(ctx, 3-community, address); failed == nil {
				return other, nil
			}
			return score, err
		}
	}},
	"returns an empty score for none": {"last score/an address without a score is not found", func(b *brokenstore.Store) {
		b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
			score, err := b.Good.LastScore(ctx, community, address)
			if errors.Is(err, store.ErrNotFound) {
				return &store.RecordedScore{}, nil
			}
			return score, err
		}
	}},
	"finds no score where there is no community": {
		"last score/a community that does not exist is not found",
		errs("LastScore", func(err error) error {
			if errors.Is(err, store.ErrCommunityNotFound) {
				return store.Errorf("last", store.ErrNotFound, "there is none")
			}
			return err
		}),
	},
	"returns scores of deleted communities": {"last score/a deleted community is not found", lastScoresIn(func(s *store.State) {
		for i := range s.Communities {
			s.Communities[i].Deleted = false
		}
	})},
	"returns the time of the scoring": {
		"last score/ReadAt is the time of the call by the clock of the store",
		lastScores(func(s *store.RecordedScore) { s.ReadAt = s.ScoredAt }),
	},
	"reads at nanoseconds": {
		"last score/ReadAt is the time of the call by the clock of the store",
		lastScores(func(s *store.RecordedScore) { s.ReadAt = s.ReadAt.Add(1) }),
	},
	"knows one scorer": {
		"last score/Scorer is the type of the scorer of the community",
		lastScores(func(s *store.RecordedScore) { s.Scorer = store.ScorerBinary }),
	},
	"lists a provider of its own":      {"last score/Live is empty for an address without credentials", lastScores(func(s *store.RecordedScore) { s.Live = []string{"Google"} })},
	"lists the providers that counted": {"last score/Live has the provider of each live credential once", lastScores(func(s *store.RecordedScore) { s.Live = nil })},
	"lists a provider twice":           {"last score/Live has the provider of each live credential once", lastScores(func(s *store.RecordedScore) { s.Live = append(s.Live, s.Live...) })},
	"lists providers of revoked ones":  {"last score/Live has the provider of each live credential once", lastScoresIn(each(func(c *store.StoredCredential) { c.Revoked = false }))},
	"lists providers of deleted ones":  {"last score/Live has the provider of each live credential once", lastScoresIn(each(func(c *store.StoredCredential) { c.Deleted = false }))},
	"lists no providers of expired ones": {"last score/Live has the provider of each live credential once", lastScoresIn(each(func(c *store.StoredCredential) {
		c.Deleted = c.Deleted || c.ExpiresAt.Before(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	}))},
	"removes a score that was read": {"last score/LastScore changes nothing", after("LastScore", func(s *store.State) { s.Scores = nil })},
	"forgets what it has queued":    {"last score/a score that is queued is returned as it is", lastScores(func(s *store.RecordedScore) { s.Status = store.StatusDone })},
	"rounds the values of scores": {"last score", lastScores(func(s *store.RecordedScore) {
		if value, _, long := strings.Cut(s.Value, "."); long {
			s.Value = value
		}
	})},
	"returns evidence that is an object": {"last score", lastScores(func(s *store.RecordedScore) {
		if !bytes.HasPrefix(s.Evidence, []byte("{")) {
			s.Evidence = nil
		}
	})},
	"reads evidence as doubles": {"last score/a score with numbers of many digits is returned as it is", lastScores(func(s *store.RecordedScore) {
		var evidence any
		if json.Unmarshal(s.Evidence, &evidence) == nil {
			s.Evidence, _ = json.Marshal(evidence)
		}
	})},
	"returns stamps that are an object": {"last score/a score with stamp scores that are odd is returned as it is", lastScores(func(s *store.RecordedScore) {
		if !bytes.HasPrefix(s.Stamps, []byte("{")) {
			s.Stamps = nil
		}
	})},
}

// eventAt is a store whose found events are changed.
func eventAt(change func(*store.RecordedEvent)) broken {
	return returns("ScoreAt", func(e *store.RecordedEvent) *store.RecordedEvent {
		change(e)
		return e
	})
}

// brokenScoresAt are stores that find past scores wrongly.
var brokenScoresAt = map[string]fault{
	"looks back strictly": {
		"score at/the newest score at or before the moment is found",
		given("ScoreAt", func(at time.Time) time.Time { return at.Add(-time.Microsecond) }),
	},
	"looks back too late": {
		"score at/the newest score at or before the moment is found",
		given("ScoreAt", func(at time.Time) time.Time { return at.Add(time.Microsecond) }),
	},
	"looks back by the second": {
		"score at/the newest score at or before the moment is found",
		given("ScoreAt", func(at time.Time) time.Time { return at.Truncate(time.Second) }),
	},
	"looks back in nanoseconds of 64 bits": {
		"score at/any moment may be asked for",
		given("ScoreAt", func(at time.Time) time.Time { return time.Unix(0, at.UnixNano()) }),
	},
	"finds events of every action": {"score at/only scores of the address and the community are found", func(b *brokenstore.Store) {
		b.On.ScoreAt = func(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
			return b.Like(func(s *store.State) {
				for i := range s.Events {
					s.Events[i].Action = store.ActionScoreUpdate
				}
			}).ScoreAt(ctx, community, address, at)
		}
	}},
	"finds nothing and no error then": {"score at/only scores of the address and the community are found", hides("ScoreAt", store.ErrNotFound)},
	"finds the first of equal times": {"score at/of equal times the score that was written last is found", func(b *brokenstore.Store) {
		b.On.ScoreAt = func(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
			found, err := b.Good.ScoreAt(ctx, community, address, at)
			for _, e := range b.Good.State().Events {
				if err == nil && e.At.Equal(found.At) && e.Address == address && e.Community == community {
					return &e.RecordedEvent, nil
				}
			}
			return found, err
		}
	}},
	"finds no data":        {"score at/the event is found as a scoring wrote it", eventAt(func(e *store.RecordedEvent) { e.Data = []byte(`{}`) })},
	"finds the wrong time": {"score at/the event is found as a scoring wrote it", eventAt(func(e *store.RecordedEvent) { e.At = e.At.Truncate(24 * time.Hour) })},
	"finds events in flat objects": {"score at/data is returned in the form in which it was recorded", eventAt(func(e *store.RecordedEvent) {
		e.Data = bytes.TrimSuffix(bytes.TrimPrefix(e.Data, []byte("[")), []byte("]"))
	})},
	"rounds the scores of events": {"score at/data is returned in the form in which it was recorded", eventAt(func(e *store.RecordedEvent) {
		e.Data = bytes.ReplaceAll(e.Data, []byte("78.7620"), []byte("78.762"))
	})},
	"forgets deleted communities": {"score at/a deleted community keeps its scores", func(b *brokenstore.Store) {
		b.On.ScoreAt = func(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
			if _, err := b.Good.Load(ctx, store.Query{Community: community}); errors.Is(err, store.ErrCommunityNotFound) {
				return nil, store.Errorf("score_at", store.ErrNotFound, "there is none")
			}
			return b.Good.ScoreAt(ctx, community, address, at)
		}
	}},
	"removes an event that was read": {"score at/ScoreAt changes nothing", after("ScoreAt", func(s *store.State) { s.Events = nil })},
}
