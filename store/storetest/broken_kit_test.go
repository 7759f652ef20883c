package storetest_test

import (
	"context"
	"errors"
	"slices"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// snapshots is a store whose snapshots are changed, except those without a
// wallet.
func snapshots(change func(store.Query, *store.Snapshot)) broken {
	return func(b *brokenstore.Store) {
		load := b.On.Load
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := load(ctx, q)
			if err == nil && len(snapshot.Wallets) > 0 {
				change(q, snapshot)
			}
			return snapshot, err
		}
	}
}

// queries is a store that loads the answer to another query.
func queries(change func(*store.Query)) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			q.Addresses = slices.Clone(q.Addresses)
			change(&q)
			return b.Good.Load(ctx, q)
		}
	}
}

// sees is a store that loads from another content. Its versions are those of
// what there is, so that it can write.
func sees(change func(store.Query, *store.State)) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Like(func(s *store.State) { change(q, s) }).Load(ctx, q)
			if good, goodErr := b.Good.Load(ctx, q); err == nil && goodErr == nil {
				for i := range snapshot.Wallets {
					snapshot.Wallets[i].Version = good.Wallets[i].Version
				}
			}
			return snapshot, err
		}
	}
}

// overlooks is a store that does not see some credentials.
func overlooks(which func(c *store.StoredCredential) bool) broken {
	return sees(func(_ store.Query, s *store.State) {
		s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool { return which(&c) })
	})
}

// mistakes is a store that takes credentials for others than they are.
func mistakes(change func(q store.Query, c *store.StoredCredential)) broken {
	return sees(func(q store.Query, s *store.State) {
		for i := range s.Credentials {
			change(q, &s.Credentials[i])
		}
	})
}

// refusesLoads is a store that returns an error for some queries.
func refusesLoads(kind error, which func(store.Query) bool) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			if which(q) {
				return nil, store.Errorf("load", kind, "the store is broken")
			}
			return b.Good.Load(ctx, q)
		}
	}
}

// answers is a store that turns an error of Load into a snapshot.
func answers(kind error) broken {
	return func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			if errors.Is(err, kind) {
				return &store.Snapshot{}, nil
			}
			return snapshot, err
		}
	}
}

// applies is a store that writes changed change sets.
func applies(change func(*store.Changes)) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			if c == nil {
				return b.Good.Apply(ctx, c)
			}
			other := *c
			other.Wallets, other.Claims = slices.Clone(c.Wallets), slices.Clone(c.Claims)
			change(&other)
			return b.Good.Apply(ctx, &other)
		}
	}
}

// scores is a store that writes changed scores.
func scores(change func(*store.Score)) broken {
	return applies(func(c *store.Changes) {
		for i := range c.Wallets {
			change(&c.Wallets[i].Score)
		}
	})
}

// beforeApply is a store that does something more before it writes, whether or
// not it then can.
func beforeApply(more func(c *store.Changes, s *store.State)) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			if c.Validate() == nil {
				b.Edit(func(s *store.State) { more(c, s) })
			}
			return b.Good.Apply(ctx, c)
		}
	}
}

// afterApply is a store that does something more once it has written.
func afterApply(more func(c *store.Changes, s *store.State)) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			if err == nil {
				b.Edit(func(s *store.State) { more(c, s) })
			}
			return receipt, err
		}
	}
}

// receives is a store whose receipts are changed.
func receives(change func(c *store.Changes, r *store.Receipt)) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			if err == nil {
				change(c, receipt)
			}
			return receipt, err
		}
	}
}

// refusesChanges is a store that returns an error for some change sets.
func refusesChanges(kind error, which func(s store.State, c *store.Changes) bool) broken {
	return func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			if c.Validate() == nil && which(b.Good.State(), c) {
				return nil, store.Errorf("apply", kind, "the store is broken")
			}
			return b.Good.Apply(ctx, c)
		}
	}
}

// otherwise is a store that returns another error in place of one of that kind.
func otherwise(kind error, change func(error) error) broken {
	return func(b *brokenstore.Store) {
		b.Errors = func(err error) error {
			if errors.Is(err, kind) {
				return change(err)
			}
			return err
		}
	}
}

// plainly is a store whose errors are only of a kind.
func plainly(b *brokenstore.Store) {
	b.Errors = func(err error) error {
		if detail, is := errors.AsType[*store.Error](err); is {
			return detail.Kind
		}
		return err
	}
}

// fresh returns the change set with the versions that the wallets have now.
func fresh(b *brokenstore.Store, c *store.Changes) *store.Changes {
	other := *c
	other.Wallets = slices.Clone(c.Wallets)
	for i := range other.Wallets {
		q := store.Query{Community: c.Community, Addresses: []store.Address{other.Wallets[i].Address}}
		if snapshot, err := b.Good.Load(context.Background(), q); err == nil {
			other.Wallets[i].Version = snapshot.Wallets[0].Version
		}
	}
	return &other
}

// claimOn returns the claim on the nullifier in the community.
func claimOn(s *store.State, community int64, nullifier string) *store.StoredClaim {
	i := slices.IndexFunc(s.Claims, func(c store.StoredClaim) bool { return c.Nullifier == nullifier && c.Community == community })
	if i < 0 {
		return nil
	}
	return &s.Claims[i]
}
