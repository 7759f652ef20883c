package scoreapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

const (
	key    = "prefix.of-a-very-secret-key"
	scored = `{"address":"` + alice + `","score":"1","passing_score":true}`
)

// hostile serves with the handler, and counts the requests.
func hostile(t testing.TB, handler http.HandlerFunc) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func answering(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestClient_Hostile(t *testing.T) {
	const inJSON = "application/json"
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", inJSON)
		for chunk := []byte(strings.Repeat(" ", 1<<16)); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	slow := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", inJSON)
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", inJSON)
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, scored)
	}
	raw := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(connection, text)
				_ = connection.Close()
			}
		}
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		answering(http.StatusBadRequest, inJSON, `{"detail":"I got `+r.Header.Get("X-Api-Key")+`\n\u0007forged"}`)(w, r)
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
		asked   int64
		text    string
	}{
		"endless body":      {endless, scoreapi.ErrAnswer, 1, "it has more than 4194304 bytes"},
		"slow body":         {slow, store.ErrUnavailable, 3, "no answer within 200ms"},
		"cut body":          {cut, store.ErrUnavailable, 3, "unexpected EOF"},
		"hang up":           {raw(""), store.ErrUnavailable, 3, "EOF"},
		"key in the status": {raw("HTTP/" + key + "\r\n\r\n"), store.ErrUnavailable, 3, "malformed HTTP response"},
		"no JSON":           {answering(200, inJSON, "<html>"), scoreapi.ErrAnswer, 1, "invalid character '<'"},
		"empty":             {answering(200, inJSON, ""), scoreapi.ErrAnswer, 1, "unexpected end of JSON input"},
		"null":              {answering(200, inJSON, "null"), scoreapi.ErrAnswer, 1, "the address of the score"},
		"a list":            {answering(200, inJSON, "[]"), scoreapi.ErrAnswer, 1, "cannot unmarshal array"},
		"deep":              {answering(200, inJSON, strings.Repeat("[", 1<<20)), scoreapi.ErrAnswer, 1, "exceeded max depth"},
		"key in a number":   {answering(200, inJSON, `{"address":"`+alice+`","score":"`+key+`"}`), scoreapi.ErrAnswer, 1, `invalid decimal: "***"`},
		"long number":       {answering(200, inJSON, `{"points_data":{"multiplier":`+strings.Repeat("9", 1<<20)+`}}`), scoreapi.ErrAnswer, 1, "cannot unmarshal number"},
		"HTML":              {answering(200, "text/html", scored), scoreapi.ErrAnswer, 1, "Content-Type"},
		"no type":           {answering(200, "", scored), scoreapi.ErrAnswer, 1, "Content-Type"},
		"another address":   {answering(200, inJSON, strings.ReplaceAll(scored, alice, bob)), scoreapi.ErrAnswer, 1, "another address"},
		"created":           {answering(201, inJSON, scored), scoreapi.ErrAnswer, 1, "201 Created"},
		"no content":        {answering(204, inJSON, ""), scoreapi.ErrAnswer, 1, "204"},
		"429 always":        {answering(429, inJSON, `{"detail":"no"}`), store.ErrUnavailable, 3, "429 Too Many Requests: no"},
		"502 in HTML":       {answering(502, "text/html", "<html>"), store.ErrUnavailable, 3, "502 Bad Gateway"},
		"500":               {answering(500, inJSON, `{"detail":"Internal server error."}`), store.ErrInternal, 3, "500"},
		"404 of others":     {answering(404, inJSON, `{"detail":"No such bucket."}`), scoreapi.ErrAnswer, 1, "404 Not Found: No such bucket."},
		"422":               {answering(422, inJSON, `{"detail":[{"type":"t","loc":["path",1],"msg":"bad"}]}`), store.ErrInvalid, 1, "path.1: bad"},
		"detail of no text": {answering(400, inJSON, `{"detail":{"a":1}}`), store.ErrInvalid, 1, "400 Bad Request"},
		"key in a detail":   {echo, store.ErrInvalid, 1, "I got ***  forged"},
	} {
		t.Run(name, func(t *testing.T) {
			url, asked := hostile(t, c.handler)
			client := newClient(t, url, scoreapi.WithAPIKey(key))
			if name == "slow body" {
				client = newClient(t, url, scoreapi.WithAPIKey(key), scoreapi.WithTimeout(200*time.Millisecond))
			}
			score, err := client.Score(t.Context(), 1, alice)
			assert.Nil(t, score)
			assert.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.text)
			assert.NotContains(t, err.Error(), key)
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.Less(t, len(err.Error()), 600)
			assert.Equal(t, c.asked, asked.Load())
		})
	}
}

