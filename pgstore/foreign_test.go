package pgstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// These tests are about what others do to the database that the SDK shares: the
// service's migrations, settings of the server, names.

func TestApply_UnknownColumn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newStore(w.pool)
	w.exec("alter table registry_hashscorerlink add column extra int not null")
	w.exec("alter table account_accountapikey add column extra int not null")
	_, err := s.Apply(t.Context(), changes(load(t, s, alice), claim("n", alice)))
	require.ErrorIs(t, err, store.ErrInternal)
	require.NotErrorIs(t, err, store.ErrConflict)
	err = s.AddKey(t.Context(), store.Key{ID: "p.h", Prefix: "p", Hash: "h", Account: 1, CreatedAt: noon})
	require.ErrorIs(t, err, store.ErrInternal)
	require.NotErrorIs(t, err, store.ErrNotFound)
}

// Postgres cuts a name after 63 bytes, and pgx ends it at a NUL.
func TestWithSchema_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"", "pub\x00lic", strings.Repeat("a", 64)} {
		s := newStore(w.pool, pgstore.WithSchema(name))
		_, err := s.Load(t.Context(), store.Query{Community: 1})
		require.ErrorIs(t, err, store.ErrInvalid, "%q", name)
		require.ErrorIs(t, s.DeleteCommunity(t.Context(), 1), store.ErrInvalid, "%q", name)
	}
	assert.Equal(t, "1", w.value("select count(*) from account_community where id = 1 and deleted_at is null"))
}

func TestTimes_DateStyle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newStore(w.pool)
	_, err := s.Apply(t.Context(), changes(load(t, s, alice), claim("n", alice)))
	require.NoError(t, err)
	key := store.Key{ID: "p.h", Prefix: "p", Hash: "h", Account: 1, CreatedAt: noon, ExpiresAt: future}
	require.NoError(t, s.AddKey(t.Context(), key))
	for _, style := range []string{"German", "SQL, DMY", "Postgres, MDY"} {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
			s := newStore(w.newPool(execMode(mode), func(c *pgxpool.Config) {
				c.ConnConfig.RuntimeParams["datestyle"], c.ConnConfig.RuntimeParams["timezone"] = style, "Asia/Kolkata"
			}))
			snapshot := load(t, s, alice)
			assert.Equal(t, noon, snapshot.At, "%s in %v", style, mode)
			last, err := s.LastScore(t.Context(), 1, alice)
			require.NoError(t, err)
			assert.Equal(t, noon, last.ScoredAt)
			assert.Equal(t, future, last.ExpiresAt)
			assert.WithinDuration(t, time.Now(), last.ReadAt, time.Hour)
			claims, err := s.ListClaims(t.Context(), 1, alice)
			require.NoError(t, err)
			assert.Equal(t, []store.Claim{{Nullifier: "n", Holder: claim("n", alice).To}}, claims)
			events, err := s.ListEvents(t.Context(), 1, alice, store.Page{Limit: 10})
			require.NoError(t, err)
			assert.Equal(t, noon, events[0].At)
			found, err := s.FindKey(t.Context(), "p")
			require.NoError(t, err)
			assert.Equal(t, &key, found)
		}
	}
}

// A migration of the service may widen a column while statements are prepared.
func TestStatements_WidenedColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newStore(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 1 }))
	require.NoError(t, s.AddKey(t.Context(), store.Key{ID: "p.h", Prefix: "p", Hash: "h", Account: 1, CreatedAt: noon}))
	for _, width := range []string{"", "130", "140"} {
		if width != "" {
			w.exec("alter table registry_passport alter column address type varchar(" + width + ")")
			w.exec("alter table account_accountapikey alter column prefix type varchar(" + width + ")")
			w.exec("alter table registry_hashscorerlink alter column hash type varchar(" + width + ")")
			w.exec("alter table registry_event alter column action type varchar(" + width + ")")
		}
		_, err := s.Apply(t.Context(), changes(load(t, s, alice), claim("n", alice)))
		require.NoError(t, err, width)
		_, err = s.FindKey(t.Context(), "p")
		require.NoError(t, err, width)
		_, err = s.ListClaims(t.Context(), 1, alice)
		require.NoError(t, err, width)
		_, err = s.ListEvents(t.Context(), 1, alice, store.Page{Limit: 10})
		require.NoError(t, err, width)
	}
}

