package pgstore

import (
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// statement is one named operation on the database, written once and run by
// every executor. Rules for its text, so that it works over every driver, in
// every exec mode of pgx and behind every pooler:
//
//   - a table is written {schema}.name;
//   - every parameter is cast where it stands, JSON, decimals and the elements
//     of lists are text, and a list is never NULL;
//   - it must not depend on settings of the session, such as its time zone.
type statement struct {
	// name is the operation, as errors tell it.
	name string
	sql  string
	// guard is the SQLSTATE by which the statement tells that something it
	// rests on is not so, or no longer; empty when it guards nothing.
	guard string
	// guarded is the error that this is.
	guarded error
}

// The SQLSTATEs that guards raise.
const (
	// A guard that reads divides by the truth of what must hold: an error is
	// the only answer that undoes a batch without another round trip.
	divisionByZero = "22012"
	// A guard that writes makes its own row impossible.
	notNullViolation = "23502"
)

// call is a statement with its arguments.
type call struct {
	statement
	// args are int64, bool, string, time.Time in UTC, []string (never nil), or
	// nil.
	args []any
	// row takes one row of the answer; nil when the answer has none.
	row func(scan scanFunc) error
}

// scanFunc copies the columns of the current row.
type scanFunc func(into ...any) error

// with returns the call of the statement with those arguments.
func (s statement) with(args ...any) call { return call{statement: s, args: args} }

// each returns the call with somewhere to put its rows.
func (c call) each(row func(scan scanFunc) error) call {
	c.row = row
	return c
}

// statements are all there are, on the tables of one schema.
type statements struct {
	loadSnapshot, loadSnapshotAndPoints statement

	verifyCommunity, upsertPassport, lockPassport statement
	verifyCredentials                             statement
	bulkUpsertHashLinks, verifyHashLinks          statement
	replaceStamps, upsertScore, insertEvents      statement
	lockPoints, lockCounts                        statement
	recordPassingScore, recordAwards              statement

	lockCredentials, replaceCredentials, insertCredentials statement
	deleteCredentials, revokeCredentials                   statement
}

func newStatements(schema string) *statements {
	quoted := pgx.Identifier{schema}.Sanitize()
	named := func(name, sql string) statement {
		return statement{name: name, sql: strings.ReplaceAll(sql, "{schema}", quoted)}
	}
	guarding := func(sqlState string, kind error, s statement) statement {
		s.guard, s.guarded = sqlState, kind
		return s
	}
	return &statements{
		loadSnapshot:          named("load_snapshot", snapshotSQL),
		loadSnapshotAndPoints: named("load_snapshot", snapshotAndPointsSQL),

		verifyCommunity:     guarding(divisionByZero, store.ErrCommunityNotFound, named("verify_community", verifyCommunity)),
		upsertPassport:      named("upsert_passport", upsertPassport),
		lockPassport:        named("lock_passport", lockPassport),
		verifyCredentials:   guarding(divisionByZero, store.ErrConflict, named("verify_credentials", verifyCredentials)),
		bulkUpsertHashLinks: guarding(notNullViolation, store.ErrConflict, named("bulk_upsert_hash_links", bulkUpsertHashLinks)),
		verifyHashLinks:     guarding(divisionByZero, store.ErrConflict, named("verify_hash_links", verifyHashLinks)),
		replaceStamps:       named("replace_stamps", replaceStamps),
		upsertScore:         named("upsert_score", upsertScore),
		insertEvents:        named("insert_events", insertEvents),
		lockPoints:          named("lock_points", lockPoints),
		lockCounts:          named("lock_counts", lockCounts),
		recordPassingScore:  named("record_passing_score", recordPassingScore),
		recordAwards:        named("record_awards", recordAwards),

		lockCredentials:    named("lock_credentials", lockCredentials),
		replaceCredentials: named("replace_credentials", replaceCredentials),
		insertCredentials:  named("insert_credentials", insertCredentials),
		deleteCredentials:  named("delete_credentials", deleteCredentials),
		revokeCredentials:  named("revoke_credentials", revokeCredentials),
	}
}

// statementsIn returns the statements for a schema. Those for the usual one are
// made once: a store bound to a transaction must cost next to nothing.
func statementsIn(schema string) *statements {
	if schema == defaultSchema {
		return inDefaultSchema()
	}
	return newStatements(schema)
}

var inDefaultSchema = sync.OnceValue(func() *statements { return newStatements(defaultSchema) })
