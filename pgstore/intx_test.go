package pgstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
		if level != pgx.ReadCommitted && !*inEveryMode {
			continue
		}
		t.Run(string(level), func(t *testing.T) {
			plain := newHarness(t, storeModes()["pgx"])
			runInHost(t, plain, func(h *harness) host { return hostOnPool(h.Pool, level) })
		})
	}
}

func TestStoreInAHostsTransactionOfDatabaseSQL(t *testing.T) {
	for driver, levels := range map[string][]sql.IsolationLevel{
		"pgx":      {sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable},
		"postgres": {sql.LevelReadCommitted, sql.LevelSerializable},
	} {
		for _, level := range levels {
			if (driver != "postgres" || level != sql.LevelReadCommitted) && !*inEveryMode {
				continue
			}
			t.Run(driver+" "+level.String(), func(t *testing.T) {
				plain := newHarness(t, storeModes()["pgx"])
				var db *sql.DB
				runInHost(t, plain, func(h *harness) host {
					if db == nil {
						db = openSQL(t, driver, h.Pool.Config().ConnString())
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

// A transaction that goes on seeing what it began with does not see a key that
// another has given since, for the credential that came in the place of its own or
// for the one that was there before.
func TestAKeyIsNotGivenTwiceWhenTheNullifierRotatesMeanwhile(t *testing.T) {
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level)+", the older credential", func(t *testing.T) {
			w := newWorld(t)
			direct := pgstore.New(w.pool)
			stampOf(t, direct, "old")
			require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				mine := keyFor(t, pgstore.InTx(tx), 1, "old")
				stampOf(t, direct, "new")
				_, err := direct.Apply(t.Context(), keyFor(t, direct, 2, "new"))
				require.NoError(t, err)
				_, err = pgstore.InTx(tx).Apply(t.Context(), mine)
				require.ErrorIs(t, err, store.ErrConflict)
				assert.Equal(t, level == pgx.ReadCommitted, store.Retryable(err))
				return nil
			}))
			assert.Equal(t, "new", w.value("select string_agg(tx_hash, ', ') from registry_humanpoints"))
		})
		t.Run(string(level)+", the newer credential", func(t *testing.T) {
			w := newWorld(t)
			direct := pgstore.New(w.pool)
			stampOf(t, direct, "old")
			older, err := w.pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = pgstore.InTx(older).Apply(t.Context(), keyFor(t, direct, 2, "old"))
			require.NoError(t, err)

			replaced := make(chan struct{})
			go func() {
				defer close(replaced)
				stampOf(t, direct, "new")
			}()
			require.Eventually(t, func() bool {
				return w.value("select count(*) from pg_locks where not granted") != "0"
			}, time.Minute, time.Millisecond, "the replacement waits")
			assert.Equal(t, "1", w.value("select count(*) from ceramic_cache_ceramiccache"), "it comes when the key has been given")
			require.NoError(t, older.Commit(t.Context()))
			<-replaced

			var receipt *store.Receipt
			require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				receipt, err = pgstore.InTx(tx).Apply(t.Context(), keyFor(t, pgstore.InTx(tx), 1, "new"))
				return err
			}))
			assert.Empty(t, receipt.Wallets[0].Awards)
			assert.Equal(t, "old", w.value("select string_agg(tx_hash, ', ') from registry_humanpoints"))
		})
	}
}

// stampOf gives Alice a stamp, in the place of the one she has.
func stampOf(t *testing.T, s *pgstore.Store, nullifier string) {
	t.Helper()
	assert.NoError(t, s.AddCredentials(context.Background(), alice, store.NewCredential{
		Provider: "Google", Stamp: fmt.Appendf(nil, `{"credentialSubject": {"nullifiers": [%q]}}`, nullifier),
	}))
}

// keyFor reads Alice, and returns a scoring that gives her a key for the stamp.
func keyFor(t *testing.T, s *pgstore.Store, community int64, nullifier string) *store.Changes {
	t.Helper()
	snapshot, err := s.Load(t.Context(), store.Query{Community: community, Addresses: []string{alice}, At: noon})
	require.NoError(t, err)
	c := changes(snapshot)
	c.Wallets[0].Awards = []store.Award{{Action: "HKY", Provider: "Google", TxHash: nullifier}}
	return c
}

// Scorings of a host that uses the store directly and in transactions of its own
// count the same awards.
func TestACappedAwardStopsAtItsLimitAcrossIsolations(t *testing.T) {
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) {
			w := newWorld(t)
			w.exec("insert into registry_humanpointsconfig (action, points, active) values ('MM2', 50, true)")
			direct := pgstore.New(w.pool)
			score := func(s *pgstore.Store, address string, meanwhile func()) error {
				snapshot := load(t, s, address)
				meanwhile()
				c := changes(snapshot)
				c.Wallets[0].Awards = []store.Award{{Action: "MM2", Limit: 1}}
				_, err := s.Apply(t.Context(), c)
				return err
			}
			require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				err := score(pgstore.InTx(tx), alice, func() { require.NoError(t, score(direct, bob, func() {})) })
				if level == pgx.ReadCommitted {
					require.NoError(t, err, "it sees that none is left")
				} else {
					require.ErrorIs(t, err, store.ErrConflict, "to be begun again")
				}
				return nil
			}))
			assert.Equal(t, bob, w.value("select string_agg(address, ', ') from registry_humanpoints"))
			assert.Equal(t, "50 true", w.value("select points || ' ' || active from registry_humanpointsconfig where action = 'MM2'"))
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
