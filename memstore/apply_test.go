package memstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestApplyWritesEveryRowOfAScoring(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google", "g1", "g2"))
	changes := scoring(load(t, mem, alice))
	changes.Claims = []store.Claim{{Nullifier: "g1", Address: alice, ExpiresAt: nextYear()}}
	w := &changes.Wallets[0]
	w.Events = []store.Event{{Action: "LDP", Address: alice, Data: []byte(`{"provider": "Ens"}`)}}
	w.Qualified = true
	w.Awards = []store.Award{{Action: "HKY", Provider: "Google", TxHash: "g2"}}

	receipt := apply(t, mem, changes)

	assert.Equal(t, []store.WalletReceipt{{PassportID: 1, ScoreID: 1, Awards: w.Awards}}, receipt.Wallets)
	assert.Equal(t, []string{"1 7 " + alice + " false"},
		table(t, mem, "registry_passport", "id", "community_id", "address", "requires_calculation"))
	assert.Equal(t, []string{"1 1.000000000 <nil> 2026-06-01T12:00:00.123456+00:00 DONE map[success:true type:ThresholdScoreCheck] map[Google:1.5] 2027-06-01T12:00:00.123456+00:00 map[]"},
		table(t, mem, "registry_score", "passport_id", "score", "error", "last_score_timestamp", "status", "evidence", "stamp_scores", "expiration_date", "stamps"))
	assert.Equal(t, []string{"1 Google map[credentialSubject:map[id:did:pkh:eip155:1:" + alice + " nullifiers:[g1 g2] provider:Google]]"},
		table(t, mem, "registry_stamp", "passport_id", "provider", "credential"))
	assert.Equal(t, []string{"g1 7 " + alice + " 2027-06-01T12:00:00.123456+00:00"},
		table(t, mem, "registry_hashscorerlink", "hash", "community_id", "address", "expires_at"))
	assert.Equal(t, []string{
		"1 LDP " + alice + " 7 2026-06-01T12:00:00.123456+00:00 map[provider:Ens]",
		"2 SCU " + alice + " 7 2026-06-01T12:00:00.123456+00:00 map[fields:map[error:<nil> evidence:map[success:true type:ThresholdScoreCheck]" +
			" expiration_date:2027-06-01T12:00:00.123456+00:00 last_score_timestamp:2026-06-01T12:00:00.123456+00:00 passport:1 score:1" +
			" stamp_scores:map[Google:1.5] stamps:map[] status:DONE] model:registry.score pk:1]",
	}, table(t, mem, "registry_event", "id", "action", "address", "community_id", "created_at", "data"))
	assert.Equal(t, []string{alice + " 7"}, table(t, mem, "registry_humanpointscommunityqualifiedusers", "address", "community_id"))
	assert.Equal(t, []string{alice + " HKY 2026-06-01T12:00:00.123456+00:00 g2 0 Google"},
		table(t, mem, "registry_humanpoints", "address", "action", "timestamp", "tx_hash", "chain_id", "provider"))

	score := load(t, mem, alice).Wallets[0].Score
	require.NotNil(t, score)
	assert.Equal(t, w.Score, *score, "the score reads back as it was written")
}

func TestApplyAgainChangesNothingButAnEvent(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google", "g"), credential("Github", "h"))
	changes := scoring(load(t, mem, alice))
	changes.Claims = []store.Claim{{Nullifier: "g", Address: alice, ExpiresAt: nextYear()}}
	changes.Wallets[0].Qualified = true
	changes.Wallets[0].Awards = []store.Award{{Action: "HKY", Provider: "Google", TxHash: "g"}}
	apply(t, mem, changes)
	before := dump(t, mem)

	changes.Wallets[0].Awards[0].TxHash = "rotated"
	receipt := apply(t, mem, changes)

	assert.Empty(t, receipt.Wallets[0].Awards)
	var added []string
	for line := range strings.Lines(dump(t, mem)) {
		if !strings.Contains(before, strings.TrimRight(line, ",]\n")) {
			added = append(added, line)
		}
	}
	require.Len(t, added, 1)
	assert.Contains(t, added[0], `"action":"SCU"`)
}

