package passporthttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/store"
)

// The routes, as they are described.
const (
	scoreRoute   = "/v2/stamps/{scorer_id}/score/{address}"
	historyRoute = "/v2/stamps/{scorer_id}/score/{address}/history"
	stampsRoute  = "/v2/stamps/{address}"

	metadataRoute = "/v2/stamps/metadata"
)

// The bodies of refusals.
const (
	invalidKey     = `{"detail":"Invalid API Key."}`
	forbidden      = `{"detail":"Invalid permissions for action."}`
	rateLimited    = `{"detail":"You have been rate limited!"}`
	invalidAddress = `{"detail":"Invalid address."}`
	noScorer       = `{"detail":"No scorer matches the given criteria."}`
	noCommunity    = `{"detail":"No Community matches the given query."}`
	internal       = `{"detail":"Internal server error."}`
	unavailable    = `{"detail":"Service unavailable, try again."}`
)

// refusal is a demand on the answer to a request in some situation.
type refusal struct {
	name, route string
	given       func(s *site)
	request     func(s *site) request
	status      int
	body        string
	header      map[string]string
}

func refusals() []refusal {
	score := func(s *site) request { return request{path: "/v2/stamps/1/score/" + alice, key: s.reader} }
	history := func(s *site) request {
		return request{path: "/v2/stamps/1/score/" + alice + "/history?created_at=2026-01-01", key: s.historian}
	}
	listing := func(s *site) request { return request{path: "/v2/stamps/" + alice, key: s.reader} }
	adding := func(s *site) request {
		body := fmt.Sprintf(`{"credentials": [%s]}`, s.signed(bob, "Google"))
		return request{method: http.MethodPost, path: "/v2/stamps/" + bob, key: s.submitter, body: body}
	}
	at := func(path string) func(s *site) request {
		return func(s *site) request { return request{path: path, key: s.reader} }
	}
	lookingBack := func(path string) func(s *site) request {
		return func(s *site) request { return request{path: path, key: s.historian} }
	}
	submitting := func(body string) func(s *site) request {
		return func(s *site) request {
			return request{method: http.MethodPost, path: "/v2/stamps/" + bob, key: s.submitter, body: body}
		}
	}
	fails := func(method string, err error) func(s *site) { return func(s *site) { s.db.errs[method] = err } }
	scores := func(err error) func(s *site) {
		return func(s *site) { s.scorer.instead = func(context.Context) (*passport.Result, error) { return nil, err } }
	}
	out := &store.Error{Op: "validate_api_key", Kind: store.ErrUnavailable, Cause: errors.New("dial db.internal:5432: refused")}
	broken := &store.Error{Op: "load_community", Kind: store.ErrInternal, SQLState: "42703", Cause: errors.New("column internals of relation x")}
	again := map[string]string{"Retry-After": "1"}

	all := []refusal{
		{"scorer of another account", scoreRoute, nil, at("/v2/stamps/2/score/" + alice), 404, noScorer, nil},
		{"no such scorer", scoreRoute, nil, at("/v2/stamps/99/score/" + alice), 404, noScorer, nil},
		{"scorer below 0", scoreRoute, nil, at("/v2/stamps/-1/score/" + alice), 404, noScorer, nil},
		{"scorer beyond all numbers", scoreRoute, nil, at("/v2/stamps/" + strings.Repeat("9", 100) + "/score/" + alice), 404, noScorer, nil},
		{"scorer deleted since", scoreRoute, scores(fmt.Errorf("scoring: %w", passport.ErrCommunityNotFound)), score, 404, noScorer, nil},
		{"short address", scoreRoute, nil, at("/v2/stamps/1/score/0x123"), 400, invalidAddress, nil},
		{"address without 0x", scoreRoute, nil, at("/v2/stamps/1/score/" + alice[2:]), 400, invalidAddress, nil},
		{"slash in the address", scoreRoute, nil, at("/v2/stamps/1/score/0x%2F" + alice[3:]), 400, invalidAddress, nil},
		{"scoring loses every race", scoreRoute, scores(fmt.Errorf("attempt 6: %w", store.ErrConflict)), score, 503, unavailable, again},
		{"outcome of the commit unknown", scoreRoute, scores(store.ErrUnknownOutcome), score, 503, unavailable, again},
		{"deadline passed", scoreRoute, scores(fmt.Errorf("loading: %w", context.DeadlineExceeded)), score, 503, unavailable, again},
		{"database lost while scoring", scoreRoute, scores(out), score, 503, unavailable, again},
		{
			"community that cannot be scored, and not recorded so", scoreRoute,
			scores(&passport.ScoringError{Err: passport.ErrUnsupportedRule, Unrecorded: out}), score, 503, unavailable, again,
		},
		{
			"fault while that is recorded", scoreRoute,
			scores(&passport.ScoringError{Err: passport.ErrUnsupportedRule, Unrecorded: broken}), score, 500, internal, nil,
		},
		{
			"a store of the host's that fails while that is recorded", scoreRoute,
			scores(&passport.ScoringError{Err: passport.ErrUnsupportedRule, Unrecorded: errors.New("disk full")}), score, 500, internal, nil,
		},
		{"fault of the store", scoreRoute, scores(broken), score, 500, internal, nil},
		{"panic", scoreRoute, func(s *site) {
			s.scorer.instead = func(context.Context) (*passport.Result, error) { panic("secret internals") }
		}, score, 500, internal, nil},
		{"points out of reach", scoreRoute, func(s *site) { s.withoutLedger(); fails("LoadPoints", out)(s) }, score, 503, unavailable, again},
		{"community out of reach", scoreRoute, fails("FindCommunity", out), score, 503, unavailable, again},

		{
			"no moment", historyRoute, nil, lookingBack("/v2/stamps/1/score/" + alice + "/history"), 422,
			`{"detail":[{"type":"missing","loc":["query","created_at"],"msg":"Field required"}]}`, nil,
		},
		{"empty moment", historyRoute, nil, lookingBack("/v2/stamps/1/score/" + alice + "/history?created_at="), 400, `{"detail":"You must provide created_at as a query param."}`, nil},
		{"nonsense for a moment", historyRoute, nil, lookingBack("/v2/stamps/1/score/" + alice + "/history?created_at=yesterday"), 400, `{"detail":"Invalid created_at."}`, nil},
		{"moment badly escaped", historyRoute, nil, lookingBack("/v2/stamps/1/score/" + alice + "/history?created_at=2026-01-01%z"), 400, `{"detail":"Invalid created_at."}`, nil},
		{"moment before all", historyRoute, nil, lookingBack("/v2/stamps/1/score/" + alice + "/history?created_at=0000-01-01"), 400, `{"detail":"Invalid created_at."}`, nil},
		{"bad address", historyRoute, nil, lookingBack("/v2/stamps/1/score/0x1/history?created_at=2026-01-01"), 400, invalidAddress, nil},
		{"no score yet", historyRoute, nil, history, 404, `{"detail":"No Score Found for ` + alice + ` at 2026-01-01","address":"` + alice + `"}`, nil},
		{"the scorer of another account", historyRoute, nil, lookingBack("/v2/stamps/2/score/" + alice + "/history?created_at=2026-01-01"), 404, noCommunity, nil},
		{"history out of reach", historyRoute, fails("ScoreAt", out), history, 503, unavailable, again},
		{"fault of the history", historyRoute, fails("ScoreAt", broken), history, 500, internal, nil},

		{"limit of 0", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit=0"), 400, `{"detail":"Invalid limit."}`, nil},
		{"limit above 1000", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit=1001"), 400, `{"detail":"Invalid limit."}`, nil},
		{"limit below 0", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit=-1"), 400, `{"detail":"Invalid limit."}`, nil},
		{"limit beyond all numbers", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit=99999999999999999999"), 400, `{"detail":"Invalid limit."}`, nil},
		{"limit that is no number", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit=ten"), 422, notAnInteger("query", "limit"), nil},
		{"empty limit", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit="), 422, notAnInteger("query", "limit"), nil},
		{"limit badly escaped", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit=%zz"), 422, notAnInteger("query", "limit"), nil},
		{"limit with a semicolon", stampsRoute, nil, at("/v2/stamps/" + alice + "?limit=1;token=o1"), 422, notAnInteger("query", "limit"), nil},
		{
			"include_metadata that is neither", stampsRoute, nil, at("/v2/stamps/" + alice + "?include_metadata=2"), 422,
			`{"detail":[{"type":"bool_parsing","loc":["query","include_metadata"],"msg":"Input should be a valid boolean, unable to interpret input"}]}`, nil,
		},
		{"token cut in an escape", stampsRoute, nil, at("/v2/stamps/" + alice + "?token=o3%z"), 400, `{"detail":"Invalid token."}`, nil},
		{"bad token", stampsRoute, nil, at("/v2/stamps/" + alice + "?token=nonsense"), 400, `{"detail":"Invalid token."}`, nil},
		{"bad address", stampsRoute, nil, at("/v2/stamps/1"), 400, invalidAddress, nil},
		{"credentials out of reach", stampsRoute, fails("ListCredentials", out), listing, 503, unavailable, again},
		{"fault of the credentials", stampsRoute, fails("ListCredentials", broken), listing, 500, internal, nil},

		{"no JSON", stampsRoute, nil, submitting(`{`), 400, `{"detail":"Invalid request: the body is not {\"credentials\": […]}"}`, nil},
		{"no credential", stampsRoute, nil, submitting(`{"credentials": []}`), 400, `{"detail":"Invalid request: 0 credentials, want 1 to 100"}`, nil},
		{"too many", stampsRoute, nil, submitting(`{"credentials": [` + strings.Repeat("{},", 100) + `{}]}`), 400, `{"detail":"Invalid request: 101 credentials, want 1 to 100"}`, nil},
		{"too large", stampsRoute, nil, submitting(`{"credentials": ["` + strings.Repeat("x", 1<<20) + `"]}`), 413, `{"detail":"The body has more than 1048576 bytes."}`, nil},
		{
			"credential that the store refuses", stampsRoute, fails("AddCredentials", fmt.Errorf("add_credentials: %w: too many digits", store.ErrInvalid)),
			adding, 400, `{"detail":"Invalid request: a credential holds what cannot be stored"}`, nil,
		},
		{"credential that is none", stampsRoute, nil, submitting(`{"credentials": [{}]}`), 400, "", nil},
		{"two of one provider", stampsRoute, nil, func(s *site) request {
			r := adding(s)
			r.body = fmt.Sprintf(`{"credentials": [%[1]s, %[1]s]}`, s.signed(bob, "Google"))
			return r
		}, 400, `{"detail":"Invalid request: credential 2: another one has its provider \"Google\""}`, nil},
		{"address that is none", stampsRoute, nil, func(s *site) request { r := adding(s); r.path = "/v2/stamps/bob"; return r }, 400, invalidAddress, nil},
		{"nowhere to put it", stampsRoute, fails("AddCredentials", out), adding, 503, unavailable, again},
		{"fault of the store", stampsRoute, fails("AddCredentials", broken), adding, 500, internal, nil},

		{"not ready", "/ready", func(s *site) { s.ready = func() error { return errors.New("table registry_score is missing") } }, at("/ready"), 503, unavailable, again},
		{"panic of the check", "/ready", func(s *site) { s.ready = func() error { panic("internals") } }, at("/ready"), 500, internal, nil},
	}
	for _, number := range []string{"x", "1.0", "0x1", "1e3", "--1", "+", "1_000", "%201", "%D9%A1"} {
		all = append(all,
			refusal{"scorer " + number, scoreRoute, nil, at("/v2/stamps/" + number + "/score/" + alice), 422, notAnInteger("path", "scorer_id"), nil},
			refusal{"scorer " + number, historyRoute, nil, lookingBack("/v2/stamps/" + number + "/score/" + alice + "/history?created_at=2026-01-01"), 422, notAnInteger("path", "scorer_id"), nil},
		)
	}
	for _, of := range []struct {
		route string
		well  func(s *site) request
	}{{scoreRoute, score}, {historyRoute, history}, {stampsRoute, listing}, {stampsRoute, adding}, {metadataRoute, at(metadataRoute)}} {
		with := func(change func(s *site, r *request)) func(s *site) request {
			return func(s *site) request { r := of.well(s); change(s, &r); return r }
		}
		key := func(key func(s *site) string) func(s *site) request {
			return with(func(s *site, r *request) { r.key = key(s) })
		}
		limit := func(s *site, text string) {
			r := of.well(s)
			found, err := s.db.FindKey(s.t.Context(), r.key[:8])
			require.NoError(s.t, err)
			s.relimit(found.Prefix, text)
		}
		challenge := map[string]string{"Www-Authenticate": "Api-Key"}
		all = append(all,
			refusal{"no key", of.route, nil, key(func(*site) string { return "" }), 401, invalidKey, challenge},
			refusal{"unknown key", of.route, nil, key(func(*site) string { return "unknown1.abcdef" }), 401, invalidKey, challenge},
			refusal{"wrong key", of.route, nil, with(func(_ *site, r *request) { r.key += "x" }), 401, invalidKey, challenge},
			refusal{"key without a dot", of.route, nil, key(func(*site) string { return "abc" }), 401, invalidKey, challenge},
			refusal{"huge key", of.route, nil, key(func(*site) string { return "abc." + strings.Repeat("x", 5000) }), 401, invalidKey, challenge},
			refusal{"scheme without a key", of.route, nil, with(func(_ *site, r *request) {
				r.key, r.header = "", http.Header{"Authorization": {"Api-Key"}}
			}), 401, invalidKey, challenge},
			refusal{"revoked key", of.route, func(s *site) {
				require.NoError(s.t, s.db.RevokeKey(s.t.Context(), of.well(s).key[:8]))
			}, of.well, 401, invalidKey, challenge},
			refusal{"expired key", of.route, func(s *site) { s.expire(of.well(s).key[:8]) }, of.well, 401, invalidKey, challenge},
			refusal{
				"over the rate limit", of.route, func(s *site) { limit(s, "0/15m") }, of.well, 429, rateLimited,
				map[string]string{"Retry-After": "*", "Ratelimit": "*", "Ratelimit-Policy": `"key";q=0;w=900`},
			},
			refusal{"malformed rate limit", of.route, func(s *site) { limit(s, "often") }, of.well, 500, internal, nil},
			refusal{"keys out of reach", of.route, fails("FindKey", out), of.well, 503, unavailable, again},
			refusal{"too many slow checks", of.route, fails("FindKey", apikey.ErrBusy), of.well, 503, unavailable, again},
			refusal{"fault of the keys", of.route, fails("FindKey", broken), of.well, 500, internal, nil},
		)
		if of.route != metadataRoute { // which every key may call
			all = append(all, refusal{"key that may not", of.route, nil, key(func(s *site) string { return s.nobody }), 403, forbidden, nil})
		}
	}
	return all
}

func notAnInteger(where, name string) string {
	return `{"detail":[{"type":"int_parsing","loc":["` + where + `","` + name + `"],"msg":"Input should be a valid integer, unable to parse string as an integer"}]}`
}

// Every refusal has its status, body and headers and is described, and every
// described answer is given.
func TestContract(t *testing.T) {
	s := newSite(t)
	d := readDescription(t, s.do(request{path: "/openapi.json"}).body)
	seen := map[string]bool{}
	check := func(t *testing.T, s *site, route string, asked request) response {
		t.Helper()
		got := s.do(asked)
		method := asked.method
		if method == "" {
			method = http.MethodGet
		}
		d.holds(t, method, route, strconv.Itoa(got.status), got)
		seen[method+" "+route+" "+strconv.Itoa(got.status)] = true
		assert.NotEmpty(t, got.header.Get("X-Request-ID"))
		assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
		return got
	}

	for _, c := range refusals() {
		t.Run(c.route+" "+c.name, func(t *testing.T) {
			s := newSite(t)
			if c.given != nil {
				c.given(s)
			}
			got := check(t, s, c.route, c.request(s))
			assert.Equal(t, c.status, got.status, got.body)
			if c.body != "" {
				assert.Equal(t, c.body, got.body)
			}
			for _, name := range []string{"Retry-After", "Www-Authenticate"} {
				assert.Equal(t, c.header[name] == "", got.header.Get(name) == "", "%s: %q", name, got.header.Get(name))
			}
			for name, value := range c.header {
				if value != "*" {
					assert.Equal(t, value, got.header.Get(name), name)
				}
			}
			for _, inside := range []string{"internal:", "internals", "missing\"}", "SQL", "goroutine"} {
				assert.NotContains(t, got.body, inside)
			}
		})
	}

	t.Run("what it answers otherwise", func(t *testing.T) {
		path := "/v2/stamps/1/score/" + alice
		assert.Equal(t, 200, check(t, s, scoreRoute, request{path: path, key: s.reader}).status)
		assert.Equal(t, 200, check(t, s, historyRoute, request{path: path + "/history?created_at=2027-01-01", key: s.historian}).status)
		assert.Equal(t, 200, check(t, s, stampsRoute, request{path: "/v2/stamps/" + alice, key: s.reader}).status)
		assert.Equal(t, 200, check(t, s, stampsRoute, request{path: "/v2/stamps/" + alice + "?include_metadata=true&token=", key: s.reader}).status)
		assert.Equal(t, 200, check(t, s, metadataRoute, request{path: metadataRoute, key: s.reader}).status)
		body := fmt.Sprintf(`{"credentials": [%s]}`, s.signed(bob, "Google"))
		assert.Equal(t, `{"stored":1}`, check(t, s, stampsRoute, request{method: http.MethodPost, path: "/v2/stamps/" + bob, key: s.submitter, body: body}).body)
		assert.JSONEq(t, `{"status":"ok"}`, check(t, s, "/health", request{path: "/health"}).body)
		assert.JSONEq(t, `{"status":"ready"}`, check(t, s, "/ready", request{path: "/ready"}).body)
		assert.Equal(t, 200, check(t, s, "/openapi.json", request{path: "/openapi.json"}).status)
	})

	var given []string
	for answer := range seen {
		given = append(given, answer)
	}
	described := d.answers(t)
	slices.Sort(given)
	slices.Sort(described)
	assert.Equal(t, described, given)
}
