package storetest_test

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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// harness puts memstore under test. The broken stores below change one thing
// each.
type harness struct{ *memstore.Store }

func newHarness(testing.TB) storetest.Harness { return harness{memstore.New()} }

func (h harness) Seed(_ context.Context, rows []byte) error { return h.ReadRows(bytes.NewReader(rows)) }

func (h harness) Rows(context.Context) ([]byte, error) {
	var rows bytes.Buffer
	err := h.WriteRows(&rows)
	return rows.Bytes(), err
}

// edit rewrites tables behind the store's back.
func (h harness) edit(change func(tables map[string][]map[string]any)) error {
	document, err := h.Rows(context.Background())
	if err != nil {
		return err
	}
	tables := map[string][]map[string]any{}
	if err := json.Unmarshal(document, &tables); err != nil {
		return err
	}
	change(tables)
	if document, err = json.Marshal(tables); err != nil {
		return err
	}
	return h.Seed(context.Background(), document)
}

// broken is a store with functions in place of its two methods.
type broken struct {
	harness
	load  func(harness, context.Context, store.Query) (*store.Snapshot, error)
	apply func(harness, context.Context, *store.Changes) (*store.Receipt, error)
}

func (b broken) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if b.load == nil {
		return b.harness.Load(ctx, q)
	}
	return b.load(b.harness, ctx, q)
}

func (b broken) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if b.apply == nil {
		return b.harness.Apply(ctx, c)
	}
	return b.apply(b.harness, ctx, c)
}

// loads is a store whose snapshots are changed, but for those without a wallet.
func loads(change func(store.Query, *store.Snapshot)) broken {
	return broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		snapshot, err := h.Load(ctx, q)
		if err == nil && len(snapshot.Wallets) > 0 {
			change(q, snapshot)
		}
		return snapshot, err
	}}
}

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
func afterwards(more func(tables map[string][]map[string]any)) broken {
	return broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := h.Apply(ctx, c)
		if err == nil {
			err = h.edit(more)
		}
		return receipt, err
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

// brokenStores are each caught by a case of the named group.
var brokenStores = map[string]struct {
	group string
	store broken
}{
	"takes live claims": {"claims", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		err := h.edit(func(tables map[string][]map[string]any) {
			tables["registry_hashscorerlink"] = slices.DeleteFunc(tables["registry_hashscorerlink"], func(r map[string]any) bool {
				return slices.ContainsFunc(c.Claims, func(claim store.Claim) bool { return claim.Nullifier == r["hash"] })
			})
		})
		if err != nil {
			return nil, err
		}
		return h.Apply(ctx, c)
	}}},
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
	"loses stamps":                {"stamps", applies(func(c *store.Changes) { c.Wallets[0].Stamps = nil })},
	"loses awards":                {"points", applies(func(c *store.Changes) { c.Wallets[0].Awards = nil })},
	"loses who qualified":         {"points", applies(func(c *store.Changes) { c.Wallets[0].Qualified = false })},
	"forgets the other wallets":   {"batch", applies(func(c *store.Changes) { c.Wallets = c.Wallets[:min(1, len(c.Wallets))] })},
	"has a limit too high by one": {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Limit++ }) })},
	"counts communities too low":  {"points", applies(func(c *store.Changes) { limits(c, func(a *store.Award) { a.Communities = max(0, a.Communities-1) }) })},
	"rewrites stamps that are as wanted": {"stamps", afterwards(func(tables map[string][]map[string]any) {
		for _, r := range tables["registry_stamp"] {
			r["id"] = r["id"].(float64) + 1000
		}
	})},
	"adds the score's event twice": {"write", afterwards(func(tables map[string][]map[string]any) {
		for _, last := range slices.Backward(tables["registry_event"]) {
			again := maps.Clone(last)
			delete(again, "id")
			tables["registry_event"] = append(tables["registry_event"], again)
			return
		}
	})},
	"lets a failure wipe the stamps": {"write", afterwards(func(tables map[string][]map[string]any) {
		if slices.ContainsFunc(tables["registry_score"], func(r map[string]any) bool { return r["status"] == "ERROR" }) {
			tables["registry_stamp"] = []map[string]any{}
		}
	})},
	"keeps seconds only": {"write", applies(func(c *store.Changes) {
		c.Wallets[0].Score.ScoredAt = c.Wallets[0].Score.ScoredAt.Truncate(1e9)
	})},
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
	"answers in an order of its own": {"load", broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		q.Addresses = slices.Sorted(slices.Values(q.Addresses))
		return h.Load(ctx, q)
	}}},
	"does not see deleted communities": {"load", broken{load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
		snapshot, err := h.Load(ctx, q)
		if errors.Is(err, store.ErrCommunityNotFound) {
			return &store.Snapshot{}, nil
		}
		return snapshot, err
	}}},
	"leaves expired claims out": {"load", loads(func(q store.Query, s *store.Snapshot) {
		s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return !c.ExpiresAt.After(q.At) })
	})},
	"leaves the last score out": {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Score = nil })},
	"has its own idea of now":   {"load", loads(func(_ store.Query, s *store.Snapshot) { s.At = s.At.AddDate(0, 0, 1) })},
	"keeps no scale": {"load", loads(func(_ store.Query, s *store.Snapshot) {
		s.Community.Threshold = strings.TrimRight(s.Community.Threshold, "0")
	})},
	"forgets the overlay":          {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Community.Overlay = nil })},
	"orders credentials backwards": {"load", loads(func(_ store.Query, s *store.Snapshot) { slices.Reverse(s.Wallets[0].Credentials) })},
	"returns points unasked":       {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Points = &store.PointsSnapshot{} })},
	"tells inactive actions too":   {"snapshot points", loads(func(_ store.Query, s *store.Snapshot) { addValue(s) })},
	"escapes what it keeps":        {"hostile text", loads(func(_ store.Query, s *store.Snapshot) { quoteProviders(s) })},
	"hands out an empty version":   {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Version = "" })},
	"changes the version on read":  {"load", loads(func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Version = fmt.Sprintf("%p", s) })},
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

