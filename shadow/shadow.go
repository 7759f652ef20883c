package shadow

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Planner decides without writing. *[passport.Planner] implements it: that of
// an engine that writes every score, see [passport.Engine.LeavingUnchanged],
// and without options.
type Planner interface {
	// Plan must return what a scoring would do now. It must return when the
	// context ends, and must be safe for concurrent use.
	Plan(ctx context.Context, community int64, address string) (*passport.Plan, error)
}

// Shadow compares decisions. Make it with [New]. It is safe for concurrent use,
// and starts no goroutines but those of [Shadow.Work] and [Shadow.Run], which
// end before these return.
type Shadow struct {
	settings

	planner Planner
	queue   queue
	tally   tally
	// turn is held by the one comparison that asks the primary again.
	turn chan struct{}
}

type settings struct {
	rules              Rules
	recorder           Recorder
	route              func(*http.Request) (community int64, address string, ok bool)
	sampling           float64
	workers, waiting   int
	samples            int
	after              *Verdict
	timeout            time.Duration
	once, hide         bool
	unrecorded         bool // WithRecords got a store without the roles
	scoringErrorStatus bool
	logger             *slog.Logger
}

// Option configures a [Shadow].
type Option func(*settings)

// WithRoute sets the function that recognizes requests for a score. The default
// is [ScoreRoute]. A host whose communities have external ids looks them up.
func WithRoute(route func(r *http.Request) (community int64, address string, ok bool)) Option {
	return func(s *settings) { s.route = route }
}

// ScoreRoute returns the community and the address of a GET of
// /v2/stamps/{scorer_id}/score/{address}, below any prefix, with the id of a
// community.
func ScoreRoute(r *http.Request) (community int64, address string, ok bool) {
	if r.Method != http.MethodGet {
		return 0, "", false
	}
	_, path, found := strings.Cut(r.URL.Path, "/v2/stamps/")
	parts := strings.Split(path, "/")
	if !found || len(parts) != 3 || parts[1] != "score" || len(parts[2]) > 100 {
		return 0, "", false
	}
	community = store.CommunityID(parts[0])
	return community, parts[2], community != 0
}

// WithSampling sets the share of the requests for a score that are compared, 0
// to 1; 1 by default. They are chosen at random.
func WithSampling(share float64) Option { return func(s *settings) { s.sampling = share } }

// WithWorkers sets the number of comparisons at a time, 1 to 100; 2 by default.
func WithWorkers(n int) Option { return func(s *settings) { s.workers = n } }

// WithQueue sets how many answers may wait to be compared, 1 to 10,000; 128 by
// default. Each takes up to 256 KiB, and a few KiB as a rule.
func WithQueue(n int) Option { return func(s *settings) { s.waiting = n } }

// WithTimeout sets how long a comparison may take, with its second looks, above
// 0; 10 s by default.
func WithTimeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = timeout } }

// WithSkew sets how far the clocks of both sides may differ, 0 or more; 1 s by
// default.
func WithSkew(skew time.Duration) Option { return func(s *settings) { s.rules.Skew = skew } }

// WithSeparateClaims is for a primary whose claims are not those of the SDK's
// store, a copy of its database for example. Which of two wallets has a stamp
// may then differ for good; it is a [ClaimOrder].
func WithSeparateClaims() Option { return func(s *settings) { s.rules.SeparateClaims = true } }

// WithRecords also compares what the primary writes: the last score of the
// address and its newest event, as the store reads them after an answer, with
// those of the plan. The store must be that of the primary, and a [Recorder].
// Records that are overwritten by then are not compared, and an answer without
// a time of scoring has none.
func WithRecords(s store.Store) Option {
	return func(to *settings) {
		to.recorder, _ = s.(Recorder)
		to.unrecorded = to.recorder == nil
	}
}

// WithExceptions excuses known differences until a date.
func WithExceptions(exceptions ...Exception) Option {
	return func(s *settings) { s.rules.Exceptions = append(s.rules.Exceptions, exceptions...) }
}

// WithoutSecondLook never asks the primary a second time. By default a request
// whose answer differs is repeated, with its headers, up to three times and one
// request at a time, as a client would that tries again: the primary scores and
// counts it. Without that no difference is [Real], but [Unconfirmed].
func WithoutSecondLook() Option { return func(s *settings) { s.once = true } }

// WithScoringErrorStatus expects 500 from the primary if a community cannot be
// scored; see the option of the same name of package passporthttp.
func WithScoringErrorStatus() Option { return func(s *settings) { s.scoringErrorStatus = true } }

// WithSamples sets how many comparisons of each class a [Verdict] shows, 0 to
// 1000; 10 by default.
func WithSamples(n int) Option { return func(s *settings) { s.samples = n } }

// Continuing goes on counting after the verdict of an earlier run, perhaps read
// back from its JSON.
func Continuing(verdict *Verdict) Option { return func(s *settings) { s.after = verdict } }

// WithHiddenAddresses keeps addresses out of the verdict and the log.
func WithHiddenAddresses() Option { return func(s *settings) { s.hide = true } }

// WithLogger sets the logger of [Real] differences (warn) and of comparisons
// that fail (error), with the panic if it was one. The default is silence.
func WithLogger(logger *slog.Logger) Option { return func(s *settings) { s.logger = logger } }

// New returns a shadow that compares with the planner's decisions. It returns
// every problem of the configuration, joined, each wrapping
// [passport.ErrMisconfigured].
func New(planner Planner, options ...Option) (*Shadow, error) {
	s := &Shadow{planner: planner, turn: make(chan struct{}, 1), settings: settings{
		rules: Rules{Skew: time.Second}, route: ScoreRoute, sampling: 1, workers: 2, waiting: 128, samples: 10,
		timeout: 10 * time.Second, logger: slog.New(slog.DiscardHandler),
	}}
	problems.Apply(&s.settings, options)
	found := problems.New(passport.ErrMisconfigured)
	value := reflect.ValueOf(planner)
	found.Checkf(planner != nil && (value.Kind() != reflect.Pointer || !value.IsNil()), "New got a nil planner")
	found.Checkf(s.route != nil, "WithRoute got nil")
	problems.CheckRange(found, "WithSampling", s.sampling, 0, 1)
	problems.CheckRange(found, "WithWorkers", s.workers, 1, 100)
	problems.CheckRange(found, "WithQueue", s.waiting, 1, 10_000)
	problems.CheckRange(found, "WithSamples", s.samples, 0, mostSamples)
	found.Checkf(s.timeout > 0, "WithTimeout got %v, want more than 0", s.timeout)
	found.Checkf(s.rules.Skew >= 0, "WithSkew got %v, want 0 or more", s.rules.Skew)
	found.Checkf(!s.unrecorded, "WithRecords got a store without the roles of a Recorder")
	found.Checkf(s.logger != nil, "WithLogger got nil")
	if s.after != nil {
		err := s.after.check()
		found.Checkf(err == nil, "Continuing: %v", err)
	}
	for _, e := range s.rules.Exceptions {
		found.Checkf(e.Name != "" && !e.Until.IsZero() && e.Match != nil, "WithExceptions got one without a name, a date or a function")
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	s.queue.init(s.waiting)
	s.tally.init(s.samples, s.after)
	return s, nil
}
