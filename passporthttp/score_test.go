package passporthttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

const alicesScore = `{"address":"` + alice + `","score":"3.50000","passing_score":true,` +
	`"last_score_timestamp":"2026-01-01T12:00:00+00:00","expiration_timestamp":"2100-01-01T00:00:00+00:00","threshold":"3.00000","error":null,` +
	`"stamps":{"Github":{"score":"2.00000","dedup":false,"expiration_date":"2100-01-01T00:00:00+00:00"},` +
	`"Google":{"score":"1.50000","dedup":false,"expiration_date":"2100-01-01T00:00:00+00:00"}},`

func TestScore(t *testing.T) {
	s := newBareSite(t)
	got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	//nolint:testifylint // the order of the members is what this is about
	assert.Equal(t, alicesScore+`"points_data":null,"possible_points_data":null,"linked_score":null}`, got.body)
}

func TestWithPoints(t *testing.T) {
	s := newSite(t)
	got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	const possible = `{"CSB":100,"CSE":200,"CST":500,"HIM":1000,"HKY":100,"ISB":100,"ISG":500,"ISS":200,"PMT":300,"SCB":500}`
	//nolint:testifylint // the order of the members is what this is about
	assert.Equal(t, alicesScore+
		`"points_data":{"total_points":200,"is_eligible":true,"multiplier":1,"breakdown":{"HKY":200}},`+
		`"possible_points_data":{"total_points":0,"is_eligible":true,"multiplier":1,"breakdown":`+possible+`},"linked_score":null}`, got.body)
}

// A stamp that is not valid is not in the contract's answer. The option adds it
// with its reason.
func TestScore_LeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		options []passporthttp.Option
		want    any
	}{
		"off": {nil, nil},
		"on": {[]passporthttp.Option{passporthttp.WithLeftOut()}, map[string]any{
			"Github":  map[string]any{"reason": "expired", "expiration_date": "2025-12-31T12:00:00+00:00"},
			"Discord": map[string]any{"reason": "untrusted_issuer", "expiration_date": "2100-01-01T00:00:00+00:00"},
			"Twitter": map[string]any{"reason": "malformed", "expiration_date": nil},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.options...)
			add := func(provider string, issuer *passporttest.Issuer, options ...passporttest.CredentialOption) {
				signed, err := issuer.Issue(alice, provider, "account", options...)
				require.NoError(t, err)
				stamp, err := passport.ReadCredential(signed)
				require.NoError(t, err)
				require.NoError(t, s.db.AddCredentials(t.Context(), alice, stamp))
			}
			add("Github", s.issuer, passporttest.ExpiresAt(noon.AddDate(0, 0, -1)))
			add("Discord", passporttest.NewIssuer())
			require.NoError(t, s.db.AddCredentials(t.Context(), alice, store.CredentialInput{Provider: "Twitter", Document: []byte(`{"credentialSubject": {}}`)}))

			got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
			readDescription(t, s.do(request{path: "/openapi.json"}).body).holds(t, http.MethodGet, scoreRoute, "200", got)
			var body map[string]any
			require.NoError(t, json.Unmarshal([]byte(got.body), &body))
			assert.Equal(t, c.want, body["left_out"])
			_, has := body["left_out"]
			assert.Equal(t, c.want != nil, has)
			assert.Len(t, body["stamps"], 1)

			got = s.do(request{path: "/v2/stamps/1/score/" + bob, key: s.reader})
			assert.Equal(t, c.want != nil, strings.HasSuffix(got.body, `"linked_score":null,"left_out":{}}`), got.body)
		})
	}
}

func TestScore_MixedCase(t *testing.T) {
	s := newSite(t)
	upper := "0x" + strings.ToUpper(alice[2:])
	assert.Contains(t, s.do(request{path: "/v2/stamps/1/score/" + upper, key: s.reader}).body, `"address":"`+alice+`","score":"3.50000"`)
	got := s.do(request{path: "/v2/stamps/1/score/" + upper + "/history?created_at=2027-01-01", key: s.historian})
	assert.Contains(t, got.body, `"address":"`+alice+`","score":"3.50000"`)
	assert.Contains(t, s.do(request{path: "/v2/stamps/" + upper, key: s.reader}).body, `"provider":"Google"`)
}

