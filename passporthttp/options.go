package passporthttp

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/store"
)

// DefaultTimeout is the time that a request has unless [WithTimeout] says
// otherwise. It leaves room for the retries of a scoring that loses races.
const DefaultTimeout = 15 * time.Second

// Option configures a [Handler].
type Option func(*settings)

// WithKeys sets who checks the API keys, for a checker that is configured. The
// default is apikey.New(rows).
func WithKeys(checker *apikey.Checker) Option {
	return func(s *settings) { s.keys = checker }
}

// WithRateLimits counts the calls of each key against its own rate limit, in
// this process: [WithLimiter] with an [apikey.MemoryLimiter]. Without either,
// nothing is counted.
func WithRateLimits() Option {
	return WithLimiter(apikey.NewMemoryLimiter())
}

// WithLimiter counts the calls of each key against its own rate limit with the
// limiter, which may be shared with other processes. Every answer to a key that
// is limited says how it stands, in the headers RateLimit and RateLimit-Policy
// of draft-ietf-httpapi-ratelimit-headers; a call too many gets 429 and a
// Retry-After. Calls that are refused for another reason are counted too.
//
// A limiter that fails refuses: the call gets 503.
func WithLimiter(limiter apikey.Limiter) Option {
	return func(s *settings) { s.limiter = limiter }
}

// WithUses records each call that was made with a valid key in the log. The
// caller does not wait for it. The host runs the log, see [apikey.UseLog] and
// [Serve]. Keys, cookies and whatever else is named like a secret are masked.
func WithUses(log *apikey.UseLog) Option {
	return func(s *settings) { s.uses = log }
}

// WithPoints tells with each score what the address has earned in human points
// and what there is to earn: points_data and possible_points_data, which are
// null without it.
func WithPoints(points store.Points) Option {
	return func(s *settings) { s.points = points }
}

// WithReady sets what /ready asks; it answers 503 while the function returns an
// error, which only the log is told. Without it /ready answers like /health.
//
// The function is called once at a time, and at most once a second: everybody
// may ask.
func WithReady(ready func(context.Context) error) Option {
	return func(s *settings) { s.ready = ready }
}

// WithScoringErrorStatus answers 500 and {"detail": …} when a community cannot
// be scored (see passport.ScoringError). Without it the answer is that of the
// service: 200, a score of 0 and a text in error.
func WithScoringErrorStatus() Option {
	return func(s *settings) { s.scoringErrorStatus = true }
}

// WithIngestion adds POST /v2/stamps/{address}, which stores credentials of an
// address; it is not part of the service's contract. The caller needs a key with
// submit_passports.
//
// Give such a key only to whom you trust with the stamps of everybody: new
// credentials of an address replace its old ones of the same providers, and
// nothing but their form is looked at here, neither whose they are nor whether
// their proof holds. Scoring verifies that, so a forged credential never counts;
// but it takes the place of a good one.
//
// A request holds at most 100 credentials and 1 MiB.
func WithIngestion(credentials store.Credentials) Option {
	return func(s *settings) { s.ingest = credentials }
}

// WithCORS lets pages of the origins, such as "https://app.example.org", call
// from a browser; "*" stands for every origin. Cookies are never asked for: what
// identifies a caller is the key.
func WithCORS(origins ...string) Option {
	return func(s *settings) { s.origins = append(s.origins, origins...) }
}

// WithPublicURL sets what the links to the next and the previous page of a
// listing begin with, such as "https://api.example.org": clients of the service
// expect whole URLs. Without it they begin with the path, as the server does
// not know by which name it is reached.
func WithPublicURL(base string) Option {
	return func(s *settings) { s.publicURL = strings.TrimRight(base, "/") }
}

// WithTimeout sets how long a request may take until it gets 503,
// [DefaultTimeout] by default; not above 0 means that it may take any time.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithLogger sets where each request is reported: info, or warn if it was
// answered 503 though the caller was still there, or error if 500, with the
// cause. The address and the prefix of the key are told; keys, cookies, queries
// and other headers never are, nor is a path that is no route. The default is
// silence.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) {
		if logger != nil {
			s.logger = logger
		}
	}
}

type settings struct {
	keys               *apikey.Checker
	limiter            apikey.Limiter
	uses               *apikey.UseLog
	points             store.Points
	ready              func(context.Context) error
	scoringErrorStatus bool
	ingest             store.Credentials
	origins            []string
	publicURL          string
	timeout            time.Duration
	logger             *slog.Logger
}

func newSettings(options []Option) settings {
	s := settings{timeout: DefaultTimeout, logger: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	return s
}
