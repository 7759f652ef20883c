package passport_test

import (
	"context"
	"encoding/json"
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

// kinship is a source of groups that its context has: stages share an engine.
type kinship struct{}

func (kinship) GroupsOf(ctx context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	return ctx.Value(kinship{}).(*family).GroupsOf(ctx, addresses...)
}

// saga is a small world drawn at random: five wallets that want a few accounts,
// and groups of them that change while they are scored.
type saga struct {
	credentials []stored
	chapters    []chapter
}

// chapter is one scoring.
type chapter struct {
	scoring

	groups [][]string // of two wallets or more
}

// kin are the wallets of a saga.
func kin() []string {
	return []string{alice, bob, carol, passporttest.Address("dave"), passporttest.Address("erin")}
}

func drawSaga(t *rapid.T) saga {
	var s saga
	for _, address := range kin() {
		for _, provider := range []string{"A", "B", "C"} {
			if rapid.Bool().Draw(t, "has "+provider) {
				s.credentials = append(s.credentials, drawCredential(t, address, provider))
			}
		}
	}
	groups := drawGroups(t)
	for range rapid.IntRange(1, 8).Draw(t, "scorings") {
		if rapid.IntRange(0, 2).Draw(t, "the groups change") == 0 {
			groups = drawGroups(t)
		}
		after := time.Duration(rapid.IntRange(0, 2).Draw(t, "hours")) * hour
		s.chapters = append(s.chapters, chapter{scoring{rapid.SampledFrom(kin()).Draw(t, "wallet"), after}, groups})
	}
	return s
}

// drawGroups divides the wallets, in any order.
func drawGroups(t *rapid.T) [][]string {
	parts := make([][]string, 3)
	for _, wallet := range rapid.Permutation(kin()).Draw(t, "order") {
		if part := rapid.IntRange(0, len(parts)).Draw(t, "group"); part < len(parts) {
			parts[part] = append(parts[part], wallet)
		}
	}
	return slices.DeleteFunc(parts, func(part []string) bool { return len(part) < 2 })
}

// linkedStage is a stage with groups.
type linkedStage struct {
	*stage

	ctx    context.Context // has the groups
	family *family
}

func newLinkedStage(t *rapid.T, engine *passport.Engine, credentials []stored) *linkedStage {
	f := &family{}
	return &linkedStage{newStage(t, engine, credentials), context.WithValue(t.Context(), kinship{}, f), f}
}

// enter begins the chapter, with each group reordered.
func (s *linkedStage) enter(c *chapter, reorder func([]string)) {
	s.clock.Advance(c.after)
	s.family.groups = nil
	for _, group := range c.groups {
		group = slices.Clone(group)
		reorder(group)
		s.family.link(group...)
	}
}

func asListed([]string) {}

func (s *linkedStage) score(address string) *passport.Result {
	result, err := s.engine.Score(s.ctx, 1, address)
	require.NoError(s.t, err)
	return result
}

func (s *linkedStage) scoreAll(addresses ...string) (results []*passport.Result) {
	for scored, err := range s.engine.ScoreAll(s.ctx, 1, slices.Values(addresses)) {
		require.NoError(s.t, err)
		require.NoError(s.t, scored.Err)
		results = append(results, scored.Result)
	}
	return results
}

// rows are what a scoring leaves behind, but for its events.
func (s *linkedStage) rows() string {
	state := s.mem.State()
	rows, err := json.Marshal([]any{state.Scores, state.Claims, state.GroupClaims})
	require.NoError(s.t, err)
	return string(rows)
}

// linkedOutcomes describes the result and the score of the group.
func linkedOutcomes(result *passport.Result) string {
	texts := []string{outcomes(result)}
	if l := result.Linked; l != nil {
		group := passport.Result{Score: l.Score, Passing: l.Passing, ExpiresAt: l.ExpiresAt, Stamps: l.Stamps}
		texts = append(texts, string(l.Canonical), outcomes(&group))
		for _, stamp := range l.Stamps {
			texts = append(texts, string(stamp.Source))
		}
		for _, m := range l.Members {
			texts = append(texts, string(m.Address), m.Score.String())
			for _, stamp := range m.Stamps { // the end of a claim can be changed by a wallet after it
				texts = append(texts, stamp.Provider, string(stamp.Outcome))
			}
		}
	}
	return strings.Join(texts, " ")
}

func newLinkedEngine(t *testing.T) *passport.Engine {
	t.Helper()
	engine, err := passport.New(memstore.New(), passport.WithTrustedIssuers(passporttest.NewIssuerFromSeed("properties").DID()),
		passport.WithGroups(kinship{}, passport.FailScoring))
	require.NoError(t, err)
	return engine
}

func TestScore_LinkedOrder(t *testing.T) {
	engine := newLinkedEngine(t)
	rapid.Check(t, func(t *rapid.T) {
		s := drawSaga(t)
		here, there := newLinkedStage(t, engine, s.credentials), newLinkedStage(t, engine, s.credentials)
		for i := range s.chapters {
			c := &s.chapters[i]
			here.enter(c, asListed)
			there.enter(c, func(group []string) { copy(group, rapid.Permutation(group).Draw(t, "another order")) })
			one, other := here.score(c.address), there.score(c.address)
			require.Equal(t, []any{one.Score, one.Passing}, []any{other.Score, other.Passing})
			require.Equal(t, here.claims(), there.claims())
			require.Equal(t, here.mem.State().GroupClaims, there.mem.State().GroupClaims)
			if one.Linked == nil {
				require.Nil(t, other.Linked)
				continue
			}
			require.Equal(t, one.Linked.Canonical, other.Linked.Canonical)
			require.Equal(t, one.Linked.Score, other.Linked.Score)
			require.Equal(t, providersOf(one.Linked.Stamps), providersOf(other.Linked.Stamps))
			require.ElementsMatch(t, one.Linked.Members, other.Linked.Members)
			if one.ExpiresAt != other.ExpiresAt { // then of some provider another wallet's stamp is merged
				return
			}
		}
	})
}

func providersOf(stamps []passport.Stamp) (providers []string) {
	for _, stamp := range stamps {
		providers = append(providers, stamp.Provider)
	}
	return providers
}

func TestScore_GroupOfOne(t *testing.T) {
	linked := newLinkedEngine(t)
	alone, err := passport.New(memstore.New(), passport.WithTrustedIssuers(passporttest.NewIssuerFromSeed("properties").DID()))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlay(t)
		here, there := newLinkedStage(t, linked, p.credentials), newStage(t, alone, p.credentials)
		here.family.link(alice)
		here.family.link(bob)
		for _, s := range p.scorings {
			here.clock.Advance(s.after)
			there.clock.Advance(s.after)
			result := here.score(s.address)
			require.Nil(t, result.Linked)
			require.Equal(t, there.score(s.address), result)
			require.JSONEq(t, there.content(), here.content())
		}
	})
}

