package pgstore_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// host does each call in a transaction of its own, and, as a host must at the
// higher isolations, begins again when the database finds that its transactions
// collided.
type host struct {
	// begin runs the work in a new transaction, and commits it unless the work
	// fails.
	begin func(ctx context.Context, work func(s *pgstore.Store) error) error
}

func hostOnPool(pool *pgxpool.Pool, level pgx.TxIsoLevel) host {
	return host{func(ctx context.Context, work func(*pgstore.Store) error) error {
		return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
			return work(pgstore.InTx(tx))
		})
	}}
}

func hostOnDB(db *sql.DB, level sql.IsolationLevel) host {
	return host{func(ctx context.Context, work func(*pgstore.Store) error) error {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
		if err != nil {
			return err
		}
		if err := work(pgstore.InSQLTx(tx)); err != nil {
			return errors.Join(err, ignoring(tx.Rollback(), sql.ErrTxDone))
		}
		return tx.Commit()
	}}
}

// ignoring returns the error unless it is the one that does not matter.
func ignoring(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

func (h host) in(ctx context.Context, work func(s *pgstore.Store) error) (err error) {
	const attempts = 100
	for range attempts {
		if err = h.begin(ctx, work); !collided(err) {
			break
		}
	}
	return unfinal(err)
}

// collided tells of serialization failures and deadlocks, also at the commit.
func collided(err error) bool {
	if detail, is := errors.AsType[*store.Error](err); is {
		return detail.Final && (detail.SQLState == "40001" || detail.SQLState == "40P01" || detail.SQLState == "23505")
	}
	var answered interface{ SQLState() string }
	return errors.As(err, &answered) && answered.SQLState() == "40001"
}

// unfinal makes a lost race that the transaction could not repeat one that the
// engine may: each of its attempts is another transaction here.
func unfinal(err error) error {
	if detail, is := errors.AsType[*store.Error](err); is && detail.Final {
		again := *detail
		again.Final = false
		return &again
	}
	return err
}

// inHost is the harness whose store works in transactions of a host.
type inHost struct {
	*harness

	host host
}

func (h inHost) Load(ctx context.Context, q store.Query) (snapshot *store.Snapshot, err error) {
	err = h.host.in(ctx, func(s *pgstore.Store) error {
		snapshot, err = s.Load(ctx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	return snapshot, nil
}

func (h inHost) Apply(ctx context.Context, c *store.Changes) (receipt *store.Receipt, err error) {
	err = h.host.in(ctx, func(s *pgstore.Store) error {
		receipt, err = s.Apply(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return receipt, nil
}

func TestStoreInAHostsTransaction(t *testing.T) {
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) {
			plain := newHarness(t, storeModes()["pgx"])
			runInHost(t, plain, func(h *harness) host { return hostOnPool(h.pool, level) })
		})
	}
}

func TestStoreInAHostsTransactionOfDatabaseSQL(t *testing.T) {
	for driver, levels := range map[string][]sql.IsolationLevel{
		"pgx":      {sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable},
		"postgres": {sql.LevelReadCommitted, sql.LevelSerializable},
	} {
		for _, level := range levels {
			t.Run(driver+" "+level.String(), func(t *testing.T) {
				plain := newHarness(t, storeModes()["pgx"])
				var db *sql.DB
				runInHost(t, plain, func(h *harness) host {
					if db == nil {
						db = openSQL(t, driver, h.pool.Config().ConnString())
						db.SetMaxOpenConns(8)
						db.SetMaxIdleConns(8)
					}
					return hostOnDB(db, level)
				})
			})
		}
	}
}

// runInHost runs the suite and the scenarios on a store in the host's
// transactions.
func runInHost(t *testing.T, plain storetest.NewHarness, hostOf func(h *harness) host) {
	t.Helper()
	newHarness := func(t testing.TB) storetest.Harness {
		t.Helper()
		h, is := plain(t).(*harness)
		require.True(t, is)
		return inHost{h, hostOf(h)}
	}
	storetest.Run(t, newHarness)
	storetest.Scenarios(t, newHarness)
}

func TestAScoringCommitsAndRollsBackWithItsHost(t *testing.T) {
	w := newWorld(t)
	issuer := passporttest.NewIssuer()
	engine, err := passport.New(pgstore.New(w.pool), passport.WithTrustedIssuers(issuer.DID()))
	require.NoError(t, err)
	w.exec("create table signups (address text primary key)")
	broken := errors.New("the host thought better of it")
	signUp := func(fail error) error {
		return pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "insert into signups values ($1)", alice); err != nil {
				return err
			}
			if _, err := engine.On(pgstore.InTx(tx)).Score(t.Context(), 1, alice); err != nil {
				return err
			}
			return fail
		})
	}
	require.ErrorIs(t, signUp(broken), broken)
	assert.Equal(t, "0", w.value("select count(*) from signups"))
	assert.Equal(t, "0", w.value("select count(*) from registry_score"))

	require.NoError(t, signUp(nil))
	assert.Equal(t, "1", w.value("select count(*) from signups"))
	assert.Equal(t, "1", w.value("select count(*) from registry_score"))
}

func TestALostRaceLeavesTheHostsTransactionUsable(t *testing.T) {
	w := newWorld(t)
	w.exec("create table signups (address text primary key)")
	w.exec("insert into registry_hashscorerlink (hash, address, expires_at, community_id) values ('n', $1, $2, 1)", bob, future)
	for level, final := range map[pgx.TxIsoLevel]bool{pgx.ReadCommitted: false, pgx.RepeatableRead: true, pgx.Serializable: true} {
		t.Run(string(level), func(t *testing.T) {
			w.exec("delete from signups")
			err := pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), "insert into signups values ($1)", alice); err != nil {
					return err
				}
				s := pgstore.InTx(tx)
				_, err := s.Apply(t.Context(), changes(load(t, s, alice), claim("n", alice)))
				require.ErrorIs(t, err, store.ErrConflict)
				assert.Equal(t, !final, store.Retryable(err))
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, "1", w.value("select count(*) from signups"), "what the host did stays")
			assert.Equal(t, "0", w.value("select count(*) from registry_score"), "what the scoring did is gone")
		})
	}
}

// A host that is told of a fault would not try again, though nothing is wrong
// but that it had waited for too long.
func TestATransactionThatWasIdleForTooLongIsUnavailable(t *testing.T) {
	w := newWorld(t)
	tx, err := w.newPool().Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), "set local idle_in_transaction_session_timeout = '1ms'")
	require.NoError(t, err)
	idle := "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
	require.Eventually(t, func() bool { return w.value(idle) == "0" }, 10*time.Second, time.Millisecond)
	_, err = pgstore.InTx(tx).Load(t.Context(), store.Query{Community: 1, Addresses: []string{alice}})
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.NotErrorIs(t, err, store.ErrFault)
}
