package passport_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// stored is a credential in a wallet.
type stored struct {
	address store.Address
	input   store.CredentialInput
}

// play is a small world drawn at random: three wallets, a few accounts that
// they fight for, and an order in which they are scored.
type play struct {
	credentials []stored
	scorings    []scoring
}

type scoring struct {
	address string
	after   time.Duration // that the clock moves on before it
}

const hour = time.Hour

var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func drawPlay(t *rapid.T) play {
	var p play
	wallets := rapid.SampledFrom([]string{alice, bob, carol})
	for _, address := range []string{alice, bob, carol} {
		for _, provider := range []string{"A", "B", "C"} {
			if !rapid.Bool().Draw(t, "has "+provider) {
				continue
			}
			p.credentials = append(p.credentials, drawCredential(t, address, provider))
		}
	}
	for range rapid.IntRange(1, 6).Draw(t, "scorings") {
		p.scorings = append(p.scorings, scoring{wallets.Draw(t, "wallet"), time.Duration(rapid.IntRange(0, 2).Draw(t, "hours")) * hour})
	}
	return p
}

func drawCredential(t *rapid.T, address, provider string) stored {
	nullifiers := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"v0:1", "v0:2", "v1:3", "v1:4", "v2:5"}), 1, 3, rapid.ID).Draw(t, "nullifiers")
	expiry := start.Add(time.Duration(rapid.IntRange(1, 6).Draw(t, "valid for")) * hour)
	signed, err := passporttest.NewIssuerFromSeed("properties").Issue(address, provider, "", passporttest.Nullifiers(nullifiers...), passporttest.ExpiresAt(expiry))
	require.NoError(t, err)
	stamp, err := passport.ReadCredential(signed)
	require.NoError(t, err)
	return stored{store.Address(address), stamp}
}

// stage is a store and an engine to play on.
type stage struct {
	t      *rapid.T
	mem    *memstore.Store
	engine *passport.Engine
	clock  *passporttest.Clock
}

func newStage(t *rapid.T, engine *passport.Engine, credentials []stored) *stage {
	clock := passporttest.NewClock(start)
	mem := memstore.New(memstore.WithClock(clock.Now))
	require.NoError(t, mem.PutCommunity(t.Context(), store.Community{
		ID: 1, Name: "One", Weights: []byte(`{"A":"1","B":"2.5","C":"0.25"}`), Threshold: "2",
	}))
	for _, c := range credentials {
		require.NoError(t, mem.AddCredentials(t.Context(), c.address, c.input))
	}
	return &stage{t: t, mem: mem, engine: engine.On(mem), clock: clock}
}

func (s *stage) score(address string) *passport.Result {
	result, err := s.engine.Score(s.t.Context(), 1, address)
	require.NoError(s.t, err)
	return result
}

// claims returns who holds each nullifier.
func (s *stage) claims() map[string]store.Holder {
	holders := map[string]store.Holder{}
	for _, claim := range s.mem.State().Claims {
		require.NotContains(s.t, holders, claim.Nullifier, "one holder per nullifier")
		holders[claim.Nullifier] = claim.Holder
	}
	return holders
}

// content returns the whole content of the store, as JSON.
func (s *stage) content() string {
	var saved bytes.Buffer
	require.NoError(s.t, s.mem.Save(&saved))
	return saved.String()
}

// outcomes describes the score, and the outcome of each stamp.
func outcomes(result *passport.Result) string {
	texts := []string{fmt.Sprintf("%s %v %s", result.Score, result.Passing, result.ExpiresAt.UTC())}
	for _, stamp := range result.Stamps {
		texts = append(texts, fmt.Sprintf("%s %s %s", stamp.Provider, stamp.Outcome, stamp.ClaimedUntil.UTC()))
	}
	return strings.Join(texts, " | ")
}

func TestScore_Properties(t *testing.T) {
	engine, err := passport.New(memstore.New(), passport.WithTrustedIssuers(passporttest.NewIssuerFromSeed("properties").DID()))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlay(t)
		here := newStage(t, engine, p.credentials)
		backwards := slices.Clone(p.credentials)
		slices.Reverse(backwards)
		there := newStage(t, engine, backwards)

		for _, s := range p.scorings {
			here.clock.Advance(s.after)
			there.clock.Advance(s.after)
			now := here.clock.Now()
			before := here.claims()

			preview, err := here.engine.Preview(t.Context(), 1, s.address)
			require.NoError(t, err)
			require.Equal(t, before, here.claims(), "a preview claims nothing")
			result := here.score(s.address)
			require.Equal(t, outcomes(preview), outcomes(result), "a preview decides like a scoring")
			require.Equal(t, outcomes(result), outcomes(there.score(s.address)), "the order of credentials is irrelevant")

			after := here.claims()
			for nullifier, was := range before {
				if was.ExpiresAt.After(now) {
					require.Equal(t, was.Address, after[nullifier].Address, "no live claim is taken")
					require.False(t, after[nullifier].ExpiresAt.Before(was.ExpiresAt), "or shortened")
				}
			}
			for _, c := range p.credentials {
				stamp := slices.IndexFunc(result.Stamps, func(s passport.Stamp) bool { return s.Provider == c.input.Provider })
				if c.address != store.Address(s.address) || stamp < 0 || result.Stamps[stamp].Outcome != passport.Counted {
					continue
				}
				for _, nullifier := range nullifiersOf(t, c) {
					require.Equal(t, c.address, after[nullifier].Address, "a stamp that counts holds its nullifiers")
				}
			}

			require.Equal(t, outcomes(result), outcomes(here.score(s.address)), "a second scoring changes only times")
			require.Equal(t, after, here.claims())
		}

		restored := newStage(t, engine, nil)
		restored.clock.Set(here.clock.Now())
		require.NoError(t, restored.mem.Restore(strings.NewReader(here.content())))
		require.JSONEq(t, here.content(), restored.content())
		last := p.scorings[len(p.scorings)-1].address
		require.Equal(t, outcomes(here.score(last)), outcomes(restored.score(last)), "save, restore and score equals score")
		require.JSONEq(t, here.content(), restored.content())
	})
}

func nullifiersOf(t *rapid.T, c stored) []string {
	var content struct {
		Subject struct{ Nullifiers []string } `json:"credentialSubject"`
	}
	require.NoError(t, json.Unmarshal(c.input.Document, &content))
	return content.Subject.Nullifiers
}
