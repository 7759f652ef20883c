package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// applies is a store that writes changed change sets.
func applies(change func(*store.Changes)) broken {
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Wallets = slices.Clone(c.Wallets)
		change(&other)
		return h.Apply(ctx, &other)
	}}
}

// afterwards is a store that does something more once it has written.
func afterwards(more func(t tables)) broken {
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if err == nil {
			h.edit(more)
		}
		return receipt, err
	}}
}

// beforehand is a store that does something more before it writes, whether or
// not it then can.
func beforehand(more func(c *store.Changes, t tables)) broken {
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		h.edit(func(t tables) { more(c, t) })
		return h.Apply(ctx, c)
	}}
}

// renumbers is a store that writes rows anew that are as wanted.
func renumbers(table string) broken {
	return afterwards(func(t tables) {
		for _, r := range t[table] {
			r["id"] = r["id"].(float64) + 1000
		}
	})
}

// scores is a store that writes changed scores.
func scores(change func(*store.Score)) broken {
	return applies(func(c *store.Changes) {
		for i := range c.Wallets {
			change(&c.Wallets[i].Score)
		}
	})
}

// afterScores is a store that changes the rows of scores with a status once it
// has written.
func afterScores(status store.Status, change func(score row)) broken {
	return afterwards(func(t tables) {
		for _, r := range t["registry_score"] {
			if r["status"] == string(status) {
				change(r)
			}
		}
	})
}

// refusesToApply is a store that cannot write some change sets.
func refusesToApply(kind error, which func(harness, *store.Changes) bool) broken {
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		if which(h, c) {
			return nil, kind
		}
		return h.Apply(ctx, c)
	}}
}

// currentVersions makes every wallet look as it was read.
func currentVersions(h harness, c *store.Changes) *store.Changes {
	other := *c
	other.Wallets = slices.Clone(c.Wallets)
	for i := range other.Wallets {
		q := store.Query{Community: c.Community, Addresses: []string{other.Wallets[i].Address}}
		if snapshot, err := h.Load(context.Background(), q); err == nil {
			other.Wallets[i].Version = snapshot.Wallets[0].Version
		}
	}
	return &other
}