// endsAfterALook is a context that ends after it was looked at once.
type endsAfterALook struct {
	context.Context

	looked int
}

func (c *endsAfterALook) Err() error {
	if c.looked++; c.looked > 1 {
		return context.Canceled
	}
	return nil
}

func (c *endsAfterALook) Done() <-chan struct{} {
	if c.looked == 0 {
		return nil
	}
	ended := make(chan struct{})
	close(ended)
	return ended
}

func TestInTx_NothingSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("create table signups (address text primary key)")
	c := changes(load(t, newStore(w.pool), alice))
	require.NoError(t, pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
		_, err := newStore(w.pool).InTx(tx).Apply(&endsAfterALook{Context: t.Context()}, c)
		require.ErrorIs(t, err, context.Canceled)
		_, err = tx.Exec(t.Context(), "insert into signups values ($1)", alice)
		return err
	}))
	assert.Equal(t, "1", w.value("select count(*) from signups"))
	assert.Equal(t, "0", w.value("select count(*) from registry_score"))
}

// A number of seven characters can be written out to more than a hundred
// thousand.
func TestLoad_LongNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`insert into ceramic_cache_ceramiccache (address, provider, stamp, updated_at, created_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
		select $1, 'Google', ('[' || string_agg('1e131071', ',') || ']')::jsonb, now(), now(), 1, 'pending', '', '' from generate_series(1, 9000)`, alice)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	snapshot, err := newStore(w.pool).Load(ctx, store.Query{Community: 1, Addresses: []store.Address{alice}})
	require.NoError(t, err)
	require.Len(t, snapshot.Wallets[0].Credentials, 1)
	assert.Equal(t, store.OmittedTooLarge, snapshot.Wallets[0].Credentials[0].Omitted)
	assert.Empty(t, snapshot.Wallets[0].Credentials[0].Document)
}

// The service's column holds expiries that no document of the service can hold.
// A wallet that has such a claim is scored as others, and the claim stays as it
// is unless it is changed.
func TestApply_OwnClaimBeyondAllYears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newStore(w.pool)
	w.exec(`insert into ceramic_cache_ceramiccache (address, provider, stamp, updated_at, created_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
		values ($1, 'Google', '{"credentialSubject": {"id": "did:pkh:eip155:1:`+alice+`", "provider": "Google", "nullifiers": ["n"]}}', now(), now(), 1, 'pending', '', '')`, alice)
	for _, end := range []string{"infinity", "20000-01-01 00:00:00Z", "9999-12-31 23:59:59.999999Z"} {
		w.exec("delete from registry_hashscorerlink")
		w.exec("insert into registry_hashscorerlink (hash, community_id, address, expires_at) values ('n', 1, $1, $2::text::timestamptz)", alice, end)
		snapshot := load(t, s, alice)
		require.Len(t, snapshot.Claims, 1)
		stored := w.value("select expires_at from registry_hashscorerlink")
		_, err := s.Apply(t.Context(), changes(snapshot, claim("n", alice)))
		require.ErrorIs(t, err, store.ErrConflict, end)
		own := snapshot.Claims[0]
		_, err = s.Apply(t.Context(), changes(snapshot, store.ClaimSwap{Nullifier: "n", From: own.Holder, To: own.Holder}))
		require.NoError(t, err, end)
		assert.Equal(t, snapshot.Claims, load(t, s, alice).Claims, end)
		assert.Equal(t, stored, w.value("select expires_at from registry_hashscorerlink"))
		_, err = s.Apply(t.Context(), changes(snapshot, store.ClaimSwap{Nullifier: "n", From: own.Holder, To: store.Holder{Address: bob, ExpiresAt: future}}))
		require.NoError(t, err, end)
		assert.Equal(t, bob, w.value("select address from registry_hashscorerlink"))
	}
}
