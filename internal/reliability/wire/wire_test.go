package wire_test

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database with an empty table, behind a proxy that records the
// steps.
type world struct {
	*recorder

	t       *testing.T
	proxy   *wire.Proxy
	address string
	direct  *pgx.Conn
}

func newWorld(t *testing.T) *world {
	t.Helper()
	address, err := url.Parse(pgtest.NewEmpty(t))
	require.NoError(t, err)
	direct, err := pgx.Connect(t.Context(), address.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, direct.Close(context.Background())) })
	_, err = direct.Exec(t.Context(), "create table written (n int)")
	require.NoError(t, err)

	proxy, err := wire.New(address.Host)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.Close()) })
	address.Host = proxy.Address()
	return &world{recorder: &recorder{}, t: t, proxy: proxy, address: address.String(), direct: direct}
}

func (w *world) connect(mode pgx.QueryExecMode) *pgx.Conn {
	w.t.Helper()
	config, err := pgx.ParseConfig(w.address)
	require.NoError(w.t, err)
	config.DefaultQueryExecMode = mode
	conn, err := pgx.ConnectConfig(w.t.Context(), config)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close(context.Background()) }) // most have been cut before
	return conn
}

// written is what has been committed.
func (w *world) written() (n int) {
	w.t.Helper()
	require.NoError(w.t, w.direct.QueryRow(w.t.Context(), "select count(*) from written").Scan(&n))
	return n
}

// recorder keeps the steps, and strikes at the one that is named.
type recorder struct {
	mu     sync.Mutex
	steps  []string
	at     string
	action wire.Action
	strike func(pid uint32)
}

func (r *recorder) watch(s wire.Step) wire.Action {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := map[wire.Kind]string{wire.Connect: "connect", wire.Prepare: "prepare", wire.Statement: s.SQL, wire.End: "end"}[s.Kind]
	if s.InTransaction {
		name = "in a block, " + name
	}
	if s.Done {
		name += ", done"
	}
	r.steps = append(r.steps, name)
	if name != r.at {
		return wire.Pass
	}
	if r.strike != nil {
		r.strike(s.PID)
	}
	return r.action
}

func (r *recorder) recorded() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.steps
}

const insert = "insert into written select $1::int"

// writeTwice inserts two rows in one pipeline.
func writeTwice(ctx context.Context, on interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
},
) error {
	var batch pgx.Batch
	batch.Queue(insert, 1)
	batch.Queue(insert, 2)
	return on.SendBatch(ctx, &batch).Close()
}

func TestProxy_Steps(t *testing.T) {
	for mode, want := range map[pgx.QueryExecMode][]string{
		pgx.QueryExecModeCacheStatement: {"connect", "prepare", "prepare, done", insert, insert + ", done", insert, insert + ", done", "end", "end, done"},
		pgx.QueryExecModeExec:           {"connect", insert, insert + ", done", insert, insert + ", done", "end", "end, done"},
	} {
		t.Run(mode.String(), func(t *testing.T) {
			w := newWorld(t)
			w.proxy.Watch(w.watch)
			require.NoError(t, writeTwice(t.Context(), w.connect(mode)))
			assert.Equal(t, want, w.recorded())
			assert.Equal(t, 2, w.written())
		})
	}
}

func TestProxy_TransactionBlock(t *testing.T) {
	w := newWorld(t)
	w.proxy.Watch(w.watch)
	require.NoError(t, pgx.BeginFunc(t.Context(), w.connect(pgx.QueryExecModeExec), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), insert, 1)
		return err
	}))
	assert.Equal(t, []string{
		"connect", "begin", "begin, done",
		"in a block, " + insert, "in a block, " + insert + ", done", "in a block, end", "in a block, end, done",
		"in a block, commit", "in a block, commit, done",
	}, w.recorded())
}

func TestProxy_RefusedStep(t *testing.T) {
	w := newWorld(t)
	w.proxy.Watch(w.watch)
	conn := w.connect(pgx.QueryExecModeExec)
	_, err := conn.Exec(t.Context(), "select 1 / $1::int", 0)
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	_, err = conn.Exec(t.Context(), "nonsense")
	require.ErrorAs(t, err, &refused)
	require.NoError(t, writeTwice(t.Context(), conn))
	assert.Equal(t, []string{"connect", "select 1 / $1::int", "nonsense", insert, insert + ", done", insert, insert + ", done", "end", "end, done"},
		w.recorded())
}

