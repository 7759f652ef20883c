package pgstore_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// Each store takes in the pages of the other's listing.
func TestImport_Listing(t *testing.T) {
	t.Parallel()
	type rows interface {
		passport.Store
		passporthttp.Lookups
		store.Communities
		store.Credentials
	}
	inMemory := func() rows { return memstore.New() }
	onPostgres := func() rows { return newStore(openPool(t, pgtest.New(t))) }
	for name, open := range map[string][2]func() rows{
		"memory to Postgres": {inMemory, onPostgres},
		"Postgres to memory": {onPostgres, inMemory},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := open[0](), open[1]()
			issuer, alice := passporttest.NewIssuer(), passporttest.Address("alice")
			engine, err := passport.New(from, passport.WithTrustedIssuers(issuer.DID()))
			require.NoError(t, err)
			for _, provider := range []string{"Google", "Github", "Ens", "Lens", "Discord"} {
				signed, err := issuer.Issue(alice, provider, "Zoë's \"account\" \\u0041 <&>")
				require.NoError(t, err)
				c, err := passport.ReadCredential(signed)
				require.NoError(t, err)
				require.NoError(t, from.AddCredentials(t.Context(), store.Address(alice), c))
			}
			account, err := from.PutAccount(t.Context(), "reader")
			require.NoError(t, err)
			keys, err := apikey.New(from)
			require.NoError(t, err)
			key, _, err := keys.Create(t.Context(), apikey.KeyParams{Account: account, ReadScores: true})
			require.NoError(t, err)

			var answers bytes.Buffer
			handler, err := passporthttp.New(engine, from)
			require.NoError(t, err)
			for url, pages := "/v2/stamps/"+alice+"?limit=2", 0; url != ""; pages++ {
				require.Less(t, pages, 3)
				request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
				request.Header.Set("X-Api-Key", key)
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, request)
				require.Equal(t, http.StatusOK, answer.Code)
				answers.Write(answer.Body.Bytes())
				url = nextPage(t, answer.Body.Bytes())
			}

			for _, want := range []passport.ImportReport{{Items: 5, Stored: 5}, {Items: 5, Superseded: 5}} {
				want.Refused = map[passport.Reason]int{}
				report, err := engine.Import(t.Context(), to, bytes.NewReader(answers.Bytes()), nil)
				require.NoError(t, err)
				assert.Equal(t, want, report)
			}
			assert.Equal(t, stampsOf(t, from, store.Address(alice)), stampsOf(t, to, store.Address(alice)))
		})
	}
}

func nextPage(t *testing.T, answer []byte) string {
	t.Helper()
	var page struct{ Next string }
	require.NoError(t, json.Unmarshal(answer, &page))
	return page.Next
}

// stampsOf returns the credentials by provider, as JSON trees.
func stampsOf(t *testing.T, from store.Credentials, address store.Address) map[string]any {
	t.Helper()
	page, err := from.ListCredentials(t.Context(), address, store.Page{Limit: store.MaxPage})
	require.NoError(t, err)
	stamps := map[string]any{}
	for _, c := range page.Credentials {
		var tree any
		require.NoError(t, json.Unmarshal(c.Document, &tree))
		stamps[c.Provider] = tree
	}
	return stamps
}
