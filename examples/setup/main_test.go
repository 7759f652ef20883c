package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestWithTheKeyAnEmptyDatabaseAnswersAScore(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), pgtest.NewEmpty(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	db := pgstore.New(pool)
	engine, err := passport.New(db, passport.WithTrustedIssuers(passporttest.NewIssuer().DID()))
	require.NoError(t, err)
	handler := passporthttp.New(engine, db)
	require.NoError(t, handler.Err())

	community := store.Community{ID: 1, Name: "Demo", Threshold: "20", Weights: []byte(`{"Google": "1.5"}`)}
	key, err := setUp(t.Context(), pool, "demo", community)
	require.NoError(t, err)
	asked := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v2/stamps/1/score/"+passporttest.Address("alice"), http.NoBody)
	asked.Header.Set("X-Api-Key", key)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, asked)
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Body.String(), `"score":"0.00000"`)
	assert.Contains(t, answer.Body.String(), `"threshold":"20.00000"`)

	community.Threshold = "1"
	_, err = setUp(t.Context(), pool, "somebody else", community)
	require.EqualError(t, err, "community 1 is there already: choose another one")
	snapshot, err := db.Load(t.Context(), store.Query{Community: 1})
	require.NoError(t, err)
	assert.Equal(t, "20.00000", snapshot.Community.Threshold, "it is left alone")

	_, err = setUp(t.Context(), pool, "demo", store.Community{ID: 2, Name: "Bad", Threshold: "twenty", Weights: []byte(`{}`)})
	require.Error(t, err)
}
