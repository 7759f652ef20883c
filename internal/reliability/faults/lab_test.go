package faults_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // drivers of database/sql
	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/tables"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// The times of the engine's clock.
var (
	morning = time.Date(2030, 6, 1, 8, 0, 0, 0, time.UTC)
	noon    = time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
)

// The wallets that are scored. Alice has been scored before: a scoring at noon
// takes stamps of hers away and adds some, lengthens a claim, finds another
// with bob, and earns her all kinds of points. Dave has not.
var (
	alice = passporttest.Address("alice")
	bob   = passporttest.Address("bob")
	dave  = passporttest.Address("dave")
)

// state is the content of the tables.
type state []string

// lab is a world with ways to it through proxies, and with the outcome of an
// undisturbed scoring at noon.
type lab struct {
	*world.World

	t    *testing.T
	want map[string]*course // by name
	// by are the ways to the database, those that last as long as the lab.
	by []*way
	// patience is the time that a server has to notice that a client has gone, and
	// a scoring to notice that its context has ended.
	patience time.Duration
	// own is the server, if it is one to crash.
	own *pgtest.Own
}

// course is the outcome of undisturbed scorings of wallets.
type course struct {
	addresses []string // more than one are a batch
	// known reports that the engine has scored the wallet before, and linked that
	// it knows groups.
	known, linked       bool
	before, once, twice state
	results             results
}

// results are those of a scoring, nil if it failed.
type results []*passport.Result

// The courses besides those of single wallets that no engine knows.
const (
	again    = "alice again"
	together = "alice and dave"
	linked   = "alice, linked with dave"
)

func newLab(t *testing.T, url string) *lab {
	t.Helper()
	l := &lab{World: world.New(t, url), t: t, want: map[string]*course{}, patience: 10 * time.Second}
	l.prepare()
	for _, address := range []string{alice, dave} {
		l.want[address] = l.undisturbed(course{addresses: []string{address}})
	}
	l.want[again] = l.undisturbed(course{addresses: []string{alice}, known: true})
	l.want[together] = l.undisturbed(course{addresses: []string{alice, dave}})
	l.want[linked] = l.undisturbed(course{addresses: []string{alice}, linked: true})
	l.by = l.ways()
	for _, by := range l.by {
		_, err := l.atNoon(by.store).Score(t.Context(), world.One, alice) // connects and prepares
		require.NoError(t, err)
	}
	return l
}

// ways returns new ways to the database, all that there are, with parameters
// added to its URL.
func (l *lab) ways(parameters ...string) []*way {
	l.t.Helper()
	exec := l.byPool(append([]string{"default_query_exec_mode", "exec"}, parameters...)...)
	exec.name = "pgx, exec"
	return []*way{l.byPool(parameters...), exec, l.bySQL("pgx", parameters...), l.bySQL("postgres", parameters...)}
}

// fresh returns new ways to the database, with connections that are new.
func (l *lab) fresh() []*way { return l.ways() }

// one returns only the first of the lab's ways.
func (l *lab) one() []*way { return l.by[:1] }

// in returns the same lab for a part of the test.
func (l *lab) in(t *testing.T) *lab {
	t.Helper()
	same := *l
	same.t, same.World = t, l.In(t)
	return &same
}

// prepare makes the content that disturbed scorings begin with.
func (l *lab) prepare() {
	l.t.Helper()
	early := l.Engine(l.Store, passport.WithClock(func() time.Time { return morning }))
	score := func(community int64, address string) {
		_, err := early.Score(l.t.Context(), community, address)
		require.NoError(l.t, err)
	}
	const shared, another = "account that alice wants too", "another name of it"
	nullifier := passporttest.Nullifier("Twitter", shared)
	l.Stamp(bob, "Twitter", shared)
	score(world.One, bob)
	l.Stamp(alice, "Google", "old account of alice")
	l.Stamp(alice, "LinkedIn", "account of alice")
	l.Stamp(alice, "TrustedCitizen", "account of alice", passporttest.ExpiresAt(noon.AddDate(0, 1, 0)))
	for _, community := range world.Communities() {
		score(community, alice)
	}
	l.Stamp(alice, "Google", "account of alice")
	_, err := l.Store.DeleteCredentials(l.t.Context(), store.Address(alice), "LinkedIn")
	require.NoError(l.t, err)
	for _, provider := range []string{"Github", "Discord", "TrustedCitizen"} {
		l.Stamp(alice, provider, "account of alice")
	}
	l.Stamp(alice, "Twitter", shared, passporttest.Nullifiers(nullifier, another))
	l.Stamp(dave, "Google", "account of dave")
	l.Stamp(dave, "Github", "account of dave")
	require.NoError(l.t, l.Store.PutAddressList(l.t.Context(), "MetaMaskOG2", store.Address(alice), store.Address(dave)))
	l.linkedBefore()
	l.Keep()
}

