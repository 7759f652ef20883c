package storetest_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// afterScores is a store that changes the scores with a status once it has
// written.
func afterScores(status store.Status, change func(s *store.StoredScore)) broken {
	return afterApply(func(_ *store.Changes, s *store.State) {
		for i := range s.Scores {
			if s.Scores[i].Status == status {
				change(&s.Scores[i])
			}
		}
	})
}

// afterEvents is a store that writes other events.
func afterEvents(change func(e *store.StoredEvent)) broken {
	return afterApply(func(_ *store.Changes, s *store.State) {
		for i := range s.Events {
			change(&s.Events[i])
		}
	})
}

// brokenApplies are stores that write other scores and events than they should.
var brokenApplies = map[string]fault{
	"loses the evidence": {"write/the score", scores(func(s *store.Score) {
		if s.Evidence != nil {
			s.Evidence = []byte(`{}`)
		}
	})},
	"lets every score expire": {"write/a score of 0 without an expiry", scores(func(s *store.Score) {
		if s.ExpiresAt.IsZero() {
			s.ExpiresAt = s.ScoredAt
		}
	})},
	"keeps the first score": {"write/the score in place of the last one", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			first := b.Good.State().Scores
			receipt, err := b.Good.Apply(ctx, c)
			if err == nil && len(first) > 0 {
				b.Edit(func(s *store.State) { s.Scores = first })
			}
			return receipt, err
		}
	}},
	"has one score for all communities": {"write/a score of each community", beforeApply(func(c *store.Changes, s *store.State) {
		s.Scores = slices.DeleteFunc(s.Scores, func(score store.StoredScore) bool { return score.Address == c.Wallets[0].Address })
	})},
	"keeps seconds": {"write/times to the microsecond and in any zone", scores(func(s *store.Score) { s.ScoredAt = s.ScoredAt.Truncate(time.Second) })},
	"takes the clock of another zone for its own": {"write/times to the microsecond and in any zone", scores(func(s *store.Score) {
		_, offset := s.ScoredAt.Zone()
		s.ScoredAt = s.ScoredAt.Add(time.Duration(offset) * time.Second)
	})},
	"rounds times": {"write/times to the microsecond and in any zone", scores(func(s *store.Score) {
		s.ExpiresAt = s.ExpiresAt.Round(time.Microsecond)
	})},
	"keeps scores in float64": {"write/every digit of the documents", scores(func(s *store.Score) { s.StampScores = inFloats(s.StampScores) })},
	"scores a failure":        {"write/the error of a failed scoring and nothing else", afterScores(store.StatusError, func(s *store.StoredScore) { s.Value = "0" })},
	"leaves the error beside a score": {
		"write/a failed scoring in place of a score and the reverse",
		afterScores(store.StatusDone, func(s *store.StoredScore) { s.Error = "before" }),
	},
	"wipes what counted before a failure": {
		"write/nothing but the score of a failed scoring",
		afterScores(store.StatusError, func(s *store.StoredScore) { s.Counted = nil }),
	},
	"loses events": {"write", applies(func(c *store.Changes) { c.Wallets[0].Events = nil })},
	"has events backwards": {"write/events in their order", applies(func(c *store.Changes) {
		c.Wallets[0].Events = slices.Clone(c.Wallets[0].Events)
		slices.Reverse(c.Wallets[0].Events)
	})},
	"has a clock for events":          {"write/events in their order", afterEvents(func(e *store.StoredEvent) { e.At = time.Unix(0, 0) })},
	"has the score's time for events": {"write/events in their order", applies(func(c *store.Changes) { c.At = c.Wallets[0].Score.ScoredAt })},
	"has one data for every event":    {"write/the event of the score", afterEvents(func(e *store.StoredEvent) { e.Data = []byte(`{}`) })},
	"adds an event by itself":         {"write/no event of its own", afterApply(addsEvent)},
	"has events of the wallet":        {"write/an event about another address", afterEvents(func(e *store.StoredEvent) { e.Address = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c" })},
	"keeps events in float64":         {"write/every digit of an event", afterEvents(func(e *store.StoredEvent) { e.Data = inFloats(e.Data) })},
	"wipes what counted for others": {"write/nothing about other addresses and communities", beforeApply(func(_ *store.Changes, s *store.State) {
		for i := range s.Scores {
			s.Scores[i].Counted = nil
		}
	})},
	"counts how often it wrote": {"write/the same again without a change", beforeApply(func(_ *store.Changes, s *store.State) {
		s.PointValues = map[string]int{"CNT": s.PointValues["CNT"] + 1}
	})},
	"reads the change set of a score later":          {"write/copies of what the caller changes after Apply", readsLater},
	"reads the change set of a failed scoring later": {"write/copies of a failed scoring", readsLater},
	"commits halfway":                                 {"all or nothing", commitsFirst(func(w *store.WalletChanges) { w.Events, w.Awards = nil, nil })},
	"writes scores before it looks at claims":         {"all or nothing/a taken claim leaves an earlier score as it was", commitsFirst(onlyScore)},
	"writes scores before it looks at versions":       {"all or nothing/a stale wallet leaves an earlier score as it was", commitsFirst(onlyScore)},
	"writes scores of a deleted community":            {"all or nothing/a deleted community leaves nothing", beforeApply(scoresFirst)},
	"writes to deleted communities":                   {"all or nothing/a deleted community leaves an earlier score as it was", beforeApply(func(_ *store.Changes, s *store.State) { undelete(s) })},
	"writes scores of no community":                   {"all or nothing/a community that does not exist leaves nothing", beforeApply(scoresFirst)},
	"writes scores of no community later":             {"all or nothing/a community that does not exist leaves an earlier score as it was", beforeApply(scoresFirst)},
	"has a plain error for a conflict":                {"all or nothing/a stale wallet leaves nothing", plainly},
	"has a plain error for a claim":                   {"all or nothing/a taken claim leaves nothing", plainly},
	"has a plain error for a check":                   {"all or nothing/a checked claim that is gone leaves nothing", plainly},
	"ignores what it cannot count":                    {"all or nothing/a credential that the wallet lacks leaves nothing", applies(countsOne)},
	"ignores what it cannot count the second time":    {"all or nothing/a credential that the wallet lacks leaves an earlier score as it was", applies(countsOne)},
	"drops a malformed event":                         {"all or nothing/an event that is not JSON leaves nothing", applies(dropsEvents)},
	"drops a malformed event beside an earlier score": {"all or nothing/an event that is not JSON leaves an earlier score as it was", applies(dropsEvents)},
	"cuts a nullifier":                                {"all or nothing/a nullifier that is too long leaves nothing", applies(cutsNullifiers)},
	"cuts a nullifier beside an earlier score":        {"all or nothing/a nullifier that is too long leaves an earlier score as it was", applies(cutsNullifiers)},
	"writes scores before it checks claims":           {"all or nothing/a checked claim that is gone leaves an earlier score as it was", commitsFirst(onlyScore)},
	"forgets the other wallets":                       {"batch", applies(func(c *store.Changes) { c.Wallets = c.Wallets[:min(1, len(c.Wallets))] })},
	"has the order of addresses":                      {"batch/every wallet in the order of the change set", applies(sortsWallets)},
	"counts everything for the first wallet":          {"batch/the credentials of each wallet", applies(func(c *store.Changes) { c.Wallets[len(c.Wallets)-1].Counted = nil })},
	"claims for the first wallet":                     {"batch/claims of each wallet", applies(claimsForFirst)},
	"looks at the version of the first wallet":        {"batch/nothing when one wallet has changed", looksAtVersion(func(int) int { return 0 })},
	"looks at the version of the last wallet":         {"batch/nothing when one wallet has changed", looksAtVersion(func(n int) int { return n - 1 })},
	"fails every wallet when one fails":               {"batch/a wallet whose scoring failed", applies(failsAll)},
	"calls an invalid change set a conflict":          {"invalid", otherwise(store.ErrInvalid, func(err error) error { return store.Errorf("apply", store.ErrConflict, "%v", err) })},
	"has a plain error for an invalid change set":     {"invalid", plainly},
	"knows wallets in any case":                       {"invalid/an address in upper case", applies(lowersWallets)},
	"looks at versions first":                         {"invalid/a malformed event and a lost race", looksAtVersionsFirst},
	"takes a repeated id for one":                     {"invalid/a counted credential twice", applies(func(c *store.Changes) { c.Wallets[0].Counted = slices.Compact(slices.Clone(c.Wallets[0].Counted)) })},
	"panics without a change set":                     {"invalid/no change set", commitsFirst(onlyScore)},
}

func addsEvent(c *store.Changes, s *store.State) {
	event := store.Event{Action: store.ActionScoreUpdate, Address: c.Wallets[0].Address, Data: []byte(`{}`)}
	s.Events = append(s.Events, store.StoredEvent{
		RecordedEvent: store.RecordedEvent{Event: event, ID: int64(len(s.Events) + 1), At: c.At}, Community: c.Community,
	})
}

// readsLater is a store that goes on reading the change set that it was given.
func readsLater(b *brokenstore.Store) {
	var given *store.Changes
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		given = c
		return b.Good.Apply(ctx, c)
	}
	b.On.State = func(context.Context) (store.State, error) {
		state := b.Good.State()
		for i := range state.Scores {
			state.Scores[i].Status = given.Wallets[i].Score.Status
		}
		return state, nil
	}
}

// commitsFirst is a store that writes a part of a change set, also if
// something has happened since, before it looks at the rest.
func commitsFirst(part func(w *store.WalletChanges)) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			early := fresh(b, c)
			early.Claims = nil
			for i := range early.Wallets {
				part(&early.Wallets[i])
			}
			if _, err := b.Good.Apply(ctx, early); err != nil {
				return nil, err
			}
			return b.Good.Apply(ctx, c)
		}
	}
}

