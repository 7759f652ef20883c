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
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// host makes each call in a transaction of its own, and, as a host must at the
// higher isolations, repeats it when the database reports that transactions
// collided.
type host struct {
	// begin runs the work in a new transaction, and commits it unless the work
	// fails.
	begin func(ctx context.Context, work func(s *pgstore.Store) error) error
}

func hostOnPool(pool *pgxpool.Pool, level pgx.TxIsoLevel, options ...pgstore.Option) host {
	db := newStore(pool, options...)
	return host{func(ctx context.Context, work func(*pgstore.Store) error) error {
		tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: level})
		if err != nil {
			return err
		}
		if err := work(db.InTx(tx)); err != nil {
			_ = tx.Rollback(context.WithoutCancel(ctx)) // of the error before
			return err
		}
		return unknown(ctx, tx.Commit(ctx))
	}}
}

func hostOnDB(db *sql.DB, level sql.IsolationLevel) host {
	s := newStoreDB(db)
	return host{func(ctx context.Context, work func(*pgstore.Store) error) error {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
		if err != nil {
			return err
		}
		if err := work(s.InSQLTx(tx)); err != nil {
			return errors.Join(err, ignoring(tx.Rollback(), sql.ErrTxDone))
		}
		return unknown(ctx, tx.Commit())
	}}
}

// unknown returns the error of a commit as a store would if its context has
// ended: whether anything was written is not known.
func unknown(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return &store.Error{Op: "commit", Kind: store.ErrUnknownOutcome, Cause: ctx.Err()}
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

// collided reports whether the error is a serialization failure or a deadlock,
// also one of the commit.
func collided(err error) bool {
	if detail, is := errors.AsType[*store.Error](err); is {
		return detail.Final && (detail.SQLState == "40001" || detail.SQLState == "40P01" || detail.SQLState == "23505")
	}
	var answered interface{ SQLState() string }
	return errors.As(err, &answered) && answered.SQLState() == "40001"
}

// unfinal returns a lost race that is final in its transaction as one that the
// engine may repeat: each of its attempts is another transaction here.
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

// hosts are the ways to make transactions of a host on the tables.
func hosts() map[string]func(t *testing.T, tables *pgtest.Tables) host {
	onPool := func(level pgx.TxIsoLevel) func(*testing.T, *pgtest.Tables) host {
		return func(_ *testing.T, tables *pgtest.Tables) host { return hostOnPool(tables.Pool, level) }
	}
	onDB := func(driver string, level sql.IsolationLevel) func(*testing.T, *pgtest.Tables) host {
		return func(t *testing.T, tables *pgtest.Tables) host {
			t.Helper()
			db := openSQL(t, driver, tables.Pool.Config().ConnString())
			db.SetMaxOpenConns(8)
			db.SetMaxIdleConns(8)
			return hostOnDB(db, level)
		}
	}
	return map[string]func(*testing.T, *pgtest.Tables) host{
		"pgx, read committed":           onPool(pgx.ReadCommitted),
		"pgx, repeatable read":          onPool(pgx.RepeatableRead),
		"pgx, serializable":             onPool(pgx.Serializable),
		"database/sql, read committed":  onDB("pgx", sql.LevelReadCommitted),
		"database/sql, repeatable read": onDB("pgx", sql.LevelRepeatableRead),
		"database/sql, serializable":    onDB("pgx", sql.LevelSerializable),
		"lib/pq, read committed":        onDB("postgres", sql.LevelReadCommitted),
		"lib/pq, serializable":          onDB("postgres", sql.LevelSerializable),
	}
}

func TestStore_InTx(t *testing.T) {
	for name, open := range someOf(hosts(), "pgx, serializable", "lib/pq, read committed") {
		t.Run(name, func(t *testing.T) {
			runSuite(t, reused(t, func() emptied {
				tables := pgtest.NewTables(t, pgtest.New(t), "public")
				return inHost{&harness{nil, tables}, open(t, tables)} // every method is the host's
			}), scoringCases)
		})
	}
}

func TestInTx_RollBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issuer := passporttest.NewIssuer()
	s := newStore(w.pool)
	engine, err := passport.New(s, passport.WithTrustedIssuers(issuer.DID()))
	require.NoError(t, err)
	w.exec("create table signups (address text primary key)")
	broken := errors.New("the host has changed its mind")
	signUp := func(fail error) error {
		return pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "insert into signups values ($1)", alice); err != nil {
				return err
			}
			if _, err := engine.On(s.InTx(tx)).Score(t.Context(), 1, alice); err != nil {
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

func TestInTx_LostRace(t *testing.T) {
	t.Parallel()
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
				s := newStore(w.pool).InTx(tx)
				_, err := s.Apply(t.Context(), changes(load(t, s, alice), claim("n", alice)))
				require.ErrorIs(t, err, store.ErrConflict)
				assert.Equal(t, !final, store.Retryable(err))
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, "1", w.value("select count(*) from signups"), "the writes of the host stay")
			assert.Equal(t, "0", w.value("select count(*) from registry_score"), "those of the scoring do not")
		})
	}
}

