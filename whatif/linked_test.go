package whatif_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/whatif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The wallets of a group are counted each, and its stamps once, for the wallet
// that carries the score.
func TestCompare_Linked(t *testing.T) {
	alice, bob, carol := passporttest.Address("alice"), passporttest.Address("bob"), passporttest.Address("carol")
	linked, err := groups.Parse(strings.NewReader(fmt.Sprintf(`[{"id": "person", "wallets": [%q, %q]}]`, alice, bob)))
	require.NoError(t, err)
	world := passporttest.NewWorld(t, passporttest.Weights{"A": "1", "B": "1"}, passporttest.Threshold("2"),
		passporttest.Options{passport.WithGroups(linked, passport.FailScoring)})
	world.Stamp(alice, "A", "a")
	world.Stamp(bob, "B", "b")
	world.Stamp(carol, "A", "c")
	world.MustScore(bob)
	c, err := whatif.New(t.Context(), world.Engine, 1, whatif.Change{Threshold: "2.5"})
	require.NoError(t, err)
	for wallet, err := range c.Compare(t.Context(), slices.Values([]string{alice, bob, carol})) {
		require.NoError(t, err)
		require.NoError(t, wallet.Err)
	}
	r := c.Report()
	assert.Equal(t, whatif.Flow{PassFail: 1, FailFail: 2}, r.Flow)
	assert.Equal(t, [2]int64{2, 1}, [2]int64{r.Providers["A"].Present.Wallets, r.Providers["B"].New.Wallets})
	assert.Equal(t, "3", r.Present.Total.String())
	require.Len(t, r.Losing, 1)
	assert.Equal(t, bob, r.Losing[0].Address, "whose scoring elected it")
}