// Statements before the end are not committed, and after it they are; the
// program gets no answer.
func TestProxy_Strikes(t *testing.T) {
	for name, action := range map[string]wire.Action{"cut": wire.Cut, "tear": wire.Tear} {
		for at, written := range map[string]int{insert: 0, insert + ", done": 0, "end": 0, "end, done": 2} {
			t.Run(name+" at "+at, func(t *testing.T) {
				w := newWorld(t)
				require.Error(t, w.writeTwiceStruck(at, action))
				assert.Equal(t, at, w.recorded()[len(w.recorded())-1])
				assert.Equal(t, written, w.written())
			})
		}
	}
}

// The program hears nothing after noise, and the statements sent are carried
// out, unless it hangs up before all of that has passed: then none is.
func TestProxy_Garble(t *testing.T) {
	for at, written := range map[string][]int{insert: {0}, insert + ", done": {0, 2}, "end": {0}, "end, done": {2}} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			require.Error(t, w.writeTwiceStruck(at, wire.Garble))
			assert.Contains(t, w.recorded(), at)
			assert.Eventually(t, func() bool { return slices.Contains(written, w.written()) }, 10*time.Second, time.Millisecond)
		})
	}
}

// writeTwiceStruck does the action while rows are inserted.
func (w *world) writeTwiceStruck(at string, action wire.Action) error {
	w.t.Helper()
	conn := w.connect(pgx.QueryExecModeExec)
	w.at, w.action = at, action
	w.proxy.Watch(w.watch)
	return writeTwice(w.t.Context(), conn)
}

func TestProxy_Stall(t *testing.T) {
	w := newWorld(t)
	conn := w.connect(pgx.QueryExecModeExec)
	w.at, w.action = insert+", done", wire.Stall
	w.proxy.Watch(w.watch)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, writeTwice(ctx, conn), context.DeadlineExceeded)

	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := pgx.Connect(ctx, w.address)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	w.proxy.Watch(nil)
	require.NoError(t, writeTwice(t.Context(), w.connect(pgx.QueryExecModeExec)))
	assert.Equal(t, 2, w.written())
}

// A hook that is replaced while it is called stalls nothing.
func TestProxy_Stall_Late(t *testing.T) {
	for _, at := range []string{"connect", insert, insert + ", done"} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			w.at, w.action = at, wire.Stall
			w.proxy.Watch(func(s wire.Step) wire.Action {
				action := w.watch(s)
				if action == wire.Stall {
					w.proxy.Watch(nil)
				}
				return action
			})
			config, err := pgx.ParseConfig(w.address)
			require.NoError(t, err)
			config.DefaultQueryExecMode = pgx.QueryExecModeExec
			conn, err := pgx.ConnectConfig(t.Context(), config)
			if err == nil {
				err = writeTwice(t.Context(), conn)
			}
			require.Error(t, err)
			require.NoError(t, writeTwice(t.Context(), w.connect(pgx.QueryExecModeExec)))
		})
	}
}

// The last message of a server reaches the program, at whatever step the server
// ends.
func TestProxy_ServerEnds(t *testing.T) {
	for _, at := range []string{insert, insert + ", done", "end"} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			conn := w.connect(pgx.QueryExecModeExec)
			other, err := pgx.ConnectConfig(t.Context(), w.direct.Config())
			require.NoError(t, err)
			w.at, w.strike = at, func(pid uint32) {
				_, err := other.Exec(context.Background(), "select pg_terminate_backend($1, 10000)", pid)
				assert.NoError(t, err)
				assert.NoError(t, other.Close(context.Background()))
			}
			w.proxy.Watch(w.watch)
			var ended *pgconn.PgError
			require.ErrorAs(t, writeTwice(t.Context(), conn), &ended)
			assert.Equal(t, "57P01", ended.Code)
			assert.Zero(t, w.written())
		})
	}
}

func TestProxy_Down(t *testing.T) {
	w := newWorld(t)
	conn := w.connect(pgx.QueryExecModeExec)
	require.NoError(t, w.proxy.Down())
	require.Error(t, writeTwice(t.Context(), conn))
	_, err := pgx.Connect(t.Context(), w.address)
	require.ErrorContains(t, err, "refused")
	require.NoError(t, w.proxy.Up())
	require.NoError(t, writeTwice(t.Context(), w.connect(pgx.QueryExecModeExec)))
}

func TestProxy_Pace(t *testing.T) {
	w := newWorld(t)
	w.proxy.Pace(1, 10*time.Microsecond)
	conn := w.connect(pgx.QueryExecModeCacheStatement)
	require.NoError(t, writeTwice(t.Context(), conn))
	var text string
	require.NoError(t, conn.QueryRow(t.Context(), "select repeat('x', 1000)").Scan(&text))
	assert.Len(t, text, 1000)
	assert.Equal(t, 2, w.written())
}
