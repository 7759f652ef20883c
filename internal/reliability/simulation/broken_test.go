package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// A simulation that finds no fault proves something only if it would have found
// one: each of these stores and engines has one, and is caught.

// applying is a store that writes changed change sets.
func applying(change func(c *store.Changes)) rig { return rig{store: brokenstore.Applies(change)} }

// wallet is applying for what is written about the wallet.
func wallet(change func(w *store.WalletChanges)) rig {
	return applying(func(c *store.Changes) { change(&c.Wallets[0]) })
}

// awards is applying for awards.
func awards(change func(a *store.Award)) rig {
	return wallet(func(w *store.WalletChanges) {
		w.Awards = slices.Clone(w.Awards)
		for i := range w.Awards {
			change(&w.Awards[i])
		}
	})
}

// loading is a store whose snapshots are changed.
func loading(change func(s *store.Snapshot)) rig {
	return rig{store: brokenstore.Loads(func(_ store.Query, s *store.Snapshot) { change(s) })}
}

// writing is a store with another Apply.
func writing(apply func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error)) rig {
	return rig{store: func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) { return apply(b, ctx, c) }
	}}
}

// afterwards is a store that changes the content once it has written.
func afterwards(more func(s *store.State)) rig {
	return writing(func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(ctx, c)
		if err == nil {
			b.Edit(more)
		}
		return receipt, err
	})
}

// instead is an engine that answers with another error in place of one of a
// kind.
func instead(kind error, result *passport.Result, other error) rig {
	return rig{engine: func(e *passport.Engine, _ *world) passport.Scorer { return insteadOf{e, kind, result, other} }}
}

type insteadOf struct {
	*passport.Engine

	kind   error
	result *passport.Result
	other  error
}

func (i insteadOf) Score(ctx context.Context, community int64, address string) (*passport.Result, error) {
	result, err := i.Engine.Score(ctx, community, address)
	if errors.Is(err, i.kind) {
		return i.result, i.other
	}
	return result, err
}

// previewing is an engine whose previews are scorings.
type previewing struct{ *passport.Engine }

func (p previewing) Preview(ctx context.Context, community int64, address string) (*passport.Result, error) {
	return p.Score(ctx, community, address)
}

// believing is a verifier that accepts every proof.
type believing struct{}

func (believing) Verify(context.Context, *credential.Signed, time.Time) error { return nil }

// brokenWorlds have one fault each.
func brokenWorlds() map[string]rig {
	all := oneWallet()
	for name, breaks := range brokenstore.BulkFaults() {
		all[name] = rig{store: breaks}
	}
	return all
}

