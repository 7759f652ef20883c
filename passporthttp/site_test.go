package passporthttp_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// The wallets and the time of the tests.
const (
	alice = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	bob   = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// site is a community, the keys of its account, and a server over TCP. Each
// part of it can be made to fail.
type site struct {
	t      testing.TB
	db     *faulty
	scorer *faultyScorer
	issuer *passporttest.Issuer
	clock  *passporttest.Clock
	log    *logged
	ready  func() error
	url    string
	client *http.Client
	keys   *apikey.Registry
	// handler is the served handler.
	handler *passporthttp.Handler
	// shutDown ends the server, and returns the error of Serve.
	shutDown func() error

	// Whole keys, by their permissions.
	reader, historian, submitter, nobody, stranger, everything string
}

// The communities: one of the account, one of another's.
const (
	community = 1
	foreign   = 2
)

// newSite serves with everything on, and with the options.
func newSite(t testing.TB, options ...passporthttp.Option) *site {
	t.Helper()
	return newSiteBeside(t, nil, options...)
}

// newSiteBeside is newSite with a background function.
func newSiteBeside(t testing.TB, background func(context.Context) error, options ...passporthttp.Option) *site {
	t.Helper()
	s := prepareSite(t)
	limiter, err := ratelimit.NewMemory(ratelimit.WithClock(s.clock.Now))
	require.NoError(t, err)
	s.handle(append([]passporthttp.Option{
		passporthttp.WithLimiter(limiter),
		passporthttp.WithPoints(s.db),
		passporthttp.WithIngestion(s.db),
		passporthttp.WithMetadata([]byte(platforms)),
		passporthttp.WithReady(func(context.Context) error { return s.ready() }),
		passporthttp.WithLogger(slog.New(slog.NewJSONHandler(s.log, nil))),
	}, options...)...)
	s.serve(background)
	return s
}

// newBareSite serves with the defaults.
func newBareSite(t testing.TB) *site {
	t.Helper()
	s := prepareSite(t)
	s.handle()
	s.serve(nil)
	return s
}

// prepareSite returns a site that does not serve yet.
func prepareSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, issuer: passporttest.NewIssuer(), clock: passporttest.NewClock(noon), log: &logged{}}
	s.ready = func() error { return nil }
	s.db = &faulty{Store: memstore.New(memstore.WithClock(s.clock.Now)), errs: map[string]error{}}
	ctx := t.Context()
	owner, err := s.db.PutAccount(ctx, "owner")
	require.NoError(t, err)
	other, err := s.db.PutAccount(ctx, "other")
	require.NoError(t, err)
	weights := []byte(`{"Google": "1.5", "Github": "2"}`)
	require.NoError(t, s.db.PutCommunity(ctx, store.Community{
		ID: community, Account: owner, ExternalID: "77", Name: "One", Threshold: "3", Weights: weights, HumanPoints: true,
	}))
	require.NoError(t, s.db.PutCommunity(ctx, store.Community{ID: foreign, Account: other, Name: "Two", Threshold: "3", Weights: weights}))
	s.stamp(alice, "Google", "Github")

	engine, err := passport.New(s.db, passport.WithTrustedIssuers(s.issuer.DID()), passport.WithHumanPoints(passport.HumanPoints{}))
	require.NoError(t, err)
	s.scorer = &faultyScorer{Scorer: engine}
	s.keys, err = apikey.New(s.db, apikey.WithClock(s.clock.Now))
	require.NoError(t, err)
	s.reader = s.key(apikey.KeyParams{Account: owner, ReadScores: true})
	s.historian = s.key(apikey.KeyParams{Account: owner, Historical: true})
	s.submitter = s.key(apikey.KeyParams{Account: owner, SubmitPassports: true})
	s.nobody = s.key(apikey.KeyParams{Account: owner})
	s.everything = s.key(apikey.KeyParams{Account: owner, ReadScores: true, Historical: true, SubmitPassports: true, Unlimited: true})
	s.stranger = s.key(apikey.KeyParams{Account: other, ReadScores: true, Historical: true})
	return s
}

func (s *site) handle(options ...passporthttp.Option) {
	s.t.Helper()
	handler, err := passporthttp.New(s.scorer, s.db, append(options, passporthttp.WithKeys(s.keys))...)
	require.NoError(s.t, err)
	s.handler = handler
}

func (s *site) serve(background func(context.Context) error) {
	s.t.Helper()
	listener, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	var beside []func(context.Context) error
	if background != nil {
		beside = append(beside, background)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- passporthttp.Serve(ctx, listener, s.handler, beside...) }()
	transport := &http.Transport{}
	s.url, s.client = "http://"+listener.Addr().String(), &http.Client{Transport: transport}
	s.shutDown = sync.OnceValue(func() error {
		transport.CloseIdleConnections()
		end()
		return <-ended
	})
	s.t.Cleanup(func() { assert.NoError(s.t, s.shutDown()) })
}

