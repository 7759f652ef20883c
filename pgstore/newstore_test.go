package pgstore_test

import (
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// newStore is [pgstore.New] for the engine that the tests run on.
func newStore(db *pgxpool.Pool, options ...pgstore.Option) *pgstore.Store {
	return pgstore.New(db, onEngine(options)...)
}

// newStoreDB is [pgstore.NewDB] for the engine that the tests run on.
func newStoreDB(db *sql.DB, options ...pgstore.Option) *pgstore.Store {
	return pgstore.NewDB(db, onEngine(options)...)
}

func onEngine(options []pgstore.Option) []pgstore.Option {
	return append([]pgstore.Option{pgstore.WithEngine(pgtest.Engine())}, options...)
}
