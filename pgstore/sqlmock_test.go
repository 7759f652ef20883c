package pgstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// mocked is a statement of Apply with the rows of its answer; nil if it is
// executed without reading rows.
type mocked struct {
	name string
	rows *sqlmock.Rows
}

// everyStatement are the statements of the change set below, in order.
func everyStatement() []mocked {
	return []mocked{
		{name: "pin_search_path"},
		{name: "upsert_passport"},
		{name: "lock_passport"},
		{name: "verify_group_claims"},
		{name: "delete_group_claims"},
		{name: "insert_group_claims"},
		{name: "insert_hash_links"},
		{name: "lock_hash_links"},
		{name: "swap_hash_links"},
		{name: "verify_hash_links"},
		{name: "delete_stamps"},
		{name: "bulk_insert_stamps"},
		{name: "read_stamps", rows: sqlmock.NewRows([]string{"address", "digest"}).AddRow(alice, "digest").AddRow(bob, "digest")},
		{name: "upsert_score"},
		{name: "lock_points"},
		{name: "verify_earners"},
		{name: "lock_counts"},
		{name: "record_passing_score"},
		{name: "record_awards", rows: sqlmock.NewRows([]string{"address", "action", "provider"}).AddRow(alice, "MM2", "")},
	}
}

func everything() *store.Changes {
	credentials := []store.Credential{{ID: 5, Provider: "Google", Document: []byte(`{}`)}}
	wallet := store.Wallet{Address: alice, Version: pgstore.Version(credentials...), Credentials: credentials}
	c := changes(&store.Snapshot{At: noon, Community: store.Community{ID: 1}, Wallets: []store.Wallet{wallet, {Address: bob, Version: pgstore.Version()}}}, claim("n1", alice),
		store.ClaimSwap{Nullifier: "n2", From: claim("", bob).To, To: claim("", alice).To})
	c.Groups = &store.GroupSwap{From: []store.GroupClaim{groupClaim(bob, alice, bob)}, To: []store.GroupClaim{groupClaim(alice, alice, bob)}}
	c.Wallets[0].Qualified = true
	c.Wallets[0].Awards = []store.Award{{Action: "HKY", Provider: "Google", TxHash: "n1"}, {Action: "MM2", Limit: 5000}}
	return c
}

// expect sets the mock up for a scoring whose statement number failing (or
// whose commit, if it is the number of statements) fails with the error.
func expect(mock sqlmock.Sqlmock, failing int, failure error) {
	expectStatements(mock, failing)
	switch {
	case failing < len(everyStatement()):
		if s := everyStatement()[failing]; s.rows == nil {
			mock.ExpectExec(s.name).WillReturnError(failure)
		} else {
			mock.ExpectQuery(s.name).WillReturnError(failure)
		}
		mock.ExpectRollback()
	case failure != nil:
		mock.ExpectCommit().WillReturnError(failure)
	default:
		mock.ExpectCommit()
	}
}

// expectSlow sets the mock up for a scoring whose statement number failing
// takes an hour.
func expectSlow(mock sqlmock.Sqlmock, failing int) {
	expectStatements(mock, failing)
	if s := everyStatement()[failing]; s.rows == nil {
		mock.ExpectExec(s.name).WillDelayFor(time.Hour).WillReturnResult(sqlmock.NewResult(0, 1))
	} else {
		mock.ExpectQuery(s.name).WillDelayFor(time.Hour).WillReturnRows(s.rows)
	}
	mock.ExpectRollback()
}

// expectStatements sets the mock up for the first statements of a scoring.
func expectStatements(mock sqlmock.Sqlmock, n int) {
	mock.ExpectBegin()
	for _, s := range everyStatement()[:n] {
		if s.rows == nil {
			mock.ExpectExec(s.name).WillReturnResult(sqlmock.NewResult(0, 1))
		} else {
			mock.ExpectQuery(s.name).WillReturnRows(s.rows)
		}
	}
}

// When any statement fails, the transaction is rolled back, the error is of the
// right kind, and nothing is repeated.
func TestApply_Failures(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return &pgconn.PgError{Code: code, Message: "made up"} }
	for name, c := range map[string]struct {
		failure error
		want    error
		commit  error // where the kind differs at the commit
	}{
		"serialization failure":    {state("40001"), store.ErrConflict, nil},
		"deadlock":                 {state("40P01"), store.ErrConflict, nil},
		"unique violation":         {state("23505"), store.ErrConflict, nil},
		"the same over lib/pq":     {&pq.Error{Code: "23505"}, store.ErrConflict, nil},
		"too many connections":     {state("53300"), store.ErrUnavailable, nil},
		"shutdown":                 {state("57P01"), store.ErrUnavailable, nil},
		"statement timeout":        {state("57014"), store.ErrUnavailable, nil},
		"connection failure":       {state("08006"), store.ErrUnavailable, store.ErrUnknownOutcome},
		"lost connection":          {driver.ErrBadConn, store.ErrUnavailable, store.ErrUnknownOutcome},
		"value out of range":       {state("22003"), store.ErrInvalid, nil},
		"not JSON":                 {state("22P02"), store.ErrInvalid, nil},
		"check violation":          {state("23514"), store.ErrInternal, nil},
		"undefined column":         {state("42703"), store.ErrInternal, nil},
		"insufficient privilege":   {state("42501"), store.ErrInternal, nil},
		"disk full":                {state("53100"), store.ErrUnavailable, nil},
		"something of the program": {errors.New("no idea"), store.ErrInternal, store.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			for failing := range len(everyStatement()) + 1 {
				db, mock := newMock(t, anyStatement)
				expect(mock, failing, c.failure)
				receipt, err := pgstore.NewDB(db).Apply(t.Context(), everything())
				want, at := c.want, "commit"
				if failing < len(everyStatement()) {
					at = everyStatement()[failing].name
				} else if c.commit != nil {
					want = c.commit
				}
				require.ErrorIs(t, err, want, "%s: %v", at, err)
				assert.Nil(t, receipt)
				var detail *store.Error
				require.ErrorAs(t, err, &detail)
				assert.Equal(t, at, detail.Op)
				require.NoError(t, mock.ExpectationsWereMet(), at)
			}
		})
	}
}

func TestApply_ContextEnded(t *testing.T) {
	t.Parallel()
	db, mock := newMock(t, sqlmock.QueryMatcherRegexp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pgstore.NewDB(db).Apply(ctx, everything())
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, mock.ExpectationsWereMet())
}

func TestApply_Mocked(t *testing.T) {
	t.Parallel()
	db, mock := newMock(t, anyStatement)
	expect(mock, len(everyStatement()), nil)
	receipt, err := pgstore.NewDB(db).Apply(t.Context(), everything())
	require.NoError(t, err)
	require.Len(t, receipt.Wallets, 2)
	assert.Equal(t, []bool{false, true}, receipt.Wallets[0].Given)
	require.NoError(t, mock.ExpectationsWereMet())
}

// newMock is a mock database that is closed when the test ends.
func newMock(t *testing.T, matcher sqlmock.QueryMatcher) (*sql.DB, sqlmock.Sqlmock) {
	t.Helper()
	db, mock, err := sqlmock.New(sqlmock.QueryMatcherOption(matcher))
	require.NoError(t, err)
	t.Cleanup(func() {
		mock.ExpectClose()
		require.NoError(t, db.Close())
	})
	return db, mock
}

// anyStatement matches every statement.
var anyStatement = sqlmock.QueryMatcherFunc(func(string, string) error { return nil })
