package memstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const credentials = "ceramic_cache_ceramiccache"

func TestAddedCredentialsAreTheServicesRows(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google", "g"), store.NewCredential{Provider: "Ens", Stamp: []byte(`{}`)})
	assert.Equal(t, []string{
		"1 " + alice + " Google 2026-06-01T12:00:00.123456+00:00 2026-06-01T12:00:00.123456+00:00 1 <nil> pending  2027-06-01T12:00:00.123456+00:00 2026-06-01T12:00:00.123456+00:00 proof of Google",
		"2 " + alice + " Ens 2026-06-01T12:00:00.123456+00:00 2026-06-01T12:00:00.123456+00:00 1 <nil> pending  <nil> <nil> ",
	}, table(t, mem, credentials, "id", "address", "provider", "created_at", "updated_at", "type", "deleted_at",
		"compose_db_save_status", "compose_db_stream_id", "expiration_date", "issuance_date", "proof_value"))
}

func TestAddingReplacesWhatTheProviderHad(t *testing.T) {
	mem := newStore(t)
	read(t, mem, `{"`+credentials+`":[{"address":"`+alice+`","provider":"Google","type":2}]}`)
	for range 3 { // at the same moment
		add(t, mem, alice, credential("Google", "g"))
	}
	add(t, mem, alice, credential("Ens", "e"))
	add(t, mem, bob, credential("Google", "h"))
	assert.Equal(t, []string{
		"1 2 Google <nil> 2026-06-01T12:00:00.123456+00:00",
		"2 1 Google 2026-06-01T12:00:00.123456+00:00 2026-06-01T12:00:00.123456+00:00",
		"3 1 Google 2026-06-01T12:00:00.123457+00:00 2026-06-01T12:00:00.123457+00:00",
		"4 1 Google <nil> 2026-06-01T12:00:00.123456+00:00",
		"5 1 Ens <nil> 2026-06-01T12:00:00.123456+00:00",
		"6 1 Google <nil> 2026-06-01T12:00:00.123456+00:00",
	}, table(t, mem, credentials, "id", "type", "provider", "deleted_at", "updated_at"))
}

func TestDeletingIsSoftAndCounts(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google"), credential("Ens"), credential("Github"))
	add(t, mem, bob, credential("Google"))
	remove := func(providers ...string) int {
		n, err := mem.DeleteCredentials(t.Context(), alice, providers...)
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, 2, remove("Google", "Ens", "Google", "Unknown"))
	assert.Equal(t, 0, remove("Google", "Ens"))
	assert.Equal(t, 0, remove())
	assert.Len(t, table(t, mem, credentials), 4)
	assert.Len(t, load(t, mem, alice).Wallets[0].Credentials, 1)
	assert.Len(t, load(t, mem, bob).Wallets[0].Credentials, 1)
}

func TestRevokingReachesEveryRowWithTheProof(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google"))
	add(t, mem, alice, credential("Google"), credential("Ens"))
	add(t, mem, bob, credential("Google"))
	revoke := func(values ...string) int {
		n, err := mem.RevokeCredentials(t.Context(), values...)
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, 3, revoke("proof of Google", "proof of Google", "unknown"), "deleted rows too")
	assert.Equal(t, 0, revoke("proof of Google"))
	assert.Equal(t, []string{"1 proof of Google 1 <nil>", "2 proof of Google 2 <nil>", "3 proof of Google 4 <nil>"},
		table(t, mem, "ceramic_cache_revocation", "id", "proof_value", "ceramic_cache_id", "revocation_list_id"))
	assert.Len(t, load(t, mem, alice).Wallets[0].Credentials, 1)
	assert.Empty(t, load(t, mem, bob).Wallets[0].Credentials)
}

func TestRevocationsAreInTheOrderOfTheCredentials(t *testing.T) {
	mem := newStore(t)
	for _, address := range []string{alice, bob, wallet(1)} {
		add(t, mem, address, credential("Google"), credential("Ens"))
	}
	_, err := mem.DeleteCredentials(t.Context(), alice, "Google", "Ens") // these rows are stored anew
	require.NoError(t, err)
	_, err = mem.RevokeCredentials(t.Context(), "proof of Ens", "proof of Google")
	require.NoError(t, err)
	assert.Equal(t, []string{"1 1", "2 2", "3 3", "4 4", "5 5", "6 6"},
		table(t, mem, "ceramic_cache_revocation", "id", "ceramic_cache_id"))
}

