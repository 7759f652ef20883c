package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/demo"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// site is a database with the world of the quickstart.
type site struct {
	pool   *pgxpool.Pool
	url    string
	key    string
	issuer string
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{url: pgtest.New(t)}
	var err error
	s.pool, err = pgstore.OpenPool(t.Context(), s.url)
	require.NoError(t, err)
	t.Cleanup(s.pool.Close)
	db := pgstore.New(s.pool)
	account, err := db.PutAccount(t.Context(), "host")
	require.NoError(t, err)
	require.NoError(t, db.PutCommunity(t.Context(), demo.Community(account)))
	issuer, wallets, err := demo.Wallets()
	require.NoError(t, err)
	s.issuer = issuer
	for address, wallet := range wallets {
		for _, signed := range wallet {
			credential, err := passport.ReadCredential(signed)
			require.NoError(t, err)
			require.NoError(t, db.AddCredentials(t.Context(), address, credential))
		}
	}
	keys, err := apikey.New(db)
	require.NoError(t, err)
	s.key, _, err = keys.Create(t.Context(), apikey.KeyParams{Account: account, ReadScores: true, SubmitPassports: true})
	require.NoError(t, err)
	return s
}

func (s *site) environment(more ...string) []string {
	return append([]string{
		"PASSPORT_DATABASE_URL=" + s.url, fmt.Sprintf(`PASSPORT_TRUSTED_ISSUERS=[%q]`, s.issuer), "PASSPORT_USAGE=on",
	}, more...)
}

// The event of a GET of a score, by the kind of its sender: %s is the path and
// the key.
const (
	restAPI     = `{"resource": "/{proxy+}", "path": "%s", "httpMethod": "GET", "multiValueHeaders": {"X-API-Key": ["%s"]}, "requestContext": {"stage": "dev", "identity": {"sourceIp": "192.0.2.1"}}}`
	httpAPI     = `{"version": "2.0", "rawPath": "/dev%s", "headers": {"x-api-key": "%s"}, "requestContext": {"stage": "dev", "domainName": "a.execute-api.eu-west-1.amazonaws.com", "http": {"method": "GET", "sourceIp": "192.0.2.1"}}}`
	functionURL = `{"version": "2.0", "rawPath": "%s", "headers": {"x-api-key": "%s"}, "requestContext": {"stage": "$default", "domainName": "a.lambda-url.eu-west-1.on.aws", "http": {"method": "GET", "sourceIp": "192.0.2.1"}}}`
	loadBalance = `{"httpMethod": "GET", "path": "%s", "headers": {"x-api-key": "%s", "x-forwarded-for": "6.6.6.6, 192.0.2.1"}, "requestContext": {"elb": {"targetGroupArn": "arn"}}}`
)

func (s *site) event(format string) string {
	return fmt.Sprintf(format, "/v2/stamps/1/score/"+demo.Alice, s.key)
}

// answer is what AWS makes an HTTP response of.
type answer struct {
	Status int `json:"statusCode"`
	Body   string
}

// ask sends the event, and returns the answer of the function's handler.
func (e *emulator) ask(t *testing.T, event string) (a answer) {
	t.Helper()
	status, body := e.invoke(t, event)
	require.Equal(t, http.StatusOK, status, body)
	require.NoError(t, json.Unmarshal([]byte(body), &a), body)
	return a
}

// scores asks for Alice's score.
func (e *emulator) scores(t *testing.T, event string) {
	t.Helper()
	a := e.ask(t, event)
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Contains(t, a.Body, `"score":"3.50000"`)
}

// usages returns how many calls are written. Lambda has the answer before.
func (s *site) usages(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, s.pool.QueryRow(t.Context(), "select count(*) from account_accountapikeyanalytics").Scan(&n))
	return n
}

func TestFunction_Events(t *testing.T) {
	s := newSite(t)
	e := start(t, 10, s.environment()...)
	for i, event := range []string{restAPI, httpAPI, functionURL, loadBalance} {
		e.scores(t, s.event(event))
		assert.Eventually(t, func() bool { return s.usages(t) == i+1 }, 5*time.Second, 10*time.Millisecond, "written after the answer")
	}
	_, body := e.invoke(t, `{"Records": [{"eventSource": "aws:sqs"}]}`)
	assert.Contains(t, body, "the event is not an HTTP request")
	e.scores(t, s.event(restAPI))
	log := e.log.String()
	assert.Equal(t, 5, strings.Count(log, `"remote":"192.0.2.1:0"`), log)
	assert.NotContains(t, log, strings.Split(s.key, ".")[1])
	assert.Len(t, e.functions(t), 1)
}

// While the process is frozen its connections end. The first request after it
// has a new one, however short the freeze was.
func TestFunction_Freeze(t *testing.T) {
	s := newSite(t)
	e := start(t, 10, s.environment()...)
	e.scores(t, s.event(httpAPI))
	for _, pause := range []time.Duration{0, 1500 * time.Millisecond} {
		written := s.usages(t)
		e.scores(t, s.event(httpAPI))
		require.Eventually(t, func() bool { return s.usages(t) > written }, 5*time.Second, time.Millisecond)
		e.signal(t, syscall.SIGSTOP)
		var ended int
		require.NoError(t, s.pool.QueryRow(t.Context(), `select count(pg_terminate_backend(pid, 1000)) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`).Scan(&ended))
		assert.Positive(t, ended)
		time.Sleep(pause)
		e.signal(t, syscall.SIGCONT)
		e.scores(t, s.event(httpAPI))
	}
	assert.Len(t, e.functions(t), 1, "the same process")
}