// brokenApplies are stores whose Apply is broken.
var brokenApplies = map[string]fault{
	"loses events": {"write", applies(func(c *store.Changes) { c.Wallets[0].Events = nil })},
	"adds the score's event twice": {"write", afterwards(func(t tables) {
		for _, last := range slices.Backward(t["registry_event"]) {
			again := maps.Clone(last)
			delete(again, "id")
			t["registry_event"] = append(t["registry_event"], again)
			return
		}
	})},
	"lets a failure wipe the stamps": {"write", afterwards(func(t tables) {
		if slices.ContainsFunc(t["registry_score"], func(r row) bool { return r["status"] == "ERROR" }) {
			t["registry_stamp"] = []row{}
		}
	})},
	"keeps seconds only": {"write", scores(func(s *store.Score) { s.ScoredAt = s.ScoredAt.Truncate(time.Second) })},
	"tells no ids": {"write/creates the passport that is missing", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if err == nil {
			receipt.Wallets = make([]store.WalletReceipt, len(c.Wallets))
		}
		return receipt, err
	}}},
	"makes a passport for every scoring": {"write/keeps the passport that is there", beforehand(func(_ *store.Changes, t tables) {
		for _, table := range []string{"registry_passport", "registry_score", "registry_stamp"} {
			t[table] = []row{}
		}
	})},
	"has one passport for all communities": {"write/a passport of another community is another one", beforehand(func(c *store.Changes, t tables) {
		for _, r := range t["registry_passport"] {
			r["community_id"] = c.Community
		}
	})},
	"loses the evidence": {"write/writes the score", scores(func(s *store.Score) {
		if s.Evidence != nil {
			s.Evidence = []byte(`{}`)
		}
	})},
	"lets every score expire": {"write/writes a score of 0 without an expiry", scores(func(s *store.Score) {
		if s.ExpiresAt.IsZero() {
			s.ExpiresAt = s.ScoredAt
		}
	})},
	"writes scores anew": {"write/replaces the score and keeps its row", renumbers("registry_score")},
	"takes the clock of another zone for its own": {"write/writes a moment of another zone as the same moment", scores(func(s *store.Score) {
		_, offset := s.ScoredAt.Zone()
		s.ScoredAt = s.ScoredAt.Add(time.Duration(offset) * time.Second)
	})},
	"scores a failure": {
		"write/a failed scoring writes its row with nothing but the error",
		afterScores(store.StatusError, func(score row) { score["score"] = "0" }),
	},
	"tells of failures too": {"write/a failed scoring adds no event", tellsOfFailures()},
	"leaves the error beside a score": {
		"write/a failed scoring replaces a score, and a score replaces it",
		afterScores(store.StatusDone, func(score row) { score["error"] = "before" }),
	},
	"wipes the stamps of all": {
		"write/leaves other addresses and communities alone",
		beforehand(func(_ *store.Changes, t tables) { t["registry_stamp"] = []row{} }),
	},
	"rewrites all": {"write/must not rewrite what is already as wanted", renumbers("registry_humanpointscommunityqualifiedusers")},

	"copies whatever the credential of a stamp is by now": {"stamps", applies(func(c *store.Changes) {
		for i := range c.Wallets[0].Stamps {
			c.Wallets[0].Stamps[i].CredentialID = 0
		}
	})},
	"loses stamps":                       {"stamps", applies(func(c *store.Changes) { c.Wallets[0].Stamps = nil })},
	"rewrites stamps that are as wanted": {"stamps", renumbers("registry_stamp")},
	"only adds stamps": {"stamps", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		before := h.tables()["registry_stamp"]
		receipt, err := h.Apply(ctx, c)
		if err == nil {
			h.edit(func(t tables) {
				kept := column(t["registry_stamp"], "id")
				t["registry_stamp"] = append(t["registry_stamp"], slices.DeleteFunc(before, func(r row) bool { return slices.Contains(kept, r["id"]) })...)
			})
		}
		return receipt, err
	}}},

	"commits halfway": {"all or nothing", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		half := currentVersions(h, c)
		half.Held, half.Claims = nil, nil
		for i := range half.Wallets {
			half.Wallets[i].Awards, half.Wallets[i].Events = nil, nil
		}
		if _, err := h.Apply(ctx, half); err != nil {
			return nil, err
		}
		return h.Apply(ctx, c)
	}}},
	"writes scores before it looks at the rest": {"all or nothing", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		early := currentVersions(h, c)
		early.Held, early.Claims = nil, nil
		for i, w := range early.Wallets {
			early.Wallets[i] = store.WalletChanges{Address: w.Address, Version: w.Version, Score: w.Score}
		}
		if _, err := h.Apply(ctx, early); err != nil {
			return nil, err
		}
		return h.Apply(ctx, c)
	}}},
	"makes passports before it looks for the community": {"all or nothing", beforehand(func(c *store.Changes, t tables) {
		if c.Community > 2 {
			t["registry_passport"] = append(t["registry_passport"], row{"address": c.Wallets[0].Address, "community_id": c.Community})
		}
	})},

	"forgets the other wallets": {"batch", applies(func(c *store.Changes) { c.Wallets = c.Wallets[:min(1, len(c.Wallets))] })},
	"answers in the order of addresses": {"batch/writes all wallets and answers in their order", applies(func(c *store.Changes) {
		slices.SortFunc(c.Wallets, func(a, b store.WalletChanges) int { return strings.Compare(a.Address, b.Address) })
	})},
	"gives all stamps to the first wallet": {"batch/gives each wallet its own stamps", applies(func(c *store.Changes) {
		for i := range c.Wallets[1:] {
			c.Wallets[0].Stamps = slices.Concat(c.Wallets[0].Stamps, c.Wallets[i+1].Stamps)
			c.Wallets[i+1].Stamps = nil
		}
	})},
	"claims for the first wallet": {"batch/takes claims for each of them", applies(func(c *store.Changes) {
		c.Claims = slices.DeleteFunc(slices.Clone(c.Claims), func(claim store.Claim) bool { return claim.Address != c.Wallets[0].Address })
	})},
	"looks at the version of the first wallet": {
		"batch/is refused whole when one wallet has changed",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			current := currentVersions(h, c)
			current.Wallets[0].Version = c.Wallets[0].Version
			return h.Apply(ctx, current)
		}},
	},
	"fails all wallets when one fails": {"batch/may hold a scoring that failed", applies(func(c *store.Changes) {
		for _, w := range c.Wallets {
			if w.Score.Status == store.StatusError {
				c.Wallets[0].Score = w.Score
			}
		}
	})},

	"calls an invalid change set a conflict": {"invalid", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if errors.Is(err, store.ErrInvalid) {
			return nil, store.ErrConflict
		}
		return receipt, err
	}}},
	"knows wallets in any case": {"invalid/with an address in upper case must return ErrInvalid and write nothing", applies(func(c *store.Changes) {
		c.Wallets[0].Address = strings.ToLower(c.Wallets[0].Address)
	})},
	"looks at versions first": {
		"invalid/with a stamp that is not JSON, also when a race is lost, must return ErrInvalid and write nothing",
		refusesToApply(store.ErrConflict, func(h harness, c *store.Changes) bool {
			return currentVersions(h, c).Wallets[0].Version != c.Wallets[0].Version
		}),
	},

	"ignores the context": {"context", broken{
		load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			return h.Load(context.WithoutCancel(ctx), q)
		},
		apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			return h.Apply(context.WithoutCancel(ctx), c)
		},
	}},
	"stays locked by a call that was cancelled": {"context/a cancelled call leaves nothing behind that stops the next one", staysLocked()},
}

func tellsOfFailures() broken {
	return afterwards(func(t tables) {
		for _, r := range t["registry_score"] {
			if r["status"] == "ERROR" {
				address := t["registry_passport"][0]["address"]
				t["registry_event"] = append(t["registry_event"], row{"action": "SCU", "address": address, "data": row{}})
			}
		}
	})
}

func staysLocked() broken {
	var locked atomic.Bool
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		if locked.Load() {
			return nil, store.ErrUnavailable
		}
		receipt, err := h.Apply(ctx, c)
		if errors.Is(err, context.Canceled) {
			locked.Store(true)
		}
		return receipt, err
	}}
}
