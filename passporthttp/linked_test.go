package passporthttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// brokenGroups is a source of groups that fails.
type brokenGroups struct{ err error }

func (b brokenGroups) GroupsOf(context.Context, ...passport.Address) ([]passport.Group, error) {
	return nil, b.err
}

// link makes the site's engine score linked wallets.
func (s *site) link(source passport.Groups, failure passport.GroupFailure) {
	s.t.Helper()
	engine, err := passport.New(s.db.Store, passport.WithTrustedIssuers(s.issuer.DID()), passport.WithGroups(source, failure))
	require.NoError(s.t, err)
	s.scorer.Scorer = engine
}

func TestScore_Linked(t *testing.T) {
	s := newSite(t, passporthttp.WithLeftOut())
	linked, err := groups.New(passport.Group{Wallets: []passport.Address{alice, bob}})
	require.NoError(t, err)
	s.link(linked, passport.FailScoring)
	s.stamp(bob, "Google")
	expired, err := s.issuer.Issue(bob, "Github", "account", passporttest.ExpiresAt(noon.AddDate(0, 0, -1)))
	require.NoError(t, err)
	stamp, err := passport.ReadCredential(expired)
	require.NoError(t, err)
	require.NoError(t, s.db.AddCredentials(t.Context(), bob, stamp))

	const github = `"score":"2.00000","dedup":false,"expiration_date":"2100-01-01T00:00:00+00:00"`
	const google = `"score":"1.50000","dedup":false,"expiration_date":"2100-01-01T00:00:00+00:00"`
	const merged = `{"Github":{` + github + `,"source_wallet":"` + alice + `"},"Google":{` + google + `,"source_wallet":"` + alice + `"}}`
	const times = `"last_score_timestamp":"2026-01-01T12:00:00+00:00","expiration_timestamp":"2100-01-01T00:00:00+00:00","threshold":"3.00000",`
	const group = `"linked_score":{"address":"` + alice + `","score":"3.50000","passing_score":true,` + times +
		`"stamps":` + merged + `,"wallet_stamps":{"` + alice + `":` + merged + `,"` + bob + `":{"Google":{` + google + `}}}},`
	for _, want := range []struct{ address, rest string }{
		{alice, `"score":"3.50000","passing_score":true,"stamps":` + merged + `,"left_out":{}`},
		{bob, `"score":"0.00000","passing_score":false,"stamps":{},` +
			`"left_out":{"Github":{"reason":"expired","expiration_date":"2025-12-31T12:00:00+00:00"}}`},
	} {
		got := s.do(request{path: "/v2/stamps/1/score/" + want.address, key: s.reader})
		readDescription(t, s.do(request{path: "/openapi.json"}).body).holds(t, http.MethodGet, scoreRoute, "200", got)
		var body map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.body), &body))
		delete(body, "points_data")
		delete(body, "possible_points_data")
		text, err := json.Marshal(body)
		require.NoError(t, err)
		assert.JSONEq(t, `{"address":"`+want.address+`","error":null,`+times+group+want.rest+`}`, string(text))
	}
}

// While the source of groups fails a score is refused, or is one of no group.
func TestScore_GroupsFail(t *testing.T) {
	for name, c := range map[string]struct {
		failure passport.GroupFailure
		err     error
		status  int
		score   string
	}{
		"fail":          {passport.FailScoring, errors.New("away"), http.StatusServiceUnavailable, ""},
		"misconfigured": {passport.FailScoring, passport.ErrMisconfigured, http.StatusServiceUnavailable, ""},
		"not found":     {passport.FailScoring, store.ErrNotFound, http.StatusServiceUnavailable, ""},
		"withhold":      {passport.WithholdPassing, errors.New("away"), http.StatusOK, "0.00000"},
		"alone":         {passport.ScoreAlone, errors.New("away"), http.StatusOK, "3.50000"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.link(brokenGroups{c.err}, c.failure)
			got := s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader})
			require.Equal(t, c.status, got.status, got.body)
			readDescription(t, s.do(request{path: "/openapi.json"}).body).holds(t, http.MethodGet, scoreRoute, map[int]string{200: "200", 503: "503"}[c.status], got)
			if c.status != http.StatusOK {
				assert.NotContains(t, got.body, "away")
				return
			}
			var body map[string]any
			require.NoError(t, json.Unmarshal([]byte(got.body), &body))
			assert.Equal(t, c.score, body["score"])
			assert.Equal(t, c.failure == passport.ScoreAlone, body["passing_score"])
			linked, has := body["linked_score"]
			assert.True(t, has)
			assert.Nil(t, linked)
		})
	}
}
