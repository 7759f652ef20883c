package memstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestLoadOfAnUnknownAddressIsEmpty(t *testing.T) {
	snapshot := load(t, newStore(t), alice)
	assert.Equal(t, noon(), snapshot.At)
	require.Len(t, snapshot.Wallets, 1)
	assert.NotEmpty(t, snapshot.Wallets[0].Version)
	assert.Empty(t, snapshot.Wallets[0].Credentials)
	assert.Nil(t, snapshot.Wallets[0].Score)
	assert.Empty(t, snapshot.Claims)
}

func TestLoadTellsTheMomentInMicroseconds(t *testing.T) {
	at := time.Date(2026, 1, 1, 2, 0, 0, 1999, time.FixedZone("", 3600))
	snapshot, err := newStore(t).Load(t.Context(), store.Query{Community: community, At: at})
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 1, 1, 1, 0, 0, 1000, time.UTC), snapshot.At)
	assert.Nil(t, snapshot.Points, "not asked for")
}

func TestLoadRefuses(t *testing.T) {
	mem := newStore(t)
	read(t, mem, `{"account_community":[{"id":8,"deleted_at":"2026-01-01T00:00:00Z"}]}`)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), noon().AddDate(-10, 0, 0))
	defer cancelLate()
	for _, test := range []struct {
		name string
		ctx  context.Context
		q    store.Query
		want error
	}{
		{"a missing community", t.Context(), store.Query{Community: 99}, store.ErrCommunityNotFound},
		{"a deleted community", t.Context(), store.Query{Community: 8}, store.ErrCommunityNotFound},
		{"a malformed address", t.Context(), store.Query{Community: 7, Addresses: []string{"0x12"}}, store.ErrInvalid},
		{"an address in upper case", t.Context(), store.Query{Community: 7, Addresses: []string{"0X" + alice[2:]}}, store.ErrInvalid},
		{"an address twice", t.Context(), store.Query{Community: 7, Addresses: []string{alice, bob, alice}}, store.ErrInvalid},
		{"a cancelled context", ended, store.Query{Community: 7}, context.Canceled},
		{"a deadline that has passed", late, store.Query{Community: 7}, context.DeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			snapshot, err := mem.Load(test.ctx, test.q)
			require.ErrorIs(t, err, test.want)
			assert.Nil(t, snapshot)
		})
	}
}

func TestTheNewestLiveCredentialOfAProviderIsLoaded(t *testing.T) {
	mem := newStore(t)
	row := func(id, provider, more string) string {
		return `{"id":` + id + `,"address":"` + alice + `","provider":"` + provider + `","type":` + id + more + `}`
	}
	updated := func(day string) string { return `,"updated_at":"2026-01-0` + day + `T00:00:00Z"` }
	read(t, mem, `{"ceramic_cache_ceramiccache":[`+
		row("1", "Google", updated("2"))+","+row("2", "Google", updated("3"))+","+row("3", "Google", updated("3"))+","+
		row("4", "Google", updated("9")+`,"deleted_at":"2026-02-01T00:00:00Z"`)+","+row("5", "Google", updated("9"))+","+
		row("6", "Ens", updated("1"))+","+row("7", "Gitcoin", updated("1"))+`],
		"ceramic_cache_revocation":[{"ceramic_cache_id":5},{"ceramic_cache_id":7}]}`)
	var got []int64
	for _, c := range load(t, mem, alice).Wallets[0].Credentials {
		got = append(got, c.ID)
	}
	assert.Equal(t, []int64{6, 3}, got, "by provider; of equals the highest id")
}

func TestTheVersionStandsForTheCredentials(t *testing.T) {
	mem := newStore(t)
	version := func() string { return load(t, mem, alice).Wallets[0].Version }
	seen := map[string]bool{version(): true}
	changed := func(what string) {
		t.Helper()
		assert.False(t, seen[version()], what)
		seen[version()] = true
	}
	add(t, mem, alice, credential("Google", "g"))
	changed("added")
	add(t, mem, alice, credential("Google", "g"))
	changed("replaced at the same moment")
	add(t, mem, alice, credential("Ens", "e"))
	changed("another added")
	_, err := mem.RevokeCredentials(t.Context(), "proof of Google")
	require.NoError(t, err)
	changed("revoked")
	before := version()
	add(t, mem, bob, credential("Github", "h"))
	apply(t, mem, scoring(load(t, mem, alice)))
	assert.Equal(t, before, version(), "a scoring and other wallets leave it")
}

