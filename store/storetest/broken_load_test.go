package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

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

// brokenLoads are stores whose Load is broken.
var brokenLoads = map[string]fault{
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
