// Package pgstore keeps everything in Postgres, on the tables of the Django
// service, so that a Go host and that service can share one database.
//
// [New] works on a pool of pgx, [NewDB] on database/sql, [Store.InTx] and
// [Store.InSQLTx] inside a transaction of the host. Over pgx a scoring takes
// two network round trips for any number of stamps: Load is one statement, and
// so sees one moment; Apply is one batch of statements that commits as a whole
// or undoes itself. Neither keeps state in the session, so poolers in
// transaction mode work. The first use of a statement on a connection takes
// another round trip where pgx prepares statements, which is its default.
//
// The statements are in the folder sql, each under its name. The server
// receives the name as a comment, so that its logs, pg_stat_activity and
// pg_stat_statements show it. Where a statement is several operations of the
// service's data layer, the comment above it names them.
//
// # Concurrency
//
// Apply is correct at READ COMMITTED and above, with any number of processes.
// Scorings of one address queue on its passport row, and one whose credentials
// changed while it waited is refused. A claim is compared and swapped. Points
// of an address, and awards that are limited in number, queue on advisory locks
// that end with the transaction. All scorings take their locks in one order,
// and so never deadlock.
//
// # Engines
//
// The statements run on Postgres, and with [WithEngine] on distributed
// databases that speak its SQL: [Engine] says which, what differs there, and
// what is tested. One that is not Postgres must be named, or points may be
// given twice.
//
// # Rights
//
// The file grants.sql has the rights that a role needs to score. [CheckSchema]
// and [Ready] need only the right to connect, and do not report that one is
// missing: a scoring without it fails with store.ErrInternal and SQLSTATE
// 42501.
//
// # Search path
//
// A role that may create functions in a schema of the session's search path
// could have other roles run them. So each transaction of this package,
// [Migrate]'s included, sets search_path to "pg_catalog, pg_temp" for itself; a
// host's transaction ([Store.InTx]) gets its own path back, and the host's
// statements on the pool keep theirs. [CheckSchema] reports functions and
// operators of other roles on that path.
//
// A trigger on one of the tables runs with the path of the statement: its
// function needs its own path (alter function … set search_path), or names
// everything with its schema.
//
// # Events
//
// The table of events only grows. [PartitionEvents] partitions it by month
// beside a service that writes it, [EnsureEventPartitions] makes the months
// ahead, and [DropEventPartitions] removes old months as [Store.Prune] removes
// old rows. Every other function works alike on both forms of the table.
//
// # Failover
//
// A connection on which a write failed because the server is read-only
// (SQLSTATE 25006) is closed, so that the pool opens another one: a primary
// that is demoted fails at most one call for each connection that is open.
// Where new connections are read-only too, no more than were open are closed
// within half a minute.
//
// # Replicas
//
// With [WithReplica] reads that may lag go to a streaming replica within a
// bound, and with passport.WithLaggingLoads the first read of each scoring too:
// a stale one costs a retry. [Store.Lag] returns how far it lags.
//
// # Errors
//
// Every error is a *[store.Error] with one of the sentinels of package store
// and the name of the statement, or of the operation if no statement was sent;
// one of the database has its SQLSTATE as well. When a context ends, the error
// is the context's own and nothing was written; if it ended while the answer to
// a commit was awaited, a store.ErrUnknownOutcome wraps it.
//
// A database that cannot be reached, is starting up or has no free connection
// is store.ErrUnavailable. One that refuses the login, because of a wrong
// password or a wrong name of the database, is store.ErrInternal: a retry does
// not help.
//
// A table, a column or a schema that is missing is store.ErrInternal with
// ErrSchema. [store.KindOf] returns the kind of an error in one word.
//
// No error holds the connection's password, or the data of a row.
//
// # Tests of hosts
//
// A test that needs rows runs on a real database: passporttest.On takes a store
// of this package, also one in a transaction that the test rolls back. A test
// of a host's reaction to a failing database needs none: passporttest.Faults.
//
// go-sqlmock can replace the database under [NewDB] and [Store.InSQLTx], not
// under [New] and [Store.InTx], which use pgx. A test can then make BEGIN, a
// statement or COMMIT fail with any SQLSTATE, let one hang until its context
// ends, and assert that the host rolls back. It should match any text, or the
// name of a table: the text, number, order and columns of the statements may
// change. So it cannot answer Load.
package pgstore
