package passporthttp_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store"
)

func TestHandler_NoRoute(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{
		"/", "/v2", "/v2/stamps", "/v2/stamps/", "/v2/stamps/1/score/" + alice + "/", "/v2//stamps/1/score/" + alice, "/v2/./stamps", "/v2/stamps/../stamps",
		"/v1/stamps/1/score/" + alice, "/V2/stamps/1/score/" + alice, "/health/", "/openapi.yaml", "/metrics", "/%2e%2e/etc/passwd",
	} {
		got := s.do(request{path: path, key: s.reader})
		assert.Equal(t, http.StatusNotFound, got.status, path)
		assert.JSONEq(t, `{"detail":"Not found."}`, got.body, path)
		assert.Equal(t, "application/json", got.header.Get("Content-Type"), path)
	}
}

// An operator sees which route is missing, and nothing that could be a secret.
func TestReport_MissingRoute(t *testing.T) {
	s := newSite(t)
	secret := strings.Split(s.reader, ".")[1]
	for path, logged := range map[string]string{
		"/":                             "/",
		"/registry/submit-passport":     "/registry",
		"/ceramic-cache/stamps/bulk":    "/ceramic-cache",
		"//v1//stamps":                  "/v1",
		"/v2/stamps/../" + alice:        "/v2",
		"/openapi.yaml":                 "/***",
		"/" + s.reader:                  "/***",
		"/" + secret + "/x":             "/***",
		"/" + alice:                     "/***",
		"/" + alice[2:] + "/score":      "/***",
		"/%0A%22forged%22":              "/***",
		"/" + strings.Repeat("a", 25):   "/***",
		"/v1/" + secret + "?key=secret": "/v1",
	} {
		id := rand.Text()
		got := s.do(request{path: path, key: s.reader, header: http.Header{"X-Request-Id": {id}}})
		assert.Equal(t, http.StatusNotFound, got.status, path)
		assert.Regexp(t, `"request_id":"`+id+`".*"route":"",.*"duration_ms":[0-9.e-]+,.*"path":"`+regexp.QuoteMeta(logged)+`"}`, s.log.String(), path)
	}
	for _, hidden := range []string{secret, alice[2:], "forged", "submit-passport", "secret"} {
		assert.NotContains(t, s.log.String(), hidden)
	}
	s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	assert.NotRegexp(t, `"route":"/v2[^\n]*"path":`, s.log.String(), "a route has no path beside it")
}

func TestHandler_OtherMethods(t *testing.T) {
	s := newSite(t)
	for path, allow := range map[string]string{
		"/v2/stamps/1/score/" + alice:              "GET, HEAD, OPTIONS",
		"/v2/stamps/1/score/" + alice + "/history": "GET, HEAD, OPTIONS",
		"/v2/stamps/" + alice:                      "GET, HEAD, POST, OPTIONS",
		"/health":                                  "GET, HEAD, OPTIONS",
	} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodTrace, "BREW"} {
			got := s.do(request{method: method, path: path, key: s.reader})
			assert.Equal(t, http.StatusMethodNotAllowed, got.status, "%s %s", method, path)
			assert.JSONEq(t, `{"detail":"Method not allowed."}`, got.body)
			assert.Equal(t, allow, got.header.Get("Allow"))
		}
		got := s.do(request{method: http.MethodOptions, path: path})
		assert.Equal(t, http.StatusNoContent, got.status)
		assert.Equal(t, allow, got.header.Get("Allow"))
		assert.Empty(t, got.header.Get("Access-Control-Allow-Methods"))
	}
}

func TestHandler_Head(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/v2/stamps/1/score/" + alice, "/v2/stamps/1/score/nonsense", "/v2/stamps/" + alice, "/health", "/nowhere"} {
		whole := s.do(request{path: path, key: s.reader})
		head := s.do(request{method: http.MethodHead, path: path, key: s.reader})
		assert.Equal(t, whole.status, head.status, path)
		assert.Equal(t, whole.header.Get("Content-Length"), head.header.Get("Content-Length"), path)
		assert.Empty(t, head.body)
	}
}

