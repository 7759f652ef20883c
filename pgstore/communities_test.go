package pgstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// newNumberedWorld is a world in which scorers are numbered after those that are
// there.
func newNumberedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.exec("select setval(pg_get_serial_sequence('scorer_weighted_scorer', 'id'), max(id)) from scorer_weighted_scorer")
	return w
}

// The service numbers its communities itself: none of its numbers may be one
// that PutCommunity has used.
func TestTheServiceStillNumbersItsCommunities(t *testing.T) {
	w := newNumberedWorld(t)
	s := pgstore.New(w.pool)
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
	put(1) // the sequence was never asked, and ids 1 to 4 are there
	assert.EqualValues(t, 5, insert())
	put(6)
	assert.EqualValues(t, 7, insert())
	put(6)
	put(2)
	assert.EqualValues(t, 8, insert(), "what is replaced moves nothing")
	put(100)
	assert.EqualValues(t, 101, insert())
	put(50)
	assert.EqualValues(t, 102, insert(), "nothing moves back")
	put(math.MaxInt64)
	assert.EqualValues(t, 103, insert(), "numbering does not come to an end")
}

// Older databases of the service number by a sequence of their own.
func TestTheServiceStillNumbersItsCommunitiesBySerial(t *testing.T) {
	w := newNumberedWorld(t)
	w.exec(`alter table account_community alter id drop identity`)
	w.exec(`create sequence numbers owned by account_community.id`)
	w.exec(`alter table account_community alter id set default nextval('numbers')`)
	require.NoError(t, pgstore.New(w.pool).PutCommunity(t.Context(), store.Community{ID: 9, Name: "Nine"}))
	assert.Equal(t, "10", w.value("select nextval('numbers')"))
}

func TestCommunitiesAreSetUpInASchemaOfAnyName(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, pgstore.Migrate(t.Context(), w.pool, pgstore.WithSchema(hostile)))
	s := pgstore.New(w.pool, pgstore.WithSchema(hostile))
	community := store.Community{ID: 9, Name: "Nine", Threshold: "1", Overlay: map[string]string{"AllowList#og": "1", "Custom#1": "2"}}
	require.NoError(t, s.PutCommunity(t.Context(), community))
	require.NoError(t, s.PutAddressList(t.Context(), "og", alice))
	id, err := s.FindCommunity(t.Context(), 1, "9")
	require.NoError(t, err)
	assert.EqualValues(t, 9, id)
	events, err := s.ListEvents(t.Context(), 9, alice, store.Page{Limit: 1})
	require.NoError(t, err)
	assert.Empty(t, events)
	assert.Equal(t, "4", w.value("select count(*) from account_community"), "the usual schema is left alone")
}

// Both stores keep communities in the same rows, ids included.
func TestCommunitiesAreTheSameRowsAsInMemory(t *testing.T) {
	under := newHarness(t, storeModes()["pgx"])(t).(*harness)
	mem := memstore.New()
	type roles interface {
		store.Communities
		store.Credentials
	}
	for _, s := range []roles{under, mem} {
		ctx := t.Context()
		put := func(c store.Community) { require.NoError(t, s.PutCommunity(ctx, c)) }
		put(store.Community{ID: 7, Name: "Seven", Overlay: map[string]string{"AllowList#b": "1.23455", "AllowList#a": "-0", "C#2": "1e1", "C#1": ".1"}})
		account, err := s.PutAccount(ctx, "host")
		require.NoError(t, err)
		put(store.Community{ID: 3, Name: "Three", Account: account, ExternalID: "x", HumanPoints: true, Scorer: "WEIGHTED", Weights: []byte(`{"a": "1"}`), Threshold: "2.5"})
		require.NoError(t, s.PutAddressList(ctx, "a", bob, alice, bob, carol))
		require.NoError(t, s.PutAddressList(ctx, "a", carol, alice))
		put(store.Community{ID: 7, Name: "Seven", Weights: []byte(`{"a": 1.50}`), Threshold: "-99999.999994", Overlay: map[string]string{"AllowList#a": "3", "C#3": "4"}})
		put(store.Community{ID: 3, Name: "Three", Scorer: "WEIGHTED_BINARY", Rule: "FIFO", Threshold: "0.000005"})
		require.NoError(t, s.DeleteCommunity(ctx, 7))
	}
	assert.Equal(t, communityRows(t, rowsOf(t, mem)), communityRows(t, rowsOf(t, under)))
}

func rowsOf(t *testing.T, s any) []byte {
	t.Helper()
	if h, is := s.(*harness); is {
		rows, err := h.Rows(t.Context())
		require.NoError(t, err)
		return rows
	}
	var rows bytes.Buffer
	require.NoError(t, s.(*memstore.Store).WriteRows(&rows))
	return rows.Bytes()
}

// communityRows returns the rows that the role writes, without the moments, which
// are of two clocks, and numbers as they are spelt.
func communityRows(t *testing.T, document []byte) map[string][]map[string]any {
	t.Helper()
	var tables map[string][]map[string]any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&tables))
	for name, rows := range tables {
		if !strings.HasPrefix(name, "account_") && !strings.HasPrefix(name, "scorer_weighted_") && name != "auth_user" || len(rows) == 0 {
			delete(tables, name)
			continue
		}
		for _, row := range rows {
			for _, moment := range []string{"created_at", "deleted_at", "date_joined"} {
				if row[moment] != nil {
					row[moment] = "a moment"
				}
			}
			for _, number := range []string{"threshold", "weight"} {
				if row[number] != nil {
					row[number] = fmt.Sprint(row[number])
				}
			}
		}
	}
	return tables
}

// What the service sets up at the same time is in nobody's way.
func TestCommunitiesAreSetUpBesideTheService(t *testing.T) {
	w := newNumberedWorld(t)
	s := pgstore.New(w.pool)
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
		put <- s.PutCommunity(t.Context(), store.Community{ID: 9, Name: "Nine", Overlay: map[string]string{"AllowList#og": "1", "C#1": "2"}})
	}()
	require.Eventually(t, func() bool {
		return w.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1"
	}, patience, tick, "the put waits for the service")
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-put)
	assert.Equal(t, "theirs", w.value("select display_name from account_customcredential"))
	assert.Equal(t, "1", w.value("select count(*) from account_addresslist"))
}
