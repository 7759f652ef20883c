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
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
)

// forgetful does not keep that a key was migrated.
type forgetful struct{ memory }

func (forgetful) MigrateKey(context.Context, string, string) error { return nil }

// The comparison must notice whatever is wrong in an answer, and in a row that
// only a server writes.
func TestAServedScenarioNoticesWhatIsWrong(t *testing.T) {
	serving := func(engine *passport.Engine, rows passporthttp.Rows) http.Handler {
		handler := passporthttp.New(engine, rows)
		require.NoError(t, handler.Err())
		return handler
	}
	well := func(_ testing.TB, h Harness, engine *passport.Engine) http.Handler {
		return serving(engine, h.(memory))
	}
	spoilt := func(spoil func(r *httptest.ResponseRecorder)) NewHandler {
		return func(t testing.TB, h Harness, engine *passport.Engine) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
				r := httptest.NewRecorder()
				well(t, h, engine).ServeHTTP(r, asked)
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
	const points, migrated, listing, history = "human points: address lists", "PBKDF2 API key is migrated to SHA-256", "listing of credentials", "history at several moments"
	for name, c := range map[string]struct {
		scenario string
		handler  NewHandler
		fails    bool
	}{
		"nothing, of a score":   {points, well, false},
		"nothing, of a key":     {migrated, well, false},
		"nothing, of a listing": {listing, well, false},
		"nothing that is said":  {listing, inBody(`no such text`, ``), false},
		"a status":              {history, spoilt(func(r *httptest.ResponseRecorder) { r.Code++ }), true},
		"a type":                {points, spoilt(func(r *httptest.ResponseRecorder) { r.Header().Set("Content-Type", "text/plain") }), true},
		"a score":               {points, inBody(`"3.00000"`, `"3.00001"`), true},
		"a member too many":     {points, inBody(`{`, `{"more": 1, `), true},
		"a member too few":      {points, inBody(`,"linked_score":null`, ``), true},
		"a sentence":            {"deleted community", inBody(`No scorer`, `No Scorer`), true},
		"an order":              {listing, inBody(`"Github"`, `"Google"`), true},
		"a link":                {listing, inBody(`"next":null`, `"next":"/"`), true},
		"a row of a key": {migrated, func(_ testing.TB, h Harness, engine *passport.Engine) http.Handler {
			return serving(engine, forgetful{h.(memory)})
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := recorded(t, c.scenario)
			failed := Fails(func(t testing.TB) { s.check(t, memory{memstore.New()}, throughServer(c.handler)) })
			assert.Equal(t, c.fails, failed)
		})
	}
	require.Len(t, scenarios(t), 45)
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
			rows := memory{memstore.New(memstore.WithClock(c.clock))}
			engine, err := passport.New(rows, passport.WithTrustedIssuers(TrustedIssuers()...),
				passport.WithHumanPoints(passport.HumanPoints{Capped: passport.MetaMaskOG()}), passport.WithClock(c.clock))
			require.NoError(t, err)
			handler := passporthttp.New(engine, rows)
			require.NoError(t, handler.Err())
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			s := recorded(t, "human points: address lists")
			assert.Equal(t, c.fails, Fails(func(t testing.TB) { s.check(t, rows, throughURL(server.URL)) }))
		})
	}
}