func addValue(s *store.Snapshot) {
	if s.Points != nil {
		s.Points.Values["HPH"] = 5
	}
}

func quoteProviders(s *store.Snapshot) {
	for i := range s.Wallets[0].Credentials {
		c := &s.Wallets[0].Credentials[i]
		c.Provider = strings.ReplaceAll(c.Provider, `'`, `''`)
	}
}

// fails tells whether the case fails on the store.
func fails(c storetest.Case, h storetest.Harness) bool {
	return storetest.Fails(func(t testing.TB) { c.Check(t, h) })
}

func TestTheSuitePassesAGoodStoreAndIsLargeEnough(t *testing.T) {
	cases := storetest.Cases(newHarness(t))
	assert.GreaterOrEqual(t, len(cases), 200)
	names := map[string]bool{}
	for _, c := range cases {
		assert.False(t, names[c.Group+c.Name], "two cases are called %s", c.Name)
		names[c.Group+c.Name] = true
		assert.False(t, fails(c, newHarness(t)), "%s: %s", c.Group, c.Name)
	}
}

func TestTheSuiteAsksForNoRoleThatAStoreDoesNotHave(t *testing.T) {
	type twoMethods struct{ storetest.Harness }
	all := storetest.Cases(newHarness(t))
	fewer := storetest.Cases(twoMethods{newHarness(t)})
	assert.Less(t, len(fewer), len(all))
	for _, c := range fewer {
		assert.NotContains(t, []string{
			"credentials", "listing", "communities", "overlays", "finding communities", "accounts and lists", "history",
			"keys", "uses", "points ledger",
		}, c.Group)
	}
}

// caughtBy returns the cases of the group that fail on the store.
func caughtBy(t *testing.T, group string, broken func() storetest.Harness) []string {
	t.Helper()
	var caught []string
	for _, c := range storetest.Cases(newHarness(t)) {
		if c.Group == group && fails(c, broken()) {
			caught = append(caught, c.Name)
		}
	}
	return caught
}

func TestTheSuiteCatchesBrokenStores(t *testing.T) {
	require.GreaterOrEqual(t, len(brokenStores), 8)
	for name, b := range brokenStores {
		t.Run(name, func(t *testing.T) {
			caught := caughtBy(t, b.group, func() storetest.Harness {
				h := b.store
				h.harness = harness{memstore.New()}
				return h
			})
			assert.NotEmpty(t, caught, "no case of group %q fails", b.group)
			t.Logf("caught by %d cases, such as %q", len(caught), caught[:min(1, len(caught))])
		})
	}
}