func (s *site) key(k apikey.KeyParams) string {
	s.t.Helper()
	secret, _, err := s.keys.Create(s.t.Context(), k)
	require.NoError(s.t, err)
	return secret
}

// stamp gives the address a stamp of each provider.
func (s *site) stamp(address string, providers ...string) {
	s.t.Helper()
	for _, provider := range providers {
		stamp, err := passport.ReadCredential(s.signed(address, provider))
		require.NoError(s.t, err)
		require.NoError(s.t, s.db.Store.AddCredentials(s.t.Context(), store.Address(address), stamp))
	}
}

func (s *site) signed(address, provider string) []byte {
	s.t.Helper()
	signed, err := s.issuer.Issue(address, provider, "account of "+address)
	require.NoError(s.t, err)
	return signed
}

// request is one to the site.
type request struct {
	method, path string // GET if empty
	key          string
	header       http.Header
	body         string
}

// response is an answer of the site.
type response struct {
	status int
	header http.Header
	body   string
}

func (s *site) do(r request) response {
	s.t.Helper()
	asked, err := http.NewRequestWithContext(s.t.Context(), r.method, s.url+r.path, strings.NewReader(r.body))
	require.NoError(s.t, err)
	maps.Copy(asked.Header, r.header)
	if r.key != "" {
		asked.Header.Set("X-Api-Key", r.key)
	}
	given, err := s.client.Do(asked)
	require.NoError(s.t, err)
	defer given.Body.Close()
	body, err := io.ReadAll(given.Body)
	require.NoError(s.t, err)
	return response{given.StatusCode, given.Header, string(body)}
}

// faulty is a store of which each method can be made to fail.
type faulty struct {
	*memstore.Store

	errs  map[string]error // by method
	event *store.RecordedEvent
}

func (f *faulty) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	if err := f.errs["FindKey"]; err != nil {
		return nil, err
	}
	return f.Store.FindKey(ctx, prefix)
}

func (f *faulty) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	if err := f.errs["FindCommunity"]; err != nil {
		return 0, err
	}
	return f.Store.FindCommunity(ctx, account, scorer)
}

func (f *faulty) FindCaller(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
	if err := cmp.Or(f.errs["FindKey"], f.errs["FindCommunity"]); err != nil {
		return nil, err
	}
	return f.Store.FindCaller(ctx, prefix, scorer)
}

func (f *faulty) ScoreAt(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
	if err := f.errs["ScoreAt"]; err != nil {
		return nil, err
	}
	if f.event != nil {
		return f.event, nil
	}
	return f.Store.ScoreAt(ctx, community, address, at)
}

func (f *faulty) ListCredentials(ctx context.Context, address store.Address, page store.Page) (*store.CredentialPage, error) {
	if err := f.errs["ListCredentials"]; err != nil {
		return nil, err
	}
	return f.Store.ListCredentials(ctx, address, page)
}

func (f *faulty) AddCredentials(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
	if err := f.errs["AddCredentials"]; err != nil {
		return err
	}
	return f.Store.AddCredentials(ctx, address, credentials...)
}

func (f *faulty) LoadPoints(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
	if err := f.errs["LoadPoints"]; err != nil {
		return nil, err
	}
	return f.Store.LoadPoints(ctx, address)
}

// faultyScorer scores, unless it has something else to do.
type faultyScorer struct {
	passporthttp.Scorer

	instead func(ctx context.Context) (*passport.Result, error)
}

func (f *faultyScorer) Score(ctx context.Context, community int64, address string) (*passport.Result, error) {
	if f.instead != nil {
		return f.instead(ctx)
	}
	return f.Scorer.Score(ctx, community, address)
}

// withoutLedger scores as an engine does that awards no human points.
func (s *site) withoutLedger() {
	s.scorer.instead = func(ctx context.Context) (*passport.Result, error) {
		result, err := s.scorer.Scorer.Score(ctx, community, alice)
		if err == nil {
			result.Ledger = nil
		}
		return result, err
	}
}

// logged is a log in memory.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// relimit and expire change a key in the database, as an administrator does.
func (s *site) relimit(prefix, limit string) {
	s.change(prefix, func(key *store.Key) { key.RateLimit = limit })
}

func (s *site) expire(prefix string) {
	s.change(prefix, func(key *store.Key) { key.ExpiresAt = s.clock.Now() })
}

func (s *site) change(prefix string, change func(key *store.Key)) {
	s.t.Helper()
	state := s.db.State()
	for i := range state.Keys {
		if state.Keys[i].Prefix == prefix {
			change(&state.Keys[i])
		}
	}
	require.NoError(s.t, s.db.SetState(state))
}

// brokenLimiter cannot count.
type brokenLimiter struct{}

func (brokenLimiter) Take(context.Context, string, ratelimit.Rate) (ratelimit.Quota, error) {
	return ratelimit.Quota{Allowed: true}, errors.New("the shared counter is gone")
}
