package histories_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/histories"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// putCommunities makes the communities of every history.
func putCommunities(t testing.TB, communities store.Communities) {
	t.Helper()
	weights, err := json.Marshal(histories.Weights())
	require.NoError(t, err)
	for _, id := range []int64{histories.FirstCommunity, histories.SecondCommunity} {
		require.NoError(t, communities.PutCommunity(t.Context(), store.Community{
			ID: id, Name: fmt.Sprint("community ", id), Weights: weights, Threshold: strconv.Itoa(histories.Threshold), HumanPoints: true,
		}))
	}
}

// inMemory returns a fresh memstore.
func inMemory(t testing.TB) histories.Direct {
	t.Helper()
	mem := memstore.New(memstore.WithClock(histories.Start))
	putCommunities(t, mem)
	return histories.Direct{Store: mem, Tables: func(context.Context, *histories.Plan) ([]byte, error) {
		var document bytes.Buffer
		err := mem.WriteRows(&document)
		return document.Bytes(), err
	}}
}

// database is a Postgres with the communities and a table of the host's.
type database struct{ pool *pgxpool.Pool }

func newDatabase(t *testing.T) database {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.New(t))
	require.NoError(t, err)
	const clients = 6
	config.MaxConns = clients
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	putCommunities(t, pgstore.New(pool))
	_, err = pool.Exec(t.Context(), "create table visits (visit text primary key)")
	require.NoError(t, err)
	return database{pool}
}

func (d database) direct() histories.Subject {
	return histories.Direct{Store: pgstore.New(d.pool), Tables: func(ctx context.Context, plan *histories.Plan) ([]byte, error) {
		return d.rows(ctx, plan, "")
	}}
}

// rows returns the tables as JSON. The columns are named as in the tables.
func (d database) rows(ctx context.Context, plan *histories.Plan, more string) (document []byte, err error) {
	err = d.pool.QueryRow(ctx, `
with passport as (
    select * from registry_passport where address = any($1)
)
select json_build_object(
    'registry_hashscorerlink', (select json_agg(l) from registry_hashscorerlink l where l.hash = any($2)),
    'registry_passport',       (select json_agg(p) from passport p),
    'registry_score',          (select json_agg(s) from registry_score s where s.passport_id in (select id from passport)),
    'registry_stamp',          (select json_agg(s) from registry_stamp s where s.passport_id in (select id from passport)),
    'registry_event',          (select json_agg(e) from registry_event e where e.address = any($1)),
    'registry_humanpoints',    (select json_agg(h) from registry_humanpoints h where h.address = any($1)),
    'registry_humanpointscommunityqualifiedusers',
                               (select json_agg(q) from registry_humanpointscommunityqualifiedusers q where q.address = any($1))
    `+more+`)::text`, plan.Wallets, plan.Nullifiers).Scan(&document)
	return document, err
}

// host does each unit of work in a transaction of its own, beside a row that it
// writes itself. When the database finds that its transactions collided it
// begins anew, as a host must.
type host struct {
	database

	level pgx.TxIsoLevel
}

// Do implements [histories.Subject].
func (h host) Do(ctx context.Context, work histories.Work) (err error) {
	const attempts, longest = 20, 3 * time.Millisecond
	for range attempts {
		if err = h.once(ctx, work); !collided(err) {
			return err
		}
		time.Sleep(rand.N(longest)) // so that rivals part
	}
	return fmt.Errorf("%w: %w", store.ErrConflict, err)
}

func (h host) once(ctx context.Context, work histories.Work) error {
	tx, err := h.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: h.level})
	if err != nil {
		return err
	}
	if err := h.inside(ctx, tx, work); err != nil {
		return errors.Join(err, undone(tx))
	}
	work.Pause()
	if err := tx.Commit(ctx); err != nil {
		var answered interface{ SQLState() string }
		if errors.As(err, &answered) || errors.Is(err, pgx.ErrTxCommitRollback) {
			return errors.Join(err, undone(tx))
		}
		return &store.Error{Op: "commit", Kind: store.ErrUnknownOutcome, Cause: errors.Join(err, undone(tx))}
	}
	return nil
}

func (h host) inside(ctx context.Context, tx pgx.Tx, work histories.Work) error {
	if work.Visit != "" {
		if _, err := tx.Exec(ctx, "insert into visits (visit) values ($1)", work.Visit); err != nil {
			return err
		}
		work.Pause()
	}
	return work.On(ctx, pgstore.InTx(tx))
}

// undone rolls the transaction back, also when its context has ended.
func undone(tx pgx.Tx) error {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return err
	}
	return nil
}

// collided tells of transactions that were in each other's way, and of a race
// that this transaction has lost for good.
func collided(err error) bool {
	if detail, is := errors.AsType[*store.Error](err); is {
		return detail.Final && errors.Is(detail.Kind, store.ErrConflict)
	}
	var answered interface{ SQLState() string }
	return errors.As(err, &answered) && (answered.SQLState() == "40001" || answered.SQLState() == "40P01")
}

// mixed does each unit of work in a way of its own: at once, or in a transaction
// of the host's at any isolation.
type mixed struct{ host }

// Do implements [histories.Subject].
func (m mixed) Do(ctx context.Context, work histories.Work) error {
	levels := []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable}
	if i := rand.IntN(len(levels) + 1); i < len(levels) {
		return host{m.database, levels[i]}.Do(ctx, work)
	}
	return m.direct().Do(ctx, work)
}

// Rows implements [histories.Subject]. The host's own rows do not tell: not each
// scoring has a host.
func (m mixed) Rows(ctx context.Context, plan *histories.Plan) ([]byte, error) {
	return m.rows(ctx, plan, "")
}

// Rows implements [histories.Subject].
func (h host) Rows(ctx context.Context, plan *histories.Plan) ([]byte, error) {
	ours := fmt.Sprintf("select json_agg(v) from visits v where v.visit like 'seed %d,%%'", plan.Seed)
	return h.rows(ctx, plan, ", 'visits', coalesce(("+ours+"), '[]')")
}