func TestStampsBecomeExactlyThoseThatCount(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google", "g"), credential("Github", "h"))
	changes := scoring(load(t, mem, alice))
	apply(t, mem, changes)
	w := &changes.Wallets[0]

	w.Stamps = []store.Stamp{
		{Provider: "Google", Credential: []byte(`{ "credentialSubject": {"provider":"Google", "nullifiers":["g"], "id":"did:pkh:eip155:1:` + alice + `"} }`)},
		{Provider: "Ens", Credential: []byte(`{"a":1}`)},
		{Provider: "Ens", Credential: []byte(`{"a":1}`)},
	}
	apply(t, mem, changes)
	assert.Equal(t, []string{"2 Google", "3 Ens", "4 Ens"}, table(t, mem, "registry_stamp", "id", "provider"),
		"equal JSON stays, others go and come")

	w.Stamps = w.Stamps[1:2]
	apply(t, mem, changes)
	assert.Equal(t, []string{"3 Ens"}, table(t, mem, "registry_stamp", "id", "provider"))

	w.Stamps = nil
	apply(t, mem, changes)
	assert.Empty(t, table(t, mem, "registry_stamp", "id"))
}

func TestAFailedScoringStandsAlone(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google", "g"))
	changes := scoring(load(t, mem, alice))
	apply(t, mem, changes)
	w := &changes.Wallets[0]
	w.Stamps, w.Score = nil, store.Score{Status: store.StatusError, Error: "bad weights"}

	apply(t, mem, changes)

	assert.Equal(t, []string{"1 <nil> bad weights <nil> ERROR <nil> <nil> <nil> <nil>"}, table(t, mem, "registry_score",
		"id", "score", "error", "last_score_timestamp", "status", "evidence", "stamp_scores", "expiration_date", "stamps"))
	assert.Len(t, table(t, mem, "registry_stamp"), 1)
	assert.Len(t, table(t, mem, "registry_event"), 1)
	assert.Equal(t, w.Score, *load(t, mem, alice).Wallets[0].Score)
}

func TestClaimsAreTakenWhenFreeOwnOrExpired(t *testing.T) {
	claim := func(address string, until time.Time) string {
		return `{"registry_hashscorerlink":[{"id":5,"hash":"n","community_id":7,"address":"` + address + `","expires_at":"` + store.FormatTime(until) + `"}]}`
	}
	taken := "5 n " + alice + " " + store.FormatTime(nextYear())
	for _, test := range []struct {
		name, rows, want string
		conflict         bool
	}{
		{"free", `{}`, "1 n " + alice + " " + store.FormatTime(nextYear()), false},
		{"own", claim(alice, nextYear().AddDate(0, -1, 0)), taken, false},
		{"own, longer by a microsecond", claim(alice, nextYear().Add(time.Microsecond)), "", true},
		{"own and expired", claim(alice, noon()), taken, false},
		{"another's, expired this microsecond", claim(bob, noon()), taken, false},
		{"another's, live for a microsecond", claim(bob, noon().Add(time.Microsecond)), "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			mem := newStore(t)
			read(t, mem, test.rows)
			before := dump(t, mem)
			changes := scoring(load(t, mem, alice))
			changes.Claims = []store.Claim{{Nullifier: "n", Address: alice, ExpiresAt: nextYear()}}
			_, err := mem.Apply(t.Context(), changes)
			if test.conflict {
				require.ErrorIs(t, err, store.ErrConflict)
				assert.True(t, store.Retryable(err))
				assert.Equal(t, before, dump(t, mem), "nothing is written")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []string{test.want}, table(t, mem, "registry_hashscorerlink", "id", "hash", "address", "expires_at"))
		})
	}
}

