package pgstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// must ends an example that fails.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// fill makes a community and gives alice a stamp; it returns the stamp's
// issuer.
func fill(ctx context.Context, db *pgstore.Store) *passporttest.Issuer {
	must(db.PutCommunity(ctx, store.Community{
		ID: 1, Name: "Demo", Threshold: "1", Weights: []byte(`{"Google": "1.5"}`),
	}))
	issuer := passporttest.NewIssuer()
	signed, err := issuer.Issue(alice, "Google", "account-1")
	must(err)
	stamp, err := passport.ReadCredential(signed)
	must(err)
	must(db.AddCredentials(ctx, alice, stamp))
	return issuer
}

// newExample returns a pool on a database with a community and a stamp of
// alice's, and a store and an engine on it.
func newExample(ctx context.Context) (pool *pgxpool.Pool, db *pgstore.Store, engine *passport.Engine, end func()) {
	url, drop := pgtest.NewForExample()
	pool, err := pgstore.OpenPool(ctx, url)
	must(err)
	db = pgstore.New(pool)
	engine, err = passport.New(db, passport.WithTrustedIssuers(fill(ctx, db).DID()))
	must(err)
	return pool, db, engine, func() {
		pool.Close()
		drop()
	}
}

func Example() {
	ctx := context.Background()
	url, drop := pgtest.NewForExample() // postgres://user:password@host:5432/database
	defer drop()

	pool, err := pgstore.OpenPool(ctx, url)
	must(err)
	defer pool.Close()
	must(pgstore.Migrate(ctx, pool))

	db := pgstore.New(pool)
	issuer := fill(ctx, db) // a community, and a stamp of alice's
	engine, err := passport.New(db, passport.WithTrustedIssuers(issuer.DID()))
	must(err)
	result, err := engine.Score(ctx, 1, alice)
	must(err)
	fmt.Println(result.Passing, result.Score)
	// Output: true 1.5
}

// Reads that may lag go to a replica. A host that reads what it has just
// written asks the primary.
func ExampleWithReplica() {
	ctx := context.Background()
	// One URL with both servers works for both pools, before and after a failover:
	// postgres://a,b/database?target_session_attrs=read-write for the primary, and
	// prefer-standby for the replica.
	url, drop := pgtest.NewForExample()
	defer drop()
	primary, err := pgstore.OpenPool(ctx, url)
	must(err)
	defer primary.Close()
	replica, err := pgstore.OpenPool(ctx, url)
	must(err)
	defer replica.Close()

	const maxLag = 5 * time.Second
	db := pgstore.New(primary, pgstore.WithReplica(replica, maxLag))
	issuer := fill(ctx, db)
	engine, err := passport.New(db, passport.WithTrustedIssuers(issuer.DID()), passport.WithLaggingLoads())
	must(err)
	_, err = engine.Score(ctx, 1, alice)
	must(err)
	last, err := engine.On(db.Primary()).Latest(ctx, 1, alice)
	must(err)
	fmt.Println(last.Passing, last.Score)
	// Output: true 1.5
}

// A transaction of the host that is rolled back undoes the score and its
// claims.
func ExampleStore_InTx() {
	ctx := context.Background()
	pool, s, engine, end := newExample(ctx)
	defer end()

	full := errors.New("no place is left")
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		result, err := engine.On(s.InTx(tx)).Score(ctx, 1, alice)
		if err != nil {
			return err
		}
		fmt.Println(result.Passing)
		return full // the host's own reason; BeginFunc rolls back
	})
	fmt.Println(errors.Is(err, full))

	_, err = engine.Latest(ctx, 1, alice)
	fmt.Println(errors.Is(err, passport.ErrNeverScored))
	// Output:
	// true
	// true
	// true
}

// The same over database/sql, committed.
func ExampleStore_InSQLTx() {
	ctx := context.Background()
	pool, _, engine, end := newExample(ctx)
	defer end()
	db, err := sql.Open("pgx", pool.Config().ConnString())
	must(err)
	defer db.Close()

	tx, err := db.BeginTx(ctx, nil)
	must(err)
	defer tx.Rollback() // without effect after Commit
	result, err := engine.On(pgstore.NewDB(db).InSQLTx(tx)).Score(ctx, 1, alice)
	must(err)
	if !result.Passing {
		return // rolls back
	}
	must(tx.Commit())

	latest, err := engine.Latest(ctx, 1, alice)
	must(err)
	fmt.Println(latest.Score)
	// Output: 1.5
}

func ExampleCheckSchema() {
	ctx := context.Background()
	pool, _, _, end := newExample(ctx)
	defer end()

	fmt.Println(pgstore.CheckSchema(ctx, pool))
	_, err := pool.Exec(ctx, `alter table registry_score drop column evidence`)
	must(err)
	fmt.Println(errors.Is(pgstore.CheckSchema(ctx, pool), pgstore.ErrSchema))
	// Output:
	// <nil>
	// true
}

func ExampleOpenPool() {
	_, err := pgstore.OpenPool(context.Background(), "") // a variable that is not set
	fmt.Println(err)
	fmt.Println(errors.Is(err, store.ErrInvalid))
	// Output:
	// open_pool: invalid request: the connection URL is empty
	// true
}

// A store has roles for the tasks around a scoring.
func ExampleStore_ListClaims() {
	ctx := context.Background()
	_, db, engine, end := newExample(ctx)
	defer end()
	_, err := engine.Score(ctx, 1, alice)
	must(err)

	page, err := db.ListCredentials(ctx, "0x00000000000000000000000000000000000A11CE", store.Page{Limit: 10})
	must(err)
	claims, err := db.ListClaims(ctx, 1, alice)
	must(err)
	fmt.Println(page.Credentials[0].Provider, len(claims), claims[0].ExpiresAt.Year())
	// Output: Google 1 2100
}

// With go-sqlmock a test decides how a database fails, down to the SQLSTATE.
func ExampleNewDB_sqlmock() {
	db, mock, err := sqlmock.New()
	must(err)
	mock.ExpectBegin().WillReturnError(&pgconn.PgError{Code: "53300", Message: "too many connections"})
	mock.ExpectClose()

	engine, err := passport.New(pgstore.NewDB(db), passport.WithTrustedIssuers(passport.HumanPassportIssuer))
	must(err)
	_, err = engine.Score(context.Background(), 1, alice)
	fmt.Println(errors.Is(err, store.ErrUnavailable))
	must(db.Close())
	fmt.Println(mock.ExpectationsWereMet())
	// Output:
	// true
	// <nil>
}

// Events that age: the table is partitioned once, beside whatever writes it.
// Later, a job makes the months ahead and drops those that are old.
func ExamplePartitionEvents() {
	ctx := context.Background()
	pool, _, _, end := newExample(ctx)
	defer end()

	partitioning := pgstore.Partitioning{Done: func(step string) { fmt.Println(step) }}
	_, err := pgstore.PartitionEvents(ctx, pool, partitioning)
	must(err)

	_, err = pgstore.EnsureEventPartitions(ctx, pool, partitioning)
	must(err)
	dropped, err := pgstore.DropEventPartitions(ctx, pool, time.Now().AddDate(0, -13, 0), partitioning)
	must(err)
	fmt.Println(len(dropped.Partitions), "partitions dropped")
	// Output:
	// attach
	// bound
	// validate
	// close
	// 0 partitions dropped
}
