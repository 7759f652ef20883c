package pgstore_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// newNumberedWorld is a world whose sequence of scorers is past the existing
// ones.
func newNumberedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.exec("select setval(pg_get_serial_sequence('scorer_weighted_scorer', 'id'), max(id)) from scorer_weighted_scorer")
	return w
}

// The service numbers its communities itself, and must not get a number that
// PutCommunity has used.
func TestPutCommunity_Numbers(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	s := newStore(w.pool)
	insert := func() int64 {
		t.Helper()
		name := w.value("select 'service ' || count(*) from account_community")
		var id int64
		require.NoError(t, w.pool.QueryRow(t.Context(), `
			insert into account_community (name, description, account_id, scorer_id, rule, human_points_program)
			values ($1, '', 1, 1, 'LIFO', false) returning id`, name).Scan(&id))
		return id
	}
	put := func(id int64) {
		t.Helper()
		require.NoError(t, s.PutCommunity(t.Context(), store.Community{ID: id, Name: fmt.Sprint("host ", id)}))
	}
	put(1) // the sequence is unused, and ids 1 to 4 exist
	assert.EqualValues(t, 5, insert())
	put(6)
	assert.EqualValues(t, 7, insert())
	put(6)
	put(2)
	assert.EqualValues(t, 8, insert(), "replacing does not move it")
	put(100)
	assert.EqualValues(t, 101, insert())
	put(50)
	assert.EqualValues(t, 102, insert(), "nothing moves back")
	put(math.MaxInt64)
	assert.EqualValues(t, 103, insert(), "numbering does not end")
}

// Older databases of the service number by a sequence of their own.
func TestPutCommunity_Serial(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	w.exec(`alter table account_community alter id drop identity`)
	w.exec(`create sequence numbers owned by account_community.id`)
	w.exec(`alter table account_community alter id set default nextval('numbers')`)
	require.NoError(t, newStore(w.pool).PutCommunity(t.Context(), store.Community{ID: 9, Name: "Nine"}))
	assert.Equal(t, "10", w.value("select nextval('numbers')"))
}

func TestCommunities_WithSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, pgstore.Migrate(t.Context(), w.pool, pgstore.WithSchema(hostile)))
	s := newStore(w.pool, pgstore.WithSchema(hostile))
	community := store.Community{ID: 9, Name: "Nine", Threshold: "1", Customization: map[string]string{"AllowList#og": "1", "Custom#1": "2"}}
	require.NoError(t, s.PutCommunity(t.Context(), community))
	require.NoError(t, s.PutAddressList(t.Context(), "og", alice))
	id, err := s.FindCommunity(t.Context(), 1, "9")
	require.NoError(t, err)
	assert.EqualValues(t, 9, id)
	events, err := s.ListEvents(t.Context(), 9, alice, store.Page{Limit: 1})
	require.NoError(t, err)
	assert.Empty(t, events)
	assert.Equal(t, "4", w.value("select count(*) from account_community"), "nothing is in the usual schema")
}

// Both stores have the same communities, accounts and lists after the same
// calls.
func TestCommunities_Memory(t *testing.T) {
	t.Parallel()
	onPostgres, inMemory := harnesses(t, storeModes()["pgx"])(t).(*harness), memstore.New()
	type roles interface {
		store.Communities
		store.Credentials
	}
	for _, s := range []roles{onPostgres, inMemory} {
		ctx := t.Context()
		put := func(c store.Community) { require.NoError(t, s.PutCommunity(ctx, c)) }
		put(store.Community{ID: 7, Name: "Seven", Customization: map[string]string{"AllowList#b": "1.23455", "AllowList#a": "-0", "C#2": "1e1", "C#1": ".1"}})
		account, err := s.PutAccount(ctx, "host")
		require.NoError(t, err)
		put(store.Community{ID: 3, Name: "Three", Account: account, ExternalID: "x", HumanPoints: true, Scorer: "WEIGHTED", Weights: []byte(`{"a": "1"}`), Threshold: "2.5"})
		require.NoError(t, s.PutAddressList(ctx, "a", bob, alice, bob, carol))
		require.NoError(t, s.PutAddressList(ctx, "a", carol, alice))
		put(store.Community{ID: 7, Name: "Seven", Weights: []byte(`{"a": 1.50}`), Threshold: "-99999.999994", Customization: map[string]string{"AllowList#a": "3", "C#3": "4"}})
		put(store.Community{ID: 3, Name: "Three", Scorer: "WEIGHTED_BINARY", Rule: "FIFO", Threshold: "0.000005"})
		require.NoError(t, s.DeleteCommunity(ctx, 7))
	}
	rows, err := onPostgres.State(t.Context())
	require.NoError(t, err)
	assert.Empty(t, storetest.Compare(inMemory.State(), rows))
}

// A transaction of the service that makes the same rows is waited for.
func TestPutCommunity_Service(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	s := newStore(w.pool)
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	for _, made := range []string{
		`insert into account_addresslist (name) values ('og')`,
		`insert into account_customplatform (platform_type, name, is_evm) values ('DEVEL', 'DeveloperList', false)`,
		`insert into account_customcredentialruleset (credential_type, definition, name, provider_id) values ('DEVEL', '{}', 'theirs', 'C#1')`,
	} {
		_, err := tx.Exec(t.Context(), made)
		require.NoError(t, err)
	}
	put := make(chan error, 1)
	go func() {
		put <- s.PutCommunity(t.Context(), store.Community{ID: 9, Name: "Nine", Customization: map[string]string{"AllowList#og": "1", "C#1": "2"}})
	}()
	require.Eventually(t, func() bool {
		return w.waiting() == "1"
	}, patience, tick, "the put waits for the service")
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-put)
	assert.Equal(t, "theirs", w.value("select display_name from account_customcredential"))
	assert.Equal(t, "1", w.value("select count(*) from account_addresslist"))
}
