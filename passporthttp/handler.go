package passporthttp

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/store"
)

// Rows is what the handler looks up beside the scores. [memstore.Store] and
// [pgstore.Store] have it.
//
// [memstore.Store]: https://pkg.go.dev/github.com/passport-sdk/passport-go/memstore#Store
// [pgstore.Store]: https://pkg.go.dev/github.com/passport-sdk/passport-go/pgstore#Store
type Rows interface {
	store.Keys
	// FindCommunity is that of [store.Communities].
	FindCommunity(ctx context.Context, account int64, scorer string) (int64, error)
	// ScoreAt is that of [store.History].
	ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error)
	// ListCredentials is that of [store.Credentials].
	ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error)
}

// Handler answers the requests of the contract. Make it with [New]. It is safe
// for concurrent use and starts no goroutine.
type Handler struct {
	settings

	scorer    passport.Scorer
	rows      Rows
	readiness *readiness
	openapi   []byte
	mux       *http.ServeMux
}

var _ http.Handler = (*Handler)(nil)

// New returns a handler that scores with the scorer and looks everything else
// up in the rows.
//
// A configuration that makes no sense, a nil where something is needed or what an
// option cannot take, is told by [Handler.Err] and [Serve], and to the log with
// each request, which gets 500: half a configuration could let in what the other
// half would keep out. An option that is nil itself is passed over.
func New(scorer passport.Scorer, rows Rows, options ...Option) *Handler {
	s := newSettings(options)
	s.faultIf(scorer == nil, "New got a nil scorer")
	s.faultIf(rows == nil, "New got nil rows")
	if s.keys == nil && rows != nil {
		checker, err := apikey.New(rows)
		s.keys = checker
		s.faultIf(err != nil, "%w", err)
	}
	h := &Handler{
		settings: s, scorer: scorer, rows: rows,
		readiness: newReadiness(s.ready), openapi: document(s.ingest != nil, s.metadata != nil), mux: http.NewServeMux(),
	}
	h.addRoutes()
	return h
}

// Err returns what is wrong with the configuration, joined, or nil. Each fault
// wraps [passport.ErrMisconfigured].
func (h *Handler) Err() error { return errors.Join(h.faults...) }

// misconfigured is the endpoint of every route while the configuration makes no
// sense.
func (h *Handler) misconfigured(context.Context, *call) answer { return failed(h.Err()) }

func (h *Handler) addRoutes() {
	mayRead := func(key *store.Key) bool { return key.ReadScores }
	mayLookBack := func(key *store.Key) bool { return key.Historical }
	maySubmit := func(key *store.Key) bool { return key.SubmitPassports }

	h.route("/v2/stamps/{scorer_id}/score/{address}", endpoints{"GET": h.keyed(mayRead, h.score)})
	h.route("/v2/stamps/{scorer_id}/score/{address}/history", endpoints{"GET": h.keyed(mayLookBack, h.history)})
	stamps := endpoints{"GET": h.keyed(mayRead, h.listing)}
	if h.ingest != nil {
		stamps["POST"] = h.keyed(maySubmit, h.ingestion)
	}
	h.route("/v2/stamps/{address}", stamps)
	metadataOfAll := noSuchRoute
	if h.metadata != nil {
		metadataOfAll = h.keyed(anyKey, h.metadataOfAll)
	}
	h.handle("GET /v2/stamps/metadata", metadataOfAll)
	h.route("/health", endpoints{"GET": alive})
	h.route("/ready", endpoints{"GET": h.isReady})
	h.route("/openapi.json", endpoints{"GET": h.describe})
	h.handle("/", noSuchRoute)
}

// endpoint answers a request that has come to its route.
type endpoint func(ctx context.Context, c *call) answer

// endpoints are those of one path, by method.
type endpoints map[string]endpoint

// route answers the path: what is asked by a method that it does not have is
// told so, here and not by the mux, whose answers are not ours.
func (h *Handler) route(path string, of endpoints) {
	allow := []string{}
	for _, method := range []string{"GET", "HEAD", "POST"} {
		e, has := of[method]
		switch {
		case has:
			h.handle(method+" "+path, e)
			allow = append(allow, method)
		case method == "HEAD" && of["GET"] != nil: // to the mux it is a GET
			allow = append(allow, method)
		}
	}
	h.handle(path, otherMethod(strings.Join(append(allow, "OPTIONS"), ", ")))
}

func (h *Handler) handle(pattern string, e endpoint) {
	h.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, e) })
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.faults != nil {
		h.serve(w, r, h.misconfigured)
		return
	}
	// The mux would redirect to the clean form of a path, which nobody needs who
	// uses the API as it is described.
	if asked := r.URL.EscapedPath(); path.Clean(asked) != asked || asked[0] != '/' {
		h.serve(w, r, noSuchRoute)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// restOfBody is the time for what no endpoint has read of a body.
const restOfBody = time.Second

// serve is the way of every request: it is answered, then written about.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	c := newCall(w, r)
	h.allowOrigin(c)
	ctx := r.Context()
	if h.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, h.timeout)
		defer cancel()
	}
	given := contain(ctx, c, e)
	if r.ContentLength != 0 {
		// The server reads what is left of a body before it answers. A body that
		// nobody asked for, and that never comes, must not hold the answer back.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(restOfBody))
	}
	given.unsent = c.write(given)
	h.report(ctx, c, given)
	h.record(c, given)
}

func noSuchRoute(context.Context, *call) answer { return detail(http.StatusNotFound, "Not found.") }

// otherMethod answers OPTIONS, and refuses every other method.
func otherMethod(allow string) endpoint {
	return func(_ context.Context, c *call) answer {
		c.reply.Set("Allow", allow)
		if c.Method != http.MethodOptions {
			return detail(http.StatusMethodNotAllowed, "Method not allowed.")
		}
		c.preflight(allow)
		return answer{status: http.StatusNoContent}
	}
}
