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
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// virtual is an address that follows the primary, such as that of a proxy: a
// connection that is opened while there is none waits.
type virtual struct{ address atomic.Pointer[string] }

func (v *virtual) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	for {
		if address := v.address.Load(); address != nil {
			return new(net.Dialer).DialContext(ctx, network, *address)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

const (
	failoverConnections = 4
	failoverAccounts    = 12
)

// scored is one scoring of a client.
type scored struct {
	wallet       string
	began, ended time.Time
	result       *passport.Result
	err          error
}

// client scores without pause, by as many workers as it has connections.
type client struct {
	engine  *passport.Engine
	store   *pgstore.Store
	open    func() int // connections
	workers sync.WaitGroup
	mu      sync.Mutex
	calls   []scored
}

func (c *client) start(ctx context.Context, wallets []string, stop <-chan struct{}) {
	for worker := range failoverConnections {
		c.workers.Go(func() {
			for i := worker; ; i += failoverConnections + 1 {
				select {
				case <-stop:
					return
				case <-ctx.Done():
					return
				default:
				}
				one := scored{wallet: wallets[i%len(wallets)], began: time.Now()}
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

// requireMore waits until the client has scored for a while.
func (c *client) requireMore(t *testing.T) {
	t.Helper()
	const enough = 40
	count := func() (n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, one := range c.calls {
			if one.err == nil {
				n++
			}
		}
		return n
	}
	wanted := count() + enough
	require.Eventually(t, func() bool { return count() >= wanted }, time.Minute, 10*time.Millisecond)
}

// failures returns the calls that began at that time or later and failed.
func (c *client) failures(since time.Time) (failed []scored) {
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

	var moving virtual
	moving.address.Store(new(hostOf(t, f.url)))
	limit := func(c *pgxpool.Config) { c.MaxConns = failoverConnections }
	onMoving := f.newPool(limit, func(c *pgxpool.Config) { c.ConnConfig.DialFunc = moving.dial })
	onHosts := openPool(t, f.multiHost("read-write"), limit)
	config := onMoving.Config().ConnConfig
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(failoverConnections)
	db.SetMaxIdleConns(failoverConnections)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	behind := pgstore.WithReplica(openPool(t, f.multiHost("prefer-standby"), limit), time.Second)
	newClient := func(s *pgstore.Store, open func() int) *client {
		engine, err := passport.New(s, passport.WithTrustedIssuers(issuer.DID()), passport.WithLaggingLoads())
		require.NoError(t, err)
		return &client{engine: engine, store: s, open: open}
	}
	byAddress := newClient(pgstore.New(onMoving, behind), func() int { return int(onMoving.Stat().TotalConns()) })
	overSQL := newClient(pgstore.NewDB(db, behind), func() int { return db.Stats().OpenConnections })
	byHosts := newClient(pgstore.New(onHosts, behind), func() int { return int(onHosts.Stat().TotalConns()) })
	clients := []*client{byAddress, overSQL, byHosts}
	stop := make(chan struct{})
	for _, c := range clients {
		c.start(t.Context(), wallets, stop)
	}

	for _, c := range clients {
		c.requireMore(t)
	}
	moving.address.Store(nil)
	killed, open := time.Now(), []int{byAddress.open(), overSQL.open()}
	require.NoError(t, pair.Primary.Stop())
	require.NoError(t, pair.Standby.Promote())
	moving.address.Store(new(hostOf(t, f.replica)))
	promoted, openNow := time.Now(), byHosts.open()
	for _, c := range clients {
		c.requireMore(t)
	}
	close(stop)
	for _, c := range clients {
		c.workers.Wait()
	}

	assert.LessOrEqual(t, len(byAddress.failures(time.Time{})), open[0], "at most one for each open connection")
	assert.LessOrEqual(t, len(overSQL.failures(time.Time{})), open[1], "at most one for each open connection")
	assert.LessOrEqual(t, len(byHosts.failures(promoted)), openNow, "once there is a primary")
	var all []scored
	for _, c := range clients {
		all = append(all, c.calls...)
		before, after := 0, 0
		for _, one := range c.calls {
			switch {
			case one.err != nil:
				assert.False(t, one.ended.Before(killed), "before the primary died: %v", one.err)
				assert.True(t, errors.Is(one.err, store.ErrUnavailable) || errors.Is(one.err, store.ErrUnknownOutcome), "%v", one.err)
			case one.began.Before(killed):
				before++
			case !one.began.Before(promoted):
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
	requireAcknowledged(t, survivor, wallets, all)
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
func requireAcknowledged(t *testing.T, w *world, wallets []string, calls []scored) {
	t.Helper()
	known, unknown, counts := map[string]int{}, map[string]int{}, map[string]map[string]bool{}
	for i := range wallets {
		counts[accountOf(i)] = map[string]bool{}
	}
	for _, one := range calls {
		switch {
		case one.err == nil:
			known[one.wallet]++
		case errors.Is(one.err, store.ErrUnknownOutcome):
			unknown[one.wallet]++
		}
	}
	for i, wallet := range wallets {
		events, err := strconv.Atoi(w.value("select count(*) from registry_event where action = 'SCU' and address = $1", wallet))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, events, known[wallet], "of %s", wallet)
		assert.LessOrEqual(t, events, known[wallet]+unknown[wallet], "of %s", wallet)
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
