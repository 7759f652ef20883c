package storetest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// input is a credential of Alice to be added.
func input(provider string, nullifiers ...string) store.CredentialInput {
	return store.CredentialInput{
		Provider: provider, Document: document(alice, provider, nullifiers...), ProofValue: "proof of " + provider,
		IssuedAt: years(-1), ExpiresAt: years(1),
	}
}

// add adds the credentials, and must succeed.
func (w *world) add(address store.Address, inputs ...store.CredentialInput) {
	w.t.Helper()
	require.NoError(w.t, role[store.Credentials](w).AddCredentials(w.ctx, address, inputs...))
}

// remove deletes Alice's credentials of the providers, and returns how many
// there were.
func (w *world) remove(providers ...string) int {
	w.t.Helper()
	n, err := role[store.Credentials](w).DeleteCredentials(w.ctx, alice, providers...)
	require.NoError(w.t, err)
	return n
}

// revoke revokes credentials, and returns how many.
func (w *world) revoke(proofValues ...string) int {
	w.t.Helper()
	n, err := role[store.Credentials](w).RevokeCredentials(w.ctx, proofValues...)
	require.NoError(w.t, err)
	return n
}

// shelf returns the stored credentials of the address, such as "Google
// deleted".
func (w *world) shelf(address store.Address) []string {
	w.t.Helper()
	var shelf []string
	for _, c := range w.state().Credentials {
		if c.Address != address {
			continue
		}
		text := c.Provider
		if c.Deleted {
			text += " deleted"
		}
		if c.Revoked {
			text += " revoked"
		}
		shelf = append(shelf, text)
	}
	return shelf
}

// credentialsCases are about adding, deleting and revoking credentials.
func credentialsCases() []Case {
	cases := append(addCases(), refusedInputCases()...)
	cases = append(cases, removeCases()...)
	return append(cases, []Case{
		{Name: "the methods take an address in any letter case", run: func(w *world) {
			w.add(upper(alice), input("Google", "n1"))
			assert.Equal(w.t, []string{"Google"}, w.shelf(alice))
			w.add("0xA"+alice[3:], input("Google", "n1"))
			assert.ElementsMatch(w.t, []string{"Google deleted", "Google"}, w.shelf(alice))
			n, err := role[store.Credentials](w).DeleteCredentials(w.ctx, upper(alice), "Google")
			require.NoError(w.t, err)
			assert.Equal(w.t, 1, n)
		}},
		{Name: "the methods refuse a malformed address", run: func(w *world) {
			w.refusesAddresses(
				func(a store.Address) error {
					return role[store.Credentials](w).AddCredentials(w.ctx, a, input("Google"))
				},
				func(a store.Address) error {
					return errorOf(role[store.Credentials](w).DeleteCredentials(w.ctx, a, "Google"))
				})
		}},
		{Name: "the methods return the error of a context that has ended", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			role := role[store.Credentials](w)
			w.ends(
				func(ctx context.Context) error { return role.AddCredentials(ctx, alice, input("Google", "n2")) },
				func(ctx context.Context) error { return role.AddCredentials(ctx, alice) },
				func(ctx context.Context) error { return errorOf(role.DeleteCredentials(ctx, alice, "Google")) },
				func(ctx context.Context) error { return errorOf(role.DeleteCredentials(ctx, alice)) },
				func(ctx context.Context) error { return errorOf(role.RevokeCredentials(ctx, "proof of Google")) },
				func(ctx context.Context) error { return errorOf(role.RevokeCredentials(ctx)) })
		}},
	}...)
}

