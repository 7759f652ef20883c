package storetest_test

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// lags answers the queries that the function takes with the first snapshot of
// the wallet that might lag, changed by the present one.
func lags(takes func(q store.Query) bool, change func(then, now *store.Snapshot)) broken {
	return func(b *brokenstore.Store) {
		var mu sync.Mutex
		first := map[string]*store.Snapshot{}
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			now, err := b.Good.Load(ctx, q)
			if err != nil || len(q.Addresses) != 1 {
				return now, err
			}
			mu.Lock()
			defer mu.Unlock()
			wallet := fmt.Sprint(q.Community, q.Addresses[0])
			if first[wallet] == nil && q.MayLag {
				first[wallet] = now
			}
			if first[wallet] == nil || !takes(q) {
				return now, nil
			}
			then := *first[wallet]
			then.Wallets = slices.Clone(then.Wallets)
			change(&then, now)
			return &then, nil
		}
	}
}

func always(store.Query) bool { return true }

func whereItMay(q store.Query) bool { return q.MayLag }

// lagsBehind is a store that works: it may.
func lagsBehind(b *brokenstore.Store) { lags(whereItMay, func(_, _ *store.Snapshot) {})(b) }

var brokenLagging = map[string]fault{
	"every read lags after one that may": {
		"lagging/a read that may not lag does not",
		lags(always, func(_, _ *store.Snapshot) {}),
	},
	"the claims lag where they may not": {
		"lagging/a read that may not lag does not",
		lags(always, func(then, now *store.Snapshot) { then.Wallets = now.Wallets }),
	},
	"old credentials have the present version": {
		"lagging/what a read that may lag returns is checked",
		lags(whereItMay, func(then, now *store.Snapshot) { then.Wallets[0].Version = now.Wallets[0].Version }),
	},
}