// A transaction that keeps its first snapshot does not see a key that another
// has given since, for a credential that replaced its own or for the one before
// it.
func TestInTx_KeyOfReplacedCredential(t *testing.T) {
	t.Parallel()
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level)+", the older credential", func(t *testing.T) {
			w := newWorld(t)
			direct := newStore(w.pool)
			stampOf(t, direct, "old")
			require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				mine := keyFor(t, direct.InTx(tx), 1, "old")
				stampOf(t, direct, "new")
				_, err := direct.Apply(t.Context(), keyFor(t, direct, 2, "new"))
				require.NoError(t, err)
				_, err = direct.InTx(tx).Apply(t.Context(), mine)
				require.ErrorIs(t, err, store.ErrConflict)
				assert.Equal(t, level == pgx.ReadCommitted, store.Retryable(err))
				return nil
			}))
			assert.Equal(t, "new", w.value("select string_agg(tx_hash, ', ') from registry_humanpoints"))
		})
		t.Run(string(level)+", the newer credential", func(t *testing.T) {
			w := newWorld(t)
			direct := newStore(w.pool)
			stampOf(t, direct, "old")
			older, err := w.pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = direct.InTx(older).Apply(t.Context(), keyFor(t, direct, 2, "old"))
			require.NoError(t, err)

			replaced := make(chan struct{})
			go func() {
				defer close(replaced)
				stampOf(t, direct, "new")
			}()
			require.Eventually(t, func() bool {
				return w.waiting() != "0"
			}, time.Minute, time.Millisecond, "the replacement waits")
			assert.Equal(t, "1", w.value("select count(*) from ceramic_cache_ceramiccache"), "it comes when the key has been given")
			require.NoError(t, older.Commit(t.Context()))
			<-replaced

			var receipt *store.Receipt
			require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				receipt, err = direct.InTx(tx).Apply(t.Context(), keyFor(t, direct.InTx(tx), 1, "new"))
				return err
			}))
			assert.Equal(t, []bool{false}, receipt.Wallets[0].Given)
			assert.Equal(t, "old", w.value("select string_agg(tx_hash, ', ') from registry_humanpoints"))
		})
	}
}

// stampOf gives Alice a stamp in place of the one that she has.
func stampOf(t *testing.T, s *pgstore.Store, nullifier string) {
	t.Helper()
	assert.NoError(t, s.AddCredentials(context.Background(), alice, store.CredentialInput{
		Provider: "Google", Document: fmt.Appendf(nil, `{"credentialSubject": {"nullifiers": [%q]}}`, nullifier),
	}))
}

// keyFor reads Alice, and returns a scoring that gives her a key for the stamp.
func keyFor(t *testing.T, s *pgstore.Store, community int64, nullifier string) *store.Changes {
	t.Helper()
	snapshot, err := s.Load(t.Context(), store.Query{Community: community, Addresses: []store.Address{alice}, At: noon})
	require.NoError(t, err)
	c := changes(snapshot)
	c.Wallets[0].Awards = []store.Award{{Action: "HKY", Provider: "Google", TxHash: nullifier}}
	return c
}

// A host that uses the store directly and in transactions of its own has one
// limit of awards for both.
func TestInTx_CappedAward(t *testing.T) {
	t.Parallel()
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) {
			w := newWorld(t)
			w.exec("insert into registry_humanpointsconfig (action, points, active) values ('MM2', 50, true)")
			direct := newStore(w.pool)
			score := func(s *pgstore.Store, address store.Address, between func()) error {
				snapshot := load(t, s, address)
				between()
				c := changes(snapshot)
				c.Wallets[0].Awards = []store.Award{{Action: "MM2", Limit: 1}}
				_, err := s.Apply(t.Context(), c)
				return err
			}
			require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				err := score(direct.InTx(tx), alice, func() { require.NoError(t, score(direct, bob, func() {})) })
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

// A transaction that the server ended because it was idle is worth another
// attempt.
func TestInTx_IdleTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx, err := w.newPool().Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), "set local idle_in_transaction_session_timeout = '1ms'")
	require.NoError(t, err)
	idle := "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
	require.Eventually(t, func() bool { return w.value(idle) == "0" }, 10*time.Second, time.Millisecond)
	_, err = newStore(w.pool).InTx(tx).Load(t.Context(), store.Query{Community: 1, Addresses: []store.Address{alice}})
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.NotErrorIs(t, err, store.ErrInternal)
}