// While the process is frozen a router forgets its connections, without a word
// to either side.
func TestFunction_FreezeSilent(t *testing.T) {
	s := newSite(t)
	silence := s.throughRouter(t)
	e := start(t, 10, s.environment()...)
	e.scores(t, s.event(httpAPI))
	require.Eventually(t, func() bool { return s.usages(t) == 1 }, 5*time.Second, time.Millisecond)
	e.signal(t, syscall.SIGSTOP)
	silence()
	e.signal(t, syscall.SIGCONT)
	began := time.Now()
	e.scores(t, s.event(httpAPI))
	assert.Greater(t, time.Since(began), time.Second, "it has waited for the connection")
	assert.Len(t, e.functions(t), 1, "the same process")
}

// throughRouter lets the function's connections pass through a router, and
// returns a function that silences those that are open.
func (s *site) throughRouter(t *testing.T) (silence func()) {
	t.Helper()
	config, err := pgx.ParseConfig(s.url)
	require.NoError(t, err)
	network, to := pgconn.NetworkAddress(config.Host, config.Port)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var (
		running sync.WaitGroup
		age     atomic.Int64
		mu      sync.Mutex
		open    []net.Conn
	)
	running.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := new(net.Dialer).DialContext(context.Background(), network, to)
			if err != nil {
				_ = from.Close()
				continue
			}
			mu.Lock()
			open = append(open, from, server)
			mu.Unlock()
			born := age.Load()
			for _, ends := range [][2]net.Conn{{from, server}, {server, from}} {
				running.Go(func() {
					buffer := make([]byte, 32<<10)
					for {
						n, err := ends[0].Read(buffer)
						if err != nil {
							return
						}
						if age.Load() == born {
							_, _ = ends[1].Write(buffer[:n])
						}
					}
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, connection := range open {
			_ = connection.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	query := url.Values{"user": {config.User}, "password": {config.Password}, "dbname": {config.Database}, "sslmode": {"disable"}}
	s.url = "postgres://" + listener.Addr().String() + "/?" + query.Encode()
	return func() { age.Add(1) }
}

// A database that does not answer in time is a 503 before Lambda ends the
// process, which answers the next request.
func TestFunction_Deadline(t *testing.T) {
	s := newSite(t)
	e := start(t, 2, s.environment()...)
	e.scores(t, s.event(restAPI))
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "lock table registry_score")
	require.NoError(t, err)
	began := time.Now()
	a := e.ask(t, s.event(restAPI))
	assert.Equal(t, http.StatusServiceUnavailable, a.Status, a.Body)
	assert.Less(t, time.Since(began), 2*time.Second)
	require.NoError(t, tx.Rollback(t.Context()))
	e.scores(t, s.event(restAPI))
	assert.Len(t, e.functions(t), 1, "the same process")
}

func TestFunction_PayloadTooLarge(t *testing.T) {
	s := newSite(t)
	e := start(t, 10, s.environment("PASSPORT_INGESTION=on")...)
	submit := func(size int) string {
		event := strings.Replace(fmt.Sprintf(restAPI, "/v2/stamps/"+demo.Alice, s.key), "GET", "POST", 1)
		return strings.Replace(event, `"requestContext"`, `"body": "`+strings.Repeat("x", size)+`", "requestContext"`, 1)
	}
	a := e.ask(t, submit(4<<20))
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.Status, a.Body)
	e.scores(t, s.event(restAPI))
}

// Without a database the process lives and the requests say so.
func TestFunction_NoDatabase(t *testing.T) {
	s := newSite(t)
	s.url = "postgres://nobody@" + freeAddress(t) + "/nowhere"
	e := start(t, 10, s.environment()...)
	for range 2 {
		a := e.ask(t, s.event(restAPI))
		assert.Equal(t, http.StatusServiceUnavailable, a.Status, a.Body)
	}
	assert.Len(t, e.functions(t), 1)
}

func TestFunction_Misconfigured(t *testing.T) {
	s := newSite(t)
	e := start(t, 10, s.environment("PASSPORT_USAGE=maybe")...)
	_, body := e.invoke(t, s.event(restAPI))
	assert.NotContains(t, body, `"statusCode"`, "it has not answered")
	assert.Contains(t, e.log.String(), `opening the function: invalid configuration:
PASSPORT_USAGE: "maybe" is neither "on" nor "off"`)
	e = start(t, 10)
	_, _ = e.invoke(t, s.event(restAPI))
	assert.Contains(t, e.log.String(), "PASSPORT_DATABASE_URL: it is not set")
}

func TestBuild(t *testing.T) {
	for _, arch := range []string{"arm64", "amd64"} {
		folder := t.TempDir()
		require.NoError(t, build(folder, "linux", arch))
		info, err := os.Stat(filepath.Join(folder, "bootstrap"))
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(50<<20), "Lambda takes 50 MB of a zip file")
	}
}
