package memstore_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

const stamps = 20

// fullWallet returns a store in which the address has as many credentials as
// an active user's, each of the size that issuers sign.
func fullWallet(b *testing.B, address string) *memstore.Store {
	mem := newStore(b)
	fill(b, mem, address)
	return mem
}

func fill(b *testing.B, mem *memstore.Store, address string) {
	var wallet []store.NewCredential
	for i := range stamps {
		c := credential(fmt.Sprintf("Provider%02d", i), fmt.Sprintf("v0:%s:%d", address, i))
		c.Stamp = append(c.Stamp[:len(c.Stamp)-1], (`,"proof":"` + strings.Repeat("x", 2000) + `"}`)...)
		wallet = append(wallet, c)
	}
	add(b, mem, address, wallet...)
}

func query(address string) store.Query {
	return store.Query{Community: community, Addresses: []string{address}, Points: &store.PointsQuery{Counted: []string{"MM2"}}}
}

func claiming(snapshot *store.Snapshot) *store.Changes {
	changes := scoring(snapshot)
	w := &changes.Wallets[0]
	for i, stamp := range w.Stamps {
		changes.Claims = append(changes.Claims, store.Claim{
			Nullifier: fmt.Sprintf("v0:%s:%d", w.Address, i), Address: w.Address, ExpiresAt: nextYear(),
		})
		w.Awards = append(w.Awards, store.Award{Action: "HKY", Provider: stamp.Provider})
	}
	return changes
}

func BenchmarkLoad(b *testing.B) {
	mem := fullWallet(b, alice)
	snapshot, err := mem.Load(b.Context(), query(alice))
	require.NoError(b, err)
	apply(b, mem, claiming(snapshot))
	b.ReportAllocs()
	for b.Loop() {
		_, err = mem.Load(b.Context(), query(alice))
	}
	require.NoError(b, err)
}

// BenchmarkApplyUnchanged is a scoring again: a score and one event.
func BenchmarkApplyUnchanged(b *testing.B) {
	mem := fullWallet(b, alice)
	snapshot, err := mem.Load(b.Context(), query(alice))
	require.NoError(b, err)
	changes := claiming(snapshot)
	b.ReportAllocs()
	for b.Loop() {
		_, err = mem.Apply(b.Context(), changes)
	}
	require.NoError(b, err)
}

// BenchmarkApplyFirst writes everything: 20 stamps, claims and points each.
func BenchmarkApplyFirst(b *testing.B) {
	const wallets = 256
	mem := memstore.New()
	changes := make([]*store.Changes, wallets)
	next := wallets
	b.ReportAllocs()
	for b.Loop() {
		if next == wallets {
			b.StopTimer()
			mem, next = newStore(b), 0
			for i := range wallets {
				fill(b, mem, wallet(i))
				snapshot, err := mem.Load(b.Context(), query(wallet(i)))
				require.NoError(b, err)
				changes[i] = claiming(snapshot)
			}
			b.StartTimer()
		}
		_, err := mem.Apply(b.Context(), changes[next])
		require.NoError(b, err)
		next++
	}
}

// BenchmarkPutAddressList replaces all members; each costs the same, however
// many they are.
func BenchmarkPutAddressList(b *testing.B) {
	for _, members := range []int{1000, 32_000} {
		b.Run(strconv.Itoa(members), func(b *testing.B) {
			mem := newStore(b)
			var lists [2][]string
			for i := range members {
				lists[0] = append(lists[0], wallet(i))
				lists[1] = append(lists[1], wallet(members+i))
			}
			require.NoError(b, mem.PutAddressList(b.Context(), "OGs", lists[1]...))
			var err error
			for i := 0; b.Loop(); i++ {
				err = mem.PutAddressList(b.Context(), "OGs", lists[i%2]...)
			}
			require.NoError(b, err)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/member")
		})
	}
}

// BenchmarkValidate is the part of an Apply that is every store's.
func BenchmarkValidate(b *testing.B) {
	snapshot, err := fullWallet(b, alice).Load(b.Context(), query(alice))
	require.NoError(b, err)
	changes := claiming(snapshot)
	b.ReportAllocs()
	for b.Loop() {
		err = changes.Validate()
	}
	require.NoError(b, err)
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		memstore.New()
	}
}
