package histories_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/histories"
	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// one is a source of one group.
type one []passport.Address

func (g one) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	groups := make([]passport.Group, len(addresses))
	for i := range groups {
		groups[i].Wallets = g
	}
	return groups, nil
}

// request is a scoring among many, with the ticks at which it was called and
// returned.
type request struct {
	result         *passport.Result
	called, closed int64
}

// crowd scores the wallets of a group in 64 requests at once, while they get
// stamps.
func crowd(t *testing.T, on histories.Direct, wallets []store.Address) []request {
	t.Helper()
	const requests = 64
	issuer := passporttest.NewIssuerFromSeed("crowd")
	var ticks atomic.Int64
	engine, err := passport.New(on.Store.(histories.LinkedStore), passport.WithTrustedIssuers(issuer.DID()), passport.WithHumanPoints(passport.HumanPoints{}),
		passport.WithGroups(one(wallets), passport.FailScoring),
		passport.WithClock(func() time.Time { return histories.Start().Add(time.Duration(ticks.Add(1)) * time.Microsecond) }),
		passport.WithRetry(func() retry.Backoff { return retry.WithMaxRetries(requests, retry.NewConstant(time.Millisecond)) }))
	require.NoError(t, err)
	add := func(i int, provider string) {
		signed, err := issuer.Issue(string(wallets[i]), provider, fmt.Sprint("account ", i))
		assert.NoError(t, err)
		input, err := passport.ReadCredential(signed)
		assert.NoError(t, err)
		assert.NoError(t, on.AddCredentials(t.Context(), wallets[i], input))
	}
	add(0, "Discord")
	answers := make([]request, requests)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			r := &answers[i]
			r.called = ticks.Add(1)
			result, err := engine.Score(t.Context(), histories.FirstCommunity, string(wallets[i%len(wallets)]))
			assert.NoError(t, err)
			r.result, r.closed = result, ticks.Add(1)
		})
	}
	all.Go(func() { add(1, "Github") })
	all.Go(func() { add(2, "Google") })
	all.Wait()
	return answers
}

// TestLinked_Crowd checks that one wallet is canonical, that the answers have
// one order, which is that of the events of each wallet, and that the rows are
// those of the last answer.
func TestLinked_Crowd(t *testing.T) {
	for name, on := range map[string]histories.Direct{
		"memstore": inMemory(t),
		"pgstore":  newDatabase(t).direct().(histories.Direct),
	} {
		t.Run(name, func(t *testing.T) {
			var wallets []store.Address
			for i := range 4 {
				wallets = append(wallets, store.Address(passporttest.Address(fmt.Sprint("crowd ", i))))
			}
			answers := crowd(t, on, wallets)
			if t.Failed() {
				return
			}
			state, err := on.State(t.Context(), &histories.Plan{Wallets: wallets, Nullifiers: nullifiersOf(t, on, wallets)})
			require.NoError(t, err)
			require.Empty(t, invariants.Check(&state, invariants.Rules{Steady: true, Linked: true}))
			require.Len(t, state.GroupClaims, 1)
			order := orderOf(t, &state, wallets)
			require.Len(t, order, len(answers))
			at := func(r request) int { return slices.IndexFunc(order, r.result.ScoredAt.Equal) }
			slices.SortFunc(answers, func(a, b request) int { return cmp.Compare(at(a), at(b)) })
			for i, a := range answers {
				require.Equal(t, i, at(a), "each answer has its place")
				require.Equal(t, state.GroupClaims[0].Canonical, a.result.Linked.Canonical)
				if i > 0 { // stamps are only added
					require.LessOrEqual(t, answers[i-1].result.Linked.Score.Cmp(a.result.Linked.Score), 0)
				}
				for _, later := range answers[i:] {
					require.Greater(t, later.closed, a.called, "an answer that was there before a call comes before it")
				}
			}
			last := answers[len(answers)-1].result
			for _, row := range state.Scores {
				require.True(t, row.ScoredAt.Equal(last.ScoredAt))
				score, err := invariants.ReadScore(row.Score)
				require.NoError(t, err)
				require.Equal(t, row.Address == last.Linked.Canonical && last.Linked.Passing, score.Evidence.Success)
				if row.Address == last.Linked.Canonical {
					require.Equal(t, last.Linked.Score.String(), score.Evidence.RawScore)
				}
			}
		})
	}
}

// orderOf returns the times of the scorings in the order of their events, which
// is the same for each wallet.
func orderOf(t *testing.T, state *store.State, wallets []store.Address) (order []time.Time) {
	t.Helper()
	slices.SortFunc(state.Events, func(a, b store.StoredEvent) int { return cmp.Compare(a.ID, b.ID) })
	for i, wallet := range wallets {
		var times []time.Time
		for _, event := range state.Events {
			if event.Address == wallet && event.Action == store.ActionScoreUpdate {
				times = append(times, event.At.UTC())
			}
		}
		if i > 0 {
			require.Equal(t, order, times)
		}
		order = times
	}
	return order
}

// nullifiersOf returns those of all credentials of the wallets.
func nullifiersOf(t *testing.T, on histories.Direct, wallets []store.Address) (nullifiers []string) {
	t.Helper()
	for _, wallet := range wallets {
		page, err := on.ListCredentials(t.Context(), wallet, store.Page{Limit: store.MaxPage})
		require.NoError(t, err)
		for _, c := range page.Credentials {
			signed, err := invariants.ReadCredential(c.Document)
			require.NoError(t, err)
			nullifiers = append(nullifiers, signed.Subject.Nullifiers...)
		}
	}
	return nullifiers
}
