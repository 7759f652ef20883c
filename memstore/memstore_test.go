package memstore_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

const (
	alice store.Address = "0x4902f60229f5138a92daec0bf6afa7b0424c451d"

	community = 7
)

func noon() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 123456000, time.UTC) }

// newStore returns a store at noon with one community.
func newStore(t testing.TB, options ...memstore.Option) *memstore.Store {
	t.Helper()
	mem := memstore.New(append([]memstore.Option{memstore.WithClock(noon)}, options...)...)
	require.NoError(t, mem.PutCommunity(t.Context(), store.Community{
		ID: community, Name: "Tea", HumanPoints: true, Weights: []byte(`{"Google":"1.5","Github":2}`), Threshold: "3",
	}))
	return mem
}

func credential(provider string, nullifiers ...string) store.CredentialInput {
	document, err := json.Marshal(map[string]any{"credentialSubject": map[string]any{
		"id": alice.DID(), "provider": provider, "nullifiers": nullifiers,
	}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return store.CredentialInput{Provider: provider, Document: document, ProofValue: "proof of " + provider}
}

// scoring returns the changes of a scoring by which all credentials count.
func scoring(snapshot *store.Snapshot) *store.Changes {
	changes := &store.Changes{Community: snapshot.Community.ID, At: snapshot.At}
	for _, wallet := range snapshot.Wallets {
		w := store.WalletChanges{Address: wallet.Address, Version: wallet.Version, Score: store.Score{
			Status: store.StatusDone, Value: "1", ScoredAt: snapshot.At,
			Evidence: []byte(`{}`), StampScores: []byte(`{"Google":1.5}`), Stamps: []byte(`{}`),
		}}
		for _, c := range wallet.Credentials {
			w.Counted = append(w.Counted, c.ID)
		}
		changes.Wallets = append(changes.Wallets, w)
	}
	return changes
}

func equalStates(t testing.TB, want, got store.State) {
	t.Helper()
	assert.Empty(t, storetest.Compare(want, got))
}

func TestNew(t *testing.T) {
	equalStates(t, store.State{PointValues: store.InitialPointValues()}, memstore.New(nil, memstore.WithClock(nil)).State())
}

func TestWithClock(t *testing.T) {
	now := noon()
	mem := newStore(t, memstore.WithClock(func() time.Time { return now.In(time.FixedZone("east", 3600)).Add(999) }))
	require.NoError(t, mem.AddCredentials(t.Context(), alice, credential("Google")))
	snapshot, err := mem.Load(t.Context(), store.Query{Community: community, Addresses: []store.Address{alice}})
	require.NoError(t, err)
	assert.Equal(t, now, snapshot.At)
	assert.Equal(t, now, snapshot.Wallets[0].Credentials[0].UpdatedAt)
	_, err = mem.Apply(t.Context(), scoring(snapshot))
	require.NoError(t, err)
	now = now.Add(time.Hour)
	last, err := mem.LastScore(t.Context(), community, alice)
	require.NoError(t, err)
	assert.Equal(t, now, last.ReadAt)
	require.NoError(t, mem.AddKey(t.Context(), store.Key{ID: "id", Prefix: "prefix", SHA256: "hash", Account: 1}))
	key, err := mem.FindKey(t.Context(), "prefix")
	require.NoError(t, err)
	assert.Equal(t, now, key.CreatedAt)
}

func TestWithClock_OutOfRange(t *testing.T) {
	now := noon()
	mem := newStore(t, memstore.WithClock(func() time.Time { return now }))
	snapshot, err := mem.Load(t.Context(), store.Query{Community: community, Addresses: []store.Address{alice}})
	require.NoError(t, err)
	_, err = mem.Apply(t.Context(), scoring(snapshot))
	require.NoError(t, err)
	before := mem.State()
	for _, now = range []time.Time{{}, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		_, load := mem.Load(t.Context(), store.Query{Community: community})
		_, last := mem.LastScore(t.Context(), community, alice)
		for name, err := range map[string]error{
			"Load":           load,
			"LastScore":      last,
			"AddCredentials": mem.AddCredentials(t.Context(), alice, credential("Google")),
			"PutAddressList": mem.PutAddressList(t.Context(), "og", alice),
		} {
			require.ErrorIs(t, err, store.ErrInternal, name)
			assert.ErrorContains(t, err, "the clock returned")
		}
	}
	equalStates(t, before, mem.State())
}

func TestStore_Errors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, canceled := memstore.New().Load(ended, store.Query{Community: community})
	_, missing := memstore.New().Load(t.Context(), store.Query{Community: community})
	for want, err := range map[string]error{
		"load_snapshot: context canceled":        canceled,
		"load_snapshot: community not found: th": missing,
		"put_account: invalid request: the name": func() error { _, err := memstore.New().PutAccount(t.Context(), ""); return err }(),
	} {
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
	}
}
