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
// # Rights
//
// The file grants.sql beside this one has the rights that a role needs to score.
// [CheckSchema] and [Ready] need none but to connect, and so do not tell whether
// the role has them: a scoring without one fails with store.ErrFault and SQLSTATE
// 42501.
//
// # Search path
//
// A role that may create functions in a schema of the session's search path could
// have others run them. So each transaction of this package, [Migrate]'s among
// them, looks up functions and operators in pg_catalog alone: it sets search_path
// to "pg_catalog, pg_temp" for itself, and a host's transaction ([InTx]) gets its
// own path back. The host's statements on the pool keep theirs. [CheckSchema]
// reports functions and operators of other roles on that path.
//
// A trigger on one of the tables runs with the path of the statement: the function
// of a trigger of your own needs its own path (alter function … set search_path),
// or names everything with its schema.
//
// # Failover
//
// A connection on which a write failed because the server is read-only (SQLSTATE
// 25006) is closed, so that the pool opens another one: a primary that is demoted
// fails at most one call for each connection that is open. Where new connections
// are read-only too, no more than were open are closed within half a minute.
//
// # Operations
//
// The service's data layer has a name for each thing that it asks of the
// database. Errors name statements; several operations may be one. Left the
// operation, then the statement that does it, and the part where it is not all
// of it:
//
//	load_ceramic_cache              load_snapshot           live_credentials
//	get_latest_stamps_per_provider  load_snapshot           live_credentials
//	load_scorer_config              load_snapshot           load_scorer_config
//	load_community                  load_snapshot           load_community
//	load_hash_scorer_links          load_snapshot           load_hash_scorer_links
//	load_customization              load_snapshot           load_customization
//	count_passing_scores            load_snapshot           qualified_communities
//	count_metamask_og_awards        load_snapshot           count_metamask_og_awards
//	validate_api_key                validate_api_key
//	get_passport_id                 lock_passport
//	upsert_passport                 upsert_passport
//	delete_stamps                   replace_stamps          delete_stamps
//	bulk_insert_stamps              replace_stamps
//	upsert_score                    upsert_score            upsert_score
//	bulk_upsert_hash_links          bulk_upsert_hash_links
//	verify_hash_links               verify_hash_links
//	insert_dedup_events             upsert_score            insert_events
//	insert_score_update_event       upsert_score            insert_events
//	record_passing_score            record_passing_score
//	record_stamp_actions            record_awards
//	award_scoring_bonus             record_awards
//	award_metamask_og_bonus         record_awards
//
// # Errors
//
// Every error is a *[store.Error] with one of the sentinels of package store and
// the name of the statement, or of the operation where no statement was sent; one
// that the database answered has its SQLSTATE as well. Only that of a context
// that ended is the context's own, and nothing was written; if it ended while the
// answer to a commit was awaited, a store.ErrUnknownOutcome wraps it.
//
// A database that cannot be reached, that starts up or that has no connection
// left is store.ErrUnavailable. One that refuses the login, for a wrong password
// or a database that is not there, is store.ErrFault: no waiting mends that.
//
// A table, a column or a schema that is missing is store.ErrFault with ErrSchema.
// [store.KindOf] returns the kind of an error in one word.
//
// No error holds the connection's password, or the data of a row.
//
// # Tests of hosts
//
// A test that needs rows runs on a real database: passporttest.On takes a store
// of this package, also one in a transaction that the test rolls back. A test of
// what a host does when the database fails needs none: passporttest.Faults.
//
// go-sqlmock can take the place of the database under [NewDB] and [InSQLTx].
// There a test can make BEGIN, a statement or COMMIT fail with any SQLSTATE, let
// one hang until its context ends, and assert that the host rolls back. It
// cannot show that a scoring is right, since nothing runs the SQL; and it cannot
// answer Load, since the columns of its rows are no promise of this package, nor
// are the text, the number and the order of the statements. So match any text, or
// the name of a table. Under [New] and [InTx], which use pgx, it has no place.
package pgstore