func TestHandler_RequestID(t *testing.T) {
	s := newSite(t)
	for id, kept := range map[string]bool{
		"abc-123_X-y": true, "abc.def": false, "7": true, "": false, "a b": false, "é": false, "a\tb": false, `a"b`: false, "{}": false,
		"0123456789012345678901234567890123456789012345678901234567890123": true, "01234567890123456789012345678901234567890123456789012345678901234": false,
	} {
		got := s.do(request{path: "/health", header: http.Header{"X-Request-Id": {id}}}).header.Get("X-Request-ID")
		assert.Equal(t, kept, got == id, "%q: %q", id, got)
		assert.NotEmpty(t, got)
		assert.Contains(t, s.log.String(), `"request_id":"`+got+`"`)
	}
	first, second := s.do(request{path: "/health"}), s.do(request{path: "/health"})
	assert.NotEqual(t, first.header.Get("X-Request-ID"), second.header.Get("X-Request-ID"))
}

func TestWithTimeout(t *testing.T) {
	s := newSite(t, passporthttp.WithTimeout(20*time.Millisecond))
	s.scorer.instead = func(ctx context.Context) (*passport.Result, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.JSONEq(t, unavailable, got.body)
}

func TestWithTimeout_None(t *testing.T) {
	s := newSite(t, passporthttp.WithTimeout(0))
	s.scorer.instead = func(ctx context.Context) (*passport.Result, error) {
		_, has := ctx.Deadline()
		assert.False(t, has)
		return nil, passport.ErrCommunityNotFound
	}
	assert.Equal(t, http.StatusNotFound, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status)
}

func TestHandler_Panic(t *testing.T) {
	s := newSite(t)
	s.scorer.instead = func(context.Context) (*passport.Result, error) { panic("on purpose") }
	assert.Equal(t, http.StatusInternalServerError, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status)
	assert.Contains(t, s.log.String(), "panic: on purpose")
	assert.Contains(t, s.log.String(), "handler_test.go")
	s.scorer.instead = nil
	assert.Equal(t, http.StatusOK, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status)
}

func TestCORS(t *testing.T) {
	const app, elsewhere = "https://app.example.org", "https://evil.example.org"
	path := "/v2/stamps/1/score/" + alice
	from := func(origin string) http.Header {
		return http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"x-api-key"}}
	}
	t.Run("off", func(t *testing.T) {
		got := newSite(t).do(request{method: http.MethodOptions, path: path, header: from(app)})
		assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
		assert.Empty(t, got.header.Get("Vary"))
	})
	t.Run("for some", func(t *testing.T) {
		s := newSite(t, passporthttp.WithCORS(app))
		got := s.do(request{method: http.MethodOptions, path: path, header: from(app)})
		assert.Equal(t, http.StatusNoContent, got.status)
		assert.Equal(t, app, got.header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "GET, HEAD, OPTIONS", got.header.Get("Access-Control-Allow-Methods"))
		assert.Equal(t, "accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, "+
			"x-csrftoken, x-requested-with, x-api-key, x-request-id", got.header.Get("Access-Control-Allow-Headers"))
		assert.Equal(t, "Origin", got.header.Get("Vary"))
		assert.Empty(t, got.header.Get("Access-Control-Allow-Credentials"))
		refused := s.do(request{path: path, header: from(app)})
		assert.Equal(t, http.StatusUnauthorized, refused.status)
		assert.Equal(t, app, refused.header.Get("Access-Control-Allow-Origin"), "a page may read why")
		for _, origin := range []string{elsewhere, "null", "", app + ".evil.org", "https://APP.example.org"} {
			got := s.do(request{method: http.MethodOptions, path: path, header: from(origin)})
			assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"), origin)
			assert.Empty(t, got.header.Get("Access-Control-Allow-Methods"), origin)
			assert.Equal(t, "Origin", got.header.Get("Vary"))
		}
	})
	t.Run("for all", func(t *testing.T) {
		got := newSite(t, passporthttp.WithCORS("*")).do(request{path: "/health", header: from(elsewhere)})
		assert.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
	})
}

