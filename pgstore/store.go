package pgstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go/store"
)

// Store keeps everything in the tables of the Django service. Make one with
// [New] or [NewDB]. It is safe for concurrent use; one that is bound to a
// transaction ([Store.InTx]) is not, as the transaction is not.
type Store struct {
	id      string // of this store and those bound to its transactions
	on      executor
	replica *replica // nil: none
	texts   texts
	// idsWithoutOrder is that of the dialect.
	idsWithoutOrder bool
}

var (
	_ store.Store         = (*Store)(nil)
	_ store.Credentials   = (*Store)(nil)
	_ store.Communities   = (*Store)(nil)
	_ store.Groups        = (*Store)(nil)
	_ store.History       = (*Store)(nil)
	_ store.Keys          = (*Store)(nil)
	_ store.KeyLister     = (*Store)(nil)
	_ store.UsageLog      = (*Store)(nil)
	_ store.Points        = (*Store)(nil)
	_ store.CallerFinder  = (*Store)(nil)
	_ store.AddressLister = (*Store)(nil)
	_ store.Forgetter     = (*Store)(nil)
	_ store.Pruner        = (*Store)(nil)
)

// New returns a store on a pool of pgx. Load and Apply take one connection
// each, for one network round trip each; none is held in between.
//
// Every exec mode of pgx works. Behind PgBouncer in transaction mode choose
// one that prepares nothing, such as pgx.QueryExecModeExec.
func New(pool *pgxpool.Pool, options ...Option) *Store {
	c := newConfig(options)
	return c.store(onPool(pool, c.dialect().pin()))
}

// NewDB returns a store on a database/sql handle, with the driver of pgx or
// lib/pq. Load is a transaction of some three statements, Apply one of some
// ten, with a round trip for each, for BEGIN, COMMIT and the search path: where
// that matters use [New].
//
// lib/pq passes the end of a context on to the server. If the network is down,
// a call returns only when TCP gives the connection up, which takes minutes;
// the driver of pgx returns at once.
//
// Behind PgBouncer in transaction mode the driver of pgx needs
// default_query_exec_mode=exec in its URL; lib/pq needs that PgBouncer ignores
// its startup parameter extra_float_digits (ignore_startup_parameters).
func NewDB(db *sql.DB, options ...Option) *Store {
	c := newConfig(options)
	return c.store(onDB(db, c.dialect().pin()))
}

// InTx returns a store with the same options that is bound to the host's own
// transaction: what it writes is committed if the host commits, and only then.
// Apply writes behind a savepoint, so that a scoring that lost a race is
// repeated within the transaction; at REPEATABLE READ and SERIALIZABLE a
// repetition would read the same, and a lost race is final (store.Error.Final).
//
// Rows that it has locked stay locked until the host's transaction ends. Two
// transactions that score several addresses each can therefore deadlock on a
// shared claim or limited award; Postgres aborts one, which gets
// store.ErrConflict and should be restarted.
//
// In a transaction that is read-only Apply returns store.ErrReadOnly: one that
// was begun so, or one on a server that has become a replica, whose connections
// are the host's to close.
func (s *Store) InTx(tx pgx.Tx) *Store { return s.bound(pgxTx{tx}) }

// InSQLTx is [Store.InTx] for a transaction of database/sql.
func (s *Store) InSQLTx(tx *sql.Tx) *Store { return s.bound(sqlTx{tx}) }

// bound returns the store on a transaction. One that runs nothing stays so.
func (s *Store) bound(on executor) *Store {
	if _, is := s.on.(unfit); is {
		return s
	}
	return &Store{id: s.id, on: on, texts: s.texts, idsWithoutOrder: s.idsWithoutOrder}
}

func (c *config) store(on executor) *Store {
	if err := c.validate(); err != nil {
		on, c.replica = unfit{err}, nil
	} else if c.dialect().conflicts {
		on = repeating{on}
	}
	s := &Store{id: rand.Text(), on: on, texts: c.texts(), idsWithoutOrder: c.dialect().idsWithoutOrder}
	if c.replica != nil {
		s.replica = &replica{on: c.replica(c.dialect().pin()), maxLag: c.maxLag}
	}
	return s
}

// unfit runs nothing, because of an option: Postgres would take a name that it
// cannot hold for another one.
type unfit struct{ err error }

func (u unfit) read(_ context.Context, calls ...call) error {
	return store.Errorf(calls[0].name, store.ErrInvalid, "%w", u.err)
}

func (u unfit) write(_ context.Context, calls []call) error {
	return store.Errorf(calls[0].name, store.ErrInvalid, "%w", u.err)
}

// nothingToDo returns the result of an operation that needs no database: the
// context's error, if that has ended.
func nothingToDo(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// readRows runs the call, and returns the results of scan for its rows.
func readRows[T any](ctx context.Context, on executor, c call, scan func(scanFunc) (T, error)) ([]T, error) {
	var all []T
	if err := on.read(ctx, c.each(func(row scanFunc) error {
		one, err := scan(row)
		all = append(all, one)
		return err
	})); err != nil {
		return nil, err
	}
	return all, nil
}

// count runs the calls, and returns the number of rows that the last one
// answers.
func (s *Store) count(ctx context.Context, first []call, last call) (int, error) {
	n := 0
	counted := last.each(func(scan scanFunc) error {
		n++
		var id int64
		return scan(&id)
	})
	counted.again = func() { n = 0 }
	if err := s.on.write(ctx, append(first, counted)); err != nil {
		return 0, err
	}
	return n, nil
}
