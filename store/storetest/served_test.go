package storetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
)

// serve is a [NewHandler] of stores with every role.
func serve(t testing.TB, h Harness, engine *passport.Engine) http.Handler {
	t.Helper()
	handler, err := passporthttp.New(engine, h.(passporthttp.Lookups))
	require.NoError(t, err)
	return handler
}

func TestServed(t *testing.T) {
	newHarness := func(testing.TB) Harness { return brokenstore.New() }
	ServedScenarios(t, newHarness, serve)
	ServedForms(t, newHarness, serve)
}

// The comparison must notice anything that is wrong in an answer, and in what
// only a server writes.
func TestServedScenarios_Wrong(t *testing.T) {
	spoilt := func(spoil func(r *httptest.ResponseRecorder)) NewHandler {
		return func(t testing.TB, h Harness, engine *passport.Engine) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				r := httptest.NewRecorder()
				serve(t, h, engine).ServeHTTP(r, request)
				spoil(r)
				w.Header().Set("Content-Type", r.Header().Get("Content-Type"))
				w.WriteHeader(r.Code)
				_, _ = w.Write(r.Body.Bytes())
			})
		}
	}
	inBody := func(old, changed string) NewHandler {
		return spoilt(func(r *httptest.ResponseRecorder) {
			text := strings.Replace(r.Body.String(), old, changed, 1)
			r.Body.Reset()
			r.Body.WriteString(text)
		})
	}
	const linked = "linked: deduplicated by a stranger"
	const points, migrated, listing, history = "human points: address lists", "PBKDF2 API key is migrated to SHA-256", "listing of credentials", "history at several moments"
	for name, c := range map[string]struct {
		scenario string
		handler  NewHandler
		fails    bool
	}{
		"nothing of a score":   {points, serve, false},
		"nothing of a key":     {migrated, serve, false},
		"nothing of a listing": {listing, serve, false},
		"nothing at all":       {listing, inBody(`no such text`, ``), false},
		"a status":             {history, spoilt(func(r *httptest.ResponseRecorder) { r.Code++ }), true},
		"a type":               {points, spoilt(func(r *httptest.ResponseRecorder) { r.Header().Set("Content-Type", "text/plain") }), true},
		"a score":              {points, inBody(`"3.00000"`, `"3.00001"`), true},
		"an extra member":      {points, inBody(`{`, `{"more": 1, `), true},
		"a missing member":     {points, inBody(`,"linked_score":null`, ``), true},
		"a linked score":       {linked, inBody(`"linked_score":{`, `"linked_score":{"more":1,`), true},
		"a source wallet":      {linked, inBody(`"source_wallet":"0x`, `"source_wallet":"0y`), true},
		"a sentence":           {"deleted community", inBody(`No scorer`, `No Scorer`), true},
		"an order":             {listing, inBody(`"Github"`, `"Google"`), true},
		"a link":               {listing, inBody(`"next":null`, `"next":"/"`), true},
		"a key": {migrated, func(t testing.TB, h Harness, engine *passport.Engine) http.Handler {
			h.(*brokenstore.Store).On.MigrateKey = func(context.Context, string, string) error { return nil }
			return serve(t, h, engine)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := recorded(t, c.scenario)
			failed := Fails(func(t testing.TB) { s.check(t, brokenstore.New(), throughServer(c.handler)) })
			assert.Equal(t, c.fails, failed)
		})
	}
	require.Len(t, scenarios(t), 45+8)
}

// A running server is held to this machine's clock.
func TestRunningScenarios_Clock(t *testing.T) {
	for name, c := range map[string]struct {
		clock func() time.Time
		fails bool
	}{
		"right": {time.Now, false},
		"slow":  {func() time.Time { return time.Now().Add(-time.Minute) }, true},
		"fast":  {func() time.Time { return time.Now().Add(time.Minute) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := brokenstore.New(memstore.WithClock(c.clock))
			engine, err := passport.New(h, passport.WithTrustedIssuers(TrustedIssuers()...),
				passport.WithHumanPoints(passport.HumanPoints{Capped: passport.MetaMaskOG()}), passport.WithClock(c.clock))
			require.NoError(t, err)
			server := httptest.NewServer(serve(t, h, engine))
			t.Cleanup(server.Close)
			s := recorded(t, "human points: address lists")
			assert.Equal(t, c.fails, Fails(func(t testing.TB) { s.check(t, h, throughURL(server.URL)) }))
		})
	}
}
