package passporthttp_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
)

func TestEveryFaultOfAConfigurationIsToldAtOnce(t *testing.T) {
	handler := passporthttp.New(nil, nil,
		passporthttp.WithKeys(nil), passporthttp.WithLimiter(nil), passporthttp.WithUses(nil), passporthttp.WithPoints(nil),
		passporthttp.WithReady(nil), passporthttp.WithIngestion(nil), passporthttp.WithCORS("*", "https://a.org/", "a.org"),
		passporthttp.WithPublicURL("://"), passporthttp.WithTimeout(-time.Second), passporthttp.WithLogger(nil))
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, handler.Err(), &joined)
	var told []string
	for _, fault := range joined.Unwrap() {
		require.ErrorIs(t, fault, passport.ErrMisconfigured)
		told = append(told, fault.Error())
	}
	assert.Equal(t, []string{
		"misconfigured: WithKeys got nil", "misconfigured: WithLimiter got nil", "misconfigured: WithUses got nil",
		"misconfigured: WithPoints got nil", "misconfigured: WithReady got nil", "misconfigured: WithIngestion got nil",
		`misconfigured: WithCORS got "https://a.org/", which no browser sends as an origin`,
		`misconfigured: WithCORS got "a.org", which no browser sends as an origin`,
		"misconfigured: WithPublicURL: a public URL is http or https, a host, and perhaps a path, and nothing else",
		"misconfigured: WithTimeout got -1s, want 0 or more", "misconfigured: WithLogger got nil",
		"misconfigured: New got a nil scorer", "misconfigured: New got nil rows",
	}, told)

	for _, path := range []string{"/", "/health", "/ready", "/openapi.json", "/v2/stamps/1/score/" + alice, "//x/../y"} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		assert.Equal(t, http.StatusInternalServerError, answer.Code, path)
		assert.JSONEq(t, internal, answer.Body.String(), path)
	}
}

func TestAHandlerThatIsMisconfiguredIsNotServedAndTellsTheLog(t *testing.T) {
	var told bytes.Buffer
	handler := passporthttp.New(&faultyScorer{}, memstore.New(), passporthttp.WithLimiter(nil),
		passporthttp.WithLogger(slog.New(slog.NewTextHandler(&told, nil))))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/health", http.NoBody))
	assert.Contains(t, told.String(), "misconfigured: WithLimiter got nil")

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	began := false
	err = passporthttp.Serve(t.Context(), listener, handler, func(context.Context) error { began = true; return nil })
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	assert.False(t, began)
	require.ErrorIs(t, listener.Close(), net.ErrClosed, "Serve has closed it")
}

func configure(option passporthttp.Option) error {
	return passporthttp.New(&faultyScorer{}, memstore.New(), option).Err()
}

func TestAnOptionThatIsNilIsPassedOver(t *testing.T) {
	require.NoError(t, configure(nil))
}

// What a browser spells otherwise would never match.
func TestAnOriginIsSpelledAsBrowsersDo(t *testing.T) {
	for _, origin := range []string{
		"*", "https://a.org", "http://localhost:3000", "https://xn--bcher-kva.example", "http://127.0.0.1:8080", "http://[::1]:5173",
		"https://my_app.example.org:8443", "capacitor://localhost", "chrome-extension://abcdefghijklmnop", "http://a.org:443", "https://a.org:80",
	} {
		require.NoError(t, configure(passporthttp.WithCORS(origin)), origin)
	}
	for _, origin := range []string{
		"", "null", "a.org", "//a.org", "https://", "https:a.org", "https://a.org/", "https://a.org/app", "https://A.org", "HTTPS://a.org",
		"https://a.org:443", "http://a.org:80", "https://a.org:", "https://a.org:08443", "https://a.org:x", "https://*.a.org", "https://bücher.example",
		"https://u@a.org", "https://a.org?", "https://a.org#", " https://a.org", "https://a.org\n", "https://a.org, https://b.org",
	} {
		require.ErrorIs(t, configure(passporthttp.WithCORS(origin)), passport.ErrMisconfigured, origin)
	}
	require.NoError(t, configure(passporthttp.WithCORS()))
}

func TestWhatALinkCanBeginWith(t *testing.T) {
	for _, base := range []string{
		"https://api.example.org", "https://api.example.org/", "http://localhost:8080", "https://example.org/passport", "http://[::1]:8080/x/",
	} {
		require.NoError(t, configure(passporthttp.WithPublicURL(base)), base)
	}
	for _, base := range []string{
		"", "/", "://", "api.example.org", "//api.example.org", "/passport", "https://", "https:///x", "https://:443", "ftp://api.example.org",
		"https://api.example.org?", "https://api.example.org/?a=b", "https://api.example.org/#x", "https://user:hush@api.example.org", "https://a b", "https://a.org/%zz",
	} {
		err := configure(passporthttp.WithPublicURL(base))
		require.ErrorIs(t, err, passport.ErrMisconfigured, base)
		require.NotContains(t, err.Error(), "hush")
	}
}
