package invariants_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

var (
	alice = store.Address(passporttest.Address("alice"))
	bob   = store.Address(passporttest.Address("bob"))
	carol = store.Address(passporttest.Address("carol"))

	noon  = time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
	rules = invariants.Rules{Limits: map[string]int{"MM2": 3}, Steady: true}
)

// scored returns a content in which alice has passed everywhere, bob has lost a
// stamp to her, and the community of carol could not be scored.
func scored(t *testing.T) store.State {
	t.Helper()
	mem, issuer := memstore.New(), passporttest.NewIssuer()
	add := func(address store.Address, provider, account string) {
		signed, err := issuer.Issue(string(address), provider, account)
		require.NoError(t, err)
		input, err := passport.ReadCredential(signed)
		require.NoError(t, err)
		require.NoError(t, mem.AddCredentials(t.Context(), address, input))
	}
	add(alice, "Google", "account")
	add(alice, "Github", "account")
	add(bob, "Google", "account")
	add(bob, "Discord", "account of bob")
	require.NoError(t, mem.PutAddressList(t.Context(), "MetaMaskOG2", alice, bob))
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()),
		passport.WithHumanPoints(passport.HumanPoints{Capped: passport.MetaMaskOG()}),
		passport.WithClock(func() time.Time { return noon }))
	require.NoError(t, err)
	for id := range int64(4) {
		weights := []byte(`{"Google": "1.5", "Github": "2", "Discord": 1}`)
		c := store.Community{ID: id + 1, Name: strconv.FormatInt(id, 10), HumanPoints: true, Threshold: "1.25", Weights: weights}
		require.NoError(t, mem.PutCommunity(t.Context(), c))
		for _, address := range []store.Address{alice, bob} {
			_, err := engine.Score(t.Context(), id+1, string(address))
			require.NoError(t, err)
		}
	}
	require.NoError(t, mem.PutCommunity(t.Context(), store.Community{ID: 5, Name: "5", Rule: "FIFO"}))
	_, err = engine.Score(t.Context(), 5, string(carol))
	require.ErrorIs(t, err, passport.ErrUnsupportedRule)
	return mem.State()
}

// of returns the place of the wallet's row in community 1.
func of(s *store.State, address store.Address) *store.StoredScore {
	i := slices.IndexFunc(s.Scores, func(r store.StoredScore) bool { return r.Community == 1 && r.Address == address })
	return &s.Scores[i]
}

func withoutEvents(s *store.State, action string) {
	s.Events = slices.DeleteFunc(s.Events, func(e store.StoredEvent) bool { return e.Action == action })
}

func withoutPoints(s *store.State, action string) {
	s.Points = slices.DeleteFunc(s.Points, func(p store.StoredPoint) bool { return p.Action == action })
}

func give(s *store.State, address store.Address, action, provider, hash string) {
	s.Points = append(s.Points, store.StoredPoint{
		HumanPoint: store.HumanPoint{Action: action, Provider: provider, TxHash: hash}, Address: address,
	})
}

