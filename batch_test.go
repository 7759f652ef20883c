package passport_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// A run decides as scorings one after the other do, whatever the batches: the
// results and the whole content of the store are equal.
func TestScoreAll_Properties(t *testing.T) {
	issuer := passporttest.NewIssuerFromSeed("properties")
	program := passport.HumanPoints{Capped: &passport.CappedAward{List: "Few", Action: "FEW", Limit: 1}}
	engine, err := passport.New(memstore.New(), passport.WithTrustedIssuers(issuer.DID()), passport.WithHumanPoints(program))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlay(t)
		together, alone := newStage(t, engine, p.credentials), newStage(t, engine, p.credentials)
		for _, s := range []*stage{together, alone} {
			state := s.mem.State()
			state.Communities[0].HumanPoints = true
			state.Lists = []store.AddressList{{Name: "Few", Members: []store.Address{store.Address(alice), store.Address(bob), store.Address(carol)}}}
			require.NoError(t, s.mem.SetState(state))
		}
		size := rapid.IntRange(1, 4).Draw(t, "wallets in a batch")
		age := time.Duration(rapid.IntRange(0, 2).Draw(t, "age")) * hour
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			var addresses []string
			for _, s := range p.scorings {
				addresses = append(addresses, s.address)
			}
			after := time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * hour
			together.clock.Advance(after)
			alone.clock.Advance(after)

			bulk := together.engine.LeavingUnchanged(age)
			scored, err := all(bulk.ScoreAll(t.Context(), 1, slices.Values(addresses), passport.WithBatchSize(size), passport.WithWorkers(1)))
			require.NoError(t, err)
			require.Len(t, scored, len(addresses))
			for i, address := range addresses {
				single, err := alone.engine.LeavingUnchanged(age).Score(t.Context(), 1, address)
				require.NoError(t, err)
				require.NoError(t, scored[i].Err)
				result := *scored[i].Result
				if age == 0 {
					result.Before = nil // asked for in runs only
				}
				require.Equal(t, *single, result)
			}
			require.JSONEq(t, alone.content(), together.content())
		}
	})
}

// A nullifier that several wallets of one batch want goes to the first, and the
// others see its claim.
func TestScoreAll_Clashes(t *testing.T) {
	world, h, engine, _ := newCrowd(t, 0)
	soon := world.Clock.Now().Add(time.Hour)
	world.Stamp(carol, "Google", "account", passporttest.ExpiresAt(soon))
	world.MustScore(carol)
	world.Clock.Set(soon)
	world.Stamp(alice, "Google", "account")
	world.Stamp(bob, "Google", "account")
	var swaps []store.ClaimSwap
	h.apply = func(c *store.Changes) error {
		swaps = c.Claims
		return nil
	}
	scored, err := all(engine.ScoreAll(t.Context(), 1, slices.Values([]string{carol, bob, alice})))
	require.NoError(t, err)
	assert.Equal(t, passport.LeftOut, scored[0].Result.Stamps[0].Outcome, "it has expired")
	assert.Equal(t, passport.Counted, scored[1].Result.Stamps[0].Outcome, "the claim is free to take")
	assert.Equal(t, passport.Deduplicated, scored[2].Result.Stamps[0].Outcome, "and taken")
	until := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, until, scored[2].Result.Stamps[0].ClaimedUntil)
	assert.Equal(t, []store.ClaimSwap{{
		Nullifier: passporttest.Nullifier("Google", "account"),
		From:      store.Holder{Address: store.Address(carol), ExpiresAt: soon},
		To:        store.Holder{Address: store.Address(bob), ExpiresAt: until},
	}}, swaps, "from as it was read to as it ends")
}

// A receipt that lacks an award of one wallet is that of no wallet.
func TestScoreAll_InvalidReceipt(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.HumanPoints{})
	h := &hooked{Store: world.Store, wrote: func(r *store.Receipt) {
		if len(r.Wallets) == 3 {
			r.Wallets[1].Given = nil
		}
	}}
	addresses := crowd(3)
	for _, address := range addresses {
		world.Stamp(address, "Google", address)
	}
	scored, err := all(world.Engine.On(h).ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	require.Len(t, scored, 3)
	for _, s := range scored {
		require.NoError(t, s.Err)
		assert.Len(t, s.Result.Ledger.Points, 1)
	}
}

