package faults_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// broken is a store with a fault that only a disturbance shows.
type broken struct {
	*pgstore.Store

	t      *testing.T
	pool   *pgxpool.Pool
	breaks apply
}

// apply is an Apply with a fault.
type apply func(b *broken, ctx context.Context, c *store.Changes) (*store.Receipt, error)

func (b *broken) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	return b.breaks(b, ctx, c)
}

// afterError is an Apply that does something more after an error.
func afterError(more func(b *broken, ctx context.Context, c *store.Changes)) apply {
	return func(b *broken, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(ctx, c)
		if err != nil {
			more(b, ctx, c)
		}
		return receipt, err
	}
}

// unknownAs is an Apply that returns something else for an unknown outcome.
func unknownAs(other apply) apply {
	return func(b *broken, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Store.Apply(ctx, c)
		if errors.Is(err, store.ErrUnknownOutcome) {
			return other(b, ctx, c)
		}
		return receipt, err
	}
}

// brokenStores have a fault, a disturbance that shows it, and the text by which
// the verdict names it. Undisturbed, all of them pass.
var brokenStores = map[string]struct {
	breaks apply
	at     place
	action wire.Action
	fault  string
}{
	"repeats after any error": {
		breaks: unknownAs(func(b *broken, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			return b.Store.Apply(ctx, c)
		}),
		at: place{commit, true}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"takes an unknown outcome for success": {
		breaks: unknownAs(func(_ *broken, _ context.Context, c *store.Changes) (*store.Receipt, error) {
			return &store.Receipt{Wallets: []store.WalletReceipt{{Given: make([]bool, len(c.Wallets[0].Awards))}}}, nil
		}),
		at: place{commit, false}, action: wire.Cut, fault: "the caller gets <nil>",
	},
	"takes an unknown outcome for failure": {
		breaks: unknownAs(func(*broken, context.Context, *store.Changes) (*store.Receipt, error) {
			return nil, &store.Error{Op: "commit", Kind: store.ErrUnavailable}
		}),
		at: place{commit, true}, action: wire.Cut, fault: `is not "outcome of the commit unknown"`,
	},
	"takes an unknown outcome for a lost race": {
		breaks: unknownAs(func(*broken, context.Context, *store.Changes) (*store.Receipt, error) { return nil, store.ErrConflict }),
		at:     place{commit, true}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"claims in a transaction of its own": {
		breaks: func(b *broken, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			for _, swap := range c.Claims {
				if _, err := b.pool.Exec(ctx, `insert into registry_hashscorerlink (hash, address, expires_at, community_id)
					values ($1, $2, $3, $4) on conflict do nothing`, swap.Nullifier, string(swap.To.Address), swap.To.ExpiresAt, c.Community); err != nil {
					return nil, err
				}
			}
			return b.Store.Apply(ctx, c)
		},
		at: place{"bulk_insert_stamps", true}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"records a failure as a score": {
		breaks: afterError(func(b *broken, ctx context.Context, c *store.Changes) {
			failed := *c
			failed.Claims = nil
			failed.Wallets = []store.WalletChanges{{
				Address: c.Wallets[0].Address, Version: c.Wallets[0].Version,
				Score: store.Score{Status: store.StatusError, Error: "database error"},
			}}
			_, err := b.Store.Apply(ctx, &failed)
			assert.NoError(b.t, err)
		}),
		at: place{"upsert_score", false}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"leaves its transaction open after an error": {
		breaks: afterError(func(b *broken, ctx context.Context, _ *store.Changes) {
			tx, err := b.pool.Begin(ctx)
			assert.NoError(b.t, err)
			b.t.Cleanup(func() { assert.NoError(b.t, tx.Rollback(context.Background())) })
		}),
		at: place{"lock_points", true}, action: wire.Cut, fault: "something is left",
	},
	"keeps its connection after an error": {
		breaks: afterError(func(b *broken, ctx context.Context, _ *store.Changes) {
			conn, err := b.pool.Acquire(ctx)
			assert.NoError(b.t, err)
			b.t.Cleanup(conn.Release)
		}),
		at: place{commit, false}, action: wire.Cut, fault: "the connections are not all there",
	},
	"does not notice that its context has ended": {
		breaks: func(b *broken, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			return b.Store.Apply(context.WithoutCancel(ctx), c)
		},
		at: place{"upsert_score", true}, action: wire.Stall, fault: "the scoring went on after its context had ended",
	},
	"awards once more after an error": {
		breaks: afterError(func(b *broken, ctx context.Context, c *store.Changes) {
			_, err := b.pool.Exec(context.WithoutCancel(ctx), `insert into registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
				select address, action, provider, 'again', chain_id, timestamp from registry_humanpoints where address = $1`, string(c.Wallets[0].Address))
			assert.NoError(b.t, err)
		}),
		at: place{commit, true}, action: wire.Cut, fault: "nothing is awarded twice",
	},
}

// The verdict notices each fault. TestFaultPoints has its answer about a store
// without one; undisturbed, these pass too.
func TestVerdict_Faults(t *testing.T) {
	l := newLab(t, pgtest.New(t))
	l.patience = time.Second
	for name, b := range brokenStores {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			by := l.byPool()
			on := &broken{by.store, t, by.pool, b.breaks}
			x := l.experiment(by, alice)
			x.on = on
			x.struck.Store(true)
			require.Empty(t, x.run(success))

			x = l.experiment(by, alice)
			x.on = on
			x.at(b.at.step, b.at.done, func(wire.Step) wire.Action {
				if b.action == wire.Stall {
					x.cancel()
				}
				return b.action
			})
			want := b.at.lostAt(by)
			if b.action == wire.Stall {
				want = b.at.stalledAt(by)
			}
			assert.Contains(t, strings.Join(x.run(want), "\n"), b.fault)
		})
	}
}
