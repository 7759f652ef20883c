package scoreapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

// The communities: one whose weights are not usable, and one of another's.
const (
	good, unusable, foreign = 1, 2, 3
)

// service is the real handler on a memstore.
type service struct {
	url    string
	db     *memstore.Store
	engine *passport.Engine
	issuer *passporttest.Issuer
	// reader may read scores and histories, stranger has no permission, and
	// limited may do one call a day.
	reader, stranger, limited string
}

func newService(t testing.TB) *service {
	t.Helper()
	s := &service{db: memstore.New(memstore.WithClock(func() time.Time { return noon })), issuer: passporttest.NewIssuer()}
	ctx := t.Context()
	owner, err := s.db.PutAccount(ctx, "owner")
	require.NoError(t, err)
	other, err := s.db.PutAccount(ctx, "other")
	require.NoError(t, err)
	for _, c := range []store.Community{
		{ID: good, Account: owner, Name: "good", Threshold: "3", Weights: []byte(`{"Google": "1.5", "Github": "2"}`)},
		{ID: unusable, Account: owner, Name: "unusable", Threshold: "3", Weights: []byte(`{"Google": "many"}`)},
		{ID: foreign, Account: other, Name: "foreign", Threshold: "3", Weights: []byte(`{}`)},
	} {
		require.NoError(t, s.db.PutCommunity(ctx, c))
	}
	s.engine, err = passport.New(s.db, passport.WithTrustedIssuers(s.issuer.DID()))
	require.NoError(t, err)
	keys, err := apikey.New(s.db)
	require.NoError(t, err)
	for key, p := range map[*string]apikey.KeyParams{
		&s.reader:   {Account: owner, ReadScores: true, Historical: true, Unlimited: true},
		&s.stranger: {Account: owner},
		&s.limited:  {Account: owner, ReadScores: true, RateLimit: "1/d"},
	} {
		*key, _, err = keys.Create(ctx, p)
		require.NoError(t, err)
	}
	handler, err := passporthttp.New(s.engine, s.db, passporthttp.WithRateLimits())
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.stamp(t, alice, "Google", "Github")
	return s
}

func (s *service) stamp(t testing.TB, address string, providers ...string) {
	t.Helper()
	for _, provider := range providers {
		signed, err := s.issuer.Issue(address, provider, "account")
		require.NoError(t, err)
		stamp, err := passport.ReadCredential(signed)
		require.NoError(t, err)
		require.NoError(t, s.db.AddCredentials(t.Context(), store.Address(address), stamp))
	}
}

// newClient returns a client that retries twice, without delay.
func newClient(t testing.TB, url string, options ...scoreapi.Option) *scoreapi.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := scoreapi.NewClient(url, append([]scoreapi.Option{
		scoreapi.WithHTTPClient(&http.Client{Transport: transport}), scoreapi.WithRetry(twice),
	}, options...)...)
	require.NoError(t, err)
	return c
}

func twice() retry.Backoff { return retry.WithMaxRetries(2, retry.NewConstant(1)) }

func TestClient_Score(t *testing.T) {
	s := newService(t)
	c := newClient(t, s.url, scoreapi.WithAPIKey(s.reader))
	got, err := c.Score(t.Context(), good, "0xA11CE0A11CE0A11CE0A11CE0A11CE0A11CE0A11C")
	require.NoError(t, err)
	result, err := s.engine.Preview(t.Context(), good, alice)
	require.NoError(t, err)
	exactly(t, write(t, scoreapi.Of(result)), write(t, got))
	assert.Zero(t, got.Score.Cmp(decimal(t, "3.5")))
	assert.True(t, got.Passing)

	then, err := c.History(t.Context(), good, alice, noon.Add(time.Hour))
	require.NoError(t, err)
	exactly(t, write(t, got), write(t, then))
	_, err = c.History(t.Context(), good, alice, noon.Add(-time.Microsecond))
	assert.ErrorIs(t, err, store.ErrNotFound)
	assert.NotErrorIs(t, err, passport.ErrCommunityNotFound)
	_, err = c.History(t.Context(), good, alice, time.Time{})
	assert.ErrorIs(t, err, store.ErrInvalid)
}

