package passporthttp_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// A scoring over HTTP is three round trips to the database, with points and
// rate limits: one for the key and the community, two of the engine.
func TestRoundTrips(t *testing.T) {
	var trips atomic.Int64
	pool, err := pgstore.OpenPool(t.Context(), pgtest.New(t), pgtest.CountTrips(&trips), func(c *pgxpool.Config) { c.MaxConns = 1 })
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	db, issuer, ctx := pgstore.New(pool), passporttest.NewIssuer(), t.Context()
	account, err := db.PutAccount(ctx, "owner")
	require.NoError(t, err)
	require.NoError(t, db.PutCommunity(ctx, store.Community{
		ID: 1, Account: account, Name: "One", ExternalID: "77", HumanPoints: true, Threshold: "1", Weights: []byte(`{"Google": "1.5"}`),
	}))
	signed, err := issuer.Issue(alice, "Google", "account")
	require.NoError(t, err)
	stamp, err := passport.ReadCredential(signed)
	require.NoError(t, err)
	require.NoError(t, db.AddCredentials(ctx, alice, stamp))
	keys, err := apikey.New(db)
	require.NoError(t, err)
	key, _, err := keys.Create(ctx, apikey.KeyParams{Account: account, ReadScores: true, Historical: true})
	require.NoError(t, err)
	powerless, _, err := keys.Create(ctx, apikey.KeyParams{Account: account})
	require.NoError(t, err)
	engine, err := passport.New(db, passport.WithTrustedIssuers(issuer.DID()), passport.WithHumanPoints(passport.HumanPoints{}))
	require.NoError(t, err)
	handler, err := passporthttp.New(engine, db, passporthttp.WithKeys(keys), passporthttp.WithPoints(db), passporthttp.WithRateLimits())
	require.NoError(t, err)

	const score = "/v2/stamps/1/score/" + alice
	for _, c := range []struct {
		name, path, key string
		status          int
		trips           int64
	}{
		{"scored", score, key, 200, 3},
		{"scored, by the external id", "/v2/stamps/77/score/" + alice, key, 200, 3},
		{"history", score + "/history?created_at=2100-01-01", key, 200, 2},
		{"unknown key", score, "unknown1.abcdef", 401, 1},
		{"wrong key", score, key + "x", 401, 1},
		{"malformed key", score, "abc", 401, 0},
		{"key that may not", score, powerless, 403, 1},
		{"unknown community", "/v2/stamps/2/score/" + alice, key, 404, 1},
		{"scorer that is no integer", "/v2/stamps/x/score/" + alice, key, 422, 1},
		{"malformed address", "/v2/stamps/1/score/alice", key, 400, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			ask := func() *httptest.ResponseRecorder {
				request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil)
				request.Header.Set("X-Api-Key", c.key)
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, request)
				return answer
			}
			ask() // the first prepares its statements, and the second those for what the engine knows
			ask()
			before := trips.Load()
			answer := ask()
			assert.Equal(t, c.status, answer.Code, answer.Body)
			assert.Equal(t, c.trips, trips.Load()-before)
			if c.name == "scored" {
				assert.Contains(t, answer.Body.String(), `"points_data":{"total_points":100,"is_eligible":true,"multiplier":1,"breakdown":{"HKY":100}}`)
			}
		})
	}
}
