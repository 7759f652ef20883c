package pgstore_test

import (
	"context"
	"errors"
	"testing"

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

// hostTx is a host that does each call in a transaction of its own, and, as a
// host must at the higher isolations, begins again when the database finds that
// its transactions collided.
type hostTx struct {
	pool  *pgxpool.Pool
	level pgx.TxIsoLevel
}

func (h hostTx) in(ctx context.Context, work func(s *pgstore.Store) error) (err error) {
	const attempts = 100
	for range attempts {
		err = pgx.BeginTxFunc(ctx, h.pool, pgx.TxOptions{IsoLevel: h.level}, func(tx pgx.Tx) error {
			return work(pgstore.InTx(tx))
		})
		if !collided(err) {
			return err
		}
	}
	return err
}

// collided tells of serialization failures and deadlocks, also at the commit.
func collided(err error) bool {
	if detail, is := errors.AsType[*store.Error](err); is {
		return detail.Final && (detail.SQLState == "40001" || detail.SQLState == "40P01" || detail.SQLState == "23505")
	}
	var answered interface{ SQLState() string }
	return errors.As(err, &answered) && answered.SQLState() == "40001"
}

func (h hostTx) Load(ctx context.Context, q store.Query) (snapshot *store.Snapshot, err error) {
	err = h.in(ctx, func(s *pgstore.Store) error {
		snapshot, err = s.Load(ctx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	return snapshot, nil
}

func (h hostTx) Apply(ctx context.Context, c *store.Changes) (receipt *store.Receipt, err error) {
	err = h.in(ctx, func(s *pgstore.Store) error {
		receipt, err = s.Apply(ctx, c)
		return err
	})
	if err != nil {
		return nil, unfinal(err)
	}
	return receipt, nil
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

// inHostTx is the harness whose store works in transactions of a host.
type inHostTx struct {
	hostTx

	*harness
}

func (h inHostTx) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	return h.hostTx.Load(ctx, q)
}

func (h inHostTx) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	return h.hostTx.Apply(ctx, c)
}

func TestStoreInAHostsTransaction(t *testing.T) {
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) {
			plain := newHarness(t, storeModes()["pgx"])
			newHarness := func(t testing.TB) storetest.Harness {
				h, is := plain(t).(*harness)
				require.True(t, is)
				return inHostTx{hostTx{h.pool, level}, h}
			}
			storetest.Run(t, newHarness)
			storetest.Scenarios(t, newHarness)
		})
	}
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
