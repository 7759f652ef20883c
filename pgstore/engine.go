package pgstore

// Engine is a database that speaks the protocol and the SQL of Postgres.
type Engine string

// The engines that the statements run on. Aurora, AlloyDB, Cloud SQL, Neon and
// Supabase are Postgres. Aurora DSQL and Spanner are refused: they have no locks
// that wait, and would let a row change that a scoring has only read, such as a
// limited award that is left. They need a [store.Store] of their own.
const (
	Postgres    Engine = "postgres"
	Citus       Engine = "citus"
	YugabyteDB  Engine = "yugabytedb"
	CockroachDB Engine = "cockroachdb"
)

// dialect is how an engine differs from Postgres. Each fact holds for all that
// have more than one node.
type dialect struct {
	// rowLocks: an advisory lock does not hold between all sessions. On Citus it
	// is the node's that the client has entered by; YugabyteDB before 2025.1 and
	// CockroachDB before 26.3 have none that end with the transaction.
	rowLocks bool
	// contentVersions: rows have no xmin and ctid (YugabyteDB, CockroachDB), or
	// others on each node that has a copy (reference tables of Citus).
	contentVersions bool
	// idsWithoutOrder: each node, or session, takes a range of a sequence.
	idsWithoutOrder bool
	// conflicts: transactions that met fail, also at the commit, and are right to
	// repeat as they are: at SERIALIZABLE, which is CockroachDB's default, on
	// YugabyteDB unless READ COMMITTED is enabled, and when Citus ends a deadlock
	// between nodes.
	conflicts bool
	// withoutPlans: the server does not know the settings by which the plans of
	// Postgres keep to indexes, or refuses statements with them, as Citus does an
	// insert … select with a generic plan.
	withoutPlans bool
}

var distributed = dialect{rowLocks: true, contentVersions: true, idsWithoutOrder: true, conflicts: true, withoutPlans: true}

var dialects = map[Engine]dialect{
	Postgres:    {},
	Citus:       distributed,
	YugabyteDB:  distributed,
	CockroachDB: distributed,
}