// breaches are each noticed by that invariant.
var breaches = []struct {
	notices string
	breach  func(s *store.State)
}{
	{"a nullifier has one holder", func(s *store.State) { s.Claims = append(s.Claims, s.Claims[0]) }},
	{"an address has one score", func(s *store.State) { s.Scores = append(s.Scores, s.Scores[0]) }},
	{"a claim is of a scored wallet", func(s *store.State) { s.Claims[0].Address = "0x" }},
	{"a wallet holds what it counts", func(s *store.State) { s.Claims[0].ExpiresAt = noon.Add(time.Hour) }},
	{"a wallet holds what it counts", func(s *store.State) { s.Claims = s.Claims[1:] }},
	{"a wallet holds what it counts", func(s *store.State) {
		for i := range s.Claims {
			s.Claims[i].Address = bob
		}
	}},
	{"a failed score is an error alone", func(s *store.State) {
		failed := slices.IndexFunc(s.Scores, func(r store.StoredScore) bool { return r.Status == store.StatusError })
		s.Scores[failed].Value = "0"
	}},
	{"the score is the sum", func(s *store.State) { of(s, alice).Value = "0" }},
	{"the score is the sum", func(s *store.State) { of(s, alice).Status = "PROCESSING" }},
	{"the score is the sum", func(s *store.State) { of(s, alice).StampScores = []byte(`{"Google": 1.5}`) }},
	{"the score is the sum", func(s *store.State) {
		of(s, alice).Evidence = []byte(`{"type":"","success":true,"rawScore":"3.4","threshold":"1.25"}`)
	}},
	{"the score is the sum", func(s *store.State) { of(s, alice).Evidence = []byte(`[]`) }},
	{"the stamps are those", func(s *store.State) { of(s, alice).Counted = of(s, alice).Counted[1:] }},
	{"the stamps are those", func(s *store.State) { of(s, alice).Counted[0] = of(s, alice).Counted[1] }},
	{"the stamps are those", func(s *store.State) { of(s, alice).Stamps = []byte(`{}`) }},
	{"the stamps are those", func(s *store.State) { of(s, alice).StampScores = []byte(`{}`) }},
	{"the stamps are those", func(s *store.State) {
		counted := of(s, alice).Counted
		later := strings.ReplaceAll(string(counted[0].Document), `"expirationDate":"2`, `"expirationDate":"3`)
		counted[0].Document = []byte(later)
	}},
	{"the score lasts as long", func(s *store.State) { of(s, alice).ExpiresAt = noon }},
	{"the newest event", func(s *store.State) { of(s, alice).ExpiresAt = noon }},
	{"the newest event", func(s *store.State) { of(s, alice).ScoredAt = noon.Add(time.Hour) }},
	{"the newest event", func(s *store.State) { withoutEvents(s, store.ActionScoreUpdate) }},
	{"every deduplicated stamp", func(s *store.State) { withoutEvents(s, store.ActionDeduplicated) }},
	{"every deduplicated stamp", func(s *store.State) {
		lost := slices.IndexFunc(s.Events, func(e store.StoredEvent) bool { return e.Action == store.ActionDeduplicated })
		s.Events = append(s.Events, s.Events[lost])
	}},
	{"exactly those that have passed", func(s *store.State) { s.Qualified = s.Qualified[1:] }},
	{"exactly those that have passed", func(s *store.State) { s.Qualified = append(s.Qualified, s.Qualified[0]) }},
	{"exactly those that have passed", func(s *store.State) {
		s.Qualified = append(s.Qualified, store.Qualification{Address: carol, Community: 1})
	}},
	{"nothing is awarded twice", func(s *store.State) { give(s, alice, "HKY", "Google", "another") }},
	{"points are for those", func(s *store.State) { give(s, carol, "ISG", "", "") }},
	{"a key is awarded", func(s *store.State) { withoutPoints(s, "HKY") }},
	{"a key is awarded", func(s *store.State) { give(s, alice, "HKY", "Discord", "v0:d") }},
	{"a key is awarded", func(s *store.State) {
		key := slices.IndexFunc(s.Points, func(p store.StoredPoint) bool { return p.Action == "HKY" })
		s.Points[key].TxHash = ""
	}},
	{"the bonus is for four", func(s *store.State) { withoutPoints(s, "SCB") }},
	{"the bonus is for four", func(s *store.State) { give(s, bob, "SCB", "", "") }},
	{"a limited award stops", func(s *store.State) {
		for range 3 {
			give(s, bob, "MM2", "", "")
		}
	}},
}

func TestCheck_Good(t *testing.T) {
	state := scored(t)
	assert.Empty(t, invariants.Check(&state, rules))
	assert.Empty(t, invariants.Check(&state, invariants.Rules{}))
	assert.Empty(t, invariants.Check(&store.State{}, rules))
}

func TestCheck_Breaches(t *testing.T) {
	for i, b := range breaches {
		t.Run(fmt.Sprint(b.notices, " ", i), func(t *testing.T) {
			state := scored(t)
			b.breach(&state)
			found := invariants.Check(&state, rules)
			noticed := func(text string) bool { return strings.HasPrefix(text, b.notices) }
			assert.True(t, slices.ContainsFunc(found, noticed), "%q", found)
		})
	}
}