func TestScore_LinkedProperties(t *testing.T) {
	engine := newLinkedEngine(t)
	rapid.Check(t, func(t *rapid.T) {
		s := drawSaga(t)
		here, there := newLinkedStage(t, engine, s.credentials), newLinkedStage(t, engine, s.credentials)
		for i := range s.chapters {
			c := &s.chapters[i]
			here.enter(c, asListed)
			there.enter(c, asListed)
			before := here.content()
			preview, err := here.engine.Preview(here.ctx, 1, c.address)
			require.NoError(t, err)
			require.JSONEq(t, before, here.content(), "a preview writes nothing")
			result := here.score(c.address)
			require.Equal(t, preview, result, "a preview decides like a scoring")
			here.checkAccounts(s.credentials)
			here.checkAnswer(result)

			bulk := there.scoreAll(c.address)[0]
			require.Equal(t, linkedOutcomes(result), linkedOutcomes(bulk), "ScoreAll decides like Score")
			require.JSONEq(t, here.content(), there.content(), "ScoreAll writes as Score does")

			require.Equal(t, linkedOutcomes(result), linkedOutcomes(here.score(c.address)), "a second scoring changes only times")
			require.JSONEq(t, there.rows(), here.rows())
			there.score(c.address)
		}
		order := rapid.Permutation(kin()).Draw(t, "all")
		bulk := there.scoreAll(order...)
		for i, address := range order {
			require.Equal(t, linkedOutcomes(here.score(address)), linkedOutcomes(bulk[i]), "a batch decides like its wallets, one after the other")
		}
		require.JSONEq(t, here.rows(), there.rows())
		here.checkAccounts(s.credentials)
	})
}

// checkAccounts checks that no nullifier counts for two wallets in scores that
// pass, and that each is claimed by the wallet whose stamp counts.
func (s *linkedStage) checkAccounts(credentials []stored) {
	type use struct{ row, source store.Address }
	used, holders := map[string]use{}, s.claims()
	for _, row := range s.mem.State().Scores {
		var evidence struct{ Success bool }
		require.NoError(s.t, json.Unmarshal(row.Evidence, &evidence))
		if !evidence.Success || !row.ExpiresAt.IsZero() && !row.ExpiresAt.After(s.clock.Now()) {
			continue
		}
		var stamps map[string]struct {
			Dedup  bool          `json:"dedup"`
			Source store.Address `json:"source_wallet"`
		}
		require.NoError(s.t, json.Unmarshal(row.Stamps, &stamps))
		for provider, stamp := range stamps {
			if stamp.Dedup {
				continue
			}
			by := use{row.Address, stamp.Source}
			if by.source == "" {
				by.source = row.Address
			}
			at := slices.IndexFunc(credentials, func(c stored) bool { return c.address == by.source && c.input.Provider == provider })
			require.GreaterOrEqual(s.t, at, 0)
			for _, nullifier := range nullifiersOf(s.t, credentials[at]) {
				if other, is := used[nullifier]; is {
					require.Equal(s.t, other, by, "%s counts twice", nullifier)
				}
				used[nullifier] = by
				require.Equal(s.t, by.source, holders[nullifier].Address)
			}
		}
	}
}

// checkAnswer compares an answer with the rows and the claims.
func (s *linkedStage) checkAnswer(result *passport.Result) {
	state := s.mem.State()
	var claims []store.StoredGroupClaim
	for _, claim := range state.GroupClaims {
		if claim.Names(result.Address) {
			claims = append(claims, claim)
		}
	}
	if result.Linked == nil {
		require.Empty(s.t, claims)
		return
	}
	require.Len(s.t, claims, 1)
	require.Equal(s.t, result.Linked.Canonical, claims[0].Canonical)
	members := make([]store.Address, len(result.Linked.Members))
	for i, m := range result.Linked.Members {
		members[i] = m.Address
	}
	require.Equal(s.t, store.GroupKey(members), claims[0].Key)
	for _, row := range state.Scores {
		if slices.Contains(members, row.Address) {
			canonical := row.Address == claims[0].Canonical
			require.Equal(s.t, canonical && result.Linked.Passing, row.Value == "1")
			merged := strings.Contains(string(row.Stamps), "source_wallet")
			require.Equal(s.t, canonical && len(result.Linked.Stamps) > 0, merged)
			require.Equal(s.t, result.ScoredAt, row.ScoredAt)
		}
	}
}
