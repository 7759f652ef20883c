package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// A simulation that finds nothing wrong proves something only if it would have
// found it: each of these stores and engines has one fault, and is caught.

// faulty is a memstore with functions in place of some methods.
type faulty struct {
	*memstore.Store

	load   func(mem *memstore.Store, ctx context.Context, q store.Query) (*store.Snapshot, error)
	apply  func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error)
	revoke func(mem *memstore.Store, ctx context.Context, proofs []string) (int, error)
}

func (f *faulty) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if f.load == nil {
		return f.Store.Load(ctx, q)
	}
	return f.load(f.Store, ctx, q)
}

func (f *faulty) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if f.apply == nil {
		return f.Store.Apply(ctx, c)
	}
	return f.apply(f.Store, ctx, c)
}

func (f *faulty) RevokeCredentials(ctx context.Context, proofs ...string) (int, error) {
	if f.revoke == nil {
		return f.Store.RevokeCredentials(ctx, proofs...)
	}
	return f.revoke(f.Store, ctx, proofs)
}

type tables = map[string][]map[string]any

// edit rewrites the tables behind the store's back.
func edit(mem *memstore.Store, change func(tables)) {
	var text bytes.Buffer
	held := tables{}
	must(mem.WriteRows(&text))
	must(json.Unmarshal(text.Bytes(), &held))
	change(held)
	changed, err := json.Marshal(held)
	must(err)
	must(mem.ReadRows(bytes.NewReader(changed)))
}

// applying is a store that writes changed change sets.
func applying(change func(mem *memstore.Store, c *store.Changes)) rig {
	return onStore(faulty{apply: func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		other := *c
		other.Wallets = slices.Clone(c.Wallets)
		change(mem, &other)
		return mem.Apply(ctx, &other)
	}})
}

// afterwards is a store that does something more once it has written.
func afterwards(more func(tables)) rig {
	return onStore(faulty{apply: func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := mem.Apply(ctx, c)
		if err == nil {
			edit(mem, more)
		}
		return receipt, err
	}})
}

// loading is a store whose snapshots are changed.
func loading(change func(s *store.Snapshot)) rig {
	return onStore(faulty{load: func(mem *memstore.Store, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		snapshot, err := mem.Load(ctx, q)
		if err == nil {
			change(snapshot)
		}
		return snapshot, err
	}})
}

func onStore(f faulty) rig {
	return rig{store: func(mem *memstore.Store) backend {
		broken := f
		broken.Store = mem
		return &broken
	}}
}

// scoringBy is an engine whose Score is something else.
func scoringBy(score func(e *passport.Engine, ctx context.Context, community int64, address string) (*passport.Result, error)) rig {
	return rig{engine: func(e *passport.Engine, _ *world) passport.Scorer { return otherEngine{e, score} }}
}

type otherEngine struct {
	*passport.Engine

	score func(e *passport.Engine, ctx context.Context, community int64, address string) (*passport.Result, error)
}

func (e otherEngine) Score(ctx context.Context, community int64, address string) (*passport.Result, error) {
	return e.score(e.Engine, ctx, community, address)
}

// previewing is an engine whose previews are scorings.
type previewing struct{ *passport.Engine }

func (p previewing) Preview(ctx context.Context, community int64, address string) (*passport.Result, error) {
	return p.Score(ctx, community, address)
}

// believing is a verifier that takes every proof.
type believing struct{}

func (believing) Verify(context.Context, *credential.Signed, time.Time) error { return nil }

// currentVersions makes every wallet look as it was read.
func currentVersions(mem *memstore.Store, c *store.Changes) {
	for i := range c.Wallets {
		q := store.Query{Community: c.Community, Addresses: []string{c.Wallets[i].Address}}
		if snapshot, err := mem.Load(context.Background(), q); err == nil {
			c.Wallets[i].Version = snapshot.Wallets[0].Version
		}
	}
}

func limits(c *store.Changes, change func(a *store.Award)) {
	c.Wallets[0].Awards = slices.Clone(c.Wallets[0].Awards)
	for i := range c.Wallets[0].Awards {
		change(&c.Wallets[0].Awards[i])
	}
}

