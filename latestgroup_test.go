package passport_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// latestIn returns the last score that the world's engine reads.
func latestIn(t *testing.T, w *passporttest.World, address string) *passport.LastScore {
	t.Helper()
	last, err := w.Engine.Latest(t.Context(), w.Community, address)
	require.NoError(t, err)
	return last
}

// The last score of a member is as its last answer was, and does not need the
// source of groups.
func TestLatest_Linked(t *testing.T) {
	world, f := newFamily(t, passport.FailScoring)
	f.are(together(alice, bob))
	world.Stamp(alice, "Google", "a", passporttest.ExpiresAt(world.Clock.Now().Add(time.Hour)))
	world.Stamp(bob, "Discord", "b")
	_, err := world.Engine.Latest(t.Context(), world.Community, bob)
	require.ErrorIs(t, err, passport.ErrNeverScored)

	answer := world.MustScore(alice)
	f.err, f.asked = errors.New("away"), 0
	first := latestIn(t, world, alice)
	assert.True(t, first.Passing)
	assert.True(t, first.PassedWhenScored)
	assert.Zero(t, first.Score.Cmp(answer.Score))
	assert.Nil(t, first.Linked)
	assert.Equal(t, &passport.LastScore{
		Community: world.Community, Address: passport.Address(bob), Threshold: first.Threshold,
		ScoredAt: answer.ScoredAt, ExpiresAt: answer.ExpiresAt, Linked: first,
	}, latestIn(t, world, bob))
	assert.Zero(t, f.asked)

	solitary, err := passport.New(world.Store, passport.WithTrustedIssuers(world.Issuer.DID()))
	require.NoError(t, err)
	own, err := solitary.Latest(t.Context(), world.Community, bob)
	require.NoError(t, err)
	assert.Equal(t, "2", own.Score.String())
	assert.False(t, own.PassedWhenScored)
	assert.Nil(t, own.Linked)

	world.Clock.Advance(time.Hour)
	assert.False(t, latestIn(t, world, bob).Linked.Passing, "it has expired")
	f.err = nil
	f.are()
	world.MustScore(bob)
	own = latestIn(t, world, bob)
	assert.Nil(t, own.Linked, "he is alone")
	assert.Equal(t, "2", own.Score.String())
}

// A score is outdated when a stamp of any wallet that it counted is gone.
func TestLatest_LinkedOutdated(t *testing.T) {
	for name, c := range map[string]struct {
		address, provider string
		outdated          bool
	}{
		"the canonical wallet's": {alice, "Google", true},
		"another's":              {bob, "Discord", true},
		"one that is not merged": {bob, "Google", false},
	} {
		t.Run(name, func(t *testing.T) {
			world, f := newFamily(t, passport.FailScoring)
			f.are(together(alice, bob))
			world.Stamp(alice, "Google", "a")
			world.Stamp(bob, "Google", "b")
			world.Stamp(bob, "Discord", "b")
			world.MustScore(alice)
			_, err := world.Store.DeleteCredentials(t.Context(), store.Address(c.address), c.provider)
			require.NoError(t, err)
			for _, last := range []*passport.LastScore{latestIn(t, world, alice), latestIn(t, world, bob).Linked} {
				assert.Equal(t, c.outdated, last.Outdated)
				assert.Equal(t, !c.outdated, last.Passing)
				assert.True(t, last.PassedWhenScored)
			}
		})
	}
}

// claimsOf returns claims of wallets, each a minute newer than the one before,
// all with alice in their key.
func claimsOf(canonical ...string) (claims []store.StoredGroupClaim) {
	for i, wallet := range canonical {
		key := fmt.Sprintf("%s,%d", alice, i)
		at := time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)
		claims = append(claims, store.StoredGroupClaim{
			Community: 1, GroupClaim: store.GroupClaim{Key: key, Canonical: store.Address(wallet), ClaimedAt: at},
		})
	}
	return claims
}

// claimed returns a world in which alice, bob and carol have scores of their
// own, but dave, and the claims are recorded.
func claimed(t *testing.T, claims ...string) *passporttest.World {
	t.Helper()
	world, _ := newFamily(t, passport.FailScoring)
	for _, wallet := range []string{alice, bob, carol} {
		world.Stamp(wallet, "Google", wallet)
		world.MustScore(wallet)
	}
	state := world.Store.State()
	state.GroupClaims = claimsOf(claims...)
	slices.Reverse(state.GroupClaims)
	require.NoError(t, world.Store.SetState(state))
	return world
}

