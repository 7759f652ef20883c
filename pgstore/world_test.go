package pgstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// world is a database with communities 1 to 4, all weighed alike.
type world struct {
	tb   testing.TB
	url  string
	pool *pgxpool.Pool // default settings, to look at rows
}

const (
	alice = "0x00000000000000000000000000000000000a11ce"
	bob   = "0x0000000000000000000000000000000000000b0b"
	carol = "0x00000000000000000000000000000000000ca201"
)

var (
	noon   = time.Date(2030, 6, 1, 12, 0, 0, 123456000, time.UTC)
	future = time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)
)

func newWorld(tb testing.TB) *world {
	tb.Helper()
	return newWorldOn(tb, pgtest.New(tb))
}

// newWorldOn is newWorld on a database with the SDK's schema.
func newWorldOn(tb testing.TB, url string) *world {
	tb.Helper()
	w := &world{tb: tb, url: url}
	w.pool = w.newPool(func(c *pgxpool.Config) { c.MaxConns = 4 })
	w.exec(`
		insert into auth_user (id, username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
		values (1, 'u', '', false, '', '', '', false, true, now());
		insert into account_account (id, address, user_id) values (1, '0x01', 1);
		insert into scorer_weighted_scorer (id, type, exclude_from_weight_updates)
		select n, 'WEIGHTED_BINARY', false from generate_series(1, 4) n;
		insert into scorer_weighted_binaryweightedscorer (scorer_ptr_id, weights, threshold)
		select n, '{"Google": "1.5", "Github": 2}', 3 from generate_series(1, 4) n;
		insert into account_community (id, name, description, account_id, scorer_id, rule, human_points_program)
		select n, 'community ' || n, '', 1, n, 'LIFO', true from generate_series(1, 4) n`, pgx.QueryExecModeSimpleProtocol)
	return w
}

func (w *world) newPool(configure ...func(*pgxpool.Config)) *pgxpool.Pool {
	w.tb.Helper()
	config, err := pgxpool.ParseConfig(w.url)
	require.NoError(w.tb, err)
	for _, apply := range configure {
		apply(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(w.tb, err)
	w.tb.Cleanup(pool.Close)
	return pool
}

func execMode(mode pgx.QueryExecMode) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode }
}

func (w *world) exec(sql string, args ...any) {
	w.tb.Helper()
	_, err := w.pool.Exec(context.Background(), sql, args...)
	require.NoError(w.tb, err, sql)
}

// waiting returns how many statements wait for a lock, on any node.
func (w *world) waiting() string {
	w.tb.Helper()
	if pgtest.Engine() == pgstore.Citus {
		return w.value("select count(*) from citus_lock_waits")
	}
	return w.value("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
}

// value returns the one value that the query answers, as text.
func (w *world) value(sql string, args ...any) string {
	w.tb.Helper()
	var value *string
	require.NoError(w.tb, w.pool.QueryRow(context.Background(), "select ("+sql+")::text", args...).Scan(&value), sql)
	if value == nil {
		return "NULL"
	}
	return *value
}

// passing returns the writes of a scoring that counts every credential of the
// wallet.
func passing(wallet *store.Wallet, at time.Time) store.WalletChanges {
	writes := store.WalletChanges{Address: wallet.Address, Version: wallet.Version, Score: done(at)}
	event, err := writes.Score.UpdateEvent(wallet.Address)
	if err != nil {
		panic(err) // the score is JSON
	}
	writes.Events = []store.Event{event}
	for _, c := range wallet.Credentials {
		writes.Counted = append(writes.Counted, c.ID)
	}
	return writes
}

func done(at time.Time) store.Score {
	return store.Score{
		Status: store.StatusDone, Value: "1", ScoredAt: at, ExpiresAt: future,
		Evidence:    []byte(`{"type":"ThresholdScoreCheck","success":true,"rawScore":"3.5","threshold":"3.00000"}`),
		StampScores: []byte(`{"Google":1.5}`),
		Stamps:      []byte(`{"Google":{"score":"1.50000","dedup":false,"expiration_date":"2035-01-01T00:00:00+00:00"}}`),
	}
}

// load reads the addresses in community 1 at noon.
func load(tb testing.TB, s store.Store, addresses ...store.Address) *store.Snapshot {
	tb.Helper()
	snapshot, err := s.Load(context.Background(), store.Query{Community: 1, Addresses: addresses, At: noon})
	require.NoError(tb, err)
	return snapshot
}

// changes returns the change set of a scoring of all wallets in the snapshot,
// with those claims.
func changes(snapshot *store.Snapshot, claims ...store.ClaimSwap) *store.Changes {
	c := &store.Changes{Community: snapshot.Community.ID, At: snapshot.At, Claims: claims}
	for i := range snapshot.Wallets {
		c.Wallets = append(c.Wallets, passing(&snapshot.Wallets[i], snapshot.At))
	}
	return c
}

// claim is a claim of a nullifier without a holder.
func claim(nullifier string, address store.Address) store.ClaimSwap {
	return store.ClaimSwap{Nullifier: nullifier, To: store.Holder{Address: address, ExpiresAt: future}}
}
