package storetest_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// brokenTogether are stores that are broken as soon as several use them at once.
var brokenTogether = map[string]fault{
	"lets one of several scorings of an address through": {
		"concurrent/64 scorings of one address, decided on the same credentials, all succeed",
		versionsOfScored(),
	},
	"tells all who race that they have won": {
		"concurrent/64 addresses fight for one nullifier: one holds it, the others lose the race",
		brokenClaims["turns a conflict into success"].store,
	},
	"counts awards before it writes them": {"concurrent/a limited award is counted exactly under 32 writers", countsFirst(32)},
	"counts communities before it writes one": {
		"concurrent/one address qualifies in several communities at once: the award for them is given, once",
		countsFirst(2),
	},
	"is busy while it writes": {"concurrent/overlapping claims in any order never deadlock and never have two holders", busy()},
	"loads a claim at a time": {
		"concurrent/a snapshot is of one moment: it never shows half of a change",
		broken{
			load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
				first, err := h.Load(ctx, q)
				if err != nil || len(first.Claims) < 2 {
					return first, err
				}
				time.Sleep(5 * time.Millisecond)
				second, err := h.Load(ctx, q)
				if err == nil {
					second.Claims[0] = first.Claims[0]
				}
				return second, err
			},
			apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				time.Sleep(5 * time.Millisecond)
				return h.Apply(ctx, c)
			},
		},
	},
}

// brokenForTheEngine are stores that other cases catch too, and that spoil what
// the engine makes of them.
var brokenForTheEngine = map[string]fault{
	"rewrites stamps of the engine": {
		"engine/scoring again changes nothing but moments, and adds an event",
		brokenApplies["rewrites stamps that are as wanted"].store,
	},
	"notes previews": {"engine/a preview changes nothing and tells what a scoring does", notesLoads()},
	"shortens claims of an earlier scoring": {
		"stale/the wallet's claim was lengthened: must return ErrConflict",
		brokenClaims["shortens live claims"].store,
	},
	"loses claims of the engine": {
		"engine/an account counts for the first wallet, and for the second once its claim has expired",
		brokenClaims["loses claims"].store,
	},
	"shortens claims of the engine": {
		"engine/an account is not freed by replacing its credential by an older one",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := h.Apply(ctx, c)
			if err == nil && len(c.Claims) > 0 {
				h.edit(func(t tables) {
					for _, r := range t["registry_hashscorerlink"] {
						r["expires_at"] = store.FormatTime(c.Wallets[0].Score.ExpiresAt)
					}
				})
			}
			return receipt, err
		}},
	},
	"loses claims with the credential": {
		"engine/an account is not freed by deleting its credential",
		brokenClaims["drops claims that are not mentioned"].store,
	},
	"loses claims with a revocation": {
		"engine/an account is not freed by the revocation of its credential",
		brokenClaims["drops claims that are not mentioned"].store,
	},
	"loses claims with another nullifier": {
		"engine/an account is not freed by another nullifier",
		brokenClaims["drops claims that are not mentioned"].store,
	},
	"has no room for large credentials": {
		"engine/a credential of the greatest size that there may be counts",
		loads(func(_ store.Query, s *store.Snapshot) {
			const room = 60_000
			s.Wallets[0].Credentials = slices.DeleteFunc(s.Wallets[0].Credentials, func(c store.Credential) bool { return len(c.Stamp) > room })
		}),
	},
	"is busy with the engine": {"engine/64 concurrent scorings of one address all succeed", busy()},
	"counts an account for everybody": {
		"engine/64 addresses fight for one nullifier: one counts it, the rest are told so",
		brokenClaims["loses claims"].store,
	},
	"goes one beyond the cap": {
		"engine/the capped award stops exactly at its limit",
		countsFirst(16),
	},
	"tells of failures of the engine": {
		"engine/a community that cannot be scored leaves a failed score and nothing else",
		tellsOfFailures(),
	},
	"loses evidence of the engine": {
		"engine/Latest reads every form that a score was recorded in",
		loadsScores(func(s *store.Score) { s.Evidence = nil }),
	},
	"has scores for ever": {
		"engine/a score passes until it expires or one of its stamps is gone",
		loadsScores(func(s *store.Score) { s.ExpiresAt = time.Time{} }),
	},
	"makes up who was scored": {"engine/never scored and scored are told apart", makesScoresUp()},
}

// loadsScores is a store whose last scores are changed.
func loadsScores(change func(*store.Score)) broken {
	return loads(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			if score := s.Wallets[i].Score; score != nil {
				change(score)
			}
		}
	})
}

// busy is a store that refuses to write while it writes.
func busy() broken {
	enter := oneAtATime()
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		leave, entered := enter()
		if !entered {
			return nil, store.ErrUnavailable
		}
		defer leave()
		return h.Apply(ctx, c)
	}}
}

// oneAtATime lets one in at a time and turns the others away. Whoever comes
// first stays until it has, so that it does not depend on who is how fast.
func oneAtATime() func() (leave func(), entered bool) {
	var inside sync.Mutex
	turnedAway := make(chan struct{})
	turnAway := sync.OnceFunc(func() { close(turnedAway) })
	return func() (func(), bool) {
		if !inside.TryLock() {
			turnAway()
			return nil, false
		}
		await(turnedAway)
		return inside.Unlock, true
	}
}

// await waits for others, though not for ever.
func await(others <-chan struct{}) {
	select {
	case <-others:
	case <-time.After(time.Second):
	}
}

// countsFirst is a store that decides on limited awards before it writes, and
// writes once so many have decided.
func countsFirst(writers int32) broken {
	var counted atomic.Int32
	all := make(chan struct{})
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		decided := *c
		decided.Wallets = slices.Clone(c.Wallets)
		for i := range decided.Wallets {
			w := &decided.Wallets[i]
			w.Awards = nil
			for _, award := range c.Wallets[i].Awards {
				snapshot, err := h.Load(ctx, store.Query{
					Community: c.Community, Addresses: []string{w.Address}, Points: &store.PointsQuery{Counted: []string{award.Action}},
				})
				if err != nil {
					return nil, err
				}
				given, communities := snapshot.Points.Given[award.Action], snapshot.Points.Wallets[0].Communities
				if (award.Limit == 0 || given < award.Limit) && award.Communities <= 1+len(communities) {
					award.Limit, award.Communities = 0, 0
					w.Awards = append(w.Awards, award)
				}
			}
		}
		if counted.Add(1) == writers {
			close(all)
		}
		await(all)
		return h.Apply(ctx, &decided)
	}}
}