// A scorer is found by its external id or else by its id, among those of the
// key's account.
func TestScore_ScorerID(t *testing.T) {
	s := newSite(t)
	for scorer, status := range map[string]int{"77": 200, "1": 200, "+1": 200, "0077": 200, "2": 404, "78": 404, "0": 404} {
		assert.Equal(t, status, s.do(request{path: "/v2/stamps/" + scorer + "/score/" + alice, key: s.reader}).status, scorer)
	}
	assert.Equal(t, 200, s.do(request{path: "/v2/stamps/2/score/" + alice, key: s.stranger}).status)
	assert.Equal(t, 404, s.do(request{path: "/v2/stamps/77/score/" + alice, key: s.stranger}).status)
}

func TestScore_KeyHeader(t *testing.T) {
	s := newSite(t)
	path := "/v2/stamps/1/score/" + alice
	for name, header := range map[string]http.Header{
		"its own":                {"X-Api-Key": {s.reader}},
		"Authorization":          {"Authorization": {"Api-Key " + s.reader}},
		"any scheme":             {"Authorization": {"Bearer  " + s.reader}},
		"the first of both":      {"X-Api-Key": {s.reader}, "Authorization": {"Api-Key wrong.key"}},
		"the other one is empty": {"X-Api-Key": {""}, "Authorization": {"Api-Key " + s.reader}},
	} {
		assert.Equal(t, 200, s.do(request{path: path, header: header}).status, name)
	}
	for name, header := range map[string]http.Header{
		"without a scheme": {"Authorization": {s.reader}},
		"the wrong one":    {"X-Api-Key": {"wrong.key"}, "Authorization": {"Api-Key " + s.reader}},
		"in a cookie":      {"Cookie": {"X-API-Key=" + s.reader}},
	} {
		assert.Equal(t, 401, s.do(request{path: path, header: header}).status, name)
	}
	assert.Equal(t, 401, s.do(request{path: path + "?api_key=" + s.reader + "&X-API-Key=" + s.reader}).status, "in the query")
}

func unsupported(context.Context) (*passport.Result, error) {
	return nil, &passport.ScoringError{Community: community, Address: alice, Err: fmt.Errorf("%w: %q", passport.ErrUnsupportedRule, "FIFO")}
}

func TestScore_ScoringError(t *testing.T) {
	s := newSite(t)
	s.scorer.instead = unsupported
	got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	assert.Equal(t, http.StatusOK, got.status)
	//nolint:testifylint // the order of the members is what this is about
	assert.Equal(t, `{"address":"`+alice+`","score":"0.00000","passing_score":false,"last_score_timestamp":null,"expiration_timestamp":null,`+
		`"threshold":"20.00000","error":"unsupported rule: \"FIFO\"","stamps":{},"points_data":null,"possible_points_data":null,"linked_score":null}`, got.body)
}

func TestWithScoringErrorStatus(t *testing.T) {
	s := newSite(t, passporthttp.WithScoringErrorStatus())
	s.scorer.instead = unsupported
	got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
	assert.Equal(t, http.StatusInternalServerError, got.status)
	assert.JSONEq(t, internal, got.body)
	assert.Contains(t, s.log.String(), "unsupported rule")
}

func TestHistory(t *testing.T) {
	s := newSite(t)
	score := func() {
		require.Equal(t, 200, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status)
	}
	score() // at noon of 2026-01-01
	s.clock.Advance(24 * time.Hour)
	_, err := s.db.DeleteCredentials(t.Context(), alice, "Github")
	require.NoError(t, err)
	score()
	for at, want := range map[string]string{
		"2026-01-01":                       "404",
		"2026-01-01T11:59:59.999999":       "404",
		"2026-01-01T12:00:00":              "3.50000",
		"2026-01-01T12:00":                 "3.50000",
		"2026-01-01%2012:00:00":            "3.50000",
		"2026-01-01T12:00:00Z":             "3.50000",
		"2026-01-01T13:00:00%2B01:00":      "3.50000",
		"2026-01-01T13:59:59%2B02:00":      "404",
		"2026-01-02T11:59:59.999999Z":      "3.50000",
		"2026-01-02T12:00:00":              "1.50000",
		"9999-12-31T23:59:59":              "1.50000",
		"2026-01-01&created_at=2026-02-01": "1.50000", // the last, as the service takes it
	} {
		got := s.do(request{path: "/v2/stamps/1/score/" + alice + "/history?created_at=" + at, key: s.historian})
		if want == "404" {
			assert.Equal(t, http.StatusNotFound, got.status, "%s: %s", at, got.body)
			continue
		}
		assert.Contains(t, got.body, `"score":"`+want+`"`, at)
	}
	got := s.do(request{path: "/v2/stamps/1/score/" + alice + "/history?created_at=2026-01-02", key: s.historian})
	assert.JSONEq(t, alicesScore+`"points_data":null,"possible_points_data":null,"linked_score":null}`, got.body, "all of it")
}

