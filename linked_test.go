package passport_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

var dave = passporttest.Address("dave")

// family is a source of groups that a test changes.
type family struct {
	groups []passport.Group
	err    error
	asked  int
}

func (f *family) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	f.asked++
	groups := make([]passport.Group, len(addresses))
	for i, address := range addresses {
		for _, group := range f.groups {
			if slices.Contains(group.Wallets, address) {
				groups[i] = group
			}
		}
	}
	return groups, f.err
}

// are makes the groups those with these wallets, each a list with spaces.
func (f *family) are(groups ...string) {
	f.groups = nil
	for _, wallets := range groups {
		f.link(strings.Fields(wallets)...)
	}
}

// link adds a group.
func (f *family) link(wallets ...string) {
	g := passport.Group{ID: "person"}
	for _, wallet := range wallets {
		g.Wallets = append(g.Wallets, passport.Address(wallet))
	}
	f.groups = append(f.groups, g)
}

func together(wallets ...string) string { return strings.Join(wallets, " ") }

// newFamily returns a world in which 3 points pass, and its source of groups.
func newFamily(t *testing.T, failure passport.GroupFailure, options ...passporttest.WorldOption) (*passporttest.World, *family) {
	t.Helper()
	f := &family{}
	options = append(options, passporttest.Weights{"Google": "1.50", "Discord": "2", "Github": "0.75"}, passporttest.Threshold("3"),
		passporttest.Options{passport.WithGroups(f, failure)})
	return passporttest.NewWorld(t, options...), f
}

// passing returns the wallets whose recorded score passes, and the canonical
// wallets of the claims.
func passing(w *passporttest.World) (rows, canonical []string) {
	state := w.Store.State()
	for _, score := range state.Scores {
		if score.Value == "1" {
			rows = append(rows, string(score.Address))
		}
	}
	for _, claim := range state.GroupClaims {
		canonical = append(canonical, string(claim.Canonical))
	}
	return rows, canonical
}

func assertCarries(t *testing.T, w *passporttest.World, wallets ...string) {
	t.Helper()
	rows, canonical := passing(w)
	assert.ElementsMatch(t, wallets, rows, "the wallets whose rows pass")
	assert.ElementsMatch(t, wallets, canonical, "the canonical wallets")
}

func TestScore_Linked(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob, carol))
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	world.Stamp(carol, "Discord", "c")
	world.Stamp(bob, "Google", "a") // alice's account

	first := world.MustScore(bob)
	assert.Equal(t, "3.50", first.Score.String())
	assert.True(t, first.Passing)
	require.Len(t, first.Stamps, 2)
	assert.Equal(t, passport.Address(bob), first.Stamps[0].Source)
	linked := first.Linked
	assert.Equal(t, "person", linked.GroupID)
	assert.Equal(t, passport.Address(bob), linked.Canonical)
	assert.Equal(t, "it was the first of the group to be scored", linked.Why)
	require.Len(t, linked.Members, 3)
	lost := linked.Members[0].Stamps[0]
	assert.Equal(t, passport.Deduplicated, lost.Outcome)
	assert.Equal(t, "claimed by "+bob+" of the same group until 2100-01-01", lost.Why)
	assert.Equal(t, "2", linked.Members[2].Score.String(), "by carol's own stamp")
	assertCarries(t, world, bob)

	world.Clock.Advance(time.Hour)
	second := world.MustScore(alice)
	assert.False(t, second.Passing)
	assert.Zero(t, second.Score.Sign())
	assert.Empty(t, second.Stamps)
	assert.Equal(t, world.Clock.Now(), second.ScoredAt)
	assert.Equal(t, first.ExpiresAt, second.ExpiresAt)
	assert.Equal(t, "3.50", second.Linked.Score.String())
	assert.Equal(t, "it has been the canonical wallet since 2026-01-01", second.Linked.Why)
	assertCarries(t, world, bob)
	assert.Len(t, world.Store.State().Scores, 3, "each wallet has a row")
}

