package pgstore_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// scripted writes one change set whatever the engine decides, so that each
// statement is known by its number.
type scripted struct{ *pgstore.Store }

func (scripted) Load(_ context.Context, q store.Query) (*store.Snapshot, error) {
	return &store.Snapshot{
		At:        noon,
		Community: store.Community{ID: q.Community, Rule: "LIFO", Weights: []byte(`{}`), Threshold: "1"},
		Wallets:   []store.Wallet{{Address: q.Addresses[0], Version: "v"}},
	}, nil
}

func (s scripted) Apply(ctx context.Context, _ *store.Changes) (*store.Receipt, error) {
	receipt, err := s.Store.Apply(ctx, everything())
	if err != nil {
		return nil, err
	}
	receipt.Wallets = receipt.Wallets[:1]
	receipt.Wallets[0].Given = nil // the engine has scored one wallet, and asked for no award
	return receipt, nil
}

// A lost race is repeated, once for each time; no other failure is.
func TestScore_Retry(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return &pgconn.PgError{Code: code, Message: "made up"} }
	for name, c := range map[string]struct {
		failure error
		again   bool
	}{
		"serialization failure":    {state("40001"), true},
		"deadlock":                 {state("40P01"), true},
		"unique violation":         {state("23505"), true},
		"lost connection":          {driver.ErrBadConn, false},
		"connection failure":       {state("08006"), false},
		"shutdown":                 {state("57P01"), false},
		"statement timeout":        {state("57014"), false},
		"too many connections":     {state("53300"), false},
		"value out of range":       {state("22003"), false},
		"check violation":          {state("23514"), false},
		"undefined table":          {state("42P01"), false},
		"something of the program": {errors.New("no idea"), false},
	} {
		t.Run(name, func(t *testing.T) {
			for failing := range len(everyStatement()) + 1 {
				db, mock := newMock(t, anyStatement)
				expect(mock, failing, c.failure)
				if c.again {
					expect(mock, len(everyStatement()), nil)
				}
				seen, err := scoreOnce(t.Context(), scripted{pgstore.NewDB(db)})
				if c.again {
					require.NoError(t, err, "statement %d", failing)
					assert.Equal(t, 2, seen.Attempts)
				} else {
					require.ErrorIs(t, err, c.failure, "statement %d", failing)
					assert.Equal(t, 1, seen.Attempts)
				}
				require.NoError(t, mock.ExpectationsWereMet(), "statement %d", failing)
			}
		})
	}
}

// A failure of Load keeps its kind, and a lost race is repeated there too: here
// it is lost once, and then there is no such community.
func TestScore_RetryOfLoad(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return &pgconn.PgError{Code: code, Message: "made up"} }
	for name, c := range map[string]struct {
		failure error
		want    error
		again   bool
	}{
		"serialization failure": {state("40001"), store.ErrCommunityNotFound, true},
		"lost connection":       {driver.ErrBadConn, store.ErrUnavailable, false},
		"statement timeout":     {state("57014"), store.ErrUnavailable, false},
		"undefined column":      {state("42703"), store.ErrInternal, false},
	} {
		t.Run(name, func(t *testing.T) {
			db, mock := newMock(t, sqlmock.QueryMatcherRegexp)
			mock.ExpectBegin()
			mock.ExpectExec("search_path").WillReturnResult(sqlmock.NewResult(0, 1))
			mock.ExpectQuery("account_community").WillReturnError(c.failure)
			mock.ExpectRollback()
			attempts := 1
			if c.again {
				attempts++
				mock.ExpectBegin()
				mock.ExpectExec("search_path").WillReturnResult(sqlmock.NewResult(0, 1))
				for _, table := range []string{"account_community", "ceramic_cache"} {
					mock.ExpectQuery(table).WillReturnRows(sqlmock.NewRows([]string{"nothing"}))
				}
				mock.ExpectCommit()
			}
			seen, err := scoreOnce(t.Context(), pgstore.NewDB(db))
			require.ErrorIs(t, err, c.want)
			assert.Equal(t, attempts, seen.Attempts)
			require.NoError(t, mock.ExpectationsWereMet())
		})
	}
}

func TestScore_CancelledIsNotRetried(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	db, mock := hookedDB(t, hooks{committing: cancel})
	expect(mock, len(everyStatement()), driver.ErrBadConn)
	seen, err := scoreOnce(ctx, scripted{pgstore.NewDB(db)})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, store.ErrUnknownOutcome)
	assert.Equal(t, 1, seen.Attempts)
	requireMet(t, db, mock)
}

// scoreOnce scores alice, and returns what an observer saw.
func scoreOnce(ctx context.Context, s store.Store) (seen passport.Observation, err error) {
	engine, err := passport.New(s,
		passport.WithTrustedIssuers("did:key:z6Mkj9se6ebKKi6U9wxVuJKfNrVg3TftERczRXZSGf86QPLS"),
		passport.WithRetry(func() retry.Backoff { return retry.WithMaxRetries(5, retry.NewConstant(1)) }),
		passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o }))
	if err != nil {
		return seen, err
	}
	_, err = engine.Score(ctx, 1, alice)
	return seen, err
}
