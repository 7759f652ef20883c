package pgstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// When a context is cancelled while a statement runs, the transaction is rolled
// back, no other statement is sent, and the error is the context's alone.
func TestApply_CancelledStatement(t *testing.T) {
	t.Parallel()
	for failing, s := range everyStatement() {
		t.Run(s.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			sent := 0
			db, mock := newMock(t, sqlmock.QueryMatcherFunc(func(string, string) error {
				if sent == failing {
					cancel()
				}
				sent++
				return nil
			}))
			expectSlow(mock, failing)
			receipt, err := pgstore.NewDB(db).Apply(ctx, everything())
			assert.Nil(t, receipt)
			requireCancelled(t, err)
			assert.ErrorContains(t, err, s.name)
			assert.Equal(t, failing+1, sent)
			requireMet(t, db, mock)
		})
	}
}

func TestApply_CancelledBeforeCommit(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answers := 0
	db, mock := hookedDB(t, hooks{answered: func() {
		if answers++; answers == len(everyStatement()) {
			cancel()
		}
	}})
	expectStatements(mock, len(everyStatement()))
	mock.ExpectRollback()
	receipt, err := pgstore.NewDB(db).Apply(ctx, everything())
	assert.Nil(t, receipt)
	requireCancelled(t, err)
	requireMet(t, db, mock)
}

// Once the commit is sent, the end of a context leaves its outcome open.
func TestApply_CancelledCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failure error
		check   func(t *testing.T, receipt *store.Receipt, err error)
	}{
		"which succeeds": {nil, func(t *testing.T, receipt *store.Receipt, err error) {
			t.Helper()
			require.NoError(t, err)
			require.Len(t, receipt.Wallets, 2)
			assert.Equal(t, []bool{false, true}, receipt.Wallets[0].Given)
		}},
		"whose answer is lost": {driver.ErrBadConn, func(t *testing.T, receipt *store.Receipt, err error) {
			t.Helper()
			assert.Nil(t, receipt)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, store.ErrUnknownOutcome)
			assert.False(t, store.Retryable(err))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			db, mock := hookedDB(t, hooks{committing: cancel})
			expect(mock, len(everyStatement()), c.failure)
			receipt, err := pgstore.NewDB(db).Apply(ctx, everything())
			c.check(t, receipt, err)
			requireMet(t, db, mock)
		})
	}
}

func requireCancelled(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, store.ErrUnknownOutcome)
	assert.False(t, store.Retryable(err))
}

// requireMet waits until the connection is free, for database/sql rolls a
// transaction back in the background when its context ends.
func requireMet(t *testing.T, db *sql.DB, mock sqlmock.Sqlmock) {
	t.Helper()
	require.Eventually(t, func() bool { return db.Stats().InUse == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, mock.ExpectationsWereMet())
}

// hooks are called by a connection at its turning points.
type hooks struct {
	answered   func() // a statement has been answered
	committing func() // a commit has been sent, and is not answered yet
}

// hookedDB is a mock whose connection calls the hooks.
func hookedDB(t *testing.T, h hooks) (*sql.DB, sqlmock.Sqlmock) {
	t.Helper()
	name := rand.Text()
	mocked, mock, err := sqlmock.NewWithDSN(name, sqlmock.QueryMatcherOption(anyStatement))
	require.NoError(t, err)
	db := sql.OpenDB(hookedConnector{mocked.Driver(), name, h})
	t.Cleanup(func() {
		mock.ExpectClose()
		require.NoError(t, db.Close())
		mock.ExpectClose()
		require.NoError(t, mocked.Close())
	})
	return db, mock
}

type hookedConnector struct {
	driver driver.Driver
	dsn    string
	hooks  hooks
}

func (c hookedConnector) Driver() driver.Driver { return c.driver }

func (c hookedConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return hookedConn{conn.(mockedConn), c.hooks}, nil
}

// mockedConn is what a connection of the mock can do.
type mockedConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.NamedValueChecker
}

type hookedConn struct {
	mockedConn

	hooks hooks
}

func (c hookedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.mockedConn.ExecContext(ctx, query, args)
	if err == nil && c.hooks.answered != nil {
		c.hooks.answered()
	}
	return result, err
}

func (c hookedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.mockedConn.QueryContext(ctx, query, args)
	if err == nil && c.hooks.answered != nil {
		c.hooks.answered()
	}
	return rows, err
}

func (c hookedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.mockedConn.BeginTx(ctx, options)
	return hookedTx{tx, c.hooks}, err
}

type hookedTx struct {
	driver.Tx

	hooks hooks
}

func (t hookedTx) Commit() error {
	if t.hooks.committing != nil {
		t.hooks.committing()
	}
	return t.Tx.Commit()
}
