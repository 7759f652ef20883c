package memstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// knowing asks for Alice's wallet, which the caller knows at that version.
func knowing(version string, nullifiers ...string) store.Query {
	return store.Query{
		Community: community, Addresses: []store.Address{alice},
		Known: map[store.Address]store.Known{alice: {Version: version, Nullifiers: nullifiers}},
	}
}

// A wallet that has not changed costs its version and the named claims.
func TestStore_Load_Known(t *testing.T) {
	mem := newStore(t)
	load := func(of *memstore.Store, q store.Query) *store.Snapshot {
		snapshot, err := of.Load(t.Context(), q)
		require.NoError(t, err)
		return snapshot
	}
	require.NoError(t, mem.AddCredentials(t.Context(), alice, credential("Google", "g"), credential("Github", "h")))
	first := load(mem, knowing("none"))
	version := first.Wallets[0].Version
	assert.False(t, first.Wallets[0].Unchanged)
	assert.Len(t, first.Wallets[0].Credentials, 2)

	changes, holder := scoring(first), store.Holder{Address: alice, ExpiresAt: noon()}
	for _, nullifier := range []string{"g", "h", "x"} {
		changes.Claims = append(changes.Claims, store.ClaimSwap{Nullifier: nullifier, To: holder})
	}
	receipt, err := mem.Apply(t.Context(), changes)
	require.NoError(t, err)
	assert.Empty(t, receipt.Wallets[0].Version, "that of the snapshot holds")
	want := []store.Wallet{{Address: alice, Version: version, Unchanged: true}}
	again := load(mem, knowing(version, "x", "g", "x", "free"))
	assert.Equal(t, want, again.Wallets)
	assert.Equal(t, []store.Claim{{Nullifier: "x", Holder: holder}, {Nullifier: "g", Holder: holder}}, again.Claims)

	// A version is a hash of the credentials, so it holds wherever they are.
	other := memstore.New()
	require.NoError(t, other.SetState(mem.State()))
	assert.Equal(t, want, load(other, knowing(version)).Wallets)

	revoked, err := mem.RevokeCredentials(t.Context(), "proof of Github")
	require.NoError(t, err)
	require.Equal(t, 1, revoked)
	changed := load(mem, knowing(version, "h", "x"))
	assert.False(t, changed.Wallets[0].Unchanged)
	assert.Len(t, changed.Wallets[0].Credentials, 1)
	assert.Equal(t, []store.Claim{{Nullifier: "g", Holder: holder}}, changed.Claims)
	assert.Equal(t, want, load(other, knowing(version)).Wallets)
}

// Under the bounds of a wallet, a document that is read or not is a change.
func TestStore_Load_KnownBounds(t *testing.T) {
	mem := memstore.New(memstore.WithClock(noon))
	state := newStore(t).State()
	for i := range int64(store.MaxCredentials + 1) {
		c := store.StoredCredential{Address: alice}
		c.ID, c.Provider, c.Document = i+1, fmt.Sprint("p", i), []byte(`{}`)
		state.Credentials = append(state.Credentials, c)
	}
	last := &state.Credentials[store.MaxCredentials]
	last.Revoked = true
	require.NoError(t, mem.SetState(state))
	snapshot, err := mem.Load(t.Context(), knowing("none"))
	require.NoError(t, err)
	require.Len(t, snapshot.Wallets[0].Credentials, store.MaxCredentials)

	last.Deleted = true // so that the first one is within the bounds
	require.NoError(t, mem.SetState(state))
	changed, err := mem.Load(t.Context(), knowing(snapshot.Wallets[0].Version))
	require.NoError(t, err)
	assert.False(t, changed.Wallets[0].Unchanged)
}