// The key goes to no other server, and a redirect is an error.
func TestClient_Redirect(t *testing.T) {
	other, asked := hostile(t, answering(200, "application/json", scored))
	for _, status := range []int{301, 302, 303, 307, 308} {
		url, _ := hostile(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other+r.URL.Path, status) })
		_, err := newClient(t, url, scoreapi.WithAPIKey(key)).Score(t.Context(), 1, alice)
		assert.ErrorIs(t, err, scoreapi.ErrAnswer)
		assert.ErrorContains(t, err, "redirects are not followed")
	}
	assert.Zero(t, asked.Load())
}

func TestClient_Links(t *testing.T) {
	other, otherAsked := hostile(t, answering(200, "application/json", `{"items":[]}`))
	for name, c := range map[string]struct {
		next, text string
		asked      int64
	}{
		"another origin":  {other + "/v2/stamps/" + alice + "?token=1", "leads to no other page", 1},
		"no scheme":       {"//example.org/v2/stamps/" + alice + "?token=1", "leads to no other page", 1},
		"a user":          {"http://a:b@HOST/v2/stamps/" + alice + "?token=1", "leads to no other page", 1},
		"another address": {"/v2/stamps/" + bob + "?token=1", "leads to no other page", 1},
		"itself":          {"?limit=100#again", "leads to no other page", 1},
		"a file":          {"file:///etc/passwd", "leads to no other page", 1},
		"no URL":          {"%zz", "leads to no other page", 1},
		"long":            {"?token=" + strings.Repeat("1", 5000), "leads to no other page", 1},
		"endless":         {"?token=N", "the listing has more than 1000 pages", 1000},
	} {
		t.Run(name, func(t *testing.T) {
			page := 0
			url, asked := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				page++
				next := strings.NewReplacer("HOST", r.Host, "N", strconv.Itoa(page)).Replace(c.next)
				answering(200, "application/json", `{"next":"`+next+`","items":[{"credential":{}}]}`)(w, r)
			})
			var items int64
			var last error
			for _, err := range newClient(t, url, scoreapi.WithAPIKey(key)).Stamps(t.Context(), alice) {
				require.NoError(t, last, "the error ends the sequence")
				if last = err; err == nil {
					items++
				}
			}
			assert.ErrorIs(t, last, scoreapi.ErrAnswer)
			assert.ErrorContains(t, last, c.text)
			assert.Equal(t, c.asked, items)
			assert.Equal(t, c.asked, asked.Load())
		})
	}
	assert.Zero(t, otherAsked.Load())
}

func TestClient_Items(t *testing.T) {
	for body, text := range map[string]string{
		`{"items":[` + strings.Repeat("{},", 1000) + `{}]}`: "a page has more than 1000 items",
		`{"items":null}`: "a page without a list of items",
		`{}`:             "a page without a list of items",
		`{"items":[1]}`:  "cannot unmarshal number",
	} {
		url, _ := hostile(t, answering(200, "application/json", body))
		for _, err := range newClient(t, url).Stamps(t.Context(), alice) {
			assert.ErrorContains(t, err, text)
		}
	}
}