// The forms of created_at as they are in a URL. A + that is not escaped is a
// space, and refused.
func TestHistory_CreatedAt(t *testing.T) {
	s := newSite(t)
	require.Equal(t, 200, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status) // at noon of 2026-01-01
	for at, status := range map[string]int{
		"2026-01-01T12%3A00%3A00%2B0000":   200,
		"2026-01-01T12%3A00%3A00%2B00":     200,
		"2026-01-01T12:00Z":                200,
		"2026-01-01T14%3A00%2B02%3A00":     200,
		"2026-01-01T13%3A59%2B02%3A00":     404,
		"20260101T120000Z":                 200,
		"20260101T115959,999Z":             404,
		"2026-W01-4T12":                    200,
		"2026001T12:00":                    200,
		"2026-001T11.9":                    404,
		"2025-12-31T24:00":                 404,
		"2026-01-01T12:00:00+00:00":        400,
		"2026-01-01T12:00:00%2B00:00junk":  400,
		"2026-13-01":                       400,
		"2026-01-01T12:00:00%2B00:00%20":   400,
		"%202026-01-01T12:00:00%2B00:00":   400,
		"2026-01-01T12:00:00%E2%88%9200":   400,
		"2026-01-01T12:00:00%2B00:00%0000": 400,
	} {
		got := s.do(request{path: "/v2/stamps/1/score/" + alice + "/history?created_at=" + at, key: s.historian})
		assert.Equal(t, status, got.status, "%s: %s", at, got.body)
	}
}

// The service has written events that the SDK does not.
func TestHistory_Recorded(t *testing.T) {
	for name, c := range map[string]struct {
		data   string
		status int
		want   string
	}{
		"numbers":              {`{"fields":{"evidence":{"rawScore":4.25,"threshold":3,"success":true},"stamps":null}}`, 200, `"score":"4.25000","passing_score":true,"last_score_timestamp":null,"expiration_timestamp":null,"threshold":"3.00000","error":null,"stamps":{}`},
		"an error":             {`{"fields":{"error":"bad weights","evidence":null}}`, 200, `"score":"0.00000","passing_score":false,"last_score_timestamp":null,"expiration_timestamp":null,"threshold":"20.00000","error":"bad weights","stamps":{}`},
		"no evidence":          {`{"fields":{"score":"1"}}`, 200, `"score":"1.00000","passing_score":true,"last_score_timestamp":null,"expiration_timestamp":null,"threshold":"0.00000","error":null,"stamps":{}`},
		"stamps":               {`{"score":1,"stamps":{"Google":{"score":"1.00000","dedup":false}}}`, 200, `"stamps":{"Google":{"score":"1.00000","dedup":false}}`},
		"stamps of no form":    {`{"score":1,"stamps":["Google"]}`, 500, internal},
		"a moment of no form":  {`{"score":1,"expiration_date":"soon"}`, 500, internal},
		"microseconds":         {`{"fields":{"evidence":{"rawScore":"1","threshold":"2","success":false},"last_score_timestamp":"2026-01-01T00:00:00.5Z"}}`, 200, `"last_score_timestamp":"2026-01-01T00:00:00.500000+00:00"`},
		"a score that is none": {`{"fields":{"evidence":{"rawScore":"NaN","threshold":"2"}}}`, 500, internal},
		"another form":         {`[]`, 500, internal},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.db.event = &store.RecordedEvent{Event: store.Event{Data: []byte(c.data)}}
			got := s.do(request{path: "/v2/stamps/1/score/" + alice + "/history?created_at=2026-01-01", key: s.historian})
			assert.Equal(t, c.status, got.status)
			assert.Contains(t, got.body, c.want)
		})
	}
}
