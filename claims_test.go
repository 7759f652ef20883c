package passport_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// interleaved is a store that calls a function after each Load.
type interleaved struct {
	store.Store

	afterLoad func()
}

func (s interleaved) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := s.Store.Load(ctx, q)
	s.afterLoad()
	return snapshot, err
}

// A scoring passes the free nullifiers of a deduplicated credential on to the
// owner of its account, for as long as that claim lasts. If the owner has
// claimed them in the meantime, for as long as its own credential lasts, its
// claim must stay. It would otherwise end while the owner's stamp counts, and
// the account could count for another wallet as well.
func TestScore_OwnerClaimsToo(t *testing.T) {
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1", "Github": "1"})
	soon, late := world.Clock.Now().Add(time.Hour), world.Clock.Now().AddDate(1, 0, 0)
	world.Stamp(alice, "Github", "", passporttest.Nullifiers("person"), passporttest.ExpiresAt(soon))
	world.MustScore(alice)
	world.Stamp(alice, "Google", "", passporttest.Nullifiers("person", "account"), passporttest.ExpiresAt(late))
	world.Stamp(bob, "Google", "", passporttest.Nullifiers("person", "account"), passporttest.ExpiresAt(late))

	scored := false
	engine := world.Engine.On(interleaved{world.Store, func() {
		if !scored {
			scored = true
			world.MustScore(alice)
		}
	}})
	result, err := engine.Score(t.Context(), world.Community, bob)
	require.NoError(t, err)
	assert.Equal(t, passport.Deduplicated, result.Stamps[0].Outcome)
	claims, err := world.Store.ListClaims(t.Context(), world.Community, store.Address(alice))
	require.NoError(t, err)
	owner := store.Holder{Address: store.Address(alice), ExpiresAt: late}
	assert.Equal(t, []store.Claim{{Nullifier: "account", Holder: owner}, {Nullifier: "person", Holder: owner}}, claims)
}
