package storetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// stampWith is a credential with something more in it, of whatever size.
func stampWith(provider string, more any) json.RawMessage {
	said := stampJSON(alice, provider, "of "+provider)
	said["more"] = more
	document, err := json.Marshal(said)
	if err != nil {
		panic(err) // texts always marshal
	}
	return document
}

// nested is a list of one level or more.
func nested(levels int) json.RawMessage {
	return json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
}

// tooLarge are what makes a credential too large.
var tooLarge = []struct {
	name string
	more any
}{
	{"a text", strings.Repeat("x", store.MaxStampBytes)},
	{"numbers", json.RawMessage("[" + strings.Repeat("1e300, 0e-300, ", 250) + "-1e300]")},
	{"levels", nested(store.MaxStampDepth)},
	{"many values", json.RawMessage("[" + strings.Repeat("[],", store.MaxStampBytes/3) + "[]]")},
}

// boundsCases are about rows beyond the bounds of package store.
func boundsCases(h Harness) []Case {
	var cases []Case
	for _, large := range tooLarge {
		cases = append(cases, Case{Name: "a credential that is too large for " + large.name + " must be omitted", run: func(w *world) {
			w.credentials(with(credentialRow(1, alice, "Google"), row{"stamp": stampWith("Google", large.more)}), credentialRow(2, alice, "Ens", "n2"))
			w.claims(claimRow("of Google", bob, years(1)), claimRow("n2", bob, years(1)))
			loaded := w.load(alice)
			require.Len(w.t, loaded.Wallets[0].Credentials, 2)
			ens, google := loaded.Wallets[0].Credentials[0], loaded.Wallets[0].Credentials[1]
			assert.Equal(w.t, store.Credential{ID: 1, Provider: "Google", Omitted: store.OmittedTooLarge, UpdatedAt: google.UpdatedAt}, google)
			assert.Empty(w.t, ens.Omitted)
			assert.NotEmpty(w.t, ens.Stamp)
			require.Len(w.t, loaded.Claims, 1, "there must be no claim for one that is omitted")
			assert.Equal(w.t, "n2", loaded.Claims[0].Nullifier)
		}})
	}
	cases = append(cases, readCases()...)
	if _, has := h.(store.Credentials); has {
		cases = append(cases, pageCases()...)
	}
	return cases
}

