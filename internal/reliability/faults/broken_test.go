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
	store.Store

	apply func(ctx context.Context, c *store.Changes) (*store.Receipt, error)
}

func (b broken) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	return b.apply(ctx, c)
}

// madeUp is a receipt of what need not have happened.
func madeUp(c *store.Changes) *store.Receipt {
	return &store.Receipt{Wallets: make([]store.WalletReceipt, len(c.Wallets))}
}

// brokenStores are stores on the pool, what is to be done to them, and how the
// verdict names their fault. Undisturbed, all of them pass.
var brokenStores = map[string]struct {
	breaks func(t *testing.T, s *pgstore.Store, pool *pgxpool.Pool) store.Store
	at     place
	action wire.Action
	fault  string
}{
	"repeats whatever the outcome was": {
		breaks: func(_ *testing.T, s *pgstore.Store, _ *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if errors.Is(err, store.ErrUnknownOutcome) {
					return s.Apply(ctx, c)
				}
				return receipt, err
			}}
		},
		at: place{commit, true}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"takes an unknown outcome for success": {
		breaks: func(_ *testing.T, s *pgstore.Store, _ *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if errors.Is(err, store.ErrUnknownOutcome) {
					return madeUp(c), nil
				}
				return receipt, err
			}}
		},
		at: place{commit, false}, action: wire.Cut, fault: "the caller is told <nil>",
	},
	"takes an unknown outcome for failure": {
		breaks: func(_ *testing.T, s *pgstore.Store, _ *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if errors.Is(err, store.ErrUnknownOutcome) {
					return nil, &store.Error{Op: "commit", Kind: store.ErrUnavailable}
				}
				return receipt, err
			}}
		},
		at: place{commit, true}, action: wire.Cut, fault: `is not "outcome of the commit unknown"`,
	},
	"takes an unknown outcome for a lost race": {
		breaks: func(_ *testing.T, s *pgstore.Store, _ *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if errors.Is(err, store.ErrUnknownOutcome) {
					return nil, store.ErrConflict
				}
				return receipt, err
			}}
		},
		at: place{commit, true}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"claims in a transaction of its own": {
		breaks: func(_ *testing.T, s *pgstore.Store, pool *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				for _, claim := range c.Claims {
					if _, err := pool.Exec(ctx, `insert into registry_hashscorerlink (hash, address, expires_at, community_id)
						values ($1, $2, $3, $4) on conflict do nothing`, claim.Nullifier, claim.Address, claim.ExpiresAt, c.Community); err != nil {
						return nil, err
					}
				}
				return s.Apply(ctx, c)
			}}
		},
		at: place{"replace_stamps", true}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"records a failure as a score": {
		breaks: func(_ *testing.T, s *pgstore.Store, _ *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if err != nil {
					failed := *c
					failed.Claims, failed.Held = nil, nil
					failed.Wallets = []store.WalletChanges{{
						Address: c.Wallets[0].Address, Version: c.Wallets[0].Version,
						Score: store.Score{Status: store.StatusError, Error: "database error"},
					}}
					if _, err := s.Apply(ctx, &failed); err != nil {
						return nil, err
					}
				}
				return receipt, err
			}}
		},
		at: place{"upsert_score", false}, action: wire.Cut, fault: "part of the scoring is written, or too much",
	},
	"leaves its transaction open after an error": {
		breaks: func(t *testing.T, s *pgstore.Store, pool *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if err != nil {
					tx, again := pool.Begin(ctx)
					assert.NoError(t, again)
					t.Cleanup(func() { assert.NoError(t, tx.Rollback(context.Background())) })
				}
				return receipt, err
			}}
		},
		at: place{"lock_points", true}, action: wire.Cut, fault: "something is left",
	},
	"keeps its connection after an error": {
		breaks: func(t *testing.T, s *pgstore.Store, pool *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if err != nil {
					conn, again := pool.Acquire(ctx)
					assert.NoError(t, again)
					t.Cleanup(conn.Release)
				}
				return receipt, err
			}}
		},
		at: place{commit, false}, action: wire.Cut, fault: "the connections are not all there",
	},
	"does not hear that its context has ended": {
		breaks: func(_ *testing.T, s *pgstore.Store, _ *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				return s.Apply(context.WithoutCancel(ctx), c)
			}}
		},
		at: place{"upsert_score", true}, action: wire.Stall, fault: "the scoring went on after its context had ended",
	},
	"awards once more after an error": {
		breaks: func(_ *testing.T, s *pgstore.Store, pool *pgxpool.Pool) store.Store {
			return broken{s, func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := s.Apply(ctx, c)
				if err != nil {
					_, again := pool.Exec(context.WithoutCancel(ctx), `insert into registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
						select address, action, provider, 'again', chain_id, timestamp from registry_humanpoints where address = $1`, c.Wallets[0].Address)
					err = errors.Join(err, again)
				}
				return receipt, err
			}}
		},
		at: place{commit, true}, action: wire.Cut, fault: "nothing is awarded twice",
	},
}

// The verdict notices each fault. What it says of a store without one is in
// TestFaultPoints; undisturbed, these pass too.
func TestTheVerdictNoticesEachFault(t *testing.T) {
	l := newLab(t, pgtest.New(t))
	l.patience = time.Second
	for name, b := range brokenStores {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			by := l.byPool()
			x := l.experiment(by, alice)
			x.on = b.breaks(t, by.store, by.pool)
			x.struck.Store(true)
			require.Empty(t, x.run(success))

			x = l.experiment(by, alice)
			x.on = b.breaks(t, by.store, by.pool)
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
