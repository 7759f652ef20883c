package equivalence

import (
	"flag"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(1000) // much is made, little is kept
	pgtest.Main(m)
}

func TestEquivalence(t *testing.T) {
	ends := compareStores(t, onTables(openTables(t)), func(*brokenstore.Store) {})
	for op, how := range ends {
		t.Logf("%-18s %v", op, how)
	}
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	require.NoError(t, err)
	if t.Failed() || checks < 100 {
		return
	}
	delete(ends, "EndedContext")
	kinds := map[string]bool{}
	for op, how := range ends {
		assert.NotZero(t, how["no error"], "%s never succeeded, so little was compared", op)
		for kind := range how {
			kinds[kind] = true
		}
	}
	for _, kind := range []string{"ErrInvalid", "ErrConflict", "ErrNotFound", "ErrCommunityNotFound", "ErrNeverScored", "ErrInvalid, ErrInvalidAddress"} {
		assert.True(t, kinds[kind], "nothing ever failed with %s", kind)
	}
}

// compareStores plays sequences on a store in memory, which the function may
// break, and on another one, and returns how often each operation ended how.
func compareStores(t rapid.TB, other opener, breaks func(b *brokenstore.Store)) tally {
	ends := tally{}
	own := time.Now().Add(-time.Hour) // the database's clock is another
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{ctx: t.Context(), clock: passporttest.NewClock(begin), kin: &kin{}, own: own, tally: ends}
		content, rows := drawContent(t)
		var err error
		m.sides, err = newSides(m.ctx, other, content, rows, breaks, options(m.clock.Now, m.kin))
		require.NoError(t, err)
		m.compare(t, "begin", [2]error{})
		t.Repeat(m.actions())
		m.compare(t, "end", [2]error{}) // operations that only read have changed nothing
	})
	return ends
}

type row = map[string]any

// drawContent draws what the service may have left: communities, content that
// no operation of ours makes, and rows that a content has no place for.
func drawContent(t *rapid.T) (store.State, map[string][]row) {
	s := store.State{
		Accounts: []store.Account{{ID: 1, Username: "ann"}},
		Communities: []store.StoredCommunity{
			{Community: store.Community{
				ID: 1, Name: "One", Account: 1, Rule: "LIFO", HumanPoints: true, Scorer: store.ScorerBinary, Threshold: "1.50000",
				Weights: []byte(`{"Google":"1.5","Github":2,"SelfStakingGold":"0.25"}`),
			}},
			{Community: store.Community{
				ID: 2, Name: "Two", Account: 1, Rule: "LIFO", HumanPoints: true, Scorer: store.ScorerWeighted, Threshold: "0.00000",
				Weights: []byte(`{"Google":0.25}`),
			}},
		},
		PointValues: store.InitialPointValues(),
	}
	rows := map[string][]row{}
	if oneIn(t, 3, "points of the service") {
		point := func(address store.Address, action, provider, hash string, chain int) store.StoredPoint {
			return store.StoredPoint{HumanPoint: store.HumanPoint{Action: action, Provider: provider, TxHash: hash, ChainID: chain}, Address: address, At: begin}
		}
		s.Points = []store.StoredPoint{
			point(alice, "HIM", "", "0x1", 10), point(alice, "PMT", "", "0x1", 10), point(alice, "PMT", "", "0x2", 137),
			point(bob, "HKY", "Google", "v0:a", 0),
		}
		s.Multipliers = map[store.Address]int{alice: 2}
		s.PointValues["MM2"] = 50
		delete(s.PointValues, "HKY")
		rows["registry_humanpointsconfig"] = []row{{"id": 101, "action": "HKY", "points": 7, "active": false}}
	}
	if oneIn(t, 3, "credentials of other types") {
		stored := func(id int64, provider string, year int, foreign, deleted bool) store.StoredCredential {
			return store.StoredCredential{
				Credential: store.Credential{
					ID: id, Provider: provider, UpdatedAt: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC),
					Document: signed(t, alice, provider, "0x01", begin.AddDate(1, 0, 0)),
				},
				Address: alice, ProofValue: "0x01", Foreign: foreign, Deleted: deleted,
			}
		}
		s.Credentials = []store.StoredCredential{
			stored(1, "Google", 2041, true, false), stored(2, "Google", 2041, true, false),
			stored(3, "Github", 2020, true, false), stored(4, "Github", 2020, false, true),
		}
	}
	if oneIn(t, 2, "keys of the service") {
		s.Keys = []store.Key{{
			ID: "aaaaaaaa.x", Prefix: "aaaaaaaa", Hash: "pbkdf2_sha256$1$x$x", Account: 1, Name: "n", ReadScores: true,
			CreatedAt: time.Date(2039, 1, 1, 0, 0, 0, 0, time.UTC), RateLimit: "1/s",
		}}
	}
	if oneIn(t, 3, "groups of the service") {
		s.GroupClaims = groupsOfOthers()
	}
	if oneIn(t, 4, "scores of the service") {
		s.Scores = []store.StoredScore{
			{Score: store.Score{Status: "PROCESSING"}, Community: 1, Address: bob},
			{Score: store.Score{
				Status: store.StatusDone, Value: "0.123456789", Evidence: []byte(`{"type":"other"}`),
				ScoredAt: time.Date(2039, 1, 1, 0, 0, 0, 1000, time.UTC),
			}, Community: 1, Address: carol},
		}
	}
	return s, rows
}
