package passporthttp

import (
	"context"
	_ "embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Scorer scores addresses, as [passport.Scorer] does. *passport.Engine
// implements it.
type Scorer interface {
	Score(ctx context.Context, community int64, address string) (*passport.Result, error)
}

// Lookups are the roles of a store that the handler uses besides its Scorer.
// memstore.Store and pgstore.Store have them.
type Lookups interface {
	store.Keys
	store.CommunityFinder
	store.ScoreFinder
	store.CredentialLister
}

// Handler answers the requests of the contract. It is safe for concurrent use
// and starts no goroutine.
type Handler struct {
	settings

	scorer Scorer
	db     Lookups
	// together is whether a key is found together with the community.
	together bool
	mux      http.ServeMux
}

// New returns a handler that scores with the scorer, and reads everything else
// from the store. It returns every problem of the configuration, joined, each
// wrapping [passport.ErrMisconfigured]: a nil where something is needed, or an
// invalid argument of an option. An option that is itself nil is ignored.
func New(scorer Scorer, db Lookups, options ...Option) (*Handler, error) {
	h := &Handler{scorer: scorer, db: db, settings: settings{
		ready:    &readiness{turn: make(chan struct{}, 1)},
		timeout:  15 * time.Second, // leaves time for retries
		logger:   slog.New(slog.DiscardHandler),
		problems: problems.New(passport.ErrMisconfigured),
	}}
	problems.Apply(&h.settings, options)
	h.problems.Checkf(scorer != nil, "New got a nil scorer")
	h.problems.Checkf(db != nil, "New got a nil store")
	if h.keys == nil && db != nil {
		registry, err := apikey.New(db)
		h.keys = registry
		h.problems.Checkf(err == nil, "%w", err)
	}
	if err := h.problems.Err(); err != nil {
		return nil, err
	}
	h.together = h.keys.FindsCallers(db)
	h.addRoutes()
	return h, nil
}

func (h *Handler) addRoutes() {
	mayRead := func(key *store.Key) bool { return key.ReadScores }
	mayReadHistory := func(key *store.Key) bool { return key.Historical }
	maySubmit := func(key *store.Key) bool { return key.SubmitPassports }
	anyKey := func(*store.Key) bool { return true }

	ingestion, metadata := endpoint(nil), noSuchRoute
	if h.ingest != nil {
		ingestion = h.keyed(maySubmit, h.ingestion)
	}
	if h.metadata != nil {
		metadata = h.keyed(anyKey, fixed(answer{status: http.StatusOK, text: h.metadata.Text}))
	}
	h.route("/v2/stamps/{scorer_id}/score/{address}", h.keyed(mayRead, h.score), nil)
	h.route("/v2/stamps/{scorer_id}/score/{address}/history", h.keyed(mayReadHistory, h.history), nil)
	h.route("/v2/stamps/{address}", h.keyed(mayRead, h.listing), ingestion)
	h.handle("GET /v2/stamps/metadata", metadata)
	h.route("/health", fixed(ok(map[string]string{"status": "ok"})), nil)
	h.route("/ready", h.isReady, nil)
	h.route("/openapi.json", fixed(answer{status: http.StatusOK, text: h.document()}), nil)
	h.handle("/", noSuchRoute)
}

// endpoint answers a request of its route.
type endpoint func(ctx context.Context, c *call) answer

// route registers the endpoints of a path; post may be nil. It refuses other
// methods itself: the mux would refuse them in its own words.
func (h *Handler) route(path string, get, post endpoint) {
	allow := "GET, HEAD, " // the mux routes HEAD as a GET
	h.handle("GET "+path, get)
	if post != nil {
		h.handle("POST "+path, post)
		allow += "POST, "
	}
	h.handle(path, otherMethod(allow+"OPTIONS"))
}

func (h *Handler) handle(pattern string, e endpoint) {
	h.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, e) })
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The mux would redirect to a clean path, which the contract does not.
	if asked := r.URL.EscapedPath(); path.Clean(asked) != asked || asked[0] != '/' {
		h.serve(w, r, noSuchRoute)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// serve answers a request, then logs and records it.
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
		// The server reads the rest of a body before it answers. A body that
		// never comes must not delay the answer.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
	}
	h.report(ctx, c, given, c.write(given))
	h.record(c, given)
}

// fixed gives every request the same answer.
func fixed(a answer) endpoint { return func(context.Context, *call) answer { return a } }

var noSuchRoute = fixed(refuse(http.StatusNotFound, "Not found."))

// otherMethod answers OPTIONS, and refuses every other method.
func otherMethod(allow string) endpoint {
	return func(_ context.Context, c *call) answer {
		c.reply.Set("Allow", allow)
		if c.Method != http.MethodOptions {
			return refuse(http.StatusMethodNotAllowed, "Method not allowed.")
		}
		if c.reply.Get("Access-Control-Allow-Origin") != "" { // a browser's preflight request
			c.reply.Set("Access-Control-Allow-Methods", allow)
			c.reply.Set("Access-Control-Allow-Headers", allowedHeaders)
			c.reply.Set("Access-Control-Max-Age", "600")
		}
		return answer{status: http.StatusNoContent}
	}
}

//go:embed openapi.json
var openapi []byte

// document returns the description of the routes that are served.
func (h *Handler) document() []byte {
	if h.ingest != nil && h.metadata != nil {
		return openapi
	}
	var whole struct {
		OpenAPI    json.RawMessage                       `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components json.RawMessage                       `json:"components"`
	}
	_ = json.Unmarshal(openapi, &whole) // a constant, which is tested
	if h.ingest == nil {
		delete(whole.Paths["/v2/stamps/{address}"], "post")
	}
	if h.metadata == nil {
		delete(whole.Paths, "/v2/stamps/metadata")
	}
	without, _ := json.Marshal(whole) //nolint:errchkjson // it was just parsed
	return without
}

var likeOrigin = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// isOrigin reports whether a browser would send this text as an origin: without
// the default port of the scheme. Origins are compared as texts.
func isOrigin(text string) bool {
	defaultPort := strings.HasPrefix(text, "http:") && strings.HasSuffix(text, ":80") ||
		strings.HasPrefix(text, "https:") && strings.HasSuffix(text, ":443")
	return likeOrigin.MatchString(text) && !defaultPort
}

// allowOrigin allows pages of the configured origins to read the answer.
func (h *Handler) allowOrigin(c *call) {
	origin := "*"
	if len(h.origins) > 0 && !slices.Contains(h.origins, "*") {
		origin = c.Header.Get("Origin")
		c.reply.Add("Vary", "Origin")
	}
	if slices.Contains(h.origins, origin) {
		c.reply.Set("Access-Control-Allow-Origin", origin)
		c.reply.Set("Access-Control-Expose-Headers", "RateLimit, RateLimit-Policy, Retry-After, "+requestID)
	}
}

// allowedHeaders are those of the service, and the request id.
const allowedHeaders = "accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, " +
	"x-csrftoken, x-requested-with, x-api-key, x-request-id"