func readCases() []Case {
	return []Case{
		{Name: "a credential within the bounds must be read", run: func(w *world) {
			for name, more := range map[string]any{
				"a text":  strings.Repeat("x", store.MaxStampBytes-1000),
				"numbers": json.RawMessage("[" + strings.Repeat("1e300, ", 20) + "0, -1, 0.5, 1e-300, 123456789.123456789]"),
				"levels":  nested(store.MaxStampDepth - 1),
			} {
				w.credentials(with(credentialRow(1, alice, "Google"), row{"stamp": stampWith("Google", more)}))
				loaded := w.load(alice).Wallets[0].Credentials
				require.Len(w.t, loaded, 1)
				assert.Empty(w.t, loaded[0].Omitted, name)
				assert.NotEmpty(w.t, loaded[0].Stamp, name)
			}
		}},
		{Name: "one that is omitted must hide an older one of its provider", run: func(w *world) {
			large := row{"id": 2, "type": 2, "updated_at": "2026-03-01T00:00:00Z", "stamp": stampWith("Google", strings.Repeat("x", store.MaxStampBytes))}
			w.credentials(credentialRow(1, alice, "Google", "n1"), with(credentialRow(1, alice, "Google"), large))
			assert.Equal(w.t, []int64{2}, w.ids())
		}},
		{Name: "the version must change when one that is omitted does", run: func(w *world) {
			large := with(credentialRow(1, alice, "Google"), row{"stamp": stampWith("Google", strings.Repeat("x", store.MaxStampBytes))})
			w.credentials(large)
			before := w.load(alice).Wallets[0].Version
			w.credentials(with(large, row{"updated_at": "2026-03-01T00:00:00Z"}))
			assert.NotEqual(w.t, before, w.load(alice).Wallets[0].Version)
		}},
		{Name: "of a wallet that is too large the newest must be read, and the others omitted", run: func(w *world) {
			w.credentials(w.heavy(50)...)
			total, omitted := 0, 0
			for _, c := range w.load(alice).Wallets[0].Credentials { // by provider, which is by id
				total += len(c.Stamp)
				if c.Omitted == "" {
					continue
				}
				omitted++
				assert.Equal(w.t, store.OmittedTooMany, c.Omitted)
				assert.Nil(w.t, c.Stamp)
				assert.EqualValues(w.t, omitted, c.ID, "those with the lowest ids")
			}
			assert.LessOrEqual(w.t, total, store.MaxWalletBytes)
			assert.Greater(w.t, total, store.MaxWalletBytes*3/4)
			assert.Positive(w.t, omitted)
		}},
		{Name: "of a wallet with too many credentials the newest must be read, and the next one omitted", run: func(w *world) {
			var rows []row
			for id := 1; id <= store.MaxCredentials+5; id++ {
				rows = append(rows, credentialRow(id, alice, fmt.Sprintf("%06d", id), "n1"))
			}
			rows[len(rows)-1]["deleted_at"] = "2026-03-01T00:00:00Z"
			w.credentials(rows...)
			loaded := w.load(alice).Wallets[0].Credentials
			require.Len(w.t, loaded, store.MaxCredentials+1)
			assert.EqualValues(w.t, 4, loaded[0].ID)
			assert.Equal(w.t, store.OmittedTooMany, loaded[0].Omitted)
			for _, c := range loaded[1:] {
				assert.Empty(w.t, c.Omitted)
			}
			version := w.load(alice).Wallets[0].Version
			w.credentials(append(rows, credentialRow(len(rows)+1, alice, "newest", "n1"))...)
			assert.NotEqual(w.t, version, w.load(alice).Wallets[0].Version)
		}},
		{Name: "there must be no claim for a credential with too many nullifiers", run: func(w *world) {
			var listed []string
			for n := range store.MaxNullifiers {
				listed = append(listed, fmt.Sprint("n", n))
			}
			w.claims(claimRow("n0", bob, years(1)), claimRow(listed[len(listed)-1], bob, years(1)))
			w.credentials(credentialRow(1, alice, "Google", listed...))
			assert.Len(w.t, w.load(alice).Claims, 2)
			w.credentials(credentialRow(1, alice, "Google", append(listed, "one more")...))
			assert.Empty(w.t, w.load(alice).Claims)
			assert.Empty(w.t, w.load(alice).Wallets[0].Credentials[0].Omitted)
		}},
		{Name: "there must be no claim for a credential about another subject or provider", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(1)))
			for name, c := range map[string]struct {
				said row
				want int
			}{
				"as they should be":    {subject(alice, "Google", nil), 1},
				"the subject in upper": {row{"id": "DID:PKH:EIP155:1:" + strings.ToUpper(alice), "provider": "Google"}, 1},
				"another subject":      {subject(bob, "Google", nil), 0},
				"another chain":        {row{"id": "did:pkh:eip155:10:" + alice, "provider": "Google"}, 0},
				"no subject":           {row{"provider": "Google"}, 0},
				"another provider":     {subject(alice, "google", nil), 0},
				"no provider":          {row{"id": "did:pkh:eip155:1:" + alice}, 0},
			} {
				w.credentials(with(credentialRow(1, alice, "Google"), row{"stamp": row{
					"credentialSubject": with(c.said, row{"nullifiers": []string{"n1"}, "hash": "n1"}),
				}}))
				assert.Len(w.t, w.load(alice).Claims, c.want, name)
			}
		}},
		{Name: "what is beyond the bounds must be left out of a score with its reason", run: func(w *world) {
			many := w.signed(2, alice, "Many")
			var said row
			require.NoError(w.t, json.Unmarshal(many["stamp"].(json.RawMessage), &said))
			said["credentialSubject"].(row)["nullifiers"] = make([]string, store.MaxNullifiers+1)
			w.credentials(
				with(credentialRow(1, alice, "Large"), row{"stamp": stampWith("Large", strings.Repeat("x", store.MaxStampBytes))}),
				with(many, row{"stamp": said}), w.signed(3, alice, "Google"),
			)
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
	}
}

