package pgstore_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// address is one that follows the primary, such as that of a proxy: who
// connects while there is none waits.
type address struct{ of atomic.Pointer[string] }

func (a *address) configure(c *pgxpool.Config) {
	c.MaxConns = failoverConnections
	c.ConnConfig.DialFunc = func(ctx context.Context, network, _ string) (net.Conn, error) {
		for {
			if of := a.of.Load(); of != nil {
				return new(net.Dialer).DialContext(ctx, network, *of)
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Millisecond):
			}
		}
	}
}

const (
	failoverConnections = 4
	failoverAccounts    = 12
)

// call is one scoring by a client.
type call struct {
	wallet       string
	began, ended time.Time
	result       *passport.Result
	err          error
}

// client scores without pause, by as many workers as it has connections.
type client struct {
	engine  *passport.Engine
	store   *pgstore.Store
	pool    *pgxpool.Pool
	workers sync.WaitGroup
	mu      sync.Mutex
	calls   []call
}

func (c *client) start(ctx context.Context, wallets []string, stop <-chan struct{}) {
	for worker := range failoverConnections {
		c.workers.Go(func() {
			for i := worker; ; i += failoverConnections + 1 {
				select {
				case <-stop:
					return
				default:
				}
				one := call{wallet: wallets[i%len(wallets)], began: time.Now()}
				one.result, one.err = c.engine.Score(ctx, 1, one.wallet)
				one.ended = time.Now()
				c.mu.Lock()
				c.calls = append(c.calls, one)
				c.mu.Unlock()
				if one.err != nil {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
}

// failures returns the calls that began at that time or later and failed.
func (c *client) failures(since time.Time) (failed []call) {
	for _, one := range c.calls {
		if one.err != nil && !one.began.Before(since) {
			failed = append(failed, one)
		}
	}
	return failed
}

// The primary dies under load and its standby takes its place: each open
// connection fails one call at most, and all that was acknowledged is there.
func TestFailover_Promotion(t *testing.T) {
	t.Parallel()
	pair := pgtest.NewPair(t)
	f := newFollowed(t, pair)
	pair.Primary.Exec(t, "alter system set synchronous_standby_names = '*'")
	pair.Primary.Exec(t, "select pg_reload_conf()")
	issuer := passporttest.NewIssuer()
	r := &rivals{world: f.world, t: t, issuer: issuer, store: pgstore.New(f.pool)}
	var wallets []string
	for i, wallet := range addresses(2 * failoverAccounts) {
		r.stamp(wallet, accountOf(i), "Google")
		wallets = append(wallets, wallet)
	}
	pair.CatchUp(t)

	var moving address
	moving.of.Store(new(hostOf(t, f.url)))
	many := func(c *pgxpool.Config) { c.MaxConns = failoverConnections }
	behind := openPool(t, f.multiHost("prefer-standby"), many)
	newClient := func(pool *pgxpool.Pool) *client {
		s := pgstore.New(pool, pgstore.WithReplica(behind, time.Second))
		engine, err := passport.New(s, passport.WithTrustedIssuers(issuer.DID()), passport.WithLaggingLoads())
		require.NoError(t, err)
		return &client{engine: engine, store: s, pool: pool}
	}
	byAddress, byHosts := newClient(f.newPool(moving.configure)), newClient(openPool(t, f.multiHost("read-write"), many))
	stop := make(chan struct{})
	for _, c := range []*client{byAddress, byHosts} {
		c.start(t.Context(), wallets, stop)
	}

	const load = time.Second
	time.Sleep(load)
	moving.of.Store(nil)
	killed, open := time.Now(), byAddress.pool.Stat().TotalConns()
	require.NoError(t, pair.Primary.Stop())
	require.NoError(t, pair.Standby.Promote())
	moving.of.Store(new(hostOf(t, f.replica)))
	promoted, openNow := time.Now(), byHosts.pool.Stat().TotalConns()
	time.Sleep(load)
	close(stop)
	byAddress.workers.Wait()
	byHosts.workers.Wait()

	assert.LessOrEqual(t, len(byAddress.failures(time.Time{})), int(open), "at most one for each open connection")
	assert.LessOrEqual(t, len(byHosts.failures(promoted)), int(openNow), "and none of another")
	for _, c := range []*client{byAddress, byHosts} {
		before, after := 0, 0
		for _, one := range c.calls {
			if one.err != nil {
				assert.False(t, one.ended.Before(killed), "before the primary died: %v", one.err)
				assert.True(t, errors.Is(one.err, store.ErrUnavailable) || errors.Is(one.err, store.ErrUnknownOutcome), "%v", one.err)
			} else if one.began.Before(killed) {
				before++
			} else if !one.began.Before(promoted) {
				after++
			}
		}
		assert.Positive(t, before)
		assert.Positive(t, after)
		t.Logf("%d scored before, %d after, %d failed within %v", before, after, len(c.failures(time.Time{})), promoted.Sub(killed))

		_, err := c.engine.Latest(t.Context(), 1, wallets[0])
		require.NoError(t, err)
		_, err = c.store.Lag(t.Context())
		require.ErrorIs(t, err, store.ErrUnavailable)
	}
	survivor := &world{tb: t, url: f.replica}
	survivor.pool = survivor.newPool()
	requireAcknowledged(t, survivor, wallets, append(byAddress.calls, byHosts.calls...))
}

func accountOf(wallet int) string { return "account " + strconv.Itoa(wallet%failoverAccounts) }

func hostOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	return parsed.Host
}

// multiHost returns the URL of both servers.
func (f *followed) multiHost(attributes string) string {
	parsed, err := url.Parse(withParameters(f.t, f.url, "target_session_attrs", attributes))
	require.NoError(f.t, err)
	parsed.Host += "," + hostOf(f.t, f.replica)
	return parsed.String()
}

// requireAcknowledged demands every score that was acknowledged, no more than
// those whose outcome is unknown beside them, and one holder of each account.
func requireAcknowledged(t *testing.T, w *world, wallets []string, calls []call) {
	t.Helper()
	scored, unknown, counts := map[string]int{}, map[string]int{}, map[string]map[string]bool{}
	for i := range wallets {
		counts[accountOf(i)] = map[string]bool{}
	}
	for _, one := range calls {
		switch {
		case one.err == nil:
			scored[one.wallet]++
		case errors.Is(one.err, store.ErrUnknownOutcome):
			unknown[one.wallet]++
		}
	}
	for i, wallet := range wallets {
		events, err := strconv.Atoi(w.value("select count(*) from registry_event where action = 'SCU' and address = $1", wallet))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, events, scored[wallet], "of %s", wallet)
		assert.LessOrEqual(t, events, scored[wallet]+unknown[wallet], "of %s", wallet)
		for _, one := range calls {
			if one.err == nil && one.wallet == wallet && one.result.Score.String() == "1.5" {
				counts[accountOf(i)][wallet] = true
			}
		}
	}
	for account, by := range counts {
		holder := w.value("select string_agg(address, ' ') from registry_hashscorerlink where hash = $1", passporttest.Nullifier("Google", account))
		assert.Equal(t, map[string]bool{holder: true}, by, "the only wallet that ever counted %s holds it", account)
	}
}