func TestBadCredentialsAreRefusedAltogether(t *testing.T) {
	with := func(change func(c *store.NewCredential)) store.NewCredential {
		c := credential("Ens")
		change(&c)
		return c
	}
	for _, test := range []struct {
		name, address string
		bad           store.NewCredential
		want          string
	}{
		{"malformed address", "0x12", credential("Ens"), "0x12"},
		{"address in mixed case", strings.ToUpper(alice), credential("Ens"), "lower-case"},
		{"provider twice", alice, credential("Google"), `provider "Google" is given twice`},
		{"no provider", alice, credential(""), "the provider of a credential is empty"},
		{"overlong provider", alice, credential(strings.Repeat("é", 257)), "the provider of a credential has 257 characters"},
		{"NUL in the provider", alice, credential("a\x00"), "NUL"},
		{"invalid UTF-8 in the provider", alice, credential("a\xff"), "UTF-8"},
		{"overlong proof", alice, with(func(c *store.NewCredential) { c.ProofValue = strings.Repeat("p", 257) }), "the proof value"},
		{"no stamp", alice, with(func(c *store.NewCredential) { c.Stamp = nil }), "not a JSON object"},
		{"a stamp that is no object", alice, with(func(c *store.NewCredential) { c.Stamp = []byte("[1]") }), "not a JSON object"},
		{"a stamp and more", alice, with(func(c *store.NewCredential) { c.Stamp = []byte("{} {}") }), "not a JSON object"},
		{"NUL in the stamp", alice, with(func(c *store.NewCredential) { c.Stamp = []byte(`{"a":"\u0000"}`) }), "NUL"},
		{"invalid UTF-8 in the stamp", alice, with(func(c *store.NewCredential) { c.Stamp = []byte("{\"a\":\"\xff\"}") }), "UTF-8"},
		{"a bottomless stamp", alice, with(func(c *store.NewCredential) { c.Stamp = []byte(strings.Repeat(`{"a":`, 100_000)) }), "not a JSON object"},
		{"a date beyond all years", alice, with(func(c *store.NewCredential) { c.ExpiresAt = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }), "expiration date of a credential is in the year 10000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mem := newStore(t)
			add(t, mem, alice, credential("Google"))
			before := dump(t, mem)
			err := mem.AddCredentials(t.Context(), test.address, credential("Google"), test.bad)
			require.ErrorIs(t, err, store.ErrInvalid)
			require.ErrorContains(t, err, test.want)
			assert.Less(t, len(err.Error()), 500)
			assert.Equal(t, before, dump(t, mem))
		})
	}
}

func TestNothingIsWrittenOnceTheContextEnded(t *testing.T) {
	mem := newStore(t)
	add(t, mem, alice, credential("Google"))
	changes := scoring(load(t, mem, alice))
	before := dump(t, mem)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, apply := mem.Apply(ctx, changes)
	_, deletion := mem.DeleteCredentials(ctx, alice, "Google")
	_, revocation := mem.RevokeCredentials(ctx, "proof of Google")
	for what, err := range map[string]error{
		"apply": apply, "delete": deletion, "revoke": revocation,
		"add": mem.AddCredentials(ctx, alice, credential("Ens")),
	} {
		require.ErrorIs(t, err, context.Canceled, what)
	}
	assert.Equal(t, before, dump(t, mem))
}

func TestRolesRefuseMalformedArguments(t *testing.T) {
	mem := newStore(t)
	_, deletion := mem.DeleteCredentials(t.Context(), "0x", "Google")
	_, revocation := mem.RevokeCredentials(t.Context(), "a", "")
	for what, err := range map[string]error{
		"address to delete": deletion,
		"empty proof":       revocation,
	} {
		require.ErrorIs(t, err, store.ErrInvalid, what)
	}
}
