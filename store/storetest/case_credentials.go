package storetest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func newCredential(provider string, nullifiers ...string) store.NewCredential {
	return store.NewCredential{
		Provider: provider, Stamp: stamp(provider, nullifiers...).Credential, ProofValue: "proof of " + provider,
		IssuedAt: years(-1), ExpiresAt: years(1),
	}
}

// credentialsCases are for stores that take credentials in.
func credentialsCases(h Harness) []Case {
	if _, has := h.(store.Credentials); !has {
		return nil
	}
	role := func(w *world) store.Credentials { return w.Harness.(store.Credentials) }
	add := func(w *world, address string, credentials ...store.NewCredential) {
		w.t.Helper()
		require.NoError(w.t, role(w).AddCredentials(w.ctx, address, credentials...))
	}
	return []Case{
		{Name: "are added as the service adds them", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"))
			r := w.only("ceramic_cache_ceramiccache")
			for name, want := range (row{
				"type": float64(1), "address": alice, "provider": "Google", "proof_value": "proof of Google", "deleted_at": nil,
				"compose_db_save_status": "pending", "compose_db_stream_id": "",
			}) {
				assert.Equal(w.t, want, r[name], name)
			}
			assertJSON(w, string(stamp("Google", "n1").Credential), r["stamp"])
			assert.Equal(w.t, years(-1), moment(w.t, r["issuance_date"]))
			assert.Equal(w.t, years(1), moment(w.t, r["expiration_date"]))
			assert.Equal(w.t, moment(w.t, r["created_at"]), moment(w.t, r["updated_at"]))
		}},
		{Name: "without dates have none", run: func(w *world) {
			add(w, alice, store.NewCredential{Provider: "Google", Stamp: []byte(`{}`)})
			r := w.only("ceramic_cache_ceramiccache")
			assert.Nil(w.t, r["issuance_date"])
			assert.Nil(w.t, r["expiration_date"])
		}},
		{Name: "are selected by Load once added", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"), newCredential("Ens", "n2"))
			assert.Len(w.t, w.ids(), 2)
		}},
		{Name: "replace those of the same provider, which are marked deleted", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"), newCredential("Ens", "n2"))
			add(w, alice, newCredential("Google", "n3"))
			rows := w.table("ceramic_cache_ceramiccache")
			require.Len(w.t, rows, 3)
			assert.NotNil(w.t, rows[0]["deleted_at"])
			assert.Equal(w.t, rows[0]["deleted_at"], rows[0]["updated_at"])
			assert.Nil(w.t, rows[1]["deleted_at"])
			assert.Nil(w.t, rows[2]["deleted_at"])
		}},
		{Name: "can be replaced many times in a row", run: func(w *world) {
			for range 5 {
				add(w, alice, newCredential("Google", "n1"))
			}
			assert.Len(w.t, w.ids(), 1)
			assert.Len(w.t, w.table("ceramic_cache_ceramiccache"), 5)
		}},
		{Name: "leave another wallet's alone", run: func(w *world) {
			add(w, bob, newCredential("Google", "n1"))
			add(w, alice, newCredential("Google", "n1"))
			assert.Equal(w.t, []any{nil, nil}, column(w.table("ceramic_cache_ceramiccache"), "deleted_at"))
		}},
		{Name: "are none, where no column holds the provider or the proof that is asked for", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"))
			w.unchanged(func() {
				for _, text := range []string{"a\x00", "\xff", strings.Repeat("x", 10_000)} {
					n, err := role(w).DeleteCredentials(w.ctx, alice, text)
					require.NoError(w.t, err)
					assert.Zero(w.t, n)
					n, err = role(w).RevokeCredentials(w.ctx, text)
					require.NoError(w.t, err)
					assert.Zero(w.t, n)
				}
			})
		}},
		{Name: "must return the context's error when it has ended, also when there is nothing to add, and change nothing", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"))
			w.unchanged(func() {
				assert.ErrorIs(w.t, role(w).AddCredentials(w.ended(), alice), context.Canceled)
				assert.ErrorIs(w.t, role(w).AddCredentials(w.ended(), alice, newCredential("Google", "n2")), context.Canceled)
				_, err := role(w).DeleteCredentials(w.ended(), alice, "Google")
				assert.ErrorIs(w.t, err, context.Canceled)
				_, err = role(w).RevokeCredentials(w.ended(), "proof of Google")
				assert.ErrorIs(w.t, err, context.Canceled)
			})
		}},
		{Name: "with numbers that would fill the memory once written out must return ErrInvalid and change nothing", run: func(w *world) {
			for _, number := range []string{"1e1001", "1e-1001", "-1E+131071", "1e99999999999999999999", strings.Repeat("7", 1001)} {
				w.unchanged(func() {
					bomb := newCredential("Google", "n1")
					bomb.Stamp = []byte(`{"a": "1e9 \\", "b": [0, ` + number + `]}`)
					assert.ErrorIs(w.t, role(w).AddCredentials(w.ctx, alice, bomb), store.ErrInvalid, number)
				})
			}
			large := newCredential("Google", "n1")
			large.Stamp = []byte(`{"a": "1e9999 \" 1e9999", "b": [0, 1e-308, 1e308]}`)
			add(w, alice, large)
		}},
		{Name: "with a provider twice must return ErrInvalid and change nothing", run: func(w *world) {
			w.unchanged(func() {
				err := role(w).AddCredentials(w.ctx, alice, newCredential("Google", "n1"), newCredential("Google", "n2"))
				assert.ErrorIs(w.t, err, store.ErrInvalid)
			})
		}},
		{Name: "with anything malformed must return ErrInvalid and change nothing", run: func(w *world) {
			for name, c := range map[string]store.NewCredential{
				"no provider":       {Stamp: []byte(`{}`)},
				"a long provider":   {Provider: strings.Repeat("p", 257), Stamp: []byte(`{}`)},
				"a long proof":      {Provider: "Google", Stamp: []byte(`{}`), ProofValue: strings.Repeat("p", 257)},
				"a NUL in it":       {Provider: "Goo\x00gle", Stamp: []byte(`{}`)},
				"no JSON":           {Provider: "Google", Stamp: []byte(`{`)},
				"no object":         {Provider: "Google", Stamp: []byte(`[]`)},
				"nothing for stamp": {Provider: "Google"},
			} {
				w.unchanged(func() {
					assert.ErrorIs(w.t, role(w).AddCredentials(w.ctx, alice, newCredential("Ens"), c), store.ErrInvalid, name)
				})
			}
		}},
		{Name: "for a malformed address must return ErrInvalid", run: func(w *world) {
			for _, address := range []string{"", "alice", strings.ToUpper(alice), alice + "0"} {
				assert.ErrorIs(w.t, role(w).AddCredentials(w.ctx, address, newCredential("Google")), store.ErrInvalid, address)
			}
		}},
		{Name: "are deleted by provider, and counted", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"), newCredential("Ens", "n2"))
			add(w, bob, newCredential("Google", "n3"))
			n, err := role(w).DeleteCredentials(w.ctx, alice, "Google", "Github", "Google")
			require.NoError(w.t, err)
			assert.Equal(w.t, 1, n)
			rows := w.table("ceramic_cache_ceramiccache")
			require.Len(w.t, rows, 3, "the row stays")
			assert.NotNil(w.t, rows[0]["deleted_at"])
			assert.Equal(w.t, rows[0]["deleted_at"], rows[0]["updated_at"])
			assert.Equal(w.t, []any{nil, nil}, column(rows[1:], "deleted_at"))
			w.unchanged(func() {
				n, err := role(w).DeleteCredentials(w.ctx, alice, "Google")
				require.NoError(w.t, err)
				assert.Zero(w.t, n, "what is deleted is not deleted again")
			})
		}},
		{Name: "are deleted of every type, and added in the place of the service's own only", run: func(w *world) {
			w.credentials(with(credentialRow(1, alice, "Google", "n1"), row{"type": 2}))
			add(w, alice, newCredential("Google", "n2"))
			assert.Equal(w.t, []any{nil, nil}, column(w.table("ceramic_cache_ceramiccache"), "deleted_at"))
			n, err := role(w).DeleteCredentials(w.ctx, alice, "Google")
			require.NoError(w.t, err)
			assert.Equal(w.t, 2, n)
			assert.Empty(w.t, w.ids())
		}},
		{Name: "deleting none is no error", run: func(w *world) {
			n, err := role(w).DeleteCredentials(w.ctx, alice, "Google")
			require.NoError(w.t, err)
			assert.Zero(w.t, n)
		}},
		{Name: "are revoked wherever they carry the proof value, and counted once", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"), newCredential("Ens", "n2"))
			add(w, bob, newCredential("Google", "n1"))
			n, err := role(w).RevokeCredentials(w.ctx, "proof of Google", "proof of nothing", "proof of Google")
			require.NoError(w.t, err)
			assert.Equal(w.t, 2, n)
			assert.Len(w.t, w.ids(), 1)
			again, err := role(w).RevokeCredentials(w.ctx, "proof of Google")
			require.NoError(w.t, err)
			assert.Zero(w.t, again)
			assert.Equal(w.t, []any{"proof of Google", "proof of Google"}, column(w.table("ceramic_cache_revocation"), "proof_value"))
		}},
		{Name: "are revoked though they are deleted", run: func(w *world) {
			add(w, alice, newCredential("Google", "n1"))
			_, err := role(w).DeleteCredentials(w.ctx, alice, "Google")
			require.NoError(w.t, err)
			n, err := role(w).RevokeCredentials(w.ctx, "proof of Google")
			require.NoError(w.t, err)
			assert.Equal(w.t, 1, n)
		}},
	}
}