// The canonical wallet's stamps come first, then those of the first wallet in
// the host's order, whatever the order in which they claim.
func TestScore_LinkedSource(t *testing.T) {
	for _, order := range [][]string{{alice, bob, carol}, {carol, bob, alice}} {
		world, f := newFamily(t, passport.FailScoring)
		f.are(together(order...))
		for _, wallet := range order {
			world.Stamp(wallet, "Google", "of "+wallet)
		}
		world.Stamp(alice, "Discord", "of alice")
		world.Stamp(carol, "Discord", "of carol")
		result := world.MustScore(bob)
		assert.Equal(t, passport.Address(order[0]), result.Stamps[0].Source, "Discord")
		assert.Equal(t, passport.Address(bob), result.Stamps[1].Source, "Google")
		assert.Equal(t, "3.50", result.Score.String())
	}
}

// A merged score passes if it is just the threshold.
func TestScore_LinkedThreshold(t *testing.T) {
	f := &family{}
	f.are(together(alice, bob))
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1.50", "Discord": "2"}, passporttest.Threshold("3.5"),
		passporttest.Options{passport.WithGroups(f, passport.FailScoring)})
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	assert.True(t, world.MustScore(alice).Passing)
}

// A stamp that does not count hides none of those after it.
func TestScore_LinkedDuplicateFirst(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob))
	world.Stamp(bob, "Discord", "account")
	world.Stamp(alice, "Discord", "account")
	world.Stamp(alice, "Github", "account")
	assert.Equal(t, "2.75", world.MustScore(bob).Score.String())
}

// A claim that a later wallet of the group makes longer is explained as it will
// be.
func TestScore_LinkedLonger(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	first, last := min(bob, carol), max(bob, carol)
	until := world.Clock.Now().Add(24 * time.Hour).UTC()
	world.Stamp(last, "Google", "account", passporttest.ExpiresAt(until))
	world.MustScore(last)
	later := until.Add(48 * time.Hour)
	world.Stamp(last, "Google", "account", passporttest.ExpiresAt(later))
	world.Stamp(first, "Google", "account", passporttest.ExpiresAt(until))
	world.Stamp(first, "Discord", "first")
	world.Stamp(alice, "Discord", "a")
	f.are(together(alice, first, last))
	members := world.MustScore(alice).Linked.Members
	require.Len(t, members[1].Stamps, 2)
	stamp := members[1].Stamps[1]
	assert.Equal(t, passport.Deduplicated, stamp.Outcome)
	assert.Equal(t, later, stamp.ClaimedUntil)
	assert.Equal(t, "claimed by "+last+" of the same group until "+later.Format(time.DateOnly), stamp.Why)
}

func TestScore_LinkedMembership(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	world.Stamp(carol, "Google", "c")
	world.Stamp(carol, "Discord", "c")
	f.are(together(alice, bob))
	assert.True(t, world.MustScore(alice).Passing)
	claimed := world.Store.State().GroupClaims[0].ClaimedAt

	f.are(together(alice, bob, carol))
	world.Clock.Advance(time.Hour)
	assert.Equal(t, passport.Address(alice), world.MustScore(carol).Linked.Canonical, "the claim moves")
	require.Equal(t, []store.StoredGroupClaim{{Community: 1, GroupClaim: store.GroupClaim{
		Key: store.GroupKey([]store.Address{store.Address(alice), store.Address(bob), store.Address(carol)}), Canonical: store.Address(alice), ClaimedAt: claimed,
	}}}, world.Store.State().GroupClaims)

	f.are(together(bob, carol))
	result := world.MustScore(bob)
	assert.True(t, result.Passing, "bob is the first of the others")
	rows, canonical := passing(world)
	assert.Equal(t, []string{bob}, rows, "alice has left, and does not pass by bob's stamps any longer")
	assert.Equal(t, []string{bob}, canonical)
	assert.Nil(t, world.MustScore(alice).Linked)

	f.are()
	assert.False(t, world.MustScore(bob).Passing, "bob is alone")
	rows, canonical = passing(world)
	assert.Empty(t, rows)
	assert.Empty(t, canonical)
	assert.True(t, world.MustScore(carol).Passing, "carol passes alone")

	f.are(together(alice, bob, carol))
	assert.Equal(t, passport.Address(bob), world.MustScore(bob).Linked.Canonical, "no claim is left, and bob is asked for")
	assertCarries(t, world, bob)
}