// A verifier that cannot decide fails the one wallet.
func TestScoreAll_VerifierFails(t *testing.T) {
	broken := errors.New("the key server is down")
	var bad string
	asked := 0
	world, _, engine, addresses := newCrowd(t, 20, passport.WithObserver(func(_ context.Context, o passport.Observation) {
		if string(o.Address) == bad {
			asked = o.Attempts
		}
	}), passport.WithVerifier(
		verifierFunc(func(_ context.Context, s *credential.Signed, _ time.Time) error {
			if s.Subject == "did:pkh:eip155:1:"+bad {
				return broken
			}
			return nil
		})))
	bad = addresses[5]
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	for i, s := range scored {
		if i == 5 {
			require.ErrorIs(t, s.Err, broken)
		} else {
			require.NoError(t, s.Err)
		}
	}
	assert.Len(t, world.Store.State().Scores, 19)
	assert.Equal(t, 6, asked, "with all, in halves down to itself, and once more alone")
}

// BenchmarkScoreAll scores 200 wallets of 20 credentials on memstore, all
// proofs remembered: written, and left alone. A wallet is one operation.
func BenchmarkScoreAll(b *testing.B) {
	engine, mem, issuer := benchmarkWorld(b)
	addresses := crowd(200)
	for _, address := range addresses {
		giveTwenty(b, mem, issuer, address)
	}
	for _, c := range []struct {
		name   string
		engine *passport.Engine
	}{{"written", engine}, {"unchanged", engine.LeavingUnchanged(24 * time.Hour)}} {
		b.Run(c.name, func(b *testing.B) {
			source := func(yield func(string) bool) {
				for i := range b.N {
					if !yield(addresses[i%len(addresses)]) {
						return
					}
				}
			}
			if _, err := all(engine.ScoreAll(b.Context(), 1, slices.Values(addresses))); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for s, err := range c.engine.ScoreAll(b.Context(), 1, source) {
				if err != nil || s.Err != nil {
					b.Fatal(err, s.Err)
				}
			}
		})
	}
}

// giveTwenty gives the wallet 20 stamps.
func giveTwenty(b *testing.B, mem *memstore.Store, issuer *passporttest.Issuer, address string) {
	b.Helper()
	stamps := make([]store.CredentialInput, 20)
	for i := range stamps {
		provider := fmt.Sprintf("Provider%02d", i)
		signed, err := issuer.Issue(address, provider, "", passporttest.Nullifiers("v0:"+provider+address, "v1:"+provider+address))
		if err != nil {
			b.Fatal(err)
		}
		if stamps[i], err = passport.ReadCredential(signed); err != nil {
			b.Fatal(err)
		}
	}
	if err := mem.AddCredentials(b.Context(), store.Address(address), stamps...); err != nil {
		b.Fatal(err)
	}
}

// The wallets of a batch share its times.
func TestScoreAll_Times(t *testing.T) {
	const wallets, takes = 20, 50 * time.Millisecond
	var load, verify, apply time.Duration
	world, h, engine, addresses := newCrowd(t, wallets, passport.WithObserver(func(_ context.Context, o passport.Observation) {
		load, verify, apply = load+o.Load, verify+o.Verify, apply+o.Apply
	}))
	h.load = func(store.Query) error { time.Sleep(takes); return nil }
	h.apply = func(*store.Changes) error { time.Sleep(takes); return nil }
	began := time.Now()
	_, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, load+wallets, takes, "all of it, but for what is lost in the division")
	assert.GreaterOrEqual(t, apply+wallets, takes)
	assert.LessOrEqual(t, load+verify+apply, time.Since(began))
}

// A wallet that is scored alone waits for the database as its batch would, and
// its result says what was recorded before.
func TestScoreAll_Alone(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 1, passport.WithRetry(func() retry.Backoff {
		return retry.WithMaxRetries(5, retry.NewConstant(1))
	}))
	world.MustScore(addresses[0])
	answers := []error{store.ErrConflict, store.ErrUnavailable}
	h.apply = func(*store.Changes) error {
		if len(answers) == 0 {
			return nil
		}
		answer := answers[0]
		answers = answers[1:]
		return answer
	}
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	require.Len(t, scored, 1)
	require.NoError(t, scored[0].Err)
	assert.NotNil(t, scored[0].Result.Before)
	assert.Empty(t, answers)
}
