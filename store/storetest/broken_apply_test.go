package storetest_test

import (
	"context"
	"errors"
	"fmt"
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

// losesClaims is a store that loses some claims before it writes.
func losesClaims(which func(c *store.Changes, r row) bool) broken {
	return beforehand(func(c *store.Changes, t tables) {
		t["registry_hashscorerlink"] = slices.DeleteFunc(t["registry_hashscorerlink"], func(r row) bool { return which(c, r) })
	})
}

// givesAway is a store that lets expired claims of the first or the last of the
// scored wallets be given away.
func givesAway(of func(wallets int) int) broken {
	return losesClaims(func(c *store.Changes, r row) bool {
		return r["address"] == c.Wallets[of(len(c.Wallets))].Address && r["expires_at"].(string) < store.FormatTime(c.At)
	})
}

// versions is a store that takes all rows of a table, too, for what the version
// of a wallet stands for.
func versions(table string) broken {
	const mark = "|"
	rows := func(h harness) string { return fmt.Sprint(h.tables()[table]) }
	return broken{
		load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := h.Load(ctx, q)
			if err == nil {
				for i := range snapshot.Wallets {
					snapshot.Wallets[i].Version += mark + rows(h)
				}
			}
			return snapshot, err
		},
		apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			other := *c
			other.Wallets = slices.Clone(c.Wallets)
			for i := range other.Wallets {
				w := &other.Wallets[i]
				version, before, _ := strings.Cut(w.Version, mark)
				if before != rows(h) {
					return nil, store.ErrConflict
				}
				w.Version = version
			}
			return h.Apply(ctx, &other)
		},
	}
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
	"takes live claims": {"claims", losesClaims(func(c *store.Changes, r row) bool {
		return slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Nullifier == r["hash"] })
	})},
	"does not let claims expire": {"claims", applies(func(c *store.Changes) { c.At = c.At.AddDate(-500, 0, 0) })},
	"ignores the version": {"stale", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		return h.Apply(ctx, currentVersions(h, c))
	}}},
	"ignores held claims": {"claims", applies(func(c *store.Changes) { c.Held = nil })},
	"loses claims":        {"claims", applies(func(c *store.Changes) { c.Claims = nil })},
	"loses events":        {"write", applies(func(c *store.Changes) { c.Wallets[0].Events = nil })},
	"copies whatever the credential of a stamp is by now": {"stamps", applies(func(c *store.Changes) {
		for i := range c.Wallets[0].Stamps {
			c.Wallets[0].Stamps[i].CredentialID = 0
		}
	})},
	"loses stamps":                       {"stamps", applies(func(c *store.Changes) { c.Wallets[0].Stamps = nil })},
	"loses awards":                       {"points", applies(func(c *store.Changes) { c.Wallets[0].Awards = nil })},
	"loses who qualified":                {"points", applies(func(c *store.Changes) { c.Wallets[0].Qualified = false })},
	"forgets the other wallets":          {"batch", applies(func(c *store.Changes) { c.Wallets = c.Wallets[:min(1, len(c.Wallets))] })},
	"has a limit too high by one":        {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Limit++ }) })},
	"counts communities too low":         {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Communities = max(0, a.Communities-1) }) })},
	"rewrites stamps that are as wanted": {"stamps", renumbers("registry_stamp")},
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
	"turns a conflict into success": {"claims", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			return &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}, nil
		}
		return receipt, err
	}}},
	"calls an invalid change set a conflict": {"invalid", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if errors.Is(err, store.ErrInvalid) {
			return nil, store.ErrConflict
		}
		return receipt, err
	}}},
	"ignores the context": {"context", broken{
		load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			return h.Load(context.WithoutCancel(ctx), q)
		},
		apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			return h.Apply(context.WithoutCancel(ctx), c)
		},
	}},

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

	"keeps the last stamps": {"stamps/are all removed when none counts", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		before := h.tables()["registry_stamp"]
		receipt, err := h.Apply(ctx, c)
		if err == nil && len(c.Wallets[0].Stamps) == 0 {
			h.edit(func(t tables) { t["registry_stamp"] = before })
		}
		return receipt, err
	}}},

	"claims for nobody else": {
		"claims/a claim that the other owner has already is no conflict",
		refusesToApply(store.ErrConflict, func(_ harness, c *store.Changes) bool {
			return slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Address != c.Wallets[0].Address })
		}),
	},
	"rewrites claims that are as wanted": {"claims/a claim that is as wanted keeps its row", renumbers("registry_hashscorerlink")},
	"gives away expired claims of the scored wallet": {
		"claims/an expired claim of the scored wallet is not given away",
		givesAway(func(int) int { return 0 }),
	},
	"gives away expired claims of another scored wallet": {
		"claims/an expired claim of any of the scored wallets is not given away",
		givesAway(func(wallets int) int { return wallets - 1 }),
	},
	"writes held claims": {
		"claims/a held claim that is still held lets the write pass, and is not written",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := h.Apply(ctx, c)
			if err == nil {
				h.edit(func(t tables) {
					for _, held := range c.Held {
						for _, r := range t["registry_hashscorerlink"] {
							if r["hash"] == held.Nullifier {
								r["expires_at"] = store.FormatTime(held.ExpiresAt)
							}
						}
					}
				})
			}
			return receipt, err
		}},
	},
	"takes an expired claim for none": {
		"claims/a held claim of the same holder lets the write pass though it has expired",
		losesClaims(func(c *store.Changes, r row) bool { return r["expires_at"].(string) < store.FormatTime(c.At) }),
	},
	"wants an address for a holder": {
		"claims/a held claim may be that of a holder who is no address",
		refusesToApply(store.ErrInvalid, func(_ harness, c *store.Changes) bool {
			return slices.ContainsFunc(c.Held, func(held store.Claim) bool { return !store.ValidAddress(held.Address) })
		}),
	},
	"knows holders in any case": {"claims/a held claim may be that of a holder who is no address", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Held = nil
		for _, held := range c.Held {
			for _, r := range h.tables()["registry_hashscorerlink"] {
				if address := r["address"].(string); strings.EqualFold(address, held.Address) {
					held.Address = address
				}
			}
			other.Held = append(other.Held, held)
		}
		return h.Apply(ctx, &other)
	}}},

	"takes every version for an old one": {
		"stale/nothing has happened: written",
		refusesToApply(store.ErrConflict, func(harness, *store.Changes) bool { return true }),
	},
	"takes everybody's credentials for the wallet's": {
		"stale/another wallet got a credential: written",
		versions("ceramic_cache_ceramiccache"),
	},
	"takes a scoring for a change":         {"stale/the wallet was scored meanwhile: written", versions("registry_score")},
	"takes another's scoring for a change": {"stale/another wallet was scored meanwhile: written", versions("registry_score")},
	"chokes on a version that never was": {
		"stale/a version that never was is refused",
		refusesToApply(store.ErrFault, func(_ harness, c *store.Changes) bool { return unkept(c.Wallets[0].Version) }),
	},

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

	"takes every score for a pass": {
		"points/who does not qualify is not recorded",
		applies(func(c *store.Changes) { c.Wallets[0].Qualified = true }),
	},
	"awards again on another chain": {"points/an action is awarded at most once for a provider, whatever the chain", afterwards(func(t tables) {
		for _, r := range t["registry_humanpoints"] {
			if r["chain_id"] != 0.0 {
				again := maps.Clone(r)
				delete(again, "id")
				again["chain_id"] = 0
				t["registry_humanpoints"] = append(t["registry_humanpoints"], again)
			}
		}
	})},
	"writes points anew": {"points/points that are there keep their rows", renumbers("registry_humanpoints")},

	"knows wallets in any case": {"invalid/with an address in upper case must return ErrInvalid and write nothing", applies(func(c *store.Changes) {
		c.Wallets[0].Address = strings.ToLower(c.Wallets[0].Address)
	})},
	"looks at versions first": {
		"invalid/with a stamp that is not JSON, also when a race is lost, must return ErrInvalid and write nothing",
		refusesToApply(store.ErrConflict, func(h harness, c *store.Changes) bool {
			return currentVersions(h, c).Wallets[0].Version != c.Wallets[0].Version
		}),
	},
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

func limits(c *store.Changes, change func(*store.Award)) {
	for i := range c.Wallets {
		c.Wallets[i].Awards = slices.Clone(c.Wallets[i].Awards)
		for j := range c.Wallets[i].Awards {
			if a := &c.Wallets[i].Awards[j]; a.Limit > 0 || a.Communities > 0 {
				change(a)
			}
		}
	}
}