// A wallet that left is decided together with the group that it left, which
// passes by its stamps.
func TestScore_LinkedLeft(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	world.Stamp(carol, "Google", "c")
	world.Stamp(carol, "Github", "c")
	f.are(together(alice, bob), together(carol, dave))
	assert.True(t, world.MustScore(alice).Passing)
	assert.False(t, world.MustScore(carol).Passing)

	f.are(together(carol, dave, bob))
	assert.True(t, world.MustScore(dave).Linked.Passing)
	assertCarries(t, world, carol)
	rows := world.Store.State().Scores
	assert.Len(t, rows, 4)

	f.are(together(alice, bob), together(carol, dave))
	assert.True(t, world.MustScore(bob).Passing, "bob is asked for first")
	rows2, canonical := passing(world)
	assert.Equal(t, []string{bob}, rows2)
	assert.ElementsMatch(t, []string{bob, carol}, canonical)
}

func TestScore_LinkedRelease(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob))
	until := world.Clock.Now().Add(time.Hour)
	world.Stamp(alice, "Google", "a", passporttest.ExpiresAt(until))
	world.Stamp(bob, "Discord", "b")
	assert.True(t, world.MustScore(alice).Passing)
	world.Clock.Set(until)
	assert.Equal(t, passport.Address(alice), world.MustScore(bob).Linked.Canonical, "at its expiry the score holds the claim")

	world.Stamp(alice, "Google", "a", passporttest.ExpiresAt(until.Add(time.Hour)))
	assert.True(t, world.MustScore(alice).Passing)
	world.Clock.Set(until.Add(time.Hour + time.Microsecond))
	result := world.MustScore(bob)
	assert.Equal(t, passport.Address(bob), result.Linked.Canonical)
	assert.Equal(t, "it was the first to be scored after the claim of another had ended", result.Linked.Why)
	rows, canonical := passing(world)
	assert.Empty(t, rows)
	assert.Equal(t, []string{bob}, canonical)
}

// Claims that another program has left mean nothing without a score.
func TestScore_LinkedForeignClaims(t *testing.T) {
	claim := func(key string, canonical string) store.StoredGroupClaim {
		return store.StoredGroupClaim{Community: 1, GroupClaim: store.GroupClaim{Key: key, Canonical: store.Address(canonical)}}
	}
	key := store.GroupKey([]store.Address{store.Address(alice), store.Address(bob)})
	for name, claims := range map[string][]store.StoredGroupClaim{
		"the other has no score":     {claim(key, bob)},
		"a stranger":                 {claim(key, carol)},
		"no address":                 {claim(key, "somebody")},
		"no key":                     {claim("", alice)},
		"two":                        {claim(key, bob), claim(alice, alice)},
		"a stranger that is no more": {claim(strings.Join([]string{alice, carol}, ","), carol)},
	} {
		t.Run(name, func(t *testing.T) {
			world, f := newFamily(t, passport.FailScoring)
			f.are(together(alice, bob))
			world.Stamp(alice, "Google", "a")
			world.Stamp(bob, "Discord", "b")
			state := world.Store.State()
			state.GroupClaims = claims
			require.NoError(t, world.Store.SetState(state))
			assert.True(t, world.MustScore(alice).Passing)
			assertCarries(t, world, alice)
			assert.Len(t, world.Store.State().Scores, 2, "no other wallet is scored")
		})
	}
}

