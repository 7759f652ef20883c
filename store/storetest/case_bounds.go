package storetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// more adds a member of any size to a credential.
func more(value any) func(c *store.StoredCredential) {
	return func(c *store.StoredCredential) {
		var members map[string]any
		if err := json.Unmarshal(c.Document, &members); err != nil {
			panic(err) // documents of the cases are objects
		}
		members["more"] = value
		text, err := json.Marshal(members)
		if err != nil {
			panic(err) // what was JSON always marshals
		}
		c.Document = text
	}
}

var tooLongText = strings.Repeat("x", store.MaxDocumentBytes)

// nested is a list of one level or more.
func nested(levels int) json.RawMessage {
	return json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
}

// excess is something that makes a credential too large.
type excess struct {
	name  string
	value any
}

func excesses() []excess {
	return []excess{
		{"too much text", tooLongText},
		{"too many digits", json.RawMessage("[" + strings.Repeat("1e300, 0e-300, ", 250) + "-1e300]")},
		{"too many levels", nested(store.MaxDocumentDepth)},
		{"too many values", json.RawMessage("[" + strings.Repeat("[],", store.MaxDocumentBytes/3) + "[]]")},
	}
}

// boundsCases are about rows beyond the bounds of package store.
func boundsCases() []Case {
	var cases []Case
	for _, e := range excesses() {
		cases = append(cases, Case{Name: "a credential with " + e.name + " is omitted", run: func(w *world) {
			w.credentials(with(stored(1, alice, "Google", "n1"), more(e.value)), stored(2, alice, "Ens", "n2"))
			w.claims(claim("n1", bob, years(1)), claim("n2", bob, years(1)))
			loaded := w.load(alice)
			credentials := w.byID(loaded.Wallets[0].Credentials)
			require.Len(w.t, credentials, 2)
			google, ens := credentials[1], credentials[2]
			assert.Equal(w.t, store.Credential{ID: 1, Provider: "Google", Omitted: store.OmittedTooLarge, UpdatedAt: google.UpdatedAt}, google)
			assert.Empty(w.t, ens.Omitted)
			assert.NotEmpty(w.t, ens.Document)
			require.Len(w.t, loaded.Claims, 1, "there is no claim for one that is omitted")
			assert.Equal(w.t, "n2", loaded.Claims[0].Nullifier)
		}})
	}
	return append(append(cases, readCases()...), nullifierCases()...)
}

// byID demands that each credential is there once.
func (w *world) byID(credentials []store.Credential) map[int64]store.Credential {
	w.t.Helper()
	byID := map[int64]store.Credential{}
	for _, c := range credentials {
		require.NotContains(w.t, byID, c.ID)
		byID[c.ID] = c
	}
	return byID
}