// heavy are large credentials of Alice, each within its bounds.
func (w *world) heavy(n int) []row {
	rows := make([]row, n)
	for i := range rows {
		provider := fmt.Sprintf("%06d", i+1)
		rows[i] = with(credentialRow(i+1, alice, provider), row{"stamp": stampWith(provider, strings.Repeat("x", 110_000))})
	}
	return rows
}

// pageCases are for stores that list credentials and take them in.
func pageCases() []Case {
	role := func(w *world) store.Credentials { return w.Harness.(store.Credentials) }
	return []Case{
		{Name: "a page must omit what is too large", run: func(w *world) {
			w.credentials(
				credentialRow(1, alice, "A"), credentialRow(3, alice, "C"),
				with(credentialRow(2, alice, "B"), row{"stamp": stampWith("B", strings.Repeat("x", store.MaxStampBytes))}),
			)
			listed, err := role(w).ListCredentials(w.ctx, alice, store.Page{Limit: 9})
			require.NoError(w.t, err)
			require.Len(w.t, listed.Credentials, 3)
			for i, want := range []store.Omission{"", store.OmittedTooLarge, ""} {
				assert.Equal(w.t, want, listed.Credentials[i].Omitted)
				assert.Equal(w.t, want == "", listed.Credentials[i].Stamp != nil)
			}
		}},
		{Name: "a page must end before it is too large, and the next one go on", run: func(w *world) {
			w.credentials(w.heavy(50)...)
			walk := func(page store.Page, on func(*store.CredentialPage) (store.Page, bool)) (seen []int64, pages int) {
				for more := true; more; pages++ {
					listed, err := role(w).ListCredentials(w.ctx, alice, page)
					require.NoError(w.t, err)
					require.NotEmpty(w.t, listed.Credentials)
					total := 0
					for _, c := range listed.Credentials {
						total += len(c.Stamp)
						assert.Empty(w.t, c.Omitted)
						seen = append(seen, c.ID)
					}
					assert.LessOrEqual(w.t, total, store.MaxWalletBytes)
					page, more = on(listed)
				}
				return seen, pages
			}
			down, pages := walk(store.Page{Limit: 1000}, func(listed *store.CredentialPage) (store.Page, bool) {
				return store.Page{Limit: 1000, Before: listed.Credentials[len(listed.Credentials)-1].ID}, listed.Older
			})
			assert.Len(w.t, down, 50)
			assert.IsDecreasing(w.t, down)
			assert.Equal(w.t, 2, pages)
			up, pages := walk(store.Page{Limit: 1000, After: 1}, func(listed *store.CredentialPage) (store.Page, bool) {
				return store.Page{Limit: 1000, After: listed.Credentials[0].ID}, listed.Newer
			})
			assert.ElementsMatch(w.t, down[:49], up)
			assert.Equal(w.t, 2, pages)
		}},
		{Name: "AddCredentials must return ErrInvalid for one that is too large, and change nothing", run: func(w *world) {
			for _, large := range tooLarge {
				c := newCredential("Google")
				c.Stamp = stampWith("Google", large.more)
				w.unchanged(func() {
					assert.ErrorIs(w.t, role(w).AddCredentials(w.ctx, alice, newCredential("Ens"), c), store.ErrInvalid, large.name)
				})
			}
		}},
	}
}