func TestScore_LinkedFailure(t *testing.T) {
	away := errors.New("no answer")
	for failure, c := range map[passport.GroupFailure]struct {
		failed, passes bool
		row            string
	}{
		passport.FailScoring:     {failed: true, row: "none"},
		passport.WithholdPassing: {row: "0"},
		passport.ScoreAlone:      {passes: true, row: "1"},
	} {
		t.Run(string(failure), func(t *testing.T) {
			world, f := newFamily(t, failure)
			world.Stamp(alice, "Google", "a")
			world.Stamp(alice, "Discord", "a")
			f.err = away
			result, err := world.Engine.Score(t.Context(), world.Community, alice)
			row := "none"
			for _, score := range world.Store.State().Scores {
				row = score.Value
			}
			assert.Equal(t, c.row, row)
			if c.failed {
				require.ErrorIs(t, err, passport.ErrGroups)
				require.ErrorIs(t, err, away)
				assert.Equal(t, store.KindUnavailable, store.KindOf(err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.passes, result.Passing)
			if !c.passes {
				assert.Zero(t, result.Score.Sign())
				assert.Empty(t, result.Stamps)
				assert.Empty(t, result.Linked.Canonical)
				assert.Len(t, result.Linked.Members[0].Stamps, 2)
			}
		})
	}
}

// While the source is away, claims stay as they are.
func TestScore_LinkedFailureClaims(t *testing.T) {
	for _, failure := range []passport.GroupFailure{passport.WithholdPassing, passport.ScoreAlone} {
		world, f := newFamily(t, failure)
		world.Stamp(alice, "Google", "a")
		world.Stamp(bob, "Discord", "b")
		f.are(together(alice, bob))
		world.MustScore(alice)
		before := world.Store.State()
		f.err = errors.New("away")
		world.MustScore(bob)
		after := world.Store.State()
		assert.Equal(t, before.GroupClaims, after.GroupClaims)
		row := func(of store.State) store.StoredScore {
			return of.Scores[slices.IndexFunc(of.Scores, func(s store.StoredScore) bool { return s.Address == store.Address(alice) })]
		}
		assert.Equal(t, row(before), row(after), "the canonical wallet is not scored")
		f.err = nil
		assert.Equal(t, passport.Address(alice), world.MustScore(bob).Linked.Canonical)
		world.Stamp(carol, "Google", "c")
		world.Stamp(carol, "Discord", "c")
		assert.True(t, world.MustScore(carol).Passing, "the source says that she has no other wallet")
	}
}

func TestScore_LinkedNonsense(t *testing.T) {
	many := make([]passport.Address, store.MaxGroup+1)
	for i := range many {
		many[i] = passport.Address(crowd(len(many))[i])
	}
	many[0] = passport.Address(alice)
	for name, groups := range map[string][]passport.Group{
		"no group":          nil,
		"two groups":        {{}, {}},
		"without it":        {{Wallets: []passport.Address{passport.Address(bob)}}},
		"malformed":         {{Wallets: []passport.Address{passport.Address(alice), "0x"}}},
		"twice":             {{Wallets: []passport.Address{passport.Address(alice), passport.Address(strings.ToUpper(alice[2:]))}}},
		"twice, other case": {{Wallets: []passport.Address{passport.Address(alice), passport.Address("0x" + strings.ToUpper(alice[2:]))}}},
		"too many":          {{Wallets: many}},
	} {
		t.Run(name, func(t *testing.T) {
			world := passporttest.NewWorld(t, passporttest.Options{passport.WithGroups(answering(groups), passport.FailScoring)})
			_, err := world.Engine.Score(t.Context(), world.Community, alice)
			require.ErrorIs(t, err, passport.ErrInvalidGroup)
			require.ErrorContains(t, err, "no valid group")
			require.NotErrorIs(t, err, passport.ErrGroups)
			assert.Empty(t, world.Store.State().Scores)
		})
	}
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithGroups(answering{{Wallets: many[:store.MaxGroup]}}, passport.FailScoring)})
	assert.Len(t, world.MustScore(alice).Linked.Members, store.MaxGroup)
}

// answering is a source with one answer.
type answering []passport.Group

func (a answering) GroupsOf(context.Context, ...passport.Address) ([]passport.Group, error) {
	return a, nil
}

