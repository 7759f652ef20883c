package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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

// Each key is accepted by its own routes of a server on the database.
func TestSetUp(t *testing.T) {
	pool := newPool(t)
	db := pgstore.New(pool)
	issuer := passporttest.NewIssuer()
	engine, err := passport.New(db, passport.WithTrustedIssuers(issuer.DID()))
	require.NoError(t, err)
	handler, err := passporthttp.New(engine, db, passporthttp.WithIngestion(db))
	require.NoError(t, err)

	community := store.Community{ID: 1, Name: "Demo", Threshold: "1", Weights: []byte(`{"Google": "1.5"}`)}
	made, err := setUp(t.Context(), pool, "demo", community)
	require.NoError(t, err)
	alice := passporttest.Address("alice")
	signed, err := issuer.Issue(alice, "Google", "account")
	require.NoError(t, err)
	for _, test := range []struct {
		key, method, path, body, want string
	}{
		{made.ingestion, http.MethodPost, "/v2/stamps/" + alice, fmt.Sprintf(`{"credentials": [%s]}`, signed), `{"stored":1}`},
		{made.score, http.MethodGet, "/v2/stamps/1/score/" + alice, "", `"score":"1.50000"`},
		{made.history, http.MethodGet, "/v2/stamps/1/score/" + alice + "/history?created_at=2999-01-01", "", `"score":"1.50000"`},
	} {
		for _, key := range []string{made.score, made.history, made.ingestion} {
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
			request.Header.Set("X-Api-Key", key)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			if key == test.key {
				assert.Equal(t, http.StatusOK, answer.Code, test.path)
				assert.Contains(t, answer.Body.String(), test.want)
			} else {
				assert.Equal(t, http.StatusForbidden, answer.Code, test.path)
			}
		}
	}

	community.Threshold = "1.2"
	_, err = setUp(t.Context(), pool, "another account", community)
	require.EqualError(t, err, "community 1 is there already: choose another one")
	snapshot, err := db.Load(t.Context(), store.Query{Community: 1})
	require.NoError(t, err)
	assert.Equal(t, "1.00000", snapshot.Community.Threshold, "it is unchanged")
}

func TestSetUp_Refused(t *testing.T) {
	pool := newPool(t)
	_, err := setUp(t.Context(), pool, "demo", store.Community{ID: 1, Threshold: "20", Weights: []byte(`{"Google": "1.5"}`)})
	require.ErrorIs(t, err, passport.ErrInvalidWeights)
	require.ErrorContains(t, err, "no address can pass the threshold 20")
	require.ErrorIs(t, pgstore.CheckSchema(t.Context(), pool), store.ErrInternal, "nothing was created")
}

// A shell reads the printed commands as intended.
func TestRun_Commands(t *testing.T) {
	url := pgtest.NewEmpty(t)
	url += map[bool]string{true: "&", false: "?"}[strings.Contains(url, "?")] + "application_name=it's"
	weights := filepath.Join(t.TempDir(), "weights.json")
	require.NoError(t, os.WriteFile(weights, []byte(`{"Google": "20.5"}`), 0o600))
	var out strings.Builder
	getenv := func(name string) string { return map[string]string{"PASSPORT_DATABASE_URL": url}[name] }
	require.NoError(t, run(t.Context(), getenv, []string{"-community", "7", "-weights-file", weights}, &out))

	serve := regexp.MustCompile(`(?m)^PASSPORT_.* go run ./examples/server$`).FindString(out.String())
	require.NotEmpty(t, serve)
	environment := "\n" + shell(t, strings.Replace(serve, "go run ./examples/server", "env", 1))
	assert.Contains(t, environment, "\nPASSPORT_DATABASE_URL="+url+"\n")
	assert.Contains(t, environment, "\nPASSPORT_TRUSTED_ISSUERS="+humanPassport+"\n")
	assert.Contains(t, environment, "\nPASSPORT_INGESTION=on\n")
	key := regexp.MustCompile(`scores +(\S+)`).FindStringSubmatch(out.String())
	require.NotNil(t, key)
	curl := regexp.MustCompile(`(?m)^curl .*$`).FindString(out.String())
	assert.Equal(t, "-H\nX-Api-Key: "+key[1]+"\nhttp://127.0.0.1:8080/v2/stamps/7/score/0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c\n",
		shell(t, `curl() { printf '%s\n' "$@"; }; `+curl))

	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	defer pool.Close()
	snapshot, err := pgstore.New(pool).Load(t.Context(), store.Query{Community: 7})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Google": "20.5"}`, string(snapshot.Community.Weights))
}

func TestRun_Refused(t *testing.T) {
	none := func(string) string { return "" }
	require.EqualError(t, run(t.Context(), none, nil, nil), "PASSPORT_DATABASE_URL is not set")
	large := filepath.Join(t.TempDir(), "large.json")
	require.NoError(t, os.WriteFile(large, make([]byte, 1<<20+1), 0o600))
	for file, want := range map[string]string{large: "has more than 1048576 bytes", large + "x": "no such file"} {
		err := run(t.Context(), func(string) string { return "postgres://" }, []string{"-weights-file", file}, nil)
		require.ErrorContains(t, err, want)
	}
}

func shell(t *testing.T, command string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "sh", "-c", command).Output()
	require.NoError(t, err)
	return string(output)
}

func newPool(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), pgtest.NewEmpty(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}