func TestApplyRefusesWithoutWriting(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(c *store.Changes)
		want  error
	}{
		{"a claim of another that is gone", func(c *store.Changes) {
			c.Held = []store.Claim{{Nullifier: "gone", Address: bob, ExpiresAt: nextYear()}}
		}, store.ErrConflict},
		{"a claim of another that changed hands", func(c *store.Changes) {
			c.Held = []store.Claim{{Nullifier: "alices", Address: bob, ExpiresAt: nextYear()}}
		}, store.ErrConflict},
		{"credentials that have changed", func(c *store.Changes) { c.Wallets[1].Version = "older" }, store.ErrConflict},
		{"a missing community", func(c *store.Changes) { c.Community = 99 }, store.ErrCommunityNotFound},
		{"a deleted community", func(c *store.Changes) { c.Community = 8 }, store.ErrCommunityNotFound},
		{"an invalid change set", func(c *store.Changes) { c.Wallets[1].Address = "0xABC" }, store.ErrInvalid},
		{"a moment beyond all years", func(c *store.Changes) { c.At = c.At.AddDate(9000, 0, 0) }, store.ErrInvalid},
		{"half a surrogate pair in an event", func(c *store.Changes) {
			c.Wallets[1].Events = []store.Event{{Action: "LDP", Address: bob, Data: []byte(`{"a":"\udc00"}`)}}
		}, store.ErrInvalid},
		{"half a surrogate pair", func(c *store.Changes) {
			c.Wallets[1].Stamps = []store.Stamp{{Provider: "x", Credential: []byte(`{"a":"\ud800"}`)}}
		}, store.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			mem := newStore(t)
			add(t, mem, bob, credential("Google", "g"))
			first := scoring(load(t, mem, alice))
			first.Claims = []store.Claim{{Nullifier: "alices", Address: alice, ExpiresAt: nextYear()}}
			apply(t, mem, first)
			changes := scoring(load(t, mem, alice, bob))
			changes.Claims = []store.Claim{{Nullifier: "new", Address: alice, ExpiresAt: nextYear()}}
			test.spoil(changes)
			before := dump(t, mem)
			_, err := mem.Apply(t.Context(), changes)
			require.ErrorIs(t, err, test.want)
			assert.Equal(t, before, dump(t, mem))
		})
	}
}

func TestApplyRefusesNothingAtAll(t *testing.T) {
	_, err := newStore(t).Apply(t.Context(), nil)
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestAHeldClaimStandsWhileItsHolderDoes(t *testing.T) {
	mem := newStore(t)
	first := scoring(load(t, mem, bob))
	first.Claims = []store.Claim{{Nullifier: "n", Address: bob, ExpiresAt: nextYear()}}
	apply(t, mem, first)
	changes := scoring(load(t, mem, alice))
	changes.Held = []store.Claim{{Nullifier: "n", Address: bob, ExpiresAt: noon()}}
	apply(t, mem, changes)
	assert.Equal(t, []string{"n " + bob + " " + store.FormatTime(nextYear())},
		table(t, mem, "registry_hashscorerlink", "hash", "address", "expires_at"))
}

func TestAwardsHaveTheirConditions(t *testing.T) {
	mem := newStore(t)
	read(t, mem, `{"registry_humanpoints":[{"address":"x","action":"MM2"}],
		"registry_humanpointscommunityqualifiedusers":[{"address":"`+alice+`","community_id":1},{"address":"`+alice+`","community_id":2}]}`)
	award := func(address string, awards ...store.Award) []store.Award {
		changes := scoring(load(t, mem, address))
		changes.Wallets[0].Qualified = true
		changes.Wallets[0].Awards = awards
		return apply(t, mem, changes).Wallets[0].Awards
	}
	last, bonus := store.Award{Action: "MM2", Limit: 2}, store.Award{Action: "SCB", Communities: 3}

	assert.Equal(t, []store.Award{last, bonus}, award(alice, last, bonus), "the last one left, and the third community")
	assert.Empty(t, award(bob, last, bonus), "the limit is reached, and one community is too few")
	assert.Empty(t, award(alice, store.Award{Action: "MM2", TxHash: "other"}), "once for an action and provider, whatever the hash")
	assert.Len(t, award(alice, store.Award{Action: "MM2", Provider: "other"}), 1)
}

func TestOfEqualStampsTheFirstStay(t *testing.T) {
	mem := newStore(t)
	ens := `"passport_id":1,"provider":"Ens","credential":{"a":1}`
	read(t, mem, `{"registry_passport":[{"address":"`+alice+`","community_id":7}],
		"registry_stamp":[{"passport_id":1,"provider":"Google"},{`+ens+`},{`+ens+`}]}`)
	stamp := store.Stamp{Provider: "Ens", Credential: []byte(`{"a":1}`)}
	for _, test := range []struct {
		counts []store.Stamp
		want   []string
	}{
		{[]store.Stamp{stamp, stamp}, []string{"2", "3"}},
		{[]store.Stamp{stamp}, []string{"2"}},
	} {
		changes := scoring(load(t, mem, alice))
		changes.Wallets[0].Stamps = test.counts
		apply(t, mem, changes)
		assert.Equal(t, test.want, table(t, mem, "registry_stamp", "id"))
	}
}