func addCases() []Case {
	only := func(w *world) store.StoredCredential {
		w.t.Helper()
		stored := w.state().Credentials
		require.Len(w.t, stored, 1)
		return stored[0]
	}
	return []Case{
		{Name: "AddCredentials inserts live credentials", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			got := only(w)
			assert.Positive(w.t, got.ID)
			assert.WithinDuration(w.t, time.Now(), got.UpdatedAt, time.Hour)
			given := input("Google", "n1")
			equal(w, store.StoredCredential{
				Credential: store.Credential{ID: got.ID, Provider: "Google", Document: given.Document, UpdatedAt: got.UpdatedAt},
				Address:    alice, ProofValue: given.ProofValue, IssuedAt: given.IssuedAt, ExpiresAt: given.ExpiresAt,
			}, got)
		}},
		{Name: "AddCredentials keeps times in whole microseconds", run: func(w *world) {
			given := input("Google", "n1")
			given.IssuedAt = given.IssuedAt.Add(1999).In(time.FixedZone("", 5*3600+1800))
			given.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
			w.add(alice, given)
			got := only(w)
			w.exact(got.IssuedAt, got.ExpiresAt, got.UpdatedAt)
			assert.Equal(w.t, store.Microseconds(given.IssuedAt), got.IssuedAt)
			assert.Equal(w.t, store.Microseconds(given.ExpiresAt), got.ExpiresAt)
		}},
		{Name: "AddCredentials takes a credential without dates and proof", run: func(w *world) {
			w.add(alice, store.CredentialInput{Provider: "Google", Document: []byte(`{}`)})
			got := only(w)
			assert.Zero(w.t, got.IssuedAt)
			assert.Zero(w.t, got.ExpiresAt)
			assert.Empty(w.t, got.ProofValue)
		}},
		{Name: "AddCredentials keeps every digit and every text", run: func(w *world) {
			given := input("Google")
			document, err := json.Marshal(map[string]any{"texts": texts(), "numbers": json.RawMessage(
				`["1e9999 \" 1e9999", 0, 1.50, 1e2, 1E-3, 100e-2, 1e-308, 1e308, 12345678901234567890.125]`)})
			require.NoError(w.t, err)
			given.Document = document
			w.add(alice, given)
			equal(w, given.Document, only(w).Document)
		}},
		{Name: "Load returns credentials that were added", run: func(w *world) {
			w.add(alice, input("Google", "n1"), input("Ens", "n2"))
			assert.Len(w.t, w.load(alice).Wallets[0].Credentials, 2)
		}},
		{Name: "AddCredentials deletes those of its providers", run: func(w *world) {
			w.add(alice, input("Google", "n1"), input("Ens", "n2"))
			w.add(alice, input("Google", "n3"))
			assert.ElementsMatch(w.t, []string{"Google deleted", "Ens", "Google"}, w.shelf(alice))
			loaded := w.load(alice).Wallets[0].Credentials
			require.Len(w.t, loaded, 2)
			for _, c := range loaded {
				equal(w, document(alice, c.Provider, map[string]string{"Google": "n3", "Ens": "n2"}[c.Provider]), c.Document)
			}
		}},
		{Name: "AddCredentials gives later credentials higher ids", run: func(w *world) {
			var ids []int64
			for range 5 {
				w.add(alice, input("Google", "n1"))
				loaded := w.load(alice).Wallets[0].Credentials
				require.Len(w.t, loaded, 1)
				ids = append(ids, loaded[0].ID)
			}
			assert.IsIncreasing(w.t, ids)
			assert.Len(w.t, w.state().Credentials, 5)
		}},
		{Name: "AddCredentials leaves other wallets alone", run: func(w *world) {
			w.add(bob, input("Google", "n1"))
			w.add(alice, input("Google", "n1"))
			assert.Equal(w.t, []string{"Google"}, w.shelf(bob))
		}},
		{Name: "AddCredentials leaves those of other programs alone", run: func(w *world) {
			w.credentials(with(stored(1, alice, "Google", "n1"), func(c *store.StoredCredential) { c.Foreign = true }))
			w.add(alice, input("Google", "n2"))
			assert.Equal(w.t, []string{"Google", "Google"}, w.shelf(alice))
		}},
		{Name: "AddCredentials of none changes nothing", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			w.unchanged(func() { w.add(alice) })
		}},
		{Name: "a credential that is added again after its revocation is live", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			assert.Equal(w.t, 1, w.revoke("proof of Google"))
			w.add(alice, input("Google", "n1"))
			assert.ElementsMatch(w.t, []string{"Google deleted revoked", "Google"}, w.shelf(alice))
			assert.Len(w.t, w.load(alice).Wallets[0].Credentials, 1)
		}},
	}
}

