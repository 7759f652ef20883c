package histories_test

import (
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
	"github.com/passport-sdk/passport-go/internal/servicerows"
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
	return direct(mem)
}

func direct(mem *memstore.Store) histories.Direct {
	return histories.Direct{Store: mem, State: func(context.Context, *histories.Plan) (store.State, error) { return mem.State(), nil }}
}

// database is a Postgres with the communities and a table of the host's.
type database struct {
	pool  *pgxpool.Pool
	store *pgstore.Store
}

func newDatabase(t *testing.T) database {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.New(t))
	require.NoError(t, err)
	const clients = 6
	config.MaxConns = clients
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	d := database{pool, pgstore.New(pool)}
	putCommunities(t, d.store)
	_, err = pool.Exec(t.Context(), "create table visits (visit text primary key)")
	require.NoError(t, err)
	return d
}

func (d database) direct() histories.Subject {
	return histories.Direct{Store: d.store, State: d.state}
}

// state returns what the tables have about the plan.
func (d database) state(ctx context.Context, plan *histories.Plan) (store.State, error) {
	var document []byte
	err := d.pool.QueryRow(ctx, `
with passport as (
    select * from registry_passport where address = any($1)
)
select json_build_object(
    'account_community',       (select json_agg(c) from account_community c),
    'registry_hashscorerlink', (select json_agg(l) from registry_hashscorerlink l where l.hash = any($2)),
    'registry_passport',       (select json_agg(p) from passport p),
    'registry_score',          (select json_agg(s) from registry_score s where s.passport_id in (select id from passport)),
    'registry_stamp',          (select json_agg(s) from registry_stamp s where s.passport_id in (select id from passport)),
    'ceramic_cache_ceramiccache',
                               (select json_agg(c) from ceramic_cache_ceramiccache c where c.address = any($1)),
    'ceramic_cache_revocation',
                               (select json_agg(r) from ceramic_cache_revocation r join ceramic_cache_ceramiccache c on c.id = r.ceramic_cache_id
                                where c.address = any($1)),
    'registry_event',          (select json_agg(e) from registry_event e where e.address = any($1)),
    'registry_humanpoints',    (select json_agg(h) from registry_humanpoints h where h.address = any($1)),
    'registry_humanpointscommunityqualifiedusers',
                               (select json_agg(q) from registry_humanpointscommunityqualifiedusers q where q.address = any($1)),
    'account_walletgroupcommunityclaim',
                               (select json_agg(g) from account_walletgroupcommunityclaim g where string_to_array(g.group_key, ',') && $1)
)::text`, plan.Wallets, plan.Nullifiers).Scan(&document)
	if err != nil {
		return store.State{}, err
	}
	return servicerows.FromJSON(document)
}

// host does each unit of work in a transaction of its own, beside a row that it
// writes itself. When the database finds that its transactions collided it
// begins again, as a host must.
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
	return work.On(ctx, h.store.InTx(tx), true)
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

// collided reports whether transactions were in each other's way, or this
// transaction has lost a race for good.
func collided(err error) bool {
	if detail, is := errors.AsType[*store.Error](err); is {
		return detail.Final && errors.Is(detail.Kind, store.ErrConflict)
	}
	var answered interface{ SQLState() string }
	return errors.As(err, &answered) && (answered.SQLState() == "40001" || answered.SQLState() == "40P01")
}

// mixed does each unit of work in a way of its own: directly, or in a
// transaction of the host's at any isolation.
type mixed struct{ host }

// Do implements [histories.Subject].
func (m mixed) Do(ctx context.Context, work histories.Work) error {
	levels := []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable}
	if i := rand.IntN(len(levels) + 1); i < len(levels) {
		return host{m.database, levels[i]}.Do(ctx, work)
	}
	return m.direct().Do(ctx, work)
}

// Content implements [histories.Subject], without the host's own rows: not each
// scoring has a host.
func (m mixed) Content(ctx context.Context, plan *histories.Plan) (*histories.Content, error) {
	return m.direct().Content(ctx, plan)
}

// Content implements [histories.Subject].
func (h host) Content(ctx context.Context, plan *histories.Plan) (*histories.Content, error) {
	state, err := h.state(ctx, plan)
	if err != nil {
		return nil, err
	}
	rows, err := h.pool.Query(ctx, "select visit from visits where starts_with(visit, $1)", fmt.Sprintf("seed %d,", plan.Seed))
	if err != nil {
		return nil, err
	}
	visits, err := pgx.AppendRows([]string{}, rows, pgx.RowTo[string])
	return &histories.Content{State: state, Visits: visits}, err
}