func readCases() []Case {
	return []Case{
		{Name: "a credential within the bounds is read", run: func(w *world) {
			for name, value := range map[string]any{
				"text":    strings.Repeat("x", store.MaxDocumentBytes-1000),
				"numbers": json.RawMessage("[" + strings.Repeat("1e300, ", 20) + "0, -1, 0.5, 1e-300, 123456789.123456789]"),
				"levels":  nested(store.MaxDocumentDepth - 1),
			} {
				w.credentials(with(stored(1, alice, "Google"), more(value)))
				loaded := w.load(alice).Wallets[0].Credentials
				require.Len(w.t, loaded, 1)
				assert.Empty(w.t, loaded[0].Omitted, name)
				assert.NotEmpty(w.t, loaded[0].Document, name)
			}
		}},
		{Name: "the version changes with a credential that is omitted", run: func(w *world) {
			large := with(stored(1, alice, "Google"), more(tooLongText))
			w.credentials(large)
			before := w.load(alice).Wallets[0].Version
			w.credentials(with(large, updated))
			assert.NotEqual(w.t, before, w.load(alice).Wallets[0].Version)
		}},
		{Name: "of a wallet that is too large the oldest are omitted", run: func(w *world) {
			w.credentials(heavy(50)...)
			credentials := w.byID(w.load(alice).Wallets[0].Credentials)
			require.Len(w.t, credentials, 50)
			total, omitted := 0, int64(0)
			for id := int64(1); id <= 50; id++ {
				c := credentials[id]
				total += len(c.Document)
				if c.Omitted == "" {
					continue
				}
				omitted++
				assert.Equal(w.t, store.OmittedTooMany, c.Omitted)
				assert.Nil(w.t, c.Document)
				assert.Equal(w.t, omitted, id, "those with the lowest ids")
			}
			assert.LessOrEqual(w.t, total, store.MaxWalletBytes)
			assert.Greater(w.t, total, store.MaxWalletBytes*3/4)
			assert.Positive(w.t, omitted)
		}},
		{Name: "of too many credentials the next one is omitted", run: func(w *world) {
			var all []store.StoredCredential
			for id := range int64(store.MaxCredentials + 5) {
				all = append(all, stored(id+1, alice, fmt.Sprintf("%06d", id+1), "n1"))
			}
			all[len(all)-1].Deleted = true
			all[len(all)-2].Revoked = true // it takes the place of one
			w.credentials(all...)
			wallet := w.load(alice).Wallets[0]
			require.Len(w.t, wallet.Credentials, store.MaxCredentials)
			for id, c := range w.byID(wallet.Credentials) {
				assert.Equal(w.t, map[bool]store.Omission{true: store.OmittedTooMany}[id == 4], c.Omitted, "%d", id)
			}
			w.credentials(append(all, stored(int64(len(all)+1), alice, "newest", "n1"))...)
			assert.NotEqual(w.t, wallet.Version, w.load(alice).Wallets[0].Version)
		}},
		{Name: "a document that comes within the bounds is a change", run: func(w *world) {
			var all []store.StoredCredential
			for id := range int64(store.MaxCredentials + 1) {
				all = append(all, stored(id+1, alice, fmt.Sprintf("%06d", id+1)))
			}
			newest := &all[len(all)-1]
			newest.Revoked = true
			w.credentials(all...)
			c := w.scored([]store.Address{alice})
			newest.Deleted = true // it takes the place of the first no more
			w.credentials(all...)
			w.again(ofAlice(c.Wallets[0].Version).query(alice))
			w.refused(store.ErrConflict, c)
		}},
		{Name: "an omitted credential leaves a score with its reason", run: func(w *world) {
			many := w.signed(2, alice, "Many")
			var members map[string]any
			require.NoError(w.t, json.Unmarshal(many.Document, &members))
			members["credentialSubject"].(map[string]any)["nullifiers"] = make([]string, store.MaxNullifiers+1)
			var err error
			many.Document, err = json.Marshal(members)
			require.NoError(w.t, err)
			w.credentials(with(stored(1, alice, "Large"), more(tooLongText)), many, w.signed(3, alice, "Google"))
			result := w.scoreWith(w.engine(), alice)
			assert.Equal(w.t, "1.5", result.Score.String())
			reasons := map[string]passport.Reason{}
			for _, stamp := range result.Stamps {
				reasons[stamp.Provider] = stamp.Reason
			}
			assert.Equal(w.t, map[string]passport.Reason{
				"Google": "", "Large": credential.ReasonTooLarge, "Many": credential.ReasonTooManyNullifiers,
			}, reasons)
		}},
		{Name: "an omitted credential hides an older one of its provider", run: func(w *world) {
			large := with(stored(2, alice, "Google"), updated, foreign)
			w.credentials(w.signed(1, alice, "Google"), with(large, more(tooLongText)))
			assert.Equal(w.t, "0", w.scoreWith(w.engine(), alice).Score.String())
		}},
	}
}

// updated makes a credential newer.
func updated(c *store.StoredCredential) { c.UpdatedAt = c.UpdatedAt.AddDate(0, 1, 0) }

// heavy are large credentials of Alice, each within its bounds.
func heavy(n int) []store.StoredCredential {
	credentials := make([]store.StoredCredential, n)
	for i := range credentials {
		id := int64(i + 1)
		credentials[i] = with(stored(id, alice, fmt.Sprintf("%06d", id)), more(strings.Repeat("x", 110_000)))
	}
	return credentials
}

// nullifierCases are about credentials that cannot count.
func nullifierCases() []Case {
	return []Case{
		{Name: "no claim for a credential with too many nullifiers", run: func(w *world) {
			var listed []string
			for n := range store.MaxNullifiers {
				listed = append(listed, fmt.Sprint("n", n))
			}
			w.claims(claim("n0", bob, years(1)), claim(listed[len(listed)-1], bob, years(1)))
			w.credentials(stored(1, alice, "Google", listed...))
			assert.Len(w.t, w.load(alice).Claims, 2)
			w.credentials(stored(1, alice, "Google", append(listed, "one more")...))
			loaded := w.load(alice)
			assert.Empty(w.t, loaded.Claims)
			assert.Empty(w.t, loaded.Wallets[0].Credentials[0].Omitted)
		}},
		{Name: "no claim for a credential about another subject or provider", run: func(w *world) {
			w.claims(claim("n1", bob, years(1)))
			for name, c := range map[string]struct {
				members map[string]any
				want    int
			}{
				"as it should be":           {nil, 1},
				"the subject in upper case": {map[string]any{"id": "DID:PKH:EIP155:1:" + strings.ToUpper(string(alice))}, 1},
				"another subject":           {map[string]any{"id": bob.DID()}, 0},
				"another chain":             {map[string]any{"id": "did:pkh:eip155:10:" + alice}, 0},
				"no subject":                {map[string]any{"id": nil}, 0},
				"another provider":          {map[string]any{"provider": "google"}, 0},
				"no provider":               {map[string]any{"provider": nil}, 0},
			} {
				members := map[string]any{"nullifiers": []string{"n1"}, "hash": "n1"}
				maps.Copy(members, c.members)
				w.credentials(with(stored(1, alice, "Google"), subject(members)))
				assert.Len(w.t, w.load(alice).Claims, c.want, name)
			}
		}},
	}
}
