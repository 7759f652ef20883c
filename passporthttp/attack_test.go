package passporthttp_test

import (
	"bufio"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// The figures of the docs: go test ./passporthttp -run Attacked -v -args
// -attack 60s.
var attackFor = flag.Duration("attack", time.Second, "how long TestLoadWhileAttacked measures, with the attack and without")

// The load, in requests a second.
const (
	honestRate = 50
	attackRate = 200
	// djangoIterations are those of the service's keys.
	djangoIterations = 600_000
	// longestSpell is short, so that other work of the machine affects both
	// sides.
	longestSpell = 5 * time.Second
)

// A flood of wrong keys with the prefix of a key that is still hashed with
// PBKDF2 must not slow other requests down. On Postgres, honest requests come
// at a steady rate, whether the previous one is answered or not, in periods
// with and without the attack in turns.
func TestLoadWhileAttacked(t *testing.T) {
	l := newLoad(t)
	ratio := l.compare(t, 99, func(length time.Duration, sent *sync.WaitGroup) {
		attacker := newAttacker(t, l.url)
		sent.Go(func() {
			defer attacker.close()
			var guesses sync.WaitGroup
			defer guesses.Wait()
			steadily(length, attackRate, &guesses, func(int, time.Time) {
				switch attacker.guess("/v2/stamps/1/score/"+l.wallets[0], "known123."+rand.Text()) {
				case http.StatusUnauthorized:
					l.refused.Add(1)
				case http.StatusServiceUnavailable:
					l.busy.Add(1)
				default:
					l.failed.Add(1)
				}
			})
		})
	})
	t.Logf("wrong keys: %d refused (401), %d sent away (503); honest requests sent away (503): %d", l.refused.Load(), l.busy.Load(), l.late.Load())
	assert.Zero(t, l.failed.Load(), "other answers, or a wrong key let in")
	assert.Positive(t, l.refused.Load()+l.busy.Load())
	if *attackFor >= time.Minute { // shorter runs cannot show a hundredth
		assert.Zero(t, l.late.Load())
		assert.Less(t, ratio, 1.1)
	}
}

// compare sends honest requests in periods with and without the attack in
// turns, and returns the ratio of the percentiles of their times.
func (l *load) compare(t *testing.T, p int, attack func(length time.Duration, sent *sync.WaitGroup)) (ratio float64) {
	t.Helper()
	l.spell(t, time.Second, nil) // to warm up
	var without, with []time.Duration
	length := min(*attackFor, longestSpell)
	for n := range 2 * int(*attackFor/length) {
		if n%2 == 1 {
			with = append(with, l.spell(t, length, attack)...)
		} else {
			without = append(without, l.spell(t, length, nil)...)
		}
	}
	require.NotEmpty(t, without)
	require.NotEmpty(t, with)
	t.Logf("honest requests: %d without the attack, %d with", len(without), len(with))
	for _, p := range []int{50, 90, 99} {
		t.Logf("p%d: %v without, %v with: %+.1f %%", p, percentile(without, p).Round(10*time.Microsecond), percentile(with, p).Round(10*time.Microsecond),
			100*(float64(percentile(with, p))/float64(percentile(without, p))-1))
	}
	return float64(percentile(with, p)) / float64(percentile(without, p))
}

func percentile(took []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// load is a server on Postgres, and its callers.
type load struct {
	url, key, database          string
	pool                        *pgxpool.Pool
	rows                        *pgstore.Store
	wallets                     []string
	client                      *http.Client
	refused, busy, late, failed atomic.Int64
}

func newLoad(t *testing.T) *load {
	t.Helper()
	url := pgtest.New(t)
	pool, err := pgstore.OpenPool(t.Context(), url, func(c *pgxpool.Config) {
		c.MaxConnIdleTime, c.MaxConnLifetime = time.Hour, time.Hour // connections end for no other reason than the attack
	})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	db, issuer := pgstore.New(pool), passporttest.NewIssuer()
	account, err := db.PutAccount(t.Context(), "owner")
	require.NoError(t, err)
	require.NoError(t, db.PutCommunity(t.Context(), store.Community{
		ID: 1, Account: account, Name: "One", Threshold: "3", Weights: []byte(`{"Google": "1.5", "Github": "2"}`),
	}))
	l := &load{database: url, pool: pool, rows: db}
	for n := range 100 {
		wallet := passporttest.Address(strconv.Itoa(n))
		l.wallets = append(l.wallets, wallet)
		for _, provider := range []string{"Google", "Github"} {
			signed, err := issuer.Issue(wallet, provider, wallet)
			require.NoError(t, err)
			stamp, err := passport.ReadCredential(signed)
			require.NoError(t, err)
			require.NoError(t, db.AddCredentials(t.Context(), store.Address(wallet), stamp))
		}
	}
	registry, err := apikey.New(db)
	require.NoError(t, err)
	l.key, _, err = registry.Create(t.Context(), apikey.KeyParams{Account: account, ReadScores: true, Unlimited: true})
	require.NoError(t, err)
	digest, err := pbkdf2.Key(sha256.New, rand.Text(), []byte("salt"), djangoIterations, sha256.Size)
	require.NoError(t, err)
	hash := fmt.Sprintf("pbkdf2_sha256$%d$salt$%s", djangoIterations, base64.StdEncoding.EncodeToString(digest))
	require.NoError(t, db.AddKey(t.Context(), store.Key{ID: "known123." + hash, Prefix: "known123", Hash: hash, Account: account, ReadScores: true}))

	engine, err := passport.New(db, passport.WithTrustedIssuers(issuer.DID()))
	require.NoError(t, err)
	handler, err := passporthttp.New(engine, db, passporthttp.WithRateLimits(), passporthttp.WithReady(l.ready))
	require.NoError(t, err)
	s := &site{t: t, handler: handler}
	s.serve(nil)
	l.url = s.url
	transport := &http.Transport{MaxIdleConnsPerHost: 1000}
	t.Cleanup(transport.CloseIdleConnections)
	l.client = &http.Client{Transport: transport}
	return l
}

// spell sends honest requests for a time, during an attack unless it is nil,
// and returns the times of the honest ones.
func (l *load) spell(t *testing.T, length time.Duration, attack func(length time.Duration, sent *sync.WaitGroup)) (took []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var sent sync.WaitGroup
	if attack != nil {
		attack(length, &sent)
	}
	steadily(length, honestRate, &sent, func(n int, due time.Time) {
		switch l.ask(t, l.wallets[n%len(l.wallets)], l.key) {
		case http.StatusOK:
		case http.StatusServiceUnavailable:
			l.late.Add(1)
		default:
			l.failed.Add(1)
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, time.Since(due))
	})
	sent.Wait()
	return took
}

// steadily starts the function at a fixed rate, whether earlier calls have
// ended or not, with the time at which the call was due.
func steadily(length time.Duration, rate int, sent *sync.WaitGroup, do func(n int, due time.Time)) {
	began := time.Now()
	for n := range int(length.Seconds() * float64(rate)) {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		sent.Go(func() { do(n, due) })
	}
}

// ready is the check of /ready. It reads a table, so that a test can block it.
func (l *load) ready(ctx context.Context) error {
	_, err := l.pool.Exec(ctx, "select count(*) from account_accountapikey")
	return err
}

func (l *load) ask(t *testing.T, wallet, key string) (status int) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, l.url+"/v2/stamps/1/score/"+wallet, nil)
	if !assert.NoError(t, err) {
		return 0
	}
	request.Header.Set("X-Api-Key", key)
	response, err := l.client.Do(request)
	if !assert.NoError(t, err) {
		return 0
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	assert.NoError(t, err)
	return response.StatusCode
}

// attacker uses as many connections as it has open requests. It costs less than
// an http.Client, which works as much as the server does: a real attacker works
// on another machine.
type attacker struct {
	t    *testing.T
	addr string
	idle chan *attackerConn
}

type attackerConn struct {
	net.Conn
	answers *bufio.Reader
}

func newAttacker(t *testing.T, url string) *attacker {
	t.Helper()
	return &attacker{t: t, addr: strings.TrimPrefix(url, "http://"), idle: make(chan *attackerConn, 1000)}
}

// guess returns the status of the answer, 0 if there was none.
func (a *attacker) guess(path, key string) (status int) {
	c, err := a.conn()
	if !assert.NoError(a.t, err) {
		return 0
	}
	status, err = c.ask("GET " + path + " HTTP/1.1\r\nHost: attacked\r\nX-Api-Key: " + key + "\r\n\r\n")
	if !assert.NoError(a.t, err) {
		assert.NoError(a.t, c.Close())
		return 0
	}
	a.idle <- c
	return status
}

func (c *attackerConn) ask(request string) (status int, err error) {
	if _, err := io.WriteString(c, request); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

func (a *attacker) conn() (*attackerConn, error) {
	select {
	case c := <-a.idle:
		return c, nil
	default:
	}
	c, err := new(net.Dialer).DialContext(a.t.Context(), "tcp", a.addr)
	if err != nil {
		return nil, err
	}
	return &attackerConn{c, bufio.NewReader(c)}, nil
}

// close must be called when no guess is open any more.
func (a *attacker) close() {
	close(a.idle)
	for c := range a.idle {
		assert.NoError(a.t, c.Close())
	}
}
