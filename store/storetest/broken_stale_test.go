package storetest_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// versions is a store with a version of its own of a wallet, which it tells from
// the rows.
func versions(of func(t tables, address string) any) broken {
	version := func(h harness, address string) string { return fmt.Sprint(of(h.tables(), address)) }
	return broken{
		load: func(h harness, ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := h.Load(ctx, q)
			if err == nil {
				for i := range snapshot.Wallets {
					snapshot.Wallets[i].Version = version(h, snapshot.Wallets[i].Address)
				}
			}
			return snapshot, err
		},
		apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			for _, w := range c.Wallets {
				if w.Version != version(h, w.Address) {
					return nil, store.ErrConflict
				}
			}
			return h.Apply(ctx, currentVersions(h, c))
		},
	}
}

// versionsOfScored is a store whose versions change with every scoring, too.
func versionsOfScored() broken {
	return versions(func(t tables, _ string) any {
		return []any{t[credentialTable], t["ceramic_cache_revocation"], t["registry_score"]}
	})
}

// versionsOfLive is versions, told from the rows of the wallet's credentials
// that are not deleted.
func versionsOfLive(of func(credentials []row) any) broken {
	return versions(func(t tables, address string) any {
		return of(slices.DeleteFunc(t[credentialTable], func(r row) bool { return r["address"] != address || r["deleted_at"] != nil }))
	})
}

// brokenVersions are stores that see a change where there is none, or none where there
// is one.
var brokenVersions = map[string]fault{
	"ignores the version": {"stale", broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		return h.Apply(ctx, currentVersions(h, c))
	}}},
	"takes every version for an old one": {
		"stale/nothing has happened: written",
		refusesToApply(store.ErrConflict, func(harness, *store.Changes) bool { return true }),
	},
	"takes everybody's credentials for the wallet's": {
		"stale/another wallet got a credential: written",
		versions(func(t tables, _ string) any { return []any{t[credentialTable], t["ceramic_cache_revocation"]} }),
	},
	"takes a scoring for a change":         {"stale/the wallet was scored meanwhile: written", versionsOfScored()},
	"takes another's scoring for a change": {"stale/another wallet was scored meanwhile: written", versionsOfScored()},
	"counts credentials for a version": {
		"stale/a credential was replaced: must return ErrConflict",
		versionsOfLive(func(credentials []row) any { return len(credentials) }),
	},
	"takes ids for a version": {
		"stale/a credential was written again: must return ErrConflict",
		versionsOfLive(func(credentials []row) any { return column(credentials, "id") }),
	},
	"does not see in a version what was revoked": {
		"stale/a credential was revoked: must return ErrConflict",
		versionsOfLive(func(credentials []row) any { return credentials }),
	},
	"takes the last update for a version": {
		"stale/an older one of another type came: must return ErrConflict",
		versionsOfLive(func(credentials []row) any {
			last := ""
			for _, r := range credentials {
				last = max(last, r["updated_at"].(string))
			}
			return last
		}),
	},
	"takes the service's own credentials for a version": {
		"stale/a newer one of another type came: must return ErrConflict",
		versionsOfLive(func(credentials []row) any {
			return slices.DeleteFunc(credentials, func(r row) bool { return r["type"] != 1.0 })
		}),
	},
	"writes failures whatever their version": {
		"stale/a failed scoring is refused like any other",
		broken{apply: func(h harness, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			if c.Wallets[0].Score.Status == store.StatusError {
				c = currentVersions(h, c)
			}
			return h.Apply(ctx, c)
		}},
	},
	"chokes on a version that never was": {
		"stale/a version that never was is refused",
		refusesToApply(store.ErrFault, func(_ harness, c *store.Changes) bool { return unkept(c.Wallets[0].Version) }),
	},
}
