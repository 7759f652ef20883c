package storetest_test

import (
	"context"
	"errors"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// brokenContexts are stores that do not end with their context.
var brokenContexts = map[string]fault{
	"ignores the end in Load":                   {"context/Load after the end", ignoresContexts},
	"ignores the deadline in Load":              {"context/Load after the deadline", ignoresContexts},
	"ignores the end in Apply":                  {"context/Apply after the end", ignoresContexts},
	"takes a deadline for an end":               {"context/Load after the deadline", otherwise(context.DeadlineExceeded, func(error) error { return context.Canceled })},
	"has a conflict at the end":                 {"context/Apply after the end", otherwise(context.Canceled, func(err error) error { return errors.Join(err, store.ErrConflict) })},
	"has an internal error at the end of Load":  {"context/Load after the end", internalAtTheEnd},
	"has an internal error at the end of Apply": {"context/Apply after the end", internalAtTheEnd},
	"writes after the end": {"context/Apply after the end", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(context.WithoutCancel(ctx), c)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return receipt, err
		}
	}},
	"stays locked": {"context/Apply after calls that were cancelled", staysLocked},

	"looks at the context once in Load":  {"context/Load while it runs", looksOnce},
	"looks at the context once in Apply": {"context/Apply while it runs", looksOnce},
	"fails when the context ends":        {"context/Load while it runs", otherwise(context.Canceled, func(err error) error { return store.Errorf("load", store.ErrUnavailable, "%v", err) })},
	"stays locked in Load": {"context/Load while it runs", func(b *brokenstore.Store) {
		locked := false
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			if locked {
				return nil, store.Errorf("load", store.ErrUnavailable, "the store is broken")
			}
			snapshot, err := b.Good.Load(ctx, q)
			locked = err != nil
			return snapshot, err
		}
	}},
	"stays locked in Apply": {"context/Apply while it runs", staysLocked},
	"writes half": {"context/Apply while it runs", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			half, rest := fresh(b, c), fresh(b, c)
			half.Wallets[0].Events, rest.Wallets[0].Events = c.Wallets[0].Events[:1], c.Wallets[0].Events[1:]
			if _, err := b.Good.Apply(ctx, half); err != nil {
				return nil, err
			}
			return b.Good.Apply(ctx, rest)
		}
	}},

	"leaves a goroutine in Load": {"context/Load leaves no goroutine", func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			go func() { <-ctx.Done() }()
			return b.Good.Load(ctx, q)
		}
	}},
	"leaves a goroutine in Apply": {"context/Apply leaves no goroutine", func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			go func() { <-ctx.Done() }()
			return b.Good.Apply(ctx, c)
		}
	}},
}

func internalAtTheEnd(b *brokenstore.Store) {
	otherwise(context.Canceled, func(err error) error { return store.Errorf("call", store.ErrInternal, "%w", err) })(b)
}

func ignoresContexts(b *brokenstore.Store) {
	b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
		return b.Good.Load(context.WithoutCancel(ctx), q)
	}
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		return b.Good.Apply(context.WithoutCancel(ctx), c)
	}
}

// looksOnce is a store that looks at its context at the beginning of a call.
func looksOnce(b *brokenstore.Store) {
	ignoresContexts(b)
	load, apply := b.On.Load, b.On.Apply
	b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return load(ctx, q)
	}
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return apply(ctx, c)
	}
}

func staysLocked(b *brokenstore.Store) {
	locked := false
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		if locked {
			return nil, store.Errorf("apply", store.ErrUnavailable, "the store is broken")
		}
		receipt, err := b.Good.Apply(ctx, c)
		locked = errors.Is(err, context.Canceled)
		return receipt, err
	}
}
