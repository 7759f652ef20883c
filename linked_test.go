package passport_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
)

// family is a source of groups that a test changes.
type family struct {
	groups []passport.Group
	err    error
}

func (f *family) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
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

// link adds a group.
func (f *family) link(wallets ...string) {
	g := passport.Group{ID: "person"}
	for _, wallet := range wallets {
		g.Wallets = append(g.Wallets, passport.Address(wallet))
	}
	f.groups = append(f.groups, g)
}

// newFamily returns a world in which 3 points pass, and its source of groups.
func newFamily(t *testing.T, failure passport.GroupFailure) (*passporttest.World, *family, *passport.Engine) {
	t.Helper()
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1.50", "Discord": "2", "Github": "0.75"}, passporttest.Threshold("3"))
	f := &family{}
	engine, err := passport.New(world.Store, passport.WithTrustedIssuers(world.Issuer.DID()),
		passport.WithClock(world.Clock.Now), passport.WithGroups(f, failure))
	require.NoError(t, err)
	return world, f, engine
}

func TestScore_Linked(t *testing.T) {
	world, f, engine := newFamily(t, passport.FailScoring)
	f.link(alice, bob, carol)
	world.Stamp(alice, "Google", "a")
	world.Stamp(bob, "Discord", "b")
	world.Stamp(carol, "Discord", "c")
	world.Stamp(carol, "Google", "a") // alice's account

	first, err := engine.Score(t.Context(), world.Community, bob)
	require.NoError(t, err)
	assert.Equal(t, "3.50", first.Score.String())
	assert.True(t, first.Passing)
	second, err := engine.Score(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.False(t, second.Passing)
	assert.Zero(t, second.Score.Sign())
	assert.Empty(t, second.Stamps)
	assert.Equal(t, first.Linked.Score, second.Linked.Score)
	assert.Equal(t, passport.Address(bob), second.Linked.Canonical)
	claims := world.Store.State().GroupClaims
	require.Len(t, claims, 1)
	assert.Equal(t, passport.Address(bob), claims[0].Canonical)
}