func refusedInputCases() []Case {
	refused := func(w *world, inputs ...store.CredentialInput) {
		w.t.Helper()
		w.unchanged(func() {
			w.fails(store.ErrInvalid, role[store.Credentials](w).AddCredentials(w.ctx, alice, inputs...), "%.200q", inputs[len(inputs)-1])
		})
	}
	holding := func(text string) store.CredentialInput {
		given := input("Google", "n1")
		given.Document = []byte(text)
		return given
	}
	var cases []Case
	for name, bad := range map[string]store.CredentialInput{
		"without a provider":        {Document: []byte(`{}`)},
		"with a long provider":      {Provider: strings.Repeat("p", store.MaxProvider+1), Document: []byte(`{}`)},
		"with a long proof":         {Provider: "Google", Document: []byte(`{}`), ProofValue: strings.Repeat("p", store.MaxProofValue+1)},
		"with a NUL":                {Provider: "Goo\x00gle", Document: []byte(`{}`)},
		"with invalid UTF-8":        {Provider: "Goo\xffgle", Document: []byte(`{}`)},
		"with a date out of range":  {Provider: "Google", Document: []byte(`{}`), ExpiresAt: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"without a document":        {Provider: "Google"},
		"that is not JSON":          holding(`{`),
		"that is no object":         holding(`[]`),
		"with a NUL in it":          holding(`{"a":"\u0000"}`),
		"that is too large":         holding(`{"a":"` + strings.Repeat("x", store.MaxDocumentBytes) + `"}`),
		"with too many levels":      holding(`{"a":` + strings.Repeat("[", store.MaxDocumentDepth) + strings.Repeat("]", store.MaxDocumentDepth) + `}`),
		"too large in full numbers": holding(`{"a":[` + strings.Repeat("1e900, 0e-900, ", 100) + `-1e900]}`),
	} {
		cases = append(cases, Case{Name: "AddCredentials refuses a credential " + name, run: func(w *world) {
			w.add(alice, input("Ens", "n0"))
			refused(w, input("Ens", "n1"), bad)
		}})
	}
	return append(cases,
		Case{Name: "AddCredentials refuses two of one provider", run: func(w *world) {
			refused(w, input("Google", "n1"), input("Google", "n2"))
		}},
		Case{Name: "AddCredentials refuses numbers that are huge when written out", run: func(w *world) {
			for _, number := range []string{"1e1001", "1e-1001", "-1E+131071", "1e99999999999999999999", strings.Repeat("7", 1001)} {
				refused(w, holding(`{"a": "1e9 \\", "b": [0, `+number+`]}`))
			}
		}})
}

func removeCases() []Case {
	return []Case{
		{Name: "DeleteCredentials deletes by provider and counts", run: func(w *world) {
			w.add(alice, input("Google", "n1"), input("Ens", "n2"))
			w.add(bob, input("Google", "n3"))
			assert.Equal(w.t, 1, w.remove("Google", "Github", "Google"))
			assert.ElementsMatch(w.t, []string{"Google deleted", "Ens"}, w.shelf(alice), "it stays in the store")
			assert.Equal(w.t, []string{"Google"}, w.shelf(bob))
			assert.Len(w.t, w.load(alice).Wallets[0].Credentials, 1)
		}},
		{Name: "DeleteCredentials passes over deleted ones", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			w.remove("Google")
			w.unchanged(func() { assert.Zero(w.t, w.remove("Google")) })
		}},
		{Name: "DeleteCredentials deletes revoked ones too", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			w.revoke("proof of Google")
			assert.Equal(w.t, 1, w.remove("Google"))
			assert.Equal(w.t, []string{"Google deleted revoked"}, w.shelf(alice))
		}},
		{Name: "DeleteCredentials deletes those of other programs too", run: func(w *world) {
			foreign := func(c *store.StoredCredential) { c.Foreign = true }
			w.credentials(stored(1, alice, "Google"), with(stored(2, alice, "Google"), foreign), with(stored(3, alice, "Google"), foreign))
			assert.Equal(w.t, 3, w.remove("Google"))
			assert.Empty(w.t, w.load(alice).Wallets[0].Credentials)
		}},
		{Name: "DeleteCredentials of none is no error", run: func(w *world) {
			w.unchanged(func() {
				assert.Zero(w.t, w.remove("Google"))
				assert.Zero(w.t, w.remove())
			})
		}},
		{Name: "DeleteCredentials finds nothing for a text that is no provider", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			w.unchanged(func() {
				for _, text := range []string{"", "google", "Google ", "%", "a\x00", "\xff", strings.Repeat("x", 10_000)} {
					assert.Zero(w.t, w.remove(text), "%.20q", text)
				}
			})
		}},
		{Name: "RevokeCredentials revokes all with the proof value and counts each once", run: func(w *world) {
			w.add(alice, input("Google", "n1"), input("Ens", "n2"))
			w.add(bob, input("Google", "n1"))
			assert.Equal(w.t, 2, w.revoke("proof of Google", "proof of nothing", "proof of Google"))
			assert.ElementsMatch(w.t, []string{"Google revoked", "Ens"}, w.shelf(alice))
			assert.Equal(w.t, []string{"Google revoked"}, w.shelf(bob))
			assert.Len(w.t, w.load(alice).Wallets[0].Credentials, 1)
			w.unchanged(func() { assert.Zero(w.t, w.revoke("proof of Google")) })
		}},
		{Name: "RevokeCredentials revokes deleted ones too", run: func(w *world) {
			w.add(alice, input("Google", "n1"))
			w.remove("Google")
			assert.Equal(w.t, 1, w.revoke("proof of Google"))
			assert.Equal(w.t, []string{"Google deleted revoked"}, w.shelf(alice))
		}},
		{Name: "RevokeCredentials finds nothing for a text that is no proof value", run: func(w *world) {
			w.add(alice, input("Google", "n1"), store.CredentialInput{Provider: "Ens", Document: []byte(`{}`)})
			w.unchanged(func() {
				assert.Zero(w.t, w.revoke())
				for _, text := range []string{"Proof of Google", "proof of Google ", "%", "a\x00", "\xff", strings.Repeat("x", 10_000)} {
					assert.Zero(w.t, w.revoke(text), "%.20q", text)
				}
			})
		}},
		{Name: "RevokeCredentials refuses an empty proof value", run: func(w *world) {
			w.add(alice, input("Google", "n1"), store.CredentialInput{Provider: "Ens", Document: []byte(`{}`)})
			w.unchanged(func() {
				for _, values := range [][]string{{""}, {"proof of Google", ""}} {
					w.fails(store.ErrInvalid, errorOf(role[store.Credentials](w).RevokeCredentials(w.ctx, values...)))
				}
			})
		}},
	}
}
