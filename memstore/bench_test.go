package memstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// fullWallet returns a store in which Alice has as many credentials as an
// active user, each of the size that issuers sign, and the changes of their
// scoring.
func fullWallet(b *testing.B) (*memstore.Store, store.Query, *store.Changes) {
	b.Helper()
	mem := newStore(b)
	var inputs []store.CredentialInput
	for i := range 20 {
		c := credential(fmt.Sprintf("Provider%02d", i), fmt.Sprint("v1:", i))
		c.Document = append(c.Document[:len(c.Document)-1], `,"proof":"`+strings.Repeat("x", 2000)+`"}`...)
		inputs = append(inputs, c)
	}
	require.NoError(b, mem.AddCredentials(b.Context(), alice, inputs...))
	query := store.Query{Community: community, Addresses: []store.Address{alice}, Points: &store.PointsQuery{Counted: []string{"MM2"}}}
	snapshot, err := mem.Load(b.Context(), query)
	require.NoError(b, err)
	changes := scoring(snapshot)
	for i := range inputs {
		holder := store.Holder{Address: alice, ExpiresAt: noon().AddDate(1, 0, 0)}
		changes.Claims = append(changes.Claims, store.ClaimSwap{Nullifier: fmt.Sprint("v1:", i), To: holder})
	}
	return mem, query, changes
}

func BenchmarkStore_Load(b *testing.B) {
	mem, query, changes := fullWallet(b)
	_, err := mem.Apply(b.Context(), changes)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err = mem.Load(b.Context(), query)
	}
	require.NoError(b, err)
}

func BenchmarkStore_Apply(b *testing.B) {
	mem, _, changes := fullWallet(b)
	var err error
	b.ReportAllocs()
	for b.Loop() {
		_, err = mem.Apply(b.Context(), changes)
	}
	require.NoError(b, err)
}