func TestClient_Errors(t *testing.T) {
	s := newService(t)
	for name, c := range map[string]struct {
		base, key string
		scorer    int64
		address   string
		want      error
		text      string
	}{
		"no key":         {s.url, "wrong.key", good, alice, scoreapi.ErrRefused, "GET /v2/stamps/1/score/" + alice + ": the API key was refused: 401 Unauthorized: Invalid API Key."},
		"no permission":  {s.url, s.stranger, good, alice, scoreapi.ErrRefused, "403 Forbidden: Invalid permissions for action."},
		"another's":      {s.url, s.reader, foreign, alice, passport.ErrCommunityNotFound, "community not found: 404 Not Found: No scorer matches the given criteria."},
		"address":        {s.url, s.reader, good, "0x1", passport.ErrInvalidAddress, "invalid address"},
		"unusable":       {s.url, s.reader, unusable, alice, scoreapi.ErrUnscored, "the address was not scored: 200 OK: "},
		"wrong base URL": {s.url + "/api", s.reader, good, alice, scoreapi.ErrAnswer, "not an answer of the API: 404 Not Found: Not found."},
	} {
		t.Run(name, func(t *testing.T) {
			score, err := newClient(t, c.base, scoreapi.WithAPIKey(c.key)).Score(t.Context(), c.scorer, c.address)
			assert.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.text)
			assert.NotContains(t, err.Error(), c.key)
			assert.Equal(t, store.KindOf(c.want), store.KindOf(err))
			assert.Equal(t, name == "unusable", score != nil)
		})
	}
	c := newClient(t, s.url, scoreapi.WithAPIKey(s.reader))
	_, err := c.History(t.Context(), foreign, alice, noon)
	assert.ErrorIs(t, err, passport.ErrCommunityNotFound)
}

// A wait of hours is left to the caller.
func TestClient_RateLimit(t *testing.T) {
	s := newService(t)
	c := newClient(t, s.url, scoreapi.WithAPIKey(s.limited))
	_, err := c.Score(t.Context(), good, alice)
	require.NoError(t, err)
	_, err = c.Score(t.Context(), good, alice)
	var refused *scoreapi.Error
	require.ErrorAs(t, err, &refused)
	assert.ErrorIs(t, err, store.ErrUnavailable)
	assert.Equal(t, http.StatusTooManyRequests, refused.Status)
	assert.Equal(t, "You have been rate limited!", refused.Detail)
	assert.Positive(t, refused.RetryAfter)
}

func TestClient_Stamps(t *testing.T) {
	s := newService(t)
	const stamps = 205 // three pages
	var want []string
	for n := range stamps {
		want = append([]string{fmt.Sprintf("P%03d", n)}, want...)
		s.stamp(t, bob, want[0])
	}
	c := newClient(t, s.url, scoreapi.WithAPIKey(s.reader))
	all := c.Stamps(t.Context(), bob)
	for range 2 {
		var got []string
		for item, err := range all {
			require.NoError(t, err)
			stamp, err := passport.ReadCredential(item.Credential)
			require.NoError(t, err)
			got = append(got, stamp.Provider)
		}
		assert.Equal(t, want, got)
	}
	for item, err := range all {
		require.NoError(t, err)
		assert.Equal(t, "1.0.0", item.Version)
		break
	}
	for _, err := range c.Stamps(t.Context(), "0x1") {
		assert.ErrorIs(t, err, passport.ErrInvalidAddress)
	}
	for _, err := range newClient(t, s.url).Stamps(t.Context(), bob) {
		assert.ErrorIs(t, err, scoreapi.ErrRefused)
	}
}

func TestClient_Concurrent(t *testing.T) {
	s := newService(t)
	c := newClient(t, s.url, scoreapi.WithAPIKey(s.reader))
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 5 {
				score, err := c.Score(t.Context(), good, alice)
				if assert.NoError(t, err) {
					assert.True(t, score.Passing)
				}
			}
		})
	}
	running.Wait()
}

func TestNewClient(t *testing.T) {
	_, err := scoreapi.NewClient("https://user:secret@example.org", scoreapi.WithAPIKey("secret\n"), scoreapi.WithHTTPClient(nil),
		scoreapi.WithTimeout(0), scoreapi.WithRetry(nil), nil)
	assert.EqualError(t, err, "misconfigured: NewClient: a base URL is http or https, a host, and perhaps a path, and nothing else\n"+
		"misconfigured: WithAPIKey got no text of 1 to 1000 visible ASCII characters\nmisconfigured: WithHTTPClient got nil\n"+
		"misconfigured: WithTimeout got 0s, want more than 0\nmisconfigured: WithRetry got nil")
	assert.ErrorIs(t, err, passport.ErrMisconfigured)
	for _, url := range []string{"", "example.org", "ftp://example.org", "https://", "https://example.org?x=1", "https://example.org/#a", "http://[::1"} {
		_, err := scoreapi.NewClient(url)
		assert.ErrorIs(t, err, passport.ErrMisconfigured, url)
	}

	given := &http.Client{}
	c, err := scoreapi.NewClient("https://example.org/api/", scoreapi.WithAPIKey("very.secret"), scoreapi.WithHTTPClient(given))
	require.NoError(t, err)
	assert.Nil(t, given.CheckRedirect, "the caller's client was changed")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, c), "very.secret")
		assert.NotContains(t, fmt.Sprintf(verb, *c), "very.secret")
	}
}

// A context that has ended is the caller's, not a fault of the server.
func TestClient_ContextEnded(t *testing.T) {
	s := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newClient(t, s.url, scoreapi.WithAPIKey(s.reader)).Score(ctx, good, alice)
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, store.ErrUnavailable)
	var of *scoreapi.Error
	assert.ErrorAs(t, err, &of)
}
