package pgstore

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// statement is one named operation on the database, written once and run by
// every executor. Rules for its text, so that it works over every driver, in
// every exec mode of pgx and behind every pooler:
//
//   - a table is written {schema}.name, and a bound as package store calls it,
//     such as {MaxNullifiers};
//   - every parameter is cast where it stands, JSON, decimals and the elements
//     of lists are text, and a list is never NULL;
//   - every column of the answer is cast to a type of the statement's own,
//     unless the statement alone decides its type: a migration may alter a
//     column of a table while the statement is prepared;
//   - it must not depend on settings of the session, such as its time zone.
type statement struct {
	// name is the operation, as errors tell it.
	name string
	sql  string
	// guard is the SQLSTATE by which the statement tells that something it
	// rests on is not so, or no longer; empty when it guards nothing.
	guard string
	// column is the one that the guard has refuse, where it is notNullViolation:
	// one of another program's may refuse as well.
	column string
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
	// done is told that the call has succeeded; nil when nobody wants to know.
	done func()
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
	texts []string // of all of them

	loadSnapshot, loadSnapshotAndPoints statement

	upsertPassport, lockPassport, verifyCredentials statement
	bulkUpsertHashLinks, verifyHashLinks            statement
	replaceStamps, upsertScore                      statement
	lockPoints, verifyEarners, lockCounts           statement
	recordPassingScore, recordAwards                statement

	lockCredentials, replaceCredentials, insertCredentials statement
	deleteCredentials, revokeCredentials                   statement
	listCredentials, listCredentialsAfter                  statement

	lockCommunities, verifyAccount              statement
	putUser, putAccount, findAccount            statement
	putCommunity, passCommunity                 statement
	removeWeights, putBinaryWeights, putWeights statement
	deleteCommunity, findCommunity              statement

	clearOverlay, putCustomization     statement
	putLists, putRulesets, putPlatform statement
	putAllowLists, putCustoms          statement
	putList, replaceMembers            statement

	scoreAt, listEvents, listEventsAfter, listClaims statement

	validateAPIKey, insertAPIKey, migrateAPIKey, revokeAPIKey statement
	bulkInsertUses, loadLedger                                statement
}

// typeName matches the types that are looked up along the search path; those
// with a keyword of their own are not.
var typeName = regexp.MustCompile(`::(text|jsonb|timestamptz|bytea|regclass)\b`)

func newStatements(schema string) *statements {
	constants := strings.NewReplacer(
		"{schema}", pgx.Identifier{schema}.Sanitize(),
		"{MaxStampBytes}", strconv.Itoa(store.MaxStampBytes),
		"{MaxStampDepth}", strconv.Itoa(store.MaxStampDepth),
		"{MaxNumber}", strconv.Itoa(store.MaxNumber),
		"{MaxNullifiers}", strconv.Itoa(store.MaxNullifiers),
		"{MaxCredentials}", strconv.Itoa(store.MaxCredentials),
		"{MaxWalletBytes}", strconv.Itoa(store.MaxWalletBytes),
		"{OmittedTooLarge}", string(store.OmittedTooLarge),
		"{OmittedTooMany}", string(store.OmittedTooMany),
	)
	var texts []string
	named := func(name, sql string) statement {
		sql = typeName.ReplaceAllString(sql, "::pg_catalog.$1")
		texts = append(texts, sql)
		return statement{name: name, sql: constants.Replace(sql)}
	}
	guarding := func(sqlState string, kind error, s statement) statement {
		s.guard, s.guarded = sqlState, kind
		return s
	}
	refusing := func(column string, kind error, s statement) statement {
		s.column = column
		return guarding(notNullViolation, kind, s)
	}
	all := &statements{
		loadSnapshot:          named("load_snapshot", snapshotSQL),
		loadSnapshotAndPoints: named("load_snapshot", snapshotAndPointsSQL),

		upsertPassport:      named("upsert_passport", upsertPassport),
		lockPassport:        guarding(divisionByZero, store.ErrCommunityNotFound, named("lock_passport", lockPassport)),
		verifyCredentials:   guarding(divisionByZero, store.ErrConflict, named("verify_credentials", verifyCredentials)),
		bulkUpsertHashLinks: refusing("address", store.ErrConflict, named("bulk_upsert_hash_links", bulkUpsertHashLinks)),
		verifyHashLinks:     guarding(divisionByZero, store.ErrConflict, named("verify_hash_links", verifyHashLinks)),
		replaceStamps:       refusing("credential", store.ErrConflict, named("replace_stamps", replaceStamps)),
		upsertScore:         named("upsert_score", upsertScore),
		lockPoints:          named("lock_points", lockPoints),
		verifyEarners:       guarding(divisionByZero, store.ErrConflict, named("verify_earners", verifyEarners)),
		lockCounts:          named("lock_counts", lockCounts),
		recordPassingScore:  named("record_passing_score", recordPassingScore),
		recordAwards:        named("record_awards", recordAwards),

		lockCredentials:      named("lock_credentials", lockCredentials),
		replaceCredentials:   named("replace_credentials", replaceCredentials),
		insertCredentials:    named("insert_credentials", insertCredentials),
		deleteCredentials:    named("delete_credentials", deleteCredentials),
		revokeCredentials:    named("revoke_credentials", revokeCredentials),
		listCredentials:      named("list_credentials", listCredentials),
		listCredentialsAfter: named("list_credentials", listCredentialsAfter),

		lockCommunities:  named("lock_communities", lockCommunities),
		verifyAccount:    guarding(divisionByZero, store.ErrNotFound, named("verify_account", verifyAccount)),
		putUser:          named("put_user", putUser),
		putAccount:       named("put_account", putAccount),
		findAccount:      named("find_account", findAccount),
		putCommunity:     named("put_community", putCommunity),
		passCommunity:    named("pass_community", passCommunity),
		removeWeights:    named("remove_weights", removeWeights),
		putBinaryWeights: named("put_binary_weights", putBinaryWeights),
		putWeights:       named("put_weights", putWeights),
		deleteCommunity:  named("delete_community", deleteCommunity),
		findCommunity:    named("find_community", findCommunity),

		clearOverlay:     named("clear_overlay", clearOverlay),
		putCustomization: named("put_customization", putCustomization),
		putLists:         named("put_lists", putLists),
		putRulesets:      named("put_rulesets", putRulesets),
		putPlatform:      named("put_platform", putPlatform),
		putAllowLists:    named("put_allow_lists", putAllowLists),
		putCustoms:       named("put_customs", putCustoms),
		putList:          named("put_list", putList),
		replaceMembers:   named("replace_members", replaceMembers),

		scoreAt:         named("score_at", scoreAt),
		listEvents:      named("list_events", listEvents),
		listEventsAfter: named("list_events", listEventsAfter),
		listClaims:      named("list_claims", listClaims),

		validateAPIKey: named("validate_api_key", validateAPIKey),
		insertAPIKey:   refusing("account_id", store.ErrNotFound, named("insert_api_key", insertAPIKey)),
		migrateAPIKey:  named("migrate_api_key", migrateAPIKey),
		revokeAPIKey:   named("revoke_api_key", revokeAPIKey),
		bulkInsertUses: refusing("api_key_id", store.ErrNotFound, named("bulk_insert_uses", bulkInsertUses)),
		loadLedger:     named("load_points", loadLedger),
	}
	all.texts = texts
	return all
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
