package scoreapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Option configures a [Client].
type Option func(*settings)

// WithAPIKey sends the key, in the header X-API-Key, with every request. The
// client's errors do not hold it. Without the option no key is sent.
func WithAPIKey(key string) Option {
	return func(s *settings) {
		const most = 1000
		visible := !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
		s.problems.Checkf(key != "" && len(key) <= most && visible, "WithAPIKey got no text of 1 to %d visible ASCII characters", most)
		// Functions hold the key, since package fmt prints fields.
		s.authorize = func(header http.Header) { header.Set("X-Api-Key", key) }
		s.hide = func(text string) string { return strings.ReplaceAll(text, key, "***") }
	}
}

// WithHTTPClient sends requests with a copy of the HTTP client, which follows
// no redirects. By default it is one with [http.DefaultTransport].
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) {
		s.problems.Checkf(client != nil, "WithHTTPClient got nil")
		if client != nil {
			s.http = *client
		}
	}
}

// WithTimeout sets how long one attempt may take until its body has been read,
// 20 s by default. The context bounds all attempts together.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) {
		s.timeout = timeout
		s.problems.Checkf(timeout > 0, "WithTimeout got %v, want more than 0", timeout)
	}
}

// WithRetry sets how requests are retried. The function is called once per
// request, and if it returns nil there is no retry. It must be safe for
// concurrent use. The default is [DefaultRetry].
func WithRetry(backoff func() retry.Backoff) Option {
	return func(s *settings) {
		s.backoff = backoff
		s.problems.Checkf(backoff != nil, "WithRetry got nil")
	}
}

// DefaultRetry retries a request 4 times, after about 0.2, 0.4, 0.8 and 1.6 s.
func DefaultRetry() retry.Backoff {
	return retry.WithMaxRetries(4, retry.WithJitterPercent(20, retry.NewExponential(200*time.Millisecond)))
}

type settings struct {
	http      http.Client
	authorize func(header http.Header)
	hide      func(text string) string
	timeout   time.Duration
	backoff   func() retry.Backoff
	problems  *problems.List
}
