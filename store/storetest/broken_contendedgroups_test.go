package storetest_test

import (
	"context"
	"slices"
	"sync"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// brokenGroupsTogether are stores that are broken as soon as several callers
// write group claims at once.
var brokenGroupsTogether = map[string]fault{
	"leaves claims of other groups": {"contended groups/32 scorings over overlapping groups leave one claim for a wallet", locked(keepsKeys(func(c *store.Changes, key string) bool {
		return hasKey(c.Groups.From, key) && !hasKey(c.Groups.To, key)
	}))},
	"is busy with groups":                {"contended groups/32 scorings over overlapping groups leave one claim for a wallet", busy},
	"is busy with one group":             {"contended groups/checks of one claim are all written", busy},
	"checks the claims before it writes": {"contended groups/32 scorings of one new group are one claim", checksGroupsFirst(32)},
	"checks the claims of one of two":    {"contended groups/two wallets that remove claims of each other", checksGroupsFirst(2)},
}

// locked makes each Apply of a store run alone.
func locked(breaks broken) broken {
	return func(b *brokenstore.Store) {
		breaks(b)
		var one sync.Mutex
		apply := b.On.Apply
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			one.Lock()
			defer one.Unlock()
			return apply(ctx, c)
		}
	}
}

// checksGroupsFirst is a store that compares group claims before it writes, and
// writes once so many writers have compared: each removes what it wanted to
// remove.
func checksGroupsFirst(writers int) broken {
	return func(b *brokenstore.Store) {
		var (
			inside sync.Mutex
			waits  int
			all    = make(chan struct{})
		)
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			inside.Lock()
			now, others := groupsOf(b, c), all
			if waits++; waits == writers {
				close(all)
				waits, all = 0, make(chan struct{})
			}
			inside.Unlock()
			if !holdsAll(now, c.Groups.From) || !holdsAll(c.Groups.From, now) {
				return nil, store.Errorf("apply", store.ErrConflict, "the store is broken")
			}
			await(others)
			inside.Lock()
			defer inside.Unlock()
			other := brokenstore.Clone(c)
			gone := func(claim store.GroupClaim) bool {
				return hasKey(c.Groups.From, claim.Key) && !hasKey(c.Groups.To, claim.Key)
			}
			left := groupsOf(b, c)
			other.Groups = &store.GroupSwap{From: left, To: slices.DeleteFunc(slices.Clone(left), gone)}
			for _, claim := range c.Groups.To {
				if !hasKey(c.Groups.From, claim.Key) && !hasKey(left, claim.Key) {
					other.Groups.To = append(other.Groups.To, claim)
				}
			}
			return b.Good.Apply(ctx, other)
		}
	}
}