func onlyScore(w *store.WalletChanges) {
	*w = store.WalletChanges{Address: w.Address, Version: w.Version, Score: w.Score}
}

// scoresFirst writes a score before it looks for the community.
func scoresFirst(c *store.Changes, s *store.State) {
	s.Scores = append(s.Scores, store.StoredScore{Score: c.Wallets[0].Score, Community: c.Community, Address: c.Wallets[0].Address})
}

func countsOne(c *store.Changes) {
	c.Wallets[0].Counted = c.Wallets[0].Counted[:min(1, len(c.Wallets[0].Counted))]
}

func dropsEvents(c *store.Changes) { c.Wallets[0].Events = nil }

func cutsNullifiers(c *store.Changes) {
	for i := range c.Claims {
		c.Claims[i].Nullifier = c.Claims[i].Nullifier[:min(store.MaxNullifier, len(c.Claims[i].Nullifier))]
	}
}

func sortsWallets(c *store.Changes) {
	slices.SortFunc(c.Wallets, func(a, b store.WalletChanges) int { return strings.Compare(string(a.Address), string(b.Address)) })
}

func claimsForFirst(c *store.Changes) {
	c.Claims = slices.DeleteFunc(c.Claims, func(swap store.ClaimSwap) bool { return swap.To.Address != c.Wallets[0].Address })
}

