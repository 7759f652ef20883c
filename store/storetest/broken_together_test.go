package storetest_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// brokenTogether are stores that are broken as soon as several callers use them
// at once.
var brokenTogether = map[string]fault{
	"lets one of several writers through":     {"contention/64 change sets of one address are all written", versions(ofScores)},
	"lets everyone win":                       {"contention/64 addresses claim one nullifier and one gets it", succeeds},
	"is busy while it writes":                 {"contention/overlapping claims never deadlock", busy},
	"is busy with the engine":                 {"contention/64 scorings of one address all succeed", busy},
	"counts an account for everyone":          {"contention/64 addresses with one account and one counts it", dropsSwaps(func(store.ClaimSwap) bool { return true })},
	"counts points before it writes them":     {"contended points/a limited award under 32 writers", countsFirst(32)},
	"counts communities before it writes one": {"contended points/an address that qualifies in two communities at once", countsFirst(2)},
	"goes beyond the cap":                     {"contended points/the capped award of an engine", countsFirst(16)},
	"loads the version first": {"contended roles/a wallet and its version are of one time", func(b *brokenstore.Store) {
		addsSlowly(b)
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			first, err := b.Good.Load(ctx, q)
			if err != nil {
				return nil, err
			}
			time.Sleep(pause)
			second, err := b.Good.Load(ctx, q)
			if err == nil {
				second.Wallets[0].Version = first.Wallets[0].Version
			}
			return second, err
		}
	}},
	"adds one credential at a time": {"contended roles/a wallet and its version are of one time", func(b *brokenstore.Store) {
		b.On.AddCredentials = func(ctx context.Context, address store.Address, inputs ...store.CredentialInput) error {
			for _, input := range inputs {
				if err := b.Good.AddCredentials(ctx, address, input); err != nil {
					return err
				}
				time.Sleep(pause)
			}
			return nil
		}
	}},
	"loads the claims first": {"contended roles/claims are not older than the credentials", func(b *brokenstore.Store) {
		addsSlowly(b)
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			before := b.Good.State()
			time.Sleep(2 * pause)
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil {
				snapshot.Claims = slices.DeleteFunc(snapshot.Claims, func(c store.Claim) bool {
					return claimOn(&before, q.Community, c.Nullifier) == nil
				})
			}
			return snapshot, err
		}
	}},
}

const pause = 2 * time.Millisecond

func addsSlowly(b *brokenstore.Store) {
	b.On.AddCredentials = func(ctx context.Context, address store.Address, inputs ...store.CredentialInput) error {
		time.Sleep(pause)
		return b.Good.AddCredentials(ctx, address, inputs...)
	}
}

// busy is a store that refuses to write while it writes. The first writer stays
// until another came, so that it does not depend on who is how fast.
func busy(b *brokenstore.Store) {
	var inside sync.Mutex
	turnedAway := make(chan struct{})
	turnAway := sync.OnceFunc(func() { close(turnedAway) })
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		if !inside.TryLock() {
			turnAway()
			return nil, store.Errorf("apply", store.ErrUnavailable, "the store is broken")
		}
		defer inside.Unlock()
		await(turnedAway)
		return b.Good.Apply(ctx, c)
	}
}

// await waits for others, but not forever.
func await(others <-chan struct{}) {
	select {
	case <-others:
	case <-time.After(time.Second):
	}
}

// countsFirst is a store that decides on limited awards before it writes, and
// writes once so many writers have decided.
func countsFirst(writers int32) broken {
	return func(b *brokenstore.Store) {
		var counted atomic.Int32
		all := make(chan struct{})
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			w := c.Wallets[0]
			w.Awards = nil
			given := make([]bool, len(c.Wallets[0].Awards))
			for i, award := range c.Wallets[0].Awards {
				snapshot, err := b.Good.Load(ctx, store.Query{
					Community: c.Community, Addresses: []store.Address{w.Address}, Points: &store.PointsQuery{Counted: []string{award.Action}},
				})
				if err != nil {
					return nil, err
				}
				number, communities := snapshot.Points.Given[award.Action], snapshot.Points.Wallets[0].Communities
				given[i] = (award.Limit == 0 || number < award.Limit) && award.Communities <= 1+len(communities)
				if given[i] {
					award.Limit, award.Communities = 0, 0
					w.Awards = append(w.Awards, award)
				}
			}
			if counted.Add(1) == writers {
				close(all)
			}
			await(all)
			other := *c
			other.Wallets = []store.WalletChanges{w}
			receipt, err := b.Good.Apply(ctx, &other)
			if err == nil {
				receipt.Wallets[0].Given = given
			}
			return receipt, err
		}
	}
}