func (l *lab) undisturbed(c course) *course {
	l.t.Helper()
	engine := l.atNoon(l.Store, c.options()...)
	score := func() results {
		results, err := c.score(l.t.Context(), engine)
		require.NoError(l.t, err)
		return results
	}
	begin := l.state()
	if c.known {
		score()
	}
	c.before = l.state()
	c.results = score()
	c.once = l.state()
	score()
	c.twice = l.state()
	l.Restore()
	for _, result := range c.results {
		require.True(l.t, result.Passing)
		require.Equal(l.t, c.known, len(result.Points) == 0)
	}
	require.Equal(l.t, begin, l.state())
	return &c
}

// score scores the wallets once.
func (c *course) score(ctx context.Context, engine *passport.Engine) (results, error) {
	if len(c.addresses) == 1 {
		result, err := engine.Score(ctx, world.One, c.addresses[0])
		if err != nil {
			return nil, err
		}
		return results{result}, nil
	}
	var all results
	for scored, err := range engine.ScoreAll(ctx, world.One, slices.Values(c.addresses)) {
		if err = errors.Join(err, scored.Err); err != nil {
			return nil, err
		}
		all = append(all, scored.Result)
	}
	return all, nil
}

func (l *lab) atNoon(on store.Store, options ...passport.Option) *passport.Engine {
	l.t.Helper()
	return l.Engine(on, append([]passport.Option{passport.WithClock(func() time.Time { return noon })}, options...)...)
}

func (l *lab) state() state {
	l.t.Helper()
	rows, err := tables.Rows(l.t.Context(), l.Pool)
	require.NoError(l.t, err)
	return rows
}

// way is a store that goes through the proxy, and the connections that it goes
// by.
type way struct {
	name  string
	proxy *wire.Proxy
	// url is the database's, through the proxy.
	url string
	// driver is that of database/sql, "" for a pool of pgx.
	driver string
	store  *pgstore.Store
	// pool is that of pgx.
	pool *pgxpool.Pool
	// limit sets how many connections there are, over database/sql.
	limit func(connections int)
	// renew gives up the connections that there are, which an earlier restart has
	// broken: drivers look only at those that have been idle for a second.
	renew func()
	// begin begins a transaction of the host.
	begin func(ctx context.Context) (*hostTx, error)
	// afterwards returns an error unless all its connections can be had and
	// work.
	afterwards func(ctx context.Context) error
	// batched reports that the writes are sent together, so that anything that is
	// lost after that may have been committed.
	batched bool
	// pq reports lib/pq: a scoring that waits for the network does not notice that
	// its context has ended, and the last message of a server that ends is lost.
	pq bool
}

// prepares reports that statements are prepared before they are executed.
func (w *way) prepares() bool { return w.name != "pgx, exec" }

// newWay returns a way of which only the proxy is there.
func (l *lab) newWay(name string, parameters ...string) *way {
	l.t.Helper()
	through, err := url.Parse(l.URL)
	require.NoError(l.t, err)
	proxy, err := wire.New(through.Host)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { require.NoError(l.t, proxy.Close()) })
	through.Host = proxy.Address()
	query := through.Query()
	for pair := range slices.Chunk(parameters, 2) {
		query.Set(pair[0], pair[1])
	}
	through.RawQuery = query.Encode()
	return &way{name: name, proxy: proxy, url: through.String()}
}

const connections = 3

func (l *lab) byPool(parameters ...string) *way {
	l.t.Helper()
	by := l.newWay("pgx", parameters...)
	by.batched = true
	config, err := pgxpool.ParseConfig(by.url)
	require.NoError(l.t, err)
	if !slices.Contains(parameters, "pool_max_conns") {
		config.MaxConns = connections
	}
	pool, err := pgxpool.NewWithConfig(l.t.Context(), config)
	require.NoError(l.t, err)
	l.t.Cleanup(pool.Close)
	by.store, by.pool, by.renew = pgstore.New(pool), pool, pool.Reset
	by.begin = func(ctx context.Context) (*hostTx, error) { return beginOn(ctx, by.store, pool) }
	by.afterwards = func(ctx context.Context) error {
		for range pool.Config().MaxConns {
			conn, err := pool.Acquire(ctx)
			if err != nil {
				return err
			}
			defer conn.Release()
			if err := conn.Ping(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	return by
}

func (l *lab) bySQL(driver string, parameters ...string) *way {
	l.t.Helper()
	by := l.newWay("database/sql, "+driver, parameters...)
	by.driver, by.pq = driver, driver == "postgres"
	db, err := sql.Open(driver, by.url)
	require.NoError(l.t, err)
	db.SetMaxOpenConns(connections)
	l.t.Cleanup(func() { require.NoError(l.t, db.Close()) })
	by.store, by.limit = pgstore.NewDB(db), db.SetMaxOpenConns
	by.renew = func() {
		const byDefault = 2
		db.SetMaxIdleConns(-1)
		db.SetMaxIdleConns(byDefault)
	}
	by.begin = func(ctx context.Context) (*hostTx, error) { return beginOnDB(ctx, by.store, db) }
	by.afterwards = func(ctx context.Context) error {
		for range db.Stats().MaxOpenConnections {
			conn, err := db.Conn(ctx)
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := conn.PingContext(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	return by
}
