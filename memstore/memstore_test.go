package memstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

const (
	alice = "0x4902f60229f5138a92daec0bf6afa7b0424c451d"
	bob   = "0x8b855c3729b40a27cef467f2f68eacf08a403782"

	community = 7
)

// noon is the moment of every test.
func noon() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 123456000, time.UTC) }

func nextYear() time.Time { return noon().AddDate(1, 0, 0) }

// newStore returns a store at noon with one community.
func newStore(t testing.TB) *memstore.Store {
	t.Helper()
	mem := memstore.New(memstore.WithClock(noon))
	require.NoError(t, mem.PutCommunity(t.Context(), store.Community{
		ID: community, Name: "Tea", HumanPoints: true, Weights: []byte(`{"Google":"1.5","Github":2}`), Threshold: "3",
	}))
	return mem
}

// credential returns a credential of Alice as short as a store needs it.
func credential(provider string, nullifiers ...string) store.NewCredential {
	stamp, err := json.Marshal(map[string]any{
		"credentialSubject": map[string]any{"id": "did:pkh:eip155:1:" + alice, "provider": provider, "nullifiers": nullifiers},
	})
	if err != nil {
		panic(err)
	}
	return store.NewCredential{
		Provider: provider, Stamp: stamp, ProofValue: "proof of " + provider, IssuedAt: noon(), ExpiresAt: nextYear(),
	}
}

func add(t testing.TB, mem *memstore.Store, address string, credentials ...store.NewCredential) {
	t.Helper()
	require.NoError(t, mem.AddCredentials(t.Context(), address, credentials...))
}

func load(t testing.TB, mem *memstore.Store, addresses ...string) *store.Snapshot {
	t.Helper()
	snapshot, err := mem.Load(t.Context(), store.Query{
		Community: community, Addresses: addresses,
		Points: &store.PointsQuery{Lists: []string{"OGs", "none"}, Counted: []string{"MM2"}},
	})
	require.NoError(t, err)
	return snapshot
}

// scoring returns the changes of a scoring by which everything counts.
func scoring(snapshot *store.Snapshot) *store.Changes {
	changes := &store.Changes{Community: snapshot.Community.ID, At: snapshot.At}
	for _, wallet := range snapshot.Wallets {
		w := store.WalletChanges{Address: wallet.Address, Version: wallet.Version, Score: passing(snapshot.At)}
		for _, c := range wallet.Credentials {
			w.Stamps = append(w.Stamps, store.Stamp{Provider: c.Provider, Credential: c.Stamp})
		}
		changes.Wallets = append(changes.Wallets, w)
	}
	return changes
}

func passing(at time.Time) store.Score {
	return store.Score{
		Status: store.StatusDone, Value: "1", ScoredAt: at, ExpiresAt: nextYear(),
		Evidence: []byte(`{"type":"ThresholdScoreCheck","success":true}`), StampScores: []byte(`{"Google":1.5}`), Stamps: []byte(`{}`),
	}
}

func apply(t testing.TB, mem *memstore.Store, changes *store.Changes) *store.Receipt {
	t.Helper()
	receipt, err := mem.Apply(t.Context(), changes)
	require.NoError(t, err)
	return receipt
}

func read(t testing.TB, mem *memstore.Store, rows string) {
	t.Helper()
	require.NoError(t, mem.ReadRows(strings.NewReader(rows)))
}

func dump(t testing.TB, mem *memstore.Store) string {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, mem.WriteRows(&text))
	return text.String()
}

// table returns the rows of one table, each as fmt prints the named columns.
func table(t testing.TB, mem *memstore.Store, name string, columns ...string) []string {
	t.Helper()
	var tables map[string][]map[string]any
	decoder := json.NewDecoder(strings.NewReader(dump(t, mem)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&tables))
	require.Contains(t, tables, name)
	rows := []string{}
	for _, row := range tables[name] {
		var values []string
		for _, column := range columns {
			require.Contains(t, row, column)
			values = append(values, fmt.Sprint(row[column]))
		}
		rows = append(rows, strings.Join(values, " "))
	}
	return rows
}

func TestErrorsBeginWithTheOperation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	absurd := memstore.New(memstore.WithClock(func() time.Time { return time.Time{} }))
	_, ended := memstore.New().Load(ctx, store.Query{Community: community})
	_, missing := memstore.New().Load(t.Context(), store.Query{Community: community})
	for want, err := range map[string]error{
		"load_snapshot: context canceled":            ended,
		"load_snapshot: community not found: ":       missing,
		"put_address_list: context canceled":         memstore.New().PutAddressList(ctx, "OGs"),
		"put_address_list: store fault: the clock":   absurd.PutAddressList(t.Context(), "OGs"),
		"read_rows: store fault: the clock":          absurd.ReadRows(strings.NewReader(`{}`)),
		"read_rows: invalid request: it is not JSON": memstore.New().ReadRows(strings.NewReader(``)),
		"read_rows: invalid request: table registry": memstore.New().ReadRows(strings.NewReader(`{"registry_score":[{"passport_id":4}]}`)),
		"write_rows: io: read/write on closed pipe": memstore.New().WriteRows(writerFunc(func([]byte) (int, error) {
			return 0, io.ErrClosedPipe
		})),
	} {
		require.Error(t, err, want)
		assert.Equal(t, want, err.Error()[:min(len(want), len(err.Error()))])
	}
}

func TestAnAbsurdClockIsAFault(t *testing.T) {
	mem := memstore.New(memstore.WithClock(func() time.Time { return time.Time{} }))
	require.ErrorIs(t, mem.PutAddressList(t.Context(), "OGs", alice), store.ErrFault)
	require.ErrorIs(t, mem.ReadRows(strings.NewReader(`{}`)), store.ErrFault)
	_, err := mem.Load(t.Context(), store.Query{Community: community})
	require.ErrorIs(t, err, store.ErrFault)
}