// The newest claim with a wallet that has a score is decisive.
func TestLatest_GroupClaims(t *testing.T) {
	for name, c := range map[string]struct {
		claims []string
		want   string // the canonical wallet
	}{
		"none":                  {nil, ""},
		"her own":               {[]string{alice}, ""},
		"another's":             {[]string{bob}, bob},
		"an older one of hers":  {[]string{alice, bob}, bob},
		"a newer one of hers":   {[]string{bob, alice}, ""},
		"the newest of three":   {[]string{alice, bob, carol}, carol},
		"one that has no score": {[]string{bob, dave}, ""},
		"no address":            {[]string{bob, "somebody"}, bob},
	} {
		t.Run(name, func(t *testing.T) {
			last := latestIn(t, claimed(t, c.claims...), alice)
			if c.want == "" {
				assert.Nil(t, last.Linked)
				assert.Equal(t, "1.50", last.Score.String())
				return
			}
			require.NotNil(t, last.Linked)
			assert.Equal(t, passport.Address(c.want), last.Linked.Address)
			assert.Zero(t, last.Score.Sign())
		})
	}
}

// A canonical wallet whose scoring is queued or failed has no score, and the
// failure of a member's own is returned.
func TestLatest_LinkedUnscored(t *testing.T) {
	for _, status := range []store.Status{store.StatusError, "BULK_PROCESSING"} {
		for _, wallet := range []string{alice, bob} {
			t.Run(string(status)+" of "+wallet, func(t *testing.T) {
				world := claimed(t, bob)
				state := world.Store.State()
				for i := range state.Scores {
					if string(state.Scores[i].Address) == wallet {
						state.Scores[i].Score = store.Score{Status: status, Error: "no weights"}
					}
				}
				require.NoError(t, world.Store.SetState(state))
				if wallet == bob {
					assert.Nil(t, latestIn(t, world, alice).Linked)
					return
				}
				_, err := world.Engine.Latest(t.Context(), world.Community, alice)
				var failed *passport.ScoringError
				assert.True(t, errors.Is(err, passport.ErrNeverScored) || errors.As(err, &failed), "%v", err)
			})
		}
	}
}

// unreadable is a store with claims or scores that cannot be read.
type unreadable struct {
	*memstore.Store

	claims error
	score  map[string]error // by wallet
}

func (u *unreadable) ListGroupClaims(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
	if u.claims != nil {
		return nil, u.claims
	}
	return u.Store.ListGroupClaims(ctx, community, address)
}

func (u *unreadable) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	if err := u.score[string(address)]; err != nil {
		return nil, err
	}
	return u.Store.LastScore(ctx, community, address)
}

// A score or claim that cannot be read is an error, not another score.
func TestLatest_LinkedErrors(t *testing.T) {
	away := store.ErrUnavailable
	for name, c := range map[string]struct {
		broken  unreadable
		address string
		want    error
	}{
		"the claims":                   {unreadable{claims: away}, bob, away},
		"the canonical wallet":         {unreadable{score: map[string]error{alice: away}}, bob, away},
		"a wallet with merged stamps":  {unreadable{score: map[string]error{bob: away}}, alice, away},
		"a merged wallet never scored": {unreadable{score: map[string]error{bob: store.ErrNotFound}}, alice, nil},
	} {
		t.Run(name, func(t *testing.T) {
			world, f := newFamily(t, passport.FailScoring)
			f.are(together(alice, bob))
			world.Stamp(alice, "Google", "a")
			world.Stamp(bob, "Discord", "b")
			world.MustScore(alice)
			c.broken.Store = world.Store
			engine, err := passport.New(&c.broken, passport.WithTrustedIssuers(world.Issuer.DID()), passport.WithGroups(f, passport.FailScoring))
			require.NoError(t, err)
			last, err := engine.Latest(t.Context(), world.Community, c.address)
			require.ErrorIs(t, err, c.want)
			assert.Equal(t, c.want == nil, last != nil)
		})
	}
}
