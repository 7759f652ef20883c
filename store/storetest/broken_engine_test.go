package storetest_test

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// brokenForTheEngine are stores that other cases catch too, and that spoil what
// the engine makes of them.
var brokenForTheEngine = map[string]fault{
	"counts how often the engine wrote": {"engine/scoring again changes the time and adds an event", brokenApplies["counts how often it wrote"].breaks},
	"notes previews":                    {"engine/a preview changes nothing", notesLoads},
	"loses claims of the engine": {
		"engine/an account counts for another wallet once its claim has expired",
		dropsSwaps(func(store.ClaimSwap) bool { return true }),
	},
	"shortens claims of the engine": {
		"engine/an account is not freed by replacing its credential by an older one",
		afterApply(func(c *store.Changes, s *store.State) {
			for i := range s.Claims {
				s.Claims[i].ExpiresAt = c.Wallets[0].Score.ExpiresAt
			}
		}),
	},
	"loses claims with a credential":      {"engine/an account is not freed by deleting its credential", brokenClaims["drops claims without a swap"].breaks},
	"loses claims with a revocation":      {"engine/an account is not freed by revoking its credential", brokenClaims["drops claims without a swap"].breaks},
	"loses claims with another nullifier": {"engine/an account is not freed by another nullifier", brokenClaims["drops claims without a swap"].breaks},
	"sees the first credential": {
		"engine/the newest credential of a provider counts",
		prefers(func(a, b *store.StoredCredential) bool { return a.ID < b.ID }),
	},
	"sees the last credential": {
		"engine/the newest credential of a provider counts",
		prefers(func(a, b *store.StoredCredential) bool { return a.ID > b.ID }),
	},
	"has no room for large credentials": {
		"engine/a credential of the greatest size counts",
		overlooks(func(c *store.StoredCredential) bool { return len(c.Document) > 60_000 }),
	},
	"has events of failures": {"engine/an unknown rule leaves a failed score and nothing else", afterApply(addsEvent)},

	"loses events in lists": {"score at/every form that a score was recorded in", returns("ScoreAt", func(e *store.RecordedEvent) *store.RecordedEvent {
		if e.Data[0] == '[' {
			e.Data = []byte(`{}`)
		}
		return e
	})},

	"makes a score up": {"engine latest/never scored and scored", func(b *brokenstore.Store) {
		b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
			last, err := b.Good.LastScore(ctx, community, address)
			if err != nil {
				return &store.RecordedScore{Score: store.Score{Status: store.StatusDone, Value: "0"}}, nil
			}
			return last, nil
		}
	}},
	"loses the reason":        {"engine latest/a scoring that failed", readsScores(func(s *store.RecordedScore) { s.Error = "" })},
	"loses the last evidence": {"engine latest/every form that a score was recorded in", readsScores(func(s *store.RecordedScore) { s.Evidence = nil })},
	"never ends a score":      {"engine latest/a score stands until it expires or a stamp is gone", readsScores(func(s *store.RecordedScore) { s.ExpiresAt = time.Time{} })},
	"has stamps that are gone": {"engine latest/a score stands until it expires or a stamp is gone", readsScores(func(s *store.RecordedScore) {
		s.Live = []string{"Google", "Github", "Discord"}
	})},
}

// readsScores is a store whose last scores are changed.
func readsScores(change func(s *store.RecordedScore)) broken {
	return func(b *brokenstore.Store) {
		b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
			last, err := b.Good.LastScore(ctx, community, address)
			if err == nil {
				change(last)
			}
			return last, err
		}
	}
}