func failsAll(c *store.Changes) {
	for _, w := range c.Wallets {
		if w.Score.Status == store.StatusError {
			c.Wallets[0].Score, c.Wallets[0].Events = w.Score, nil
		}
	}
}

func lowersWallets(c *store.Changes) {
	for i := range c.Wallets {
		c.Wallets[i].Address = store.Address(strings.ToLower(string(c.Wallets[i].Address)))
	}
}

// looksAtVersion is a store that looks at the version of one wallet.
func looksAtVersion(which func(wallets int) int) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			current := fresh(b, c)
			i := which(len(c.Wallets))
			current.Wallets[i].Version = c.Wallets[i].Version
			return b.Good.Apply(ctx, current)
		}
	}
}

func looksAtVersionsFirst(b *brokenstore.Store) {
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		if c != nil && len(c.Wallets) > 0 && fresh(b, c).Wallets[0].Version != c.Wallets[0].Version {
			return nil, store.Errorf("apply", store.ErrConflict, "the store is broken")
		}
		return b.Good.Apply(ctx, c)
	}
}

// brokenCounts are stores that record other credentials than those that count.
var brokenCounts = map[string]fault{
	"counts every credential": {"counted/the credentials that the ids name", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			if err == nil {
				b.Edit(func(s *store.State) {
					s.Scores[0].Counted = nil
					for _, credential := range s.Credentials {
						s.Scores[0].Counted = append(s.Scores[0].Counted, store.CountedCredential{Provider: credential.Provider, Document: credential.Document})
					}
				})
			}
			return receipt, err
		}
	}},
	"counts in float64": {"counted/every digit of their documents", afterCounted(func(c *store.CountedCredential) { c.Document = inFloats(c.Document) })},
	"adds what counts":  {"counted/in place of those that counted before", addsCounted},
	"keeps the last":    {"counted/none when none counts", addsCounted},
	"keeps the old document": {"counted/the new document of a provider", func(b *brokenstore.Store) {
		old := map[string]store.CountedCredential{}
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			b.Edit(func(s *store.State) {
				for i, counted := range s.Scores[0].Counted {
					if first, found := old[counted.Provider]; found {
						s.Scores[0].Counted[i] = first
					} else {
						old[counted.Provider] = counted
					}
				}
			})
			return receipt, err
		}
	}},
	"counts its own credentials": {
		"counted/an expired one or one of another program",
		refusesChanges(store.ErrInvalid, func(s store.State, _ *store.Changes) bool {
			return slices.ContainsFunc(s.Credentials, func(c store.StoredCredential) bool { return c.Foreign })
		}),
	},
	"counts what is there now": {"counted/as they were also after they are deleted", func(b *brokenstore.Store) {
		b.On.State = func(context.Context) (store.State, error) {
			state := b.Good.State()
			for i := range state.Scores {
				state.Scores[i].Counted = slices.DeleteFunc(state.Scores[i].Counted, func(c store.CountedCredential) bool {
					return slices.ContainsFunc(state.Credentials, func(o store.StoredCredential) bool { return o.Provider == c.Provider && o.Deleted })
				})
			}
			return state, nil
		}
	}},
	"ignores an id of no credential":    {"counted/an id of no credential", applies(countsOne)},
	"ignores an id of another wallet":   {"counted/an id of another wallet", applies(countsOne)},
	"ignores an id of what is not live": {"counted/an id of a credential that is not live", applies(countsOne)},
	"has a plain error for an id":       {"counted/an id of no credential", plainly},
	"has the order in which they counted": {"counted/the same documents again without a change", afterApply(func(c *store.Changes, s *store.State) {
		s.PointValues = map[string]int{"1ST": int(c.Wallets[0].Counted[0])}
	})},
}

func afterCounted(change func(c *store.CountedCredential)) broken {
	return afterApply(func(_ *store.Changes, s *store.State) {
		for i := range s.Scores {
			for j := range s.Scores[i].Counted {
				change(&s.Scores[i].Counted[j])
			}
		}
	})
}

// addsCounted is a store that adds what counts to what counted before.
func addsCounted(b *brokenstore.Store) {
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		last := b.Good.State().Scores
		receipt, err := b.Good.Apply(ctx, c)
		if err == nil && len(last) > 0 {
			b.Edit(func(s *store.State) {
				s.Scores[0].Counted = append(s.Scores[0].Counted, last[0].Counted...)
			})
		}
		return receipt, err
	}
}