func TestClaimsAreThoseOnAnyListedNullifier(t *testing.T) {
	mem := newStore(t)
	c := credential("Google", "b", "a", "b", "unclaimed")
	said := func(provider, stamp string) store.NewCredential {
		about := fmt.Sprintf(`{"credentialSubject":{"id":"did:pkh:eip155:1:%s","provider":%q,`, alice, provider)
		return store.NewCredential{Provider: provider, Stamp: []byte(strings.Replace(stamp, `{"credentialSubject":{`, about, 1))}
	}
	odd := said("Odd", `{"credentialSubject":{"nullifiers":["d",1,null,{"x":"e"}],"hash":"c"},"CredentialSubject":{"hash":"e"}}`)
	worse := said("Worse", `{"credentialSubject":{"nullifiers":"e","hash":["e"]}}`)
	none := said("None", `{"credentialSubject":"e","nullifiers":["e"]}`)
	add(t, mem, alice, c, odd, worse, none)
	read(t, mem, `{"registry_hashscorerlink":[
		{"hash":"a","community_id":7,"address":"`+bob+`","expires_at":"2020-01-01T00:00:00Z"},
		{"hash":"a","community_id":8,"address":"`+alice+`"},
		{"hash":"b","community_id":7},{"hash":"c","community_id":7},{"hash":"d","community_id":7},{"hash":"e","community_id":7}]}`)
	claims := load(t, mem, alice, bob).Claims
	var got []string
	for _, claim := range claims {
		got = append(got, claim.Nullifier)
	}
	assert.Equal(t, []string{"a", "b", "c", "d"}, got)
	assert.Equal(t, store.Claim{Nullifier: "a", Address: bob, ExpiresAt: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, claims[0])
}

func TestWeightsComeFromTheScorersTable(t *testing.T) {
	rows := func(scorer string) string {
		return `{"account_community":[{"id":7,"scorer_id":3}],"scorer_weighted_scorer":[` + scorer + `],
			"scorer_weighted_binaryweightedscorer":[{"scorer_ptr_id":4}],"scorer_weighted_weightedscorer":[]}`
	}
	mem := memstore.New()
	read(t, mem, `{"account_community":[{"id":7,"scorer_id":3}],"scorer_weighted_scorer":[{"id":3,"type":"WEIGHTED"}],
		"scorer_weighted_binaryweightedscorer":[{"scorer_ptr_id":3,"weights":{"binary":1}}],
		"scorer_weighted_weightedscorer":[{"scorer_ptr_id":3,"weights":{"plain":1},"threshold":2}]}`)
	c := load(t, mem, alice).Community
	assert.JSONEq(t, `{"plain":1}`, string(c.Weights))
	assert.Equal(t, "2.00000", c.Threshold)

	for name, scorer := range map[string]string{
		"unknown type": `{"id":3,"type":"OTHER"},{"id":4}`, "no weights": `{"id":3,"type":"WEIGHTED_BINARY"},{"id":4}`, "no scorer": `{"id":4}`,
	} {
		read(t, mem, rows(scorer))
		c := load(t, mem, alice).Community
		assert.Nil(t, c.Weights, name)
		assert.Empty(t, c.Threshold, name)
	}
}

func TestPointsAreLoadedOnRequest(t *testing.T) {
	mem := newStore(t)
	require.NoError(t, mem.PutAddressList(t.Context(), "OGs", alice))
	require.NoError(t, mem.PutAddressList(t.Context(), "unasked", alice))
	read(t, mem, `{
		"registry_humanpoints":[{"address":"`+alice+`","action":"HIM","chain_id":10,"tx_hash":"0x1"},{"address":"x","action":"MM2"},{"address":"y","action":"MM2"}],
		"registry_humanpointscommunityqualifiedusers":[{"address":"`+alice+`","community_id":9},{"address":"`+alice+`","community_id":2}],
		"registry_humanpointsconfig":[{"action":"SCB","points":1}]}`)
	points := load(t, mem, alice, bob).Points
	assert.Equal(t, []store.PointsHistory{{
		Awards: []store.Award{{Action: "HIM", ChainID: 10, TxHash: "0x1"}}, Communities: []int64{2, 9}, Lists: []string{"OGs"},
	}, {}}, points.Wallets)
	assert.Equal(t, map[string]int{"MM2": 2}, points.Given)
	assert.Equal(t, 100, points.Values["HKY"])
	assert.NotContains(t, points.Values, "SCB", "not active")
}
