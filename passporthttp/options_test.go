package passporthttp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
)

func TestNew_Misconfigured(t *testing.T) {
	handler, err := passporthttp.New(nil, nil,
		passporthttp.WithKeys(nil), passporthttp.WithLimiter(nil), passporthttp.WithUsage(nil), passporthttp.WithPoints(nil),
		passporthttp.WithReady(nil), passporthttp.WithIngestion(nil), passporthttp.WithCORS("*", "https://a.org/", "a.org"),
		passporthttp.WithPublicURL("://"), passporthttp.WithTimeout(-time.Second), passporthttp.WithLogger(nil))
	assert.Nil(t, handler)
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	assert.Equal(t, []string{
		"misconfigured: WithKeys got nil", "misconfigured: WithLimiter got nil", "misconfigured: WithUsage got nil",
		"misconfigured: WithPoints got nil", "misconfigured: WithReady got nil", "misconfigured: WithIngestion got nil",
		`misconfigured: WithCORS got "https://a.org/", which no browser sends as an origin`,
		`misconfigured: WithCORS got "a.org", which no browser sends as an origin`,
		"misconfigured: WithPublicURL: a public URL is http or https, a host, and perhaps a path, and nothing else",
		"misconfigured: WithTimeout got -1s, want 0 or more", "misconfigured: WithLogger got nil",
		"misconfigured: New got a nil scorer", "misconfigured: New got a nil store",
	}, strings.Split(err.Error(), "\n"))
}

func configure(option passporthttp.Option) error {
	_, err := passporthttp.New(&faultyScorer{}, memstore.New(), option)
	return err
}

func TestNew_NilOption(t *testing.T) {
	require.NoError(t, configure(nil))
}

// An origin that no browser sends would never match.
func TestWithCORS(t *testing.T) {
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

func TestWithPublicURL(t *testing.T) {
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