// oneWallet are those of which each scoring of a wallet may show the fault.
func oneWallet() map[string]rig {
	return map[string]rig{
		"takes live claims": writing(func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			b.Expect(c)
			return b.Good.Apply(ctx, c)
		}),
		"never lets a claim expire": writing(func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			takes := func(s store.ClaimSwap) bool { return s.From.Address != "" && s.From.Address != s.To.Address }
			if slices.ContainsFunc(c.Claims, takes) {
				return nil, store.ErrConflict
			}
			return b.Good.Apply(ctx, c)
		}),
		"does not compare versions": writing((*brokenstore.Store).ApplyLate),
		"does not look at held claims": applying(func(c *store.Changes) {
			c.Claims = slices.DeleteFunc(c.Claims, func(s store.ClaimSwap) bool { return s.From.Equal(s.To) })
		}),
		"loses claims": applying(func(c *store.Changes) { c.Claims = nil }),
		"loses one claim of several": applying(func(c *store.Changes) {
			c.Claims = c.Claims[:max(min(1, len(c.Claims)), len(c.Claims)-1)]
		}),
		"loses stamps": wallet(func(w *store.WalletChanges) { w.Counted = nil }),
		"loses the event of a score": wallet(func(w *store.WalletChanges) {
			w.Events = slices.DeleteFunc(slices.Clone(w.Events), func(e store.Event) bool { return e.Action == store.ActionScoreUpdate })
		}),
		"loses events of lost races": wallet(func(w *store.WalletChanges) {
			w.Events = slices.DeleteFunc(slices.Clone(w.Events), func(e store.Event) bool { return e.Action == store.ActionDeduplicated })
		}),
		"loses who qualified":          wallet(func(w *store.WalletChanges) { w.Qualified = false }),
		"keeps seconds only":           wallet(func(w *store.WalletChanges) { w.Score.ScoredAt = w.Score.ScoredAt.Truncate(time.Second) }),
		"has a limit too high by one":  awards(func(a *store.Award) { a.Limit += min(a.Limit, 1) }),
		"counts communities too low":   awards(func(a *store.Award) { a.Communities = max(0, a.Communities-1) }),
		"forgets which awards it gave": givingAll(),
		"gives an award again for another nullifier": afterwards(func(s *store.State) {
			if len(s.Points) > 0 {
				again := s.Points[0]
				again.TxHash = fmt.Sprint("another ", len(s.Points))
				s.Points = append(s.Points, again)
			}
		}),
		"records a score twice": afterwards(func(s *store.State) {
			if len(s.Events) > 0 {
				again := s.Events[len(s.Events)-1]
				again.ID++
				s.Events = append(s.Events, again)
			}
		}),
		"lets a failure wipe the stamps": afterwards(func(s *store.State) {
			failed := func(r store.StoredScore) bool { return r.Status == store.StatusError }
			if slices.ContainsFunc(s.Scores, failed) {
				for i := range s.Scores {
					s.Scores[i].Counted = nil
				}
			}
		}),
		"commits halfway": writing(func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			half := brokenstore.Clone(c)
			half.Claims = slices.DeleteFunc(half.Claims, func(s store.ClaimSwap) bool { return s.From.Equal(s.To) })
			half.Wallets[0].Counted, half.Wallets[0].Events = nil, nil
			if _, err := b.Good.Apply(ctx, half); err != nil {
				return nil, err
			}
			return b.Good.Apply(ctx, c)
		}),
		"calls a conflict a success": writing(func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			if errors.Is(err, store.ErrConflict) {
				return &store.Receipt{Wallets: []store.WalletReceipt{{Given: make([]bool, len(c.Wallets[0].Awards))}}}, nil
			}
			return receipt, err
		}),
		"says unavailable, and has written": writing(func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := b.Good.Apply(ctx, c)
			if err == nil && len(c.Claims) > 2 {
				return nil, store.ErrUnavailable
			}
			return receipt, err
		}),
		"revokes for a while": {store: func(b *brokenstore.Store) {
			b.On.RevokeCredentials = func(ctx context.Context, proofs ...string) (int, error) {
				n, err := b.Good.RevokeCredentials(ctx, proofs...)
				b.Edit(func(s *store.State) {
					for i := range s.Credentials {
						s.Credentials[i].Revoked = false
					}
				})
				return n, err
			}
		}},
		"answers with what it read first": {store: func(b *brokenstore.Store) {
			first := map[store.Address][]store.Credential{}
			brokenstore.Loads(func(q store.Query, s *store.Snapshot) {
				address := q.Addresses[0]
				if first[address] == nil {
					first[address] = s.Wallets[0].Credentials
				}
				s.Wallets[0].Credentials = first[address]
			})(b)
		}},
		"does not read live claims": loading(func(s *store.Snapshot) {
			s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return c.ExpiresAt.After(s.At) })
		}),
		"does not read customizations": loading(func(s *store.Snapshot) { s.Community.Customization = nil }),
		"has another time":             loading(func(s *store.Snapshot) { s.At = s.At.Add(time.Minute) }),
		"reads an older score": {store: func(b *brokenstore.Store) {
			first := map[store.Address]*store.RecordedScore{}
			b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
				score, err := b.Good.LastScore(ctx, community, address)
				if err == nil && community == 1 {
					if old := first[address]; old != nil {
						score.Score = old.Score
					}
					first[address] = score
				}
				return score, err
			}
		}},

		"takes every proof":            {options: []passport.Option{passport.WithVerifier(believing{})}},
		"trusts every issuer":          {options: []passport.Option{passport.WithTrustedIssuers(newMint().stranger.DID())}},
		"writes when it looks":         {engine: func(e *passport.Engine, _ *world) passport.Scorer { return previewing{e} }},
		"makes a failure a score of 0": instead(store.ErrUnavailable, &passport.Result{}, nil),
		"calls a doubt a failure":      instead(store.ErrUnknownOutcome, nil, store.ErrUnavailable),
	}
}

// givingAll is a store whose receipts have every award.
func givingAll() rig {
	return writing(func(b *brokenstore.Store, ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(ctx, c)
		if err == nil {
			for i := range receipt.Wallets[0].Given {
				receipt.Wallets[0].Given[i] = true
			}
		}
		return receipt, err
	})
}

func TestPlay_Broken(t *testing.T) {
	const most = 1000
	for name, broken := range brokenWorlds() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(most) {
				_, err := play(t, seed+1, broken, false)
				if err != nil {
					first, _, _ := strings.Cut(err.Error(), "\n")
					t.Logf("caught by seed %d: %s", seed+1, first)
					return
				}
			}
			require.Fail(t, "not caught", "by %d seeds", most)
		})
	}
	assert.GreaterOrEqual(t, len(brokenWorlds()), 38)
}
