package storetest_test

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// versions is a store with another version of a wallet.
func versions(of func(s *store.State, address store.Address) any) broken {
	return func(b *brokenstore.Store) {
		version := func(address store.Address) string {
			state := b.Good.State()
			return fmt.Sprint(of(&state, address))
		}
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil {
				for i := range snapshot.Wallets {
					snapshot.Wallets[i].Version = version(snapshot.Wallets[i].Address)
				}
			}
			return snapshot, err
		}
		var writing sync.Mutex // or all writers could pass the check before the first has written
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			writing.Lock()
			defer writing.Unlock()
			for _, w := range c.Wallets {
				if w.Version != version(w.Address) {
					return nil, store.Errorf("apply", store.ErrConflict, "the store is broken")
				}
			}
			return b.Good.Apply(ctx, fresh(b, c))
		}
	}
}

// ofLive is versions, of the live credentials of the wallet.
func ofLive(of func(live []store.StoredCredential) any) broken {
	return versions(func(s *store.State, address store.Address) any { return of(liveOf(s, address)) })
}

func liveOf(s *store.State, address store.Address) []store.StoredCredential {
	return slices.DeleteFunc(slices.Clone(s.Credentials), func(c store.StoredCredential) bool {
		return c.Address != address || c.Deleted || c.Revoked
	})
}

func ofEveryone(s *store.State, _ store.Address) any { return s.Credentials }

func ofScores(s *store.State, address store.Address) any { return []any{liveOf(s, address), s.Scores} }

// eachOf returns something of each credential.
func eachOf(of func(c store.StoredCredential) any) func(live []store.StoredCredential) any {
	return func(live []store.StoredCredential) any {
		var parts []any
		for _, c := range live {
			parts = append(parts, of(c))
		}
		return parts
	}
}

// brokenVersions are stores that see a change where there is none, or none
// where there is one.
var brokenVersions = map[string]fault{
	"ignores the version": {"stale", ignoresVersions},
	"takes every version for an old one": {
		"stale/no change lets it be written",
		refusesChanges(store.ErrConflict, func(store.State, *store.Changes) bool { return true }),
	},
	"misses what was added": {"stale/an added credential is a conflict", ignoresVersions},
	"misses what was deleted": {"stale/a deleted credential is a conflict", versions(func(s *store.State, address store.Address) any {
		return eachOf(func(c store.StoredCredential) any { return c.ID })(slices.DeleteFunc(slices.Clone(s.Credentials), func(c store.StoredCredential) bool { return c.Address != address }))
	})},
	"misses what was revoked": {"stale/a revoked credential is a conflict", versions(func(s *store.State, address store.Address) any {
		return eachOf(func(c store.StoredCredential) any { return c.ID })(slices.DeleteFunc(slices.Clone(s.Credentials), func(c store.StoredCredential) bool {
			return c.Address != address || c.Deleted
		}))
	})},
	"misses what is gone":              {"stale/a credential that is gone is a conflict", ignoresVersions},
	"counts credentials":               {"stale/a replaced credential is a conflict", ofLive(func(live []store.StoredCredential) any { return len(live) })},
	"compares times":                   {"stale/a credential with another id is a conflict", ofLive(eachOf(func(c store.StoredCredential) any { return c.UpdatedAt }))},
	"compares ids":                     {"stale/a credential that was written again is a conflict", ofLive(eachOf(func(c store.StoredCredential) any { return c.ID }))},
	"compares ids and times":           {"stale/another document with the same id and time is a conflict", ofLive(eachOf(func(c store.StoredCredential) any { return []any{c.ID, c.UpdatedAt} }))},
	"compares its own credentials":     {"stale/a newer one of another program is a conflict", ofLive(ofOwn)},
	"compares the last update":         {"stale/an older one of another program is a conflict", ofLive(ofLast)},
	"compares scores":                  {"stale/a scoring of the wallet lets it be written", versions(ofScores)},
	"compares scores of everyone":      {"stale/a scoring of another wallet lets it be written", versions(ofScores)},
	"misses what the role added":       {"versions/adding a credential is a conflict", ignoresVersions},
	"misses what the role added again": {"versions/adding the same credential again is a conflict", ofLive(eachOf(func(c store.StoredCredential) any { return c.Provider }))},
	"misses what the role deleted":     {"versions/deleting a credential is a conflict", ignoresVersions},
	"misses what the role revoked":     {"versions/revoking a credential is a conflict", ignoresVersions},
	"compares everyone's live ones":    {"versions/deleting a credential of another wallet lets it be written", versions(ofEveryone)},
	"compares everyone's new ones":     {"versions/adding a credential of another wallet lets it be written", versions(ofEveryone)},
	"compares everyone's revoked ones": {"versions/revoking a credential of another wallet lets it be written", versions(ofEveryone)},
	"writes failures of any version": {"stale/a failed scoring is refused as well", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			if c.Wallets[0].Score.Status == store.StatusError {
				c = fresh(b, c)
			}
			return b.Good.Apply(ctx, c)
		}
	}},
	"takes a version of any wallet": {"stale/a version of another wallet is a conflict", ignoresVersions},
	"fails for an odd version": {
		"stale/a version that never was is a conflict",
		refusesChanges(store.ErrInternal, func(_ store.State, c *store.Changes) bool { return unkept(c.Wallets[0].Version) }),
	},
}

func ignoresVersions(b *brokenstore.Store) {
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		return b.Good.Apply(ctx, fresh(b, c))
	}
}

func ofOwn(live []store.StoredCredential) any {
	return slices.DeleteFunc(live, func(c store.StoredCredential) bool { return c.Foreign })
}

func ofLast(live []store.StoredCredential) any {
	last := int64(0)
	for _, c := range live {
		last = max(last, c.UpdatedAt.UnixMicro())
	}
	return last
}
