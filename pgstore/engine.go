package pgstore

// Engine is a database that speaks the protocol and the SQL of Postgres.
type Engine string

// The engines that the statements run on. The others are refused: Aurora DSQL
// and Spanner have no locks that wait, and would let a row change that a
// scoring has only read, such as a limited award that is left; they need a
// store of their own. Aurora, AlloyDB, Cloud SQL, Neon and Supabase are
// Postgres.
//
//	engine       differs in                              tested on
//	Postgres     nothing                                 Postgres 14 to 18
//	Citus        locks, versions, ids                    Postgres that runs its statements; a cluster, by hand
//	YugabyteDB   locks, versions, ids, conflicts         Postgres that runs its statements
//	CockroachDB  locks, versions, ids, conflicts, plans  Postgres that runs its statements, at SERIALIZABLE
//
// Locks: an advisory lock holds among the sessions of one node, or not at all,
// so rows of the table passport_locks are locked, which [Migrate] makes.
// Versions: rows have no system columns, or others on each node,
// so a wallet's version is made of what its credentials hold. Ids do not grow
// with time. Conflicts: writers that meet may fail with SQLSTATE 40001, also at
// the commit, and are repeated. Plans: there are no settings that keep the
// server to its indexes.
const (
	Postgres    Engine = "postgres"
	Citus       Engine = "citus"
	YugabyteDB  Engine = "yugabytedb"
	CockroachDB Engine = "cockroachdb"
)

// dialect is how an engine differs from Postgres.
type dialect struct {
	// rowLocks: an advisory lock does not hold between all sessions. On Citus it
	// is the node's that the client has entered by. YugabyteDB before 2025.1 and
	// CockroachDB before 26.3 have none in transactions.
	rowLocks bool
	// contentVersions: rows have no xmin and ctid (YugabyteDB, CockroachDB), or
	// other ones on each node that has a copy (reference tables of Citus).
	contentVersions bool
	// idsWithoutOrder: ids come from sequences of which each node takes a range.
	idsWithoutOrder bool
	// conflicts: a transaction that met another fails with 40001, which is always
	// worth a repetition: at SERIALIZABLE, the default of CockroachDB, and on
	// YugabyteDB unless READ COMMITTED is enabled.
	conflicts bool
	// withoutPlans: the server does not know the settings that plans depend on.
	withoutPlans bool
}

var dialects = map[Engine]dialect{
	Postgres:    {},
	Citus:       {rowLocks: true, contentVersions: true, idsWithoutOrder: true},
	YugabyteDB:  {rowLocks: true, contentVersions: true, idsWithoutOrder: true, conflicts: true},
	CockroachDB: {rowLocks: true, contentVersions: true, idsWithoutOrder: true, conflicts: true, withoutPlans: true},
}
