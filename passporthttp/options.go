package passporthttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
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
	return func(s *settings) {
		s.keys = checker
		s.faultIf(checker == nil, "WithKeys got nil")
	}
}

// WithRateLimits counts the calls of each key against its own rate limit, in
// this process: [WithLimiter] with an [apikey.MemoryLimiter]. Without either,
// nothing is counted.
func WithRateLimits() Option {
	limiter, err := apikey.NewMemoryLimiter()
	return func(s *settings) {
		s.limiter = limiter
		s.faultIf(err != nil, "WithRateLimits: %w", err)
	}
}

// WithLimiter counts the calls of each key against its own rate limit with the
// limiter, which may be shared with other processes. Every answer to a key that
// is limited says how it stands, in the headers RateLimit and RateLimit-Policy
// of draft-ietf-httpapi-ratelimit-headers; a call too many gets 429 and a
// Retry-After. Calls that are refused for another reason are counted too.
//
// A limiter that fails refuses: the call gets 503.
func WithLimiter(limiter apikey.Limiter) Option {
	return func(s *settings) {
		s.limiter = limiter
		s.faultIf(limiter == nil, "WithLimiter got nil")
	}
}

// WithUses records each call that was made with a valid key in the log. The
// caller does not wait for it. The host runs the log, see [apikey.UseLog] and
// [Serve].
//
// Keys are masked wherever they stand, also in the escapes of URLs, JSON and
// HTML, in base64 and in hex, and so is every header and parameter that is named
// like a secret. A text that is too deeply encoded to be searched is masked as a
// whole. Answers that hold credentials, whose nullifiers say which accounts are a
// person's, are left out: those of listings, and refusals that quote what was
// submitted.
func WithUses(log *apikey.UseLog) Option {
	return func(s *settings) {
		s.uses = log
		s.faultIf(log == nil, "WithUses got nil")
	}
}

// WithPoints answers with each score what the address has earned in human points
// and what there is to earn: points_data and possible_points_data. Without it they
// are null, as in the service, also where the engine awards points.
func WithPoints(points store.Points) Option {
	return func(s *settings) {
		s.points = points
		s.faultIf(points == nil, "WithPoints got nil")
	}
}

// WithLeftOut adds to each score the member left_out: by provider, the stamps
// that are not valid, each with its reason (a [passport.Reason]) and its
// expiration_date. The service's contract does not have it.
func WithLeftOut() Option {
	return func(s *settings) { s.leftOut = true }
}

// WithMetadata serves what the stamps are, for people to read: GET
// /v2/stamps/metadata answers the document, and a listing with
// include_metadata=true has the metadata of each stamp that the document names.
// Without it the one is 404, and in the other metadata is always null.
//
// The document is the service's own answer to GET /v2/stamps/metadata, or a list
// of that form: platforms with id, icon, name, description, connectMessage and
// groups, these with name and stamps, and these with name (the provider),
// description and hash. It has at most 1 MiB, and 8 KiB for each stamp. Of two
// stamps of one name the first counts.
func WithMetadata(document []byte) Option {
	return func(s *settings) {
		m, err := readMetadata(document)
		s.metadata = m
		s.faultIf(err != nil, "WithMetadata: %w", err)
	}
}

// WithReady sets what /ready asks; it answers 503 while the function returns an
// error, which only the log is told. Without it /ready answers like /health.
//
// Everybody may ask, so the function is called at most once a second, once at a
// time, and all who ask meanwhile share its answer. It outlives the caller that
// caused it: its context ends after 5 s, not when that caller hangs up.
func WithReady(ready func(context.Context) error) Option {
	return func(s *settings) {
		s.ready = ready
		s.faultIf(ready == nil, "WithReady got nil")
	}
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
// The body, at most 1 MiB, is {"credentials": […]}: 1 to 100 credentials as they
// were issued, each of another provider. The answer is {"stored": 1}, with their
// number. All of a request is stored, or nothing.
func WithIngestion(credentials store.Credentials) Option {
	return func(s *settings) {
		s.ingest = credentials
		s.faultIf(credentials == nil, "WithIngestion got nil")
	}
}

// WithCORS lets pages of the origins call from a browser; "*" stands for every
// origin. Cookies are never asked for: what identifies a caller is the key.
//
// An origin is spelled as browsers do, such as "https://app.example.org" or
// "http://localhost:3000": scheme and host in lower case, a port only if it is not
// the scheme's own, and no path. A page may send the headers that the service
// lets it send, and X-Request-ID.
func WithCORS(origins ...string) Option {
	return func(s *settings) {
		s.origins = append(s.origins, origins...)
		for _, origin := range origins {
			s.faultIf(origin != "*" && !isOrigin(origin), "WithCORS got %.100q, which no browser sends as an origin", origin)
		}
	}
}

// WithPublicURL sets what the links to the next and the previous page of a
// listing begin with, such as "https://api.example.org": clients of the service
// expect whole URLs. Without it they begin with the path, as the server does
// not know by which name it is reached.
//
// A handler that is mounted below a prefix, with [http.StripPrefix], needs it, with
// the prefix: "https://example.org/passport". It is not told what was stripped, and
// its links would lead elsewhere.
func WithPublicURL(base string) Option {
	return func(s *settings) {
		whole, err := parsePublicURL(base)
		s.publicURL = whole
		s.faultIf(err != nil, "WithPublicURL: %w", err)
	}
}

// WithTimeout sets how long a request may take until it gets 503,
// [DefaultTimeout] by default; 0 means that it may take any time. It is not below
// 0. The lookup of the key and the check of /ready have limits of their own, 5 s
// each, see [apikey.Checker.Check] and [WithReady].
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) {
		s.timeout = timeout
		s.faultIf(timeout < 0, "WithTimeout got %v, want 0 or more", timeout)
	}
}

// WithLogger sets where each request is reported: info, or warn if it was
// answered 503 though the caller was still there, or error if 500, with the
// cause and its kind, see [store.KindOf]. The address and the prefix of the key
// are logged; keys, cookies, queries and other headers never are. Of a path that
// is no route the first segment is, as path, unless it could be a key or an
// address. The default is silence.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) {
		if logger != nil {
			s.logger = logger
		}
		s.faultIf(logger == nil, "WithLogger got nil")
	}
}

type settings struct {
	keys               *apikey.Checker
	limiter            apikey.Limiter
	uses               *apikey.UseLog
	points             store.Points
	leftOut            bool
	metadata           *metadata
	ready              func(context.Context) error
	scoringErrorStatus bool
	ingest             store.Credentials
	origins            []string
	publicURL          string
	timeout            time.Duration
	logger             *slog.Logger
	// faults are what is wrong with all that. A nil must be told from an option
	// that was not given.
	faults []error
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

func (s *settings) faultIf(wrong bool, format string, args ...any) {
	if wrong {
		s.faults = append(s.faults, fmt.Errorf("%w: "+format, append([]any{passport.ErrMisconfigured}, args...)...))
	}
}

// CheckPublicURL tells what keeps the text from being one for [WithPublicURL],
// nil if nothing does. The error does not repeat it, as it may hold a password.
func CheckPublicURL(text string) error {
	_, err := parsePublicURL(text)
	return err
}

// parsePublicURL returns the URL without the slashes at its end.
func parsePublicURL(text string) (string, error) {
	u, err := url.Parse(text)
	wrong := err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.ForceQuery || u.RawQuery != "" || u.Fragment != ""
	if wrong {
		return "", errors.New("a public URL is http or https, a host, and perhaps a path, and nothing else")
	}
	return strings.TrimRight(u.String(), "/"), nil
}