// brokenWorlds have one fault each.
func brokenWorlds() map[string]rig {
	return map[string]rig{
		"takes live claims": onStore(faulty{apply: func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			edit(mem, func(rows tables) {
				rows["registry_hashscorerlink"] = slices.DeleteFunc(rows["registry_hashscorerlink"], func(r map[string]any) bool {
					return slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Nullifier == r["hash"] })
				})
			})
			return mem.Apply(ctx, c)
		}}),
		"never lets a claim expire": onStore(faulty{apply: func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			early := *c
			early.At = c.At.AddDate(-500, 0, 0)
			if _, err := mem.Apply(ctx, &early); errors.Is(err, store.ErrConflict) {
				return nil, err
			}
			return mem.Apply(ctx, c)
		}}),
		"does not compare versions":    applying(currentVersions),
		"does not look at held claims": applying(func(_ *memstore.Store, c *store.Changes) { c.Held = nil }),
		"loses claims":                 applying(func(_ *memstore.Store, c *store.Changes) { c.Claims = nil }),
		"loses one claim of several": applying(func(_ *memstore.Store, c *store.Changes) {
			c.Claims = c.Claims[:max(min(1, len(c.Claims)), len(c.Claims)-1)]
		}),
		"loses stamps":               applying(func(_ *memstore.Store, c *store.Changes) { c.Wallets[0].Stamps = nil }),
		"loses events of lost races": applying(func(_ *memstore.Store, c *store.Changes) { c.Wallets[0].Events = nil }),
		"loses who qualified":        applying(func(_ *memstore.Store, c *store.Changes) { c.Wallets[0].Qualified = false }),
		"keeps seconds only": applying(func(_ *memstore.Store, c *store.Changes) {
			c.Wallets[0].Score.ScoredAt = c.Wallets[0].Score.ScoredAt.Truncate(time.Second)
		}),
		"has a limit too high by one": applying(func(_ *memstore.Store, c *store.Changes) {
			limits(c, func(a *store.Award) { a.Limit += min(a.Limit, 1) })
		}),
		"counts communities too low": applying(func(_ *memstore.Store, c *store.Changes) {
			limits(c, func(a *store.Award) { a.Communities = max(0, a.Communities-1) })
		}),
		"gives an award again for another nullifier": afterwards(func(rows tables) {
			if points := rows["registry_humanpoints"]; len(points) > 0 {
				again := maps.Clone(points[0])
				delete(again, "id")
				again["tx_hash"] = fmt.Sprint("another ", len(points))
				rows["registry_humanpoints"] = append(points, again)
			}
		}),
		"tells of a score twice": afterwards(func(rows tables) {
			if events := rows["registry_event"]; len(events) > 0 {
				again := maps.Clone(events[len(events)-1])
				delete(again, "id")
				rows["registry_event"] = append(events, again)
			}
		}),
		"lets a failure wipe the stamps": afterwards(func(rows tables) {
			failed := func(r map[string]any) bool { return r["status"] == "ERROR" }
			if slices.ContainsFunc(rows["registry_score"], failed) {
				rows["registry_stamp"] = []map[string]any{}
			}
		}),
		"commits halfway": onStore(faulty{apply: func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			half := *c
			half.Wallets = slices.Clone(c.Wallets)
			half.Wallets[0].Stamps, half.Wallets[0].Events, half.Held = nil, nil, nil
			if _, err := mem.Apply(ctx, &half); err != nil {
				return nil, err
			}
			return mem.Apply(ctx, c)
		}}),
		"calls a conflict a success": onStore(faulty{apply: func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := mem.Apply(ctx, c)
			if errors.Is(err, store.ErrConflict) {
				return &store.Receipt{Wallets: make([]store.WalletReceipt, 1)}, nil
			}
			return receipt, err
		}}),
		"says unavailable, and has written": onStore(faulty{apply: func(mem *memstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := mem.Apply(ctx, c)
			if err == nil && len(c.Claims) > 2 {
				return nil, store.ErrUnavailable
			}
			return receipt, err
		}}),
		"revokes for a while": onStore(faulty{revoke: func(mem *memstore.Store, ctx context.Context, proofs []string) (int, error) {
			n, err := mem.RevokeCredentials(ctx, proofs...)
			edit(mem, func(rows tables) { rows["ceramic_cache_revocation"] = []map[string]any{} })
			return n, err
		}}),
		"answers with what it read first": onStoreOf(func() faulty {
			first := map[string][]store.Credential{}
			return faulty{load: func(mem *memstore.Store, ctx context.Context, q store.Query) (*store.Snapshot, error) {
				snapshot, err := mem.Load(ctx, q)
				if err != nil {
					return nil, err
				}
				if read := first[q.Addresses[0]]; read != nil {
					snapshot.Wallets[0].Credentials = read
				}
				first[q.Addresses[0]] = snapshot.Wallets[0].Credentials
				return snapshot, nil
			}}
		}),
		"does not read live claims": loading(func(s *store.Snapshot) {
			s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return c.ExpiresAt.After(s.At) })
		}),
		"does not read overlays":  loading(func(s *store.Snapshot) { s.Community.Overlay = nil }),
		"has its own idea of now": loading(func(s *store.Snapshot) { s.At = s.At.Add(time.Minute) }),

		"takes every proof":    {options: []passport.Option{passport.WithVerifier(believing{})}},
		"trusts everyone":      {options: []passport.Option{passport.WithTrustedIssuers(newMint().stranger.DID())}},
		"writes when it looks": {engine: func(e *passport.Engine, _ *world) passport.Scorer { return previewing{e} }},
		"makes a failure a score of 0": scoringBy(func(e *passport.Engine, ctx context.Context, community int64, address string) (*passport.Result, error) {
			result, err := e.Score(ctx, community, address)
			if errors.Is(err, store.ErrUnavailable) {
				return &passport.Result{}, nil
			}
			return result, err
		}),
		"calls a doubt a failure": scoringBy(func(e *passport.Engine, ctx context.Context, community int64, address string) (*passport.Result, error) {
			result, err := e.Score(ctx, community, address)
			if errors.Is(err, store.ErrUnknownOutcome) {
				return nil, store.ErrUnavailable
			}
			return result, err
		}),
	}
}

func onStoreOf(f func() faulty) rig {
	return rig{store: func(mem *memstore.Store) backend {
		broken := f()
		broken.Store = mem
		return &broken
	}}
}

func TestTheSimulationCatchesBrokenStoresAndEngines(t *testing.T) {
	const most = 1000
	for name, broken := range brokenWorlds() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(most) {
				_, err := play(t, seed+1, broken, false)
				if err != nil {
					first, _, _ := strings.Cut(err.Error(), "\n")
					t.Logf("caught by seed %d: %s", seed+1, first)
					return
				}
			}
			require.Fail(t, "not caught", "by %d seeds", most)
		})
	}
	assert.GreaterOrEqual(t, len(brokenWorlds()), 20)
}
