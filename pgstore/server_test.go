package pgstore_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	usagelog "github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// A server that ends under load answers what it has accepted, records every
// call and leaves no transaction behind.
func TestServe_EndUnderLoad(t *testing.T) {
	t.Parallel()
	for mode, open := range someOf(storeModes(), "pgx", "database/sql, lib/pq") {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			rows := open(t, w.url)
			secret := newKey(t, rows, apikey.KeyParams{Account: 1, ReadScores: true, Unlimited: true})
			calls := newUsageLog(t, rows)
			server := serveOn(t, rows, calls)
			clients := w.loadOn(t, server.url, secret)

			require.Eventually(t, func() bool { return clients.answered.Load() >= 100 }, time.Minute, time.Millisecond)
			require.NoError(t, server.end())
			clients.stop()

			answered := clients.answered.Load()
			t.Logf("%d requests answered, %d turned away", answered, clients.refused.Load())
			assert.Equal(t, server.begun.Load(), answered, "each accepted request is answered")
			assert.Zero(t, clients.failed.Load(), "answers other than 200")
			assert.Zero(t, calls.Dropped())
			assert.Equal(t, strconv.FormatInt(answered, 10), w.value("select count(*) from account_accountapikeyanalytics where status_code = 200"))
			assert.Equal(t, strconv.FormatInt(answered, 10), w.value("select count(*) from registry_event where action = 'SCU'"), "a scoring, an event")
			assert.Equal(t, "0", w.value(`select count(*) from pg_stat_activity
				where datname = current_database() and pid <> pg_backend_pid() and (xact_start is not null or state <> 'idle')`))
			assert.Equal(t, "0", w.value(`select count(*) from pg_locks
				where database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid()`))
		})
	}
}

func newKey(t *testing.T, rows store.Keys, key apikey.KeyParams) (secret string) {
	t.Helper()
	checker, err := apikey.New(rows)
	require.NoError(t, err)
	secret, _, err = checker.Create(t.Context(), key)
	require.NoError(t, err)
	return secret
}

func newUsageLog(t *testing.T, rows store.UsageLog) *usagelog.Log {
	t.Helper()
	log, err := usagelog.New(rows)
	require.NoError(t, err)
	return log
}

// serving is a server whose handler counts its requests.
type serving struct {
	url   string
	begun atomic.Int64
	end   func() error
}

func serveOn(t *testing.T, rows *pgstore.Store, calls *usagelog.Log, options ...passporthttp.Option) *serving {
	t.Helper()
	engine, err := passport.New(rows, passport.WithTrustedIssuers("did:ethr:0x8c1a4c0336f6a7599c1951bf27a7eb3b17aefb91"))
	require.NoError(t, err)
	handler, err := passporthttp.New(engine, rows, append([]passporthttp.Option{passporthttp.WithRateLimits(), passporthttp.WithUsage(calls)}, options...)...)
	require.NoError(t, err)
	s := &serving{}
	counting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.begun.Add(1)
		handler.ServeHTTP(w, r)
	})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url = "http://" + listener.Addr().String()
	ctx, shutDown := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- passporthttp.Serve(ctx, listener, counting, calls.Run) }()
	s.end = sync.OnceValue(func() error { shutDown(); return <-ended })
	t.Cleanup(func() { assert.NoError(t, s.end()) })
	return s
}

// clients ask for scores, each over a new connection, until they are stopped.
type clients struct {
	answered, refused, failed atomic.Int64
	stop                      func()
}

func (w *world) loadOn(t *testing.T, url, key string) *clients {
	t.Helper()
	const atOnce = 16
	c := &clients{}
	ended := make(chan struct{})
	var running sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for n := range atOnce {
		running.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					c.ask(t, client, url+"/v2/stamps/"+strconv.Itoa(1+n%4)+"/score/"+[]string{alice, bob, carol}[n%3], key)
				}
			}
		})
	}
	c.stop = sync.OnceFunc(func() { close(ended); running.Wait() })
	t.Cleanup(c.stop)
	return c
}

func (c *clients) ask(t *testing.T, client *http.Client, url, key string) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if !assert.NoError(t, err) {
		return
	}
	request.Header.Set("X-Api-Key", key)
	response, err := client.Do(request)
	if err != nil {
		c.refused.Add(1)
		time.Sleep(time.Millisecond)
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); assert.NoError(t, err, "cut off") {
		c.answered.Add(1)
	}
	if response.StatusCode != http.StatusOK {
		c.failed.Add(1)
	}
}

func TestServe_DatabaseOutOfReach(t *testing.T) {
	t.Parallel()
	pool := openPool(t, "postgres://user:hush@127.0.0.1:1/nowhere")
	server := serveOn(t, newStore(pool), newUsageLog(t, newStore(pool)),
		passporthttp.WithReady(func(ctx context.Context) error { return pgstore.CheckSchema(ctx, pool) }))
	for _, path := range []string{"/v2/stamps/1/score/" + alice, "/v2/stamps/" + alice, "/ready"} {
		status, body, header := getFrom(t, server.url+path, "abcdefgh.secret")
		assert.Equal(t, http.StatusServiceUnavailable, status, path)
		assert.JSONEq(t, `{"detail":"Service unavailable, try again."}`, body, path)
		assert.Equal(t, "1", header.Get("Retry-After"), path)
	}
	status, _, _ := getFrom(t, server.url+"/health", "")
	assert.Equal(t, http.StatusOK, status)
}

// A request whose time is up must leave no transaction behind.
func TestServe_Timeout(t *testing.T) {
	t.Parallel()
	for mode, open := range someOf(storeModes(), "pgx", "database/sql, lib/pq") {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			rows := open(t, w.url)
			secret := newKey(t, rows, apikey.KeyParams{Account: 1, ReadScores: true})
			server := serveOn(t, rows, newUsageLog(t, rows), passporthttp.WithTimeout(200*time.Millisecond))
			lock, err := w.pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = lock.Exec(t.Context(), "lock table registry_passport in access exclusive mode")
			require.NoError(t, err)
			url := server.url + "/v2/stamps/1/score/" + alice
			status, body, _ := getFrom(t, url, secret)
			assert.Equal(t, http.StatusServiceUnavailable, status)
			assert.JSONEq(t, `{"detail":"Service unavailable, try again."}`, body)
			require.NoError(t, lock.Rollback(t.Context()))
			assert.Eventually(t, func() bool {
				return w.value(`select count(*) from pg_stat_activity
					where datname = current_database() and pid <> pg_backend_pid() and (xact_start is not null or state <> 'idle')`) == "0"
			}, time.Minute, 10*time.Millisecond)
			assert.Eventually(t, func() bool {
				status, _, _ := getFrom(t, url, secret)
				return status == http.StatusOK
			}, time.Minute, 10*time.Millisecond, "and the next is answered")
		})
	}
}

func getFrom(t *testing.T, url, key string) (status int, body string, header http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text), response.Header
}
