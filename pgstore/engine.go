package pgstore

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Engine is a database that speaks the protocol and the SQL of Postgres.
//
//	engine       tested
//	Postgres     on Postgres 14 to 18
//	Citus        on a cluster of three nodes, and as the next
//	YugabyteDB   its statements on Postgres, with ids in no order
//	CockroachDB  the same, at SERIALIZABLE and with commits that fail
//
// Aurora, AlloyDB, Cloud SQL, Neon, Supabase and Timescale are Postgres. Aurora
// DSQL and Spanner are refused: they have no locks that wait, and would let a
// row change that a scoring has only read, such as a limited award that is
// left. They need a [store.Store] of their own.
//
// On engines with more than one node:
//   - Rows of the table passport_locks are locked where Postgres takes advisory
//     locks, which hold between the sessions of one node or not at all.
//   - A wallet's version is made of what its credentials hold, not of where
//     their rows are stored.
//   - Transactions that met, SQLSTATE 40001, also at the commit, and 40P01, are
//     repeated for some 5 seconds before they are [store.ErrConflict], outside a
//     host's transaction.
//   - Ids do not grow with time, so AddCredentials need not give the highest. A
//     listing of pages is complete, but its order is not that of time, and events
//     of one moment are in any order.
//   - Plans are left to the server.
//
// YugabyteDB should have READ COMMITTED enabled
// (yb_enable_read_committed_isolation), and CockroachDB transactions at READ
// COMMITTED where scorings of one address meet often. Migrate makes tables for
// the latter whose foreign keys are checked at once and whose indexes have no
// operator class.
type Engine string

// The engines. There are no others: an unknown one is [store.ErrInvalid].
const (
	Postgres    Engine = "postgres"
	Citus       Engine = "citus"
	YugabyteDB  Engine = "yugabytedb"
	CockroachDB Engine = "cockroachdb"
)

// Validate returns an error unless there is such an engine.
func (e Engine) Validate() error {
	if _, known := dialects[e]; !known {
		return fmt.Errorf("there is no engine %.40q: want one of %q", e, slices.Sorted(maps.Keys(dialects)))
	}
	return nil
}

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
	// shards: a table may lie in several parts, each on one node.
	shards bool
	// steps: each change of the schema is committed by itself, or ends the
	// transaction that it stands in.
	steps bool
	// withoutClasses: an index has no operator class, and a foreign key is checked
	// at once.
	withoutClasses bool
}

var dialects = map[Engine]dialect{
	Postgres: {},
	Citus: {
		rowLocks: true, contentVersions: true, idsWithoutOrder: true, conflicts: true, withoutPlans: true,
		shards: true,
	},
	YugabyteDB: {
		rowLocks: true, contentVersions: true, idsWithoutOrder: true, conflicts: true, withoutPlans: true,
		steps: true,
	},
	CockroachDB: {
		rowLocks: true, contentVersions: true, idsWithoutOrder: true, conflicts: true, withoutPlans: true,
		steps: true, withoutClasses: true,
	},
}

// schema returns a statement of the schema as the engine takes it. Where a step
// may be repeated, it changes nothing the second time.
func (d *dialect) schema(sql string) string {
	if d.withoutClasses {
		sql = strings.NewReplacer(" deferrable initially deferred", "", " varchar_pattern_ops", "", " with (fastupdate = off)", "").Replace(sql)
	}
	if !d.steps {
		return sql
	}
	if strings.HasPrefix(strings.TrimSpace(sql), "insert ") && !strings.Contains(sql, "on     conflict") {
		return sql + " on conflict do nothing"
	}
	return created.ReplaceAllString(sql, "$0 if not exists")
}

var created = regexp.MustCompile(`^\s*create (schema|table|(unique )?index)\b`)
