package memstore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func put(t testing.TB, mem *memstore.Store, c store.Community) store.Community {
	t.Helper()
	require.NoError(t, mem.PutCommunity(t.Context(), c))
	snapshot, err := mem.Load(t.Context(), store.Query{Community: c.ID})
	require.NoError(t, err)
	return snapshot.Community
}

func TestACommunityReadsBackAsItWasPut(t *testing.T) {
	mem := memstore.New()
	_, err := mem.PutAccount(t.Context(), "host")
	require.NoError(t, err)
	want := store.Community{
		ID: 7, Name: "Tea", Account: 1, Rule: "FIFO", HumanPoints: true, Scorer: "WEIGHTED", Weights: []byte(`{"Google":"1.50"}`), Threshold: "3.00000",
		Overlay: map[string]string{"AllowList#team": "2.5000", "DeveloperList#Custom#abc": "1.2500", strings.Repeat("é", 256): "-1.0000"},
	}
	assert.Equal(t, want, put(t, mem, want))

	want = store.Community{
		ID: 7, Name: "Coffee", Account: 1, Rule: "LIFO", Scorer: "WEIGHTED_BINARY", Threshold: "1.00000",
		Overlay: map[string]string{"AllowList#other": "1.0000"},
	}
	assert.Equal(t, want, put(t, mem, want), "replaced")
	assert.Len(t, table(t, mem, "account_allowlist"), 1)
	assert.Empty(t, table(t, mem, "account_customcredential"))
	assert.Empty(t, table(t, mem, "scorer_weighted_weightedscorer"))
	assert.Len(t, table(t, mem, "scorer_weighted_scorer"), 1)
}

func TestACommunityHasDefaults(t *testing.T) {
	got := put(t, memstore.New(), store.Community{ID: 1, Weights: []byte(" null "), Threshold: "2.5"})
	assert.Equal(t, store.Community{ID: 1, Account: 1, Rule: "LIFO", Scorer: "WEIGHTED_BINARY", Threshold: "2.50000"}, got)
	got = put(t, memstore.New(), store.Community{ID: 1})
	assert.Equal(t, store.Community{ID: 1, Account: 1, Rule: "LIFO", Scorer: "WEIGHTED_BINARY"}, got)
}

func TestAPutCommunityHasWhatTheServicesTablesWant(t *testing.T) {
	mem := memstore.New()
	put(t, mem, store.Community{ID: 5, Name: "Tea"})
	put(t, mem, store.Community{ID: 3, Name: "Coffee"})
	assert.Equal(t, []string{"3 1 2 Coffee", "5 1 1 Tea"}, table(t, mem, "account_community", "id", "account_id", "scorer_id", "name"))
	assert.Equal(t, []string{"1 1"}, table(t, mem, "account_account", "id", "user_id"))
	assert.Equal(t, []string{"1 communities !"}, table(t, mem, "auth_user", "id", "username", "password"))
}

func TestADeletedCommunityIsThereAgainOncePut(t *testing.T) {
	mem := memstore.New()
	read(t, mem, `{"account_community":[{"id":7,"account_id":4,"scorer_id":2,"deleted_at":"2026-01-01T00:00:00Z","description":"d"},{"id":8,"name":"b","scorer_id":2}],
		"scorer_weighted_scorer":[{"id":2}]}`)
	put(t, mem, store.Community{ID: 7, Threshold: "1"})
	assert.Equal(t, []string{"7 4 3 <nil> d", "8 0 2 <nil> "},
		table(t, mem, "account_community", "id", "account_id", "scorer_id", "deleted_at", "description"),
		"a scorer that another community uses is left alone")
}

func TestAListHasTheMembersThatItWasPutWith(t *testing.T) {
	mem := memstore.New()
	put := func(addresses ...string) []string {
		require.NoError(t, mem.PutAddressList(t.Context(), "OGs", addresses...))
		return table(t, mem, "account_addresslistmember", "id", "address", "list_id")
	}
	assert.Equal(t, []string{"1 " + alice + " 1"}, put(alice, alice))
	assert.Equal(t, []string{"1 " + alice + " 1", "2 " + bob + " 1"}, put(bob, alice))
	assert.Equal(t, []string{"2 " + bob + " 1"}, put(bob))
	assert.Empty(t, put())
	assert.Equal(t, []string{"1 OGs"}, table(t, mem, "account_addresslist", "id", "name"))
}