// A source that contradicts itself links a wallet with the first group only.
func TestScoreAll_LinkedContradiction(t *testing.T) {
	a, b, c := passport.Address(alice), passport.Address(bob), passport.Address(carol)
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.Options{
		passport.WithGroups(answering{{Wallets: []passport.Address{a, b}}, {Wallets: []passport.Address{b, c}}}, passport.FailScoring),
	})
	world.Stamp(bob, "Google", "account")
	scored, err := all(world.Engine.ScoreAll(t.Context(), 1, slices.Values([]string{alice, carol})))
	require.NoError(t, err)
	assert.Equal(t, a, scored[0].Result.Linked.Canonical)
	require.NoError(t, scored[1].Err)
	assert.Nil(t, scored[1].Result.Linked)
}

func TestScore_LinkedSolo(t *testing.T) {
	plain := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	world, f := newFamily(t, passport.FailScoring)
	f.are(alice)
	for _, w := range []*passporttest.World{plain, world} {
		w.Stamp(alice, "Google", "a")
		assert.Nil(t, w.MustScore(alice).Linked)
	}
	assert.Empty(t, world.Store.State().GroupClaims)
	assert.Equal(t, 1, world.Faults.Loads())
}

// A group is loaded and written at once.
func TestScore_LinkedCalls(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob, carol))
	world.MustScore(alice)
	world.MustScore(bob)
	assert.Equal(t, 2, world.Faults.Loads())
	assert.Equal(t, 2, world.Faults.Applies())
	assert.Equal(t, 2, f.asked)
}

func TestPreview_Linked(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob))
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	preview, err := world.Engine.Preview(t.Context(), world.Community, bob)
	require.NoError(t, err)
	assert.Empty(t, world.Store.State().GroupClaims)
	assert.Equal(t, world.MustScore(bob), preview)
}

// The wallets of a group that are in one batch are scored once.
func TestScoreAll_Linked(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob))
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	world.Stamp(carol, "Google", "c")
	scored, err := all(world.Engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{carol, bob, dave, alice, "rubbish"})))
	require.NoError(t, err)
	require.Len(t, scored, 5)
	assert.Equal(t, "1.50", scored[0].Result.Score.String())
	assert.Equal(t, "3.50", scored[1].Result.Score.String())
	assert.Same(t, scored[1].Result.Linked, scored[3].Result.Linked)
	require.ErrorIs(t, scored[4].Err, passport.ErrInvalidAddress)
	state := world.Store.State()
	assert.Len(t, state.Scores, 4)
	assert.Len(t, state.Events, 4, "an event each")
	scored, err = all(world.Engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{bob, alice})))
	require.NoError(t, err)
	for i, before := range []string{"3.5", "1.50"} {
		assert.Equal(t, world.Community, scored[i].Result.Community)
		assert.Equal(t, before, scored[i].Result.Before.Score.String())
	}

	f.err = errors.New("away")
	f.asked = 0
	scored, err = all(world.Engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{carol, bob})))
	require.ErrorIs(t, err, passport.ErrGroups, "the source is away for all wallets")
	assert.Empty(t, scored)
	assert.Equal(t, 6, f.asked, "it is asked again as the retry policy allows")
	assert.Len(t, world.Store.State().Events, 6, "nothing is written")

	f.err = nil
	f.are(together(alice, bob), together(carol, carol))
	scored, err = all(world.Engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{carol, bob})))
	require.NoError(t, err)
	require.ErrorIs(t, scored[0].Err, passport.ErrInvalidGroup)
	require.NoError(t, scored[1].Err, "one group costs no other its score")
}

