package equivalence

import (
	"encoding/json"
	"flag"
	"maps"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(1000) // much is made, little is kept
	pgtest.Main(m)
}

func TestNobodyCanTellMemstoreAndPgstoreApart(t *testing.T) {
	ends := compareStores(t, openDatabase(t), func(mem roles) roles { return mem })
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
	for _, kind := range []string{"ErrInvalid", "ErrConflict", "ErrNotFound", "ErrCommunityNotFound", "ErrNeverScored", "ErrInvalidAddress"} {
		assert.True(t, kinds[kind], "nothing ever failed with %s", kind)
	}
}

// compareStores plays sequences on memstore, or what is made of it, and on
// pgstore, and tells how often each operation ended how.
func compareStores(t rapid.TB, on *database, made func(mem roles) roles) tally {
	ends := tally{}
	own := time.Now().Add(-time.Hour) // the database's clock is another
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{ctx: t.Context(), clock: passporttest.NewClock(begin), own: own, tally: ends}
		document, err := json.Marshal(drawRows(t))
		require.NoError(t, err)
		m.sides, err = newSides(m.ctx, on, document, made, options(m.clock.Now))
		require.NoError(t, err)
		m.rows(t, "begin", [2]error{})
		t.Repeat(m.actions())
		m.rows(t, "end", [2]error{}) // what only reads has changed nothing
	})
	return ends
}

// drawRows draws what the service may have left in the tables: communities, and
// what no operation of ours makes.
func drawRows(t *rapid.T) map[string][]row {
	rows := map[string][]row{
		"auth_user":              {{"id": 1, "username": "ann"}},
		"account_account":        {{"id": 1, "address": alice, "user_id": 1}},
		"scorer_weighted_scorer": {{"id": 1, "type": "WEIGHTED_BINARY"}, {"id": 2, "type": "WEIGHTED"}},
		"scorer_weighted_binaryweightedscorer": {
			{"scorer_ptr_id": 1, "threshold": "1.50000", "weights": row{"Google": "1.5", "Github": 2, "SelfStakingGold": "0.25"}},
		},
		"scorer_weighted_weightedscorer": {{"scorer_ptr_id": 2, "threshold": 0, "weights": row{"Google": 0.25}}},
		"account_community": {
			{"id": 1, "name": "One", "description": "d", "account_id": 1, "scorer_id": 1, "rule": "LIFO", "human_points_program": true},
			{"id": 2, "name": "Two", "description": "d", "account_id": 1, "scorer_id": 2, "rule": "LIFO", "human_points_program": true},
		},
	}
	if oneIn(t, 3, "points of the service") {
		rows["registry_humanpoints"] = []row{
			{"id": 1, "address": alice, "action": "HIM", "chain_id": 10, "tx_hash": "0x1"},
			{"id": 2, "address": alice, "action": "PMT", "chain_id": 10, "tx_hash": "0x1"},
			{"id": 3, "address": alice, "action": "PMT", "chain_id": 137, "tx_hash": "0x2"},
			{"id": 4, "address": bob, "action": "HKY", "provider": "Google", "tx_hash": "v0:a"},
		}
		rows["registry_humanpointsmultiplier"] = []row{{"address": alice, "multiplier": 2}}
		rows["registry_humanpointsconfig"] = []row{{"id": 100, "action": "MM2", "points": 50, "active": true}, {"id": 101, "action": "HKY", "points": 7, "active": false}}
	}
	if oneIn(t, 3, "credentials of other types") {
		filed := func(id, kind int, provider, updated string, more row) row {
			r := row{
				"id": id, "type": kind, "address": alice, "provider": provider, "proof_value": "0x01", "updated_at": updated,
				"stamp": json.RawMessage(stamp(t, alice, provider, "0x01", begin.AddDate(1, 0, 0))),
			}
			maps.Copy(r, more)
			return r
		}
		rows["ceramic_cache_ceramiccache"] = []row{
			filed(1, 2, "Google", "2041-01-01T00:00:00Z", nil),
			filed(2, 3, "Google", "2041-01-01T00:00:00Z", nil),
			filed(3, 2, "Github", "2020-01-01T00:00:00Z", nil),
			filed(4, 1, "Github", "2020-01-01T00:00:00Z", row{"deleted_at": "2020-01-01T00:00:00Z"}),
		}
	}
	if oneIn(t, 2, "keys of the service") {
		rows["account_accountapikey"] = []row{{
			"id": "aaaaaaaa.x", "prefix": "aaaaaaaa", "hashed_key": "pbkdf2_sha256$1$x$x", "account_id": 1, "name": "n", "read_scores": true,
			"analysis_rate_limit": "1/s", "created": "2039-01-01T00:00:00Z", "rate_limit": "1/s",
		}}
	}
	if oneIn(t, 4, "scores of the service") {
		rows["registry_passport"] = []row{{"id": 1, "address": bob, "community_id": 1}, {"id": 2, "address": carol, "community_id": 1}}
		rows["registry_score"] = []row{
			{"id": 1, "passport_id": 1, "status": "PROCESSING"},
			{"id": 2, "passport_id": 2, "status": "DONE", "score": "0.123456789", "evidence": row{"type": "other"}, "last_score_timestamp": "2039-01-01T00:00:00.000001Z"},
		}
	}
	return rows
}
