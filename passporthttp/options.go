package passporthttp

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/internal/baseurl"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/passporthttp/internal/metadata"
	"github.com/passport-sdk/passport-go/store"
)

// Option configures a [Handler].
type Option func(*settings)

// WithKeys sets the registry of API keys, apikey.New(db) by default.
func WithKeys(registry *apikey.Registry) Option {
	return required("WithKeys", registry == nil, func(s *settings) { s.keys = registry })
}

// WithRateLimits is [WithLimiter] with a [ratelimit.Memory]: it counts the
// calls that this process answers. By default calls are not counted.
func WithRateLimits() Option {
	return func(s *settings) { s.limiter, _ = ratelimit.NewMemory() } // fails for invalid options only
}

// WithLimiter counts the calls of each key, refused ones too, against its own
// rate limit. Every answer to a key with a limit has the headers RateLimit and
// RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers. A call beyond the
// limit gets 429 and a Retry-After, and 503 if the limiter fails, unless it is
// a [ratelimit.Fallback].
func WithLimiter(limiter ratelimit.Limiter) Option {
	return required("WithLimiter", limiter == nil, func(s *settings) { s.limiter = limiter })
}

// WithUsage records each call with a valid key in the log. The caller does not
// wait for it. The host runs the log, see [usage.Log] and [Serve].
//
// Keys are masked wherever they occur, also escaped for URLs, JSON and HTML, in
// base64 and in hex, and so are headers and parameters with names like those of
// secrets, and texts that are too deeply encoded to be searched. Listings, and
// errors that quote a submission, are not recorded.
func WithUsage(log *usage.Log) Option {
	return required("WithUsage", log == nil, func(s *settings) { s.usage = log })
}

// WithPoints adds to each score points_data and possible_points_data, the human
// points that the address has earned and can earn. Without it they are null.
// They are those of [passport.Result].Ledger, or of LoadPoints if that is nil.
func WithPoints(points store.Points) Option {
	return required("WithPoints", points == nil, func(s *settings) { s.points = points })
}

// WithLeftOut adds to each score the member left_out: the stamps that are not
// valid, by provider, with reason (a [passport.Reason]) and expiration_date.
// The service does not have it.
func WithLeftOut() Option { return func(s *settings) { s.leftOut = true } }

// WithMetadata serves descriptions of the stamps: GET /v2/stamps/metadata
// returns the document, and a listing with include_metadata=true has the
// metadata of each stamp. Without it the route is 404, and metadata is null.
//
// The document is the service's own answer to GET /v2/stamps/metadata, or a
// list of that form: platforms with id, icon, name, description, connectMessage
// and groups, groups with name and stamps, and stamps with name (the provider),
// description and hash. It has at most 1 MiB, and 8 KiB for each stamp.
func WithMetadata(document []byte) Option {
	return func(s *settings) {
		parsed, err := metadata.Parse(document)
		s.metadata = parsed
		s.problems.Checkf(err == nil, "WithMetadata: %w", err)
	}
}

// WithReady sets the check of /ready, which answers 503, and logs the error,
// while the function returns one. Without it /ready is like /health. The
// function is called at most once a second, and one call at a time; callers
// that arrive during a call share its result. Its context ends after 5 s.
func WithReady(ready func(context.Context) error) Option {
	return required("WithReady", ready == nil, func(s *settings) { s.ready.check = ready })
}

// WithScoringErrorStatus answers 500 when a community cannot be scored (see
// [passport.ScoringError]), in place of the service's 200 with a score of 0.
func WithScoringErrorStatus() Option { return func(s *settings) { s.scoringErrorStatus = true } }

// WithIngestion adds POST /v2/stamps/{address}, which stores credentials of an
// address, for keys with submit_passports. The service does not have it. The
// body, at most 1 MiB, is {"credentials": […]}: 1 to 100 credentials as they
// were issued, each of another provider. Either all are stored, and the answer
// is {"stored": 1}, with their number, or none.
//
// Give such a key only to callers that you trust with everyone's stamps. Only
// the form of credentials is checked, and they replace the address's old ones
// of the same providers: a forged one never counts, but replaces a good one.
func WithIngestion(credentials store.Credentials) Option {
	return required("WithIngestion", credentials == nil, func(s *settings) { s.ingest = credentials })
}

// WithCORS allows pages of the origins to call from a browser; "*" stands for
// every origin. An origin has the form in which browsers send it, such as
// "http://localhost:3000": scheme and host in lower case, a port unless it is
// the scheme's default, and no path. No cookies are used.
func WithCORS(origins ...string) Option {
	return func(s *settings) {
		s.origins = append(s.origins, origins...)
		for _, origin := range origins {
			s.problems.Checkf(origin == "*" || isOrigin(origin), "WithCORS got %.100q, which no browser sends as an origin", origin)
		}
	}
}

// WithPublicURL sets the beginning of the links in a listing, such as
// "https://example.org/passport" for a handler below [http.StripPrefix]. Without
// it links begin with the path; clients of the service expect whole URLs.
func WithPublicURL(base string) Option {
	return func(s *settings) {
		whole, err := parsePublicURL(base)
		s.publicURL = whole
		s.problems.Checkf(err == nil, "WithPublicURL: %w", err)
	}
}

// CheckPublicURL returns an error if the text is not valid for [WithPublicURL].
// The error does not repeat the text, as it may hold a password.
func CheckPublicURL(text string) error {
	_, err := parsePublicURL(text)
	return err
}

// parsePublicURL returns the URL without trailing slashes.
func parsePublicURL(text string) (string, error) {
	u, ok := baseurl.Parse(text)
	if !ok {
		return "", errors.New("a public URL is http or https, a host, and perhaps a path, and nothing else")
	}
	return u.String(), nil
}

// WithTimeout sets how long a request may take until it gets 503, 15 s by
// default; 0 means no limit. The lookup of the key and the check of /ready have
// limits of their own, 5 s each.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) {
		s.timeout = timeout
		s.problems.Checkf(timeout >= 0, "WithTimeout got %v, want 0 or more", timeout)
	}
}

// WithLogger sets the logger of requests, none by default: info, warn for a 503
// whose caller was still there, or error for a 500, with the cause. It logs the
// address and the key_prefix, but no keys, queries or headers, and of a path
// without a route the first segment, unless that could be a secret. Its
// duration_ms and the attributes of an error are as in [passport.WithLogger].
func WithLogger(logger *slog.Logger) Option {
	return required("WithLogger", logger == nil, func(s *settings) { s.logger = logger })
}

type settings struct {
	keys                        *apikey.Registry
	limiter                     ratelimit.Limiter
	usage                       *usage.Log
	points                      store.Points
	metadata                    *metadata.Document
	ready                       *readiness
	ingest                      store.Credentials
	scoringErrorStatus, leftOut bool
	origins                     []string
	publicURL                   string
	timeout                     time.Duration
	logger                      *slog.Logger
	problems                    *problems.List
}

// required returns an option whose argument must not be nil.
func required(name string, isNil bool, set Option) Option {
	return func(s *settings) {
		s.problems.Checkf(!isNil, "%s got nil", name)
		set(s)
	}
}