func TestLeavingUnchanged_Linked(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob, carol))
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	first := world.MustScore(alice)
	engine := world.Engine.LeavingUnchanged(time.Hour)
	score := func(unchanged bool, why string) *passport.Result {
		t.Helper()
		events := len(world.Store.State().Events)
		result, err := engine.Score(t.Context(), world.Community, bob)
		require.NoError(t, err)
		assert.Equal(t, unchanged, result.Unchanged, why)
		assert.Equal(t, unchanged, events == len(world.Store.State().Events), why)
		assert.Equal(t, unchanged, world.Store.State().Events[0].At.Equal(result.Linked.ScoredAt), why)
		return result
	}
	world.Clock.Advance(time.Minute)
	assert.Equal(t, first.ScoredAt, score(true, "nothing has changed").ScoredAt)
	world.Stamp(carol, "Github", "c")
	assert.Equal(t, "4.25", score(false, "a stamp of another wallet").Linked.Score.String())
	world.Clock.Advance(time.Minute)
	f.are(together(alice, bob, carol, dave))
	score(false, "another wallet")
	f.are(together(alice, bob))
	world.Clock.Advance(time.Minute)
	score(false, "fewer wallets")
	result, err := engine.Score(t.Context(), world.Community, carol)
	require.NoError(t, err)
	assert.Nil(t, result.Linked)
	assert.True(t, result.Unchanged, "carol's row has her own stamps, and does not pass")
}

// A group is written although its scores are as recorded, if its group claim or
// a claim on a nullifier is not.
func TestLeavingUnchanged_LinkedClaims(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	world.Stamp(alice, "Google", "a")
	world.MustScore(dave)
	f.are(together(alice, bob))
	world.MustScore(alice)
	engine := world.Engine.LeavingUnchanged(time.Hour)
	unchanged := func() bool {
		result, err := engine.Score(t.Context(), world.Community, alice)
		require.NoError(t, err)
		return result.Unchanged
	}
	assert.True(t, unchanged())

	f.are(together(alice, bob, dave))
	assert.False(t, unchanged(), "the group claim does not name dave")
	assert.Contains(t, world.Store.State().GroupClaims[0].Key, dave)
	assert.True(t, unchanged())

	state := world.Store.State()
	claims := state.Claims
	state.Claims = nil
	require.NoError(t, world.Store.SetState(state))
	assert.False(t, unchanged(), "the claim on the nullifier is gone")
	assert.Equal(t, claims, world.Store.State().Claims)
	assert.True(t, unchanged())
}

// A group that is left unchanged leaves no claim to compare either.
func TestLeavingUnchanged_LinkedClash(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob))
	world.Stamp(carol, "Google", "account")
	world.Stamp(dave, "Google", "d")
	world.MustScore(carol)
	world.Stamp(alice, "Google", "account")
	world.Stamp(bob, "Discord", "b")
	stamp := world.MustScore(alice).Linked.Members[0].Stamps[0]
	assert.Equal(t, "claimed by another wallet until "+stamp.ClaimedUntil.Format(time.DateOnly), stamp.Why)

	h := &hooked{Store: world.Store}
	var written []*store.Changes
	h.apply = func(c *store.Changes) error {
		written = append(written, c)
		return nil
	}
	engine := world.Engine.On(h).LeavingUnchanged(time.Hour)
	scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{bob, dave})))
	require.NoError(t, err)
	require.Len(t, scored, 2)
	assert.True(t, scored[0].Result.Unchanged)
	assert.False(t, scored[1].Result.Unchanged)
	require.Len(t, written, 1)
	require.Len(t, written[0].Claims, 1)
	assert.Equal(t, store.Address(dave), written[0].Claims[0].To.Address)
}

// Points are the canonical wallet's, by the merged score.
func TestScore_LinkedPoints(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring, passporttest.HumanPoints{})
	f.are(together(alice, bob))
	world.Stamp(alice, "Discord", "a")
	world.Stamp(bob, "Discord", "b") // is not merged, and earns nothing
	world.Stamp(bob, "Google", "b")
	assert.Empty(t, world.MustScore(alice).Points[2:])
	var earned []string
	for _, point := range world.Store.State().Points {
		assert.Equal(t, store.Address(alice), point.Address)
		earned = append(earned, point.Action+" "+point.Provider)
	}
	assert.ElementsMatch(t, []string{"HKY Google", "HKY Discord"}, earned)
	assert.Len(t, world.Store.State().Qualified, 1)
	assert.Empty(t, world.MustScore(bob).Points)
}