// transport answers without a network.
type transport func(r *http.Request) *http.Response

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestClient_Retry(t *testing.T) {
	answer := func(status int, body string, header ...string) *http.Response {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		answering(status, w.Header().Get("Content-Type"), body)(w, nil)
		return w.Result()
	}
	for name, c := range map[string]struct {
		status  int
		header  []string
		timeout time.Duration // of the caller, 0 for none
		want    error         // nil for a score at the second attempt
		least   time.Duration
		most    time.Duration
	}{
		"by the policy":     {503, nil, 0, nil, 160 * time.Millisecond, 240 * time.Millisecond},
		"in seconds":        {429, []string{"Retry-After", "7"}, 0, nil, 7 * time.Second, 7 * time.Second},
		"at a date":         {503, []string{"Retry-After", "Fri, 02 Jan 2026 12:00:09 GMT", "Date", "Fri, 02 Jan 2026 12:00:00 GMT"}, 0, nil, 9 * time.Second, 9 * time.Second},
		"at a past date":    {503, []string{"Retry-After", "Fri, 02 Jan 1998 12:00:09 GMT"}, 0, nil, 160 * time.Millisecond, 240 * time.Millisecond},
		"nonsense":          {503, []string{"Retry-After", "soon"}, 0, nil, 160 * time.Millisecond, 240 * time.Millisecond},
		"negative":          {503, []string{"Retry-After", "-5"}, 0, nil, 160 * time.Millisecond, 240 * time.Millisecond},
		"too long":          {429, []string{"Retry-After", "61"}, 0, store.ErrUnavailable, 0, 0},
		"very long":         {429, []string{"Retry-After", "99999999999999999999999"}, 0, store.ErrUnavailable, 0, 0},
		"past the deadline": {429, []string{"Retry-After", "5"}, 5 * time.Second, store.ErrUnavailable, 0, 0},
		"in time":           {429, []string{"Retry-After", "5"}, 6 * time.Second, nil, 5 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				client, err := scoreapi.NewClient("http://example.org", scoreapi.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) *http.Response {
					if attempts++; attempts == 1 {
						return answer(c.status, `{"detail":"later"}`, c.header...)
					}
					return answer(200, scored)
				})}))
				require.NoError(t, err)
				ctx := t.Context()
				if c.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.timeout)
					defer cancel()
				}
				began := time.Now()
				score, err := client.Score(ctx, 1, alice)
				took := time.Since(began)
				assert.GreaterOrEqual(t, took, c.least)
				assert.LessOrEqual(t, took, c.most)
				if c.want != nil {
					assert.ErrorIs(t, err, c.want)
					assert.Equal(t, 1, attempts)
					return
				}
				require.NoError(t, err)
				assert.True(t, score.Passing)
				assert.Equal(t, 2, attempts)
			})
		})
	}
}

// A context that ends during a wait ends the call at once.
func TestClient_CancelWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := scoreapi.NewClient("http://example.org", scoreapi.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) *http.Response {
			w := httptest.NewRecorder()
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusServiceUnavailable)
			return w.Result()
		})}))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		_, err = client.Score(ctx, 1, alice)
		assert.Equal(t, time.Second, time.Since(began))
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorContains(t, err, "503 Service Unavailable", "the last answer is named")
	})
}

// A timeout of the HTTP client is not the end of the caller's context.
func TestClient_HTTPTimeout(t *testing.T) {
	url, asked := hostile(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	own := &http.Transport{}
	t.Cleanup(own.CloseIdleConnections)
	client := newClient(t, url, scoreapi.WithHTTPClient(&http.Client{Transport: own, Timeout: 50 * time.Millisecond}))
	_, err := client.Score(t.Context(), 1, alice)
	assert.Equal(t, store.KindUnavailable, store.KindOf(err))
	assert.EqualValues(t, 3, asked.Load())
}

func TestClient_Unreachable(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := newClient(t, server.URL, scoreapi.WithAPIKey(key)).Score(t.Context(), 1, alice)
	assert.ErrorIs(t, err, store.ErrUnavailable)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "the cause is kept")
}