// Exactly the rate's number of calls pass, refused ones counted too, and the
// headers say how many are left.
func TestRateLimit(t *testing.T) {
	s := newSite(t)
	prefix := s.reader[:8]
	s.relimit(prefix, "3/15m")
	path := "/v2/stamps/1/score/"
	for i, c := range []struct {
		path   string
		status int
		left   string
	}{{alice, 200, "2"}, {"nonsense", 400, "1"}, {alice, 200, "0"}, {alice, 429, "0"}, {alice, 429, "0"}} {
		got := s.do(request{path: path + c.path, key: s.reader})
		assert.Equal(t, c.status, got.status, i)
		assert.Equal(t, `"key";q=3;w=900`, got.header.Get("Ratelimit-Policy"))
		assert.Regexp(t, `^"key";r=`+c.left+`;t=[1-9][0-9]{0,2}$`, got.header.Get("Ratelimit"))
	}
	wait, err := time.ParseDuration(s.do(request{path: path + alice, key: s.reader}).header.Get("Retry-After") + "s")
	require.NoError(t, err)
	s.clock.Advance(wait)
	assert.Equal(t, http.StatusOK, s.do(request{path: path + alice, key: s.reader}).status, "a caller that has waited passes")

	s.relimit(prefix, "")
	got := s.do(request{path: path + alice, key: s.reader})
	assert.Equal(t, http.StatusOK, got.status)
	assert.Empty(t, got.header.Get("Ratelimit"), "unlimited")
}

// fixedLimiter returns the same quota for every call.
type fixedLimiter ratelimit.Quota

func (f fixedLimiter) Take(context.Context, string, ratelimit.Rate) (ratelimit.Quota, error) {
	return ratelimit.Quota(f), nil
}

// A caller that waits for Retry-After has waited long enough.
func TestRateLimit_RoundedUp(t *testing.T) {
	for reset, want := range map[time.Duration]string{
		1: "1", time.Second - 1: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90", 90*time.Second + time.Millisecond: "91",
	} {
		s := newSite(t, passporthttp.WithLimiter(fixedLimiter{Limit: 5, Reset: reset}))
		got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
		assert.Equal(t, http.StatusTooManyRequests, got.status)
		assert.Equal(t, want, got.header.Get("Retry-After"), reset)
		assert.Equal(t, `"key";r=0;t=`+want, got.header.Get("Ratelimit"), reset)
	}
}

func TestWithLimiter_Fails(t *testing.T) {
	s := newSite(t, passporthttp.WithLimiter(brokenLimiter{}))
	got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.JSONEq(t, unavailable, got.body)
}

func TestRateLimit_Off(t *testing.T) {
	s := newBareSite(t)
	s.relimit(s.reader[:8], "0/s")
	got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	assert.Equal(t, http.StatusOK, got.status)
	assert.Empty(t, got.header.Get("Ratelimit"))

	_, err := passporthttp.New(s.scorer, s.db, passporthttp.WithLimiter(nil), passporthttp.WithKeys(s.keys))
	require.ErrorIs(t, err, passport.ErrMisconfigured)
}

// A caller that has left is no reason for a warning. An unavailable database
// is.
func TestReport_Level(t *testing.T) {
	s := newSite(t)
	ctx, goAway := context.WithCancel(t.Context())
	defer goAway()
	s.scorer.instead = func(context.Context) (*passport.Result, error) { goAway(); return nil, context.Canceled }
	asked := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v2/stamps/1/score/"+alice, nil)
	asked.Header.Set("X-Api-Key", s.reader)
	s.handler.ServeHTTP(httptest.NewRecorder(), asked)
	assert.NotContains(t, s.log.String(), "WARN")
	s.scorer.instead = func(context.Context) (*passport.Result, error) { return nil, store.ErrUnavailable }
	s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	assert.Contains(t, s.log.String(), "WARN")
}