// A claim that is made after the group was read is a lost race.
func TestScore_LinkedRace(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob))
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	h := &hooked{Store: world.Store}
	raced := false
	h.apply = func(*store.Changes) error {
		if !raced {
			raced = true
			world.MustScore(bob)
		}
		return nil
	}
	result, err := world.Engine.On(h).Score(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, passport.Address(bob), result.Linked.Canonical)
	assert.Len(t, h.loads, 2)
	assertCarries(t, world, bob)
}

// A batch that has too many wallets with those of their groups is halved.
func TestScoreAll_LinkedLarge(t *testing.T) {
	for size, together := range map[int]int{store.MaxGroup: 10 * store.MaxGroup, 50: 1000} {
		world, f := newFamily(t, passport.FailScoring)
		wallets := crowd(20 * size)
		var firsts []string
		for group := range slices.Chunk(wallets, size) {
			f.link(group...)
			firsts = append(firsts, group[0])
		}
		most := 0
		h := &hooked{Store: world.Store, loaded: func(q store.Query, _ *store.Snapshot) { most = max(most, len(q.Addresses)) }}
		scored, err := all(world.Engine.On(h).ScoreAll(t.Context(), world.Community, slices.Values(firsts)))
		require.NoError(t, err)
		assert.Len(t, scored, 20)
		assert.Len(t, world.Store.State().Scores, len(wallets))
		assert.Equal(t, together, most, "of 20 groups of %d", size)
	}
}

// A community that cannot be scored is the fault of no other wallet.
func TestScore_LinkedUnscorable(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(bob, alice))
	require.NoError(t, world.Store.PutCommunity(t.Context(), store.Community{ID: 1, Name: "Test", Threshold: "1", Weights: []byte(`{"Google":"1e999"}`)}))
	_, err := world.Engine.Score(t.Context(), world.Community, alice)
	var impossible *passport.ScoringError
	require.ErrorAs(t, err, &impossible)
	assert.Equal(t, passport.Address(alice), impossible.Address)
	state := world.Store.State()
	require.Len(t, state.Scores, 1)
	assert.Equal(t, store.Address(alice), state.Scores[0].Address)
}

// Claims of the past tie a bounded number of wallets together.
func TestScore_LinkedTies(t *testing.T) {
	world, _ := newFamily(t, passport.FailScoring)
	wallets := crowd(6)
	state := world.Store.State()
	for i := range wallets[1:] {
		pair := []store.Address{store.Address(wallets[i]), store.Address(wallets[i+1])}
		state.GroupClaims = append(state.GroupClaims, store.StoredGroupClaim{
			Community: 1, GroupClaim: store.GroupClaim{Key: store.GroupKey(pair), Canonical: pair[1], ClaimedAt: world.Clock.Now()},
		})
	}
	require.NoError(t, world.Store.SetState(state))
	_, err := world.Engine.Score(t.Context(), world.Community, wallets[0])
	assert.Equal(t, store.KindInternal, store.KindOf(err))
	require.ErrorContains(t, err, "tie more wallets together")
	assert.Empty(t, world.Store.State().Scores)
	assert.Nil(t, world.MustScore(wallets[1]).Linked, "a chain of four is short enough")
}

func TestNew_Groups(t *testing.T) {
	trusting := passport.WithTrustedIssuers(passporttest.NewIssuer().DID())
	w := passporttest.NewWorld(t)
	_, err := passport.New(w.Store, trusting, passport.WithGroups(nil, passport.FailScoring))
	require.ErrorContains(t, err, "WithGroups got nil")
	_, err = passport.New(w.Store, trusting, passport.WithGroups(&family{}, "pass"))
	require.ErrorContains(t, err, `"pass" is no way to go on without groups`)
	_, err = passport.New(groupless{w.Store}, trusting, passport.WithGroups(&family{}, passport.FailScoring))
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	require.ErrorContains(t, err, "store.Groups")
}

// groupless is a store with the two methods only.
type groupless struct{ store.Store }
