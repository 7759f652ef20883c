// Package pgstore keeps everything in Postgres, on the tables of the Django
// service, so that a Go host and that service can share one database.
//
// [New] works on a pool of pgx, [NewDB] on database/sql, [InTx] and [InSQLTx]
// inside a transaction of the host. Over pgx a scoring costs two network round
// trips, however many stamps it has: Load is one statement, and so sees one
// moment; Apply is one batch of statements that commits as a whole or undoes
// itself. Neither needs anything of the session, so poolers in transaction mode
// will do. What is first used on a new connection costs one round trip more
// where pgx prepares statements, which is its default.
//
// # Concurrency
//
// Apply is correct at READ COMMITTED and above it, with as many processes as
// there are. Scorings of one address queue on its passport row, and one whose
// credentials changed while it waited is refused; a claim is written only while
// it is there to take; points of an address, and awards that are limited in
// number, queue on advisory locks that end with the transaction. All of it is
// locked in one order, so that scorings never deadlock one another.
//
// # Errors
//
// Every failure is a *[store.Error] with the name of the statement, the
// SQLSTATE and one of the sentinels of package store, save that of a context
// that ended, which wraps the context's error. No error holds the connection's
// password, or the data of a row.
package pgstore
