package passportlambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// limits are the largest responses that AWS passes on, in bytes of JSON: 6 MB
// by Lambda, and 1 MB by a load balancer.
var limits = map[kind]int{payload1: 6 << 20, payload2: 6 << 20, balancer: 1 << 20}

var (
	errTooLarge = errors.New("the answer is larger than AWS passes on")
	errCookies  = errors.New(
		"the answer sets several cookies: the load balancer's target group must have multi-value headers enabled")
)

// recorder keeps what a handler answers, up to a limit.
type recorder struct {
	header   http.Header // that the handler can still change
	code     int         // 0 until the header is written
	sent     http.Header // as it was then
	body     bytes.Buffer
	limit    int
	tooLarge bool
}

func newRecorder(limit int) *recorder { return &recorder{header: http.Header{}, limit: limit} }

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter]. As there, only the first call
// that is not informational counts.
func (r *recorder) WriteHeader(code int) {
	if code < 100 || code > 999 {
		panic(fmt.Sprintf("invalid status %d", code))
	}
	if r.code == 0 && code >= http.StatusOK {
		r.code, r.sent = code, r.header.Clone()
	}
}

// Write implements [http.ResponseWriter]. It fails once the answer is too
// large.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK) // unless the handler has
	if r.tooLarge = r.tooLarge || r.body.Len()+len(p) > r.limit; r.tooLarge {
		return 0, errTooLarge
	}
	return r.body.Write(p)
}

// refusal returns an answer of the package itself, in the form of passporthttp.
func refusal(code int, sentence string) *recorder {
	r := newRecorder(1 << 10)
	r.header.Set("Content-Type", "application/json")
	r.WriteHeader(code)
	fmt.Fprintf(&r.body, `{"detail":%q}`, sentence)
	return r
}

// reply is the response that AWS wants to an event.
type reply struct {
	StatusCode        int                 `json:"statusCode"`
	StatusDescription string              `json:"statusDescription,omitempty"`
	Headers           map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders,omitempty"`
	Cookies           []string            `json:"cookies,omitempty"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// encode returns the answer to the event as JSON.
func (r *recorder) encode(kind kind, e *event) (string, error) {
	if r.tooLarge {
		return "", errTooLarge
	}
	if r.sent.Get("Content-Type") == "" && r.sent.Get("Content-Encoding") == "" && r.body.Len() > 0 {
		r.sent.Set("Content-Type", http.DetectContentType(r.body.Bytes())) // as a server does
	}
	out := reply{StatusCode: r.code}
	if e.method(kind) != http.MethodHead {
		out.Body, out.IsBase64Encoded = bodyText(r.body.Bytes(), r.sent)
	}
	switch {
	case kind == payload1 || kind == balancer && e.Lists != nil:
		out.MultiValueHeaders = r.sent
	default:
		out.Headers = make(map[string]string, len(r.sent))
		for name, values := range r.sent {
			out.Headers[name] = strings.Join(values, ",")
		}
	}
	switch cookies := r.sent.Values("Set-Cookie"); {
	case kind == payload2 && len(cookies) > 0:
		delete(out.Headers, "Set-Cookie")
		out.Cookies = cookies
	case out.MultiValueHeaders == nil && len(cookies) > 1:
		return "", errCookies
	}
	if kind == balancer {
		out.StatusDescription = strings.TrimSpace(fmt.Sprintf("%d %s", r.code, http.StatusText(r.code)))
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		return "", err
	}
	if text.Len() > r.limit {
		return "", errTooLarge
	}
	return text.String(), nil
}

// bodyText returns the body as JSON can have it: as it is, or in base64 if it
// is not text.
func bodyText(body []byte, header http.Header) (text string, isBase64 bool) {
	if utf8.Valid(body) && header.Get("Content-Encoding") == "" {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}
