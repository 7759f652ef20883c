package pgstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// stateCase is what codes of the database mean while a scoring works, and where
// it differs, while it commits.
type stateCase struct {
	codes   []string
	working error
	commits error // nil: the same
}

// everyClass names codes of each class of SQLSTATEs in the appendix of the
// Postgres manual. Codes of a class that differ in kind have lines of their
// own.
var everyClass = map[string][]stateCase{
	"00 successful completion":                 {{[]string{"00000"}, store.ErrInternal, nil}},
	"01 warning":                               {{[]string{"01000", "01P01"}, store.ErrInternal, nil}},
	"02 no data":                               {{[]string{"02000", "02001"}, store.ErrInternal, nil}},
	"03 SQL statement not yet complete":        {{[]string{"03000"}, store.ErrInternal, nil}},
	"08 connection exception":                  {{[]string{"08000", "08003", "08006", "08001", "08004", "08007", "08P01"}, store.ErrUnavailable, store.ErrUnknownOutcome}},
	"09 triggered action exception":            {{[]string{"09000"}, store.ErrInternal, nil}},
	"0A feature not supported":                 {{[]string{"0A000"}, store.ErrInternal, nil}},
	"0B invalid transaction initiation":        {{[]string{"0B000"}, store.ErrInternal, nil}},
	"0F locator exception":                     {{[]string{"0F000", "0F001"}, store.ErrInternal, nil}},
	"0L invalid grantor":                       {{[]string{"0L000", "0LP01"}, store.ErrInternal, nil}},
	"0P invalid role specification":            {{[]string{"0P000"}, store.ErrInternal, nil}},
	"0Z diagnostics exception":                 {{[]string{"0Z000", "0Z002"}, store.ErrInternal, nil}},
	"10 XQuery error":                          {{[]string{"10608"}, store.ErrInternal, nil}},
	"20 case not found":                        {{[]string{"20000"}, store.ErrInternal, nil}},
	"21 cardinality violation":                 {{[]string{"21000"}, store.ErrInternal, nil}},
	"22 data exception":                        {{[]string{"22000", "22001", "22003", "22012", "22021", "22P02", "22P05"}, store.ErrInvalid, nil}},
	"23 integrity constraint violation":        {{[]string{"23000", "23001", "23502", "23503", "23514", "23P01"}, store.ErrInternal, nil}, {[]string{"23505"}, store.ErrConflict, nil}},
	"24 invalid cursor state":                  {{[]string{"24000"}, store.ErrInternal, nil}},
	"25 invalid transaction state":             {{[]string{"25000", "25001", "25P01", "25P02"}, store.ErrInternal, nil}, {[]string{"25006", "25P03", "25P04"}, store.ErrUnavailable, nil}},
	"26 invalid SQL statement name":            {{[]string{"26000"}, store.ErrInternal, nil}},
	"27 triggered data change violation":       {{[]string{"27000"}, store.ErrInternal, nil}},
	"28 invalid authorization specification":   {{[]string{"28000", "28P01"}, store.ErrInternal, nil}},
	"2B dependent privileges still exist":      {{[]string{"2B000", "2BP01"}, store.ErrInternal, nil}},
	"2D invalid transaction termination":       {{[]string{"2D000"}, store.ErrInternal, nil}},
	"2F SQL routine exception":                 {{[]string{"2F000", "2F005"}, store.ErrInternal, nil}},
	"34 invalid cursor name":                   {{[]string{"34000"}, store.ErrInternal, nil}},
	"38 external routine exception":            {{[]string{"38000", "38004"}, store.ErrInternal, nil}},
	"39 external routine invocation exception": {{[]string{"39000", "39P01"}, store.ErrInternal, nil}},
	"3B savepoint exception":                   {{[]string{"3B000", "3B001"}, store.ErrInternal, nil}},
	"3D invalid catalog name":                  {{[]string{"3D000"}, store.ErrInternal, nil}},
	"3F invalid schema name":                   {{[]string{"3F000"}, store.ErrInternal, nil}},
	"40 transaction rollback":                  {{[]string{"40000", "40002"}, store.ErrInternal, nil}, {[]string{"40001", "40P01"}, store.ErrConflict, nil}, {[]string{"40003"}, store.ErrUnavailable, store.ErrUnknownOutcome}},
	"42 syntax error or access rule violation": {{[]string{"42000", "42501", "42601", "42703", "42804", "42883", "42P01", "42P10"}, store.ErrInternal, nil}},
	"44 WITH CHECK OPTION violation":           {{[]string{"44000"}, store.ErrInternal, nil}},
	"53 insufficient resources":                {{[]string{"53000", "53100", "53200", "53300", "53400"}, store.ErrUnavailable, nil}},
	"54 program limit exceeded":                {{[]string{"54000", "54001", "54023"}, store.ErrInvalid, nil}},
	"55 object not in prerequisite state":      {{[]string{"55000", "55006", "55P02", "55P04"}, store.ErrInternal, nil}, {[]string{"55P03"}, store.ErrUnavailable, nil}},
	"57 operator intervention":                 {{[]string{"57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05"}, store.ErrUnavailable, nil}},
	"58 system error":                          {{[]string{"58000", "58030", "58P01", "58P02"}, store.ErrUnavailable, nil}},
	"72 snapshot failure":                      {{[]string{"72000"}, store.ErrInternal, nil}},
	"F0 configuration file error":              {{[]string{"F0000", "F0001"}, store.ErrInternal, nil}},
	"HV foreign data wrapper error":            {{[]string{"HV000", "HV00N"}, store.ErrInternal, nil}},
	"P0 PL/pgSQL error":                        {{[]string{"P0000", "P0001"}, store.ErrInternal, nil}},
	"XX internal error":                        {{[]string{"XX000", "XX001", "XX002"}, store.ErrInternal, nil}},
}

// kinds are all that an error of the database can be.
var kinds = []error{
	store.ErrCommunityNotFound, store.ErrNotFound, store.ErrConflict, store.ErrUnavailable,
	store.ErrUnknownOutcome, store.ErrInvalid, store.ErrInternal,
}

func TestExplain_Classes(t *testing.T) {
	t.Parallel()
	for name, cases := range everyClass {
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				for _, code := range c.codes {
					require.Equal(t, name[:2], class(code))
					commits := c.commits
					if commits == nil {
						commits = c.working
					}
					requireKind(t, code, working, c.working)
					connects, reads := c.working, c.working
					switch class(code) {
					case "22", "54":
						connects, reads = store.ErrInternal, store.ErrInternal // of a setting, of a row
					case "XX":
						connects = store.ErrUnavailable // Supavisor when it is full
					}
					requireKind(t, code, connecting, connects)
					requireKind(t, code, reading, reads)
					requireKind(t, code, committing, commits)
				}
			}
		})
	}
	requireKind(t, "ZZ999", working, store.ErrInternal) // of a database of the future
	requireKind(t, "4", working, store.ErrInternal)     // of something that is no database
}

// requireKind demands that an error with the code, from either driver, is of
// the kind and of no other.
func requireKind(t *testing.T, code string, at stage, want error) {
	t.Helper()
	for _, cause := range []error{
		&pgconn.PgError{Code: code, Message: "made up"},
		&pq.Error{Code: pqerror.Code(code), Message: "made up"},
		fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}),
	} {
		err := explain(context.Background(), "operation", at, cause)
		for _, kind := range kinds {
			assert.Equal(t, errors.Is(kind, want), errors.Is(err, kind), "%T with %s at stage %d: %v", cause, code, at, err)
		}
		var detail *store.Error
		require.ErrorAs(t, err, &detail)
		assert.Equal(t, "operation", detail.Op)
		assert.Equal(t, code, detail.SQLState)
		require.ErrorIs(t, err, cause)
		assert.Equal(t, errors.Is(want, store.ErrConflict), store.Retryable(err))
	}
}

// The context's end comes before what the database answers to it, unless the
// commit may have happened.
func TestExplain_Context(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cancelled := &pgconn.PgError{Code: "57014", Message: "canceling statement due to user request"}
	noAnswer := errors.New("timeout: context already done")
	for _, c := range []struct {
		at      stage
		cause   error
		unknown bool
	}{
		{connecting, noAnswer, false},
		{working, noAnswer, false},
		{working, cancelled, false},
		{committing, cancelled, false}, // the database says that it did not
		{committing, noAnswer, true},
		{committing, &pgconn.PgError{Code: "08P01"}, true}, // a pooler that lost the server
		{committing, &pq.Error{Code: "40003"}, true},
		{working, &pgconn.PgError{Code: "08P01"}, false},
	} {
		err := explain(ctx, "operation", c.at, c.cause)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, c.unknown, errors.Is(err, store.ErrUnknownOutcome), "stage %d, %v", c.at, c.cause)
		assert.ErrorContains(t, err, "operation")
		assert.False(t, store.Retryable(err))
	}
}

// An error in place of the answer to a commit leaves open whether it happened,
// unless the database refused it or the driver vouches that nothing was sent.
func TestExplain_Commit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause error
		want  error
	}{
		"an answer that cannot be read": {errors.New(`pq: unknown response for simple query: "(ÿ) <unknown>"`), store.ErrUnknownOutcome},
		"a row that cannot be read":     {errors.New("cannot scan text into *int64"), store.ErrUnknownOutcome},
		"a connection that is lost":     {driver.ErrBadConn, store.ErrUnknownOutcome},
		"one that pgx calls closed":     {fmt.Errorf("failed: %w", pgconn.ErrConnClosed), store.ErrUnknownOutcome},
		"a commit that rolled back":     {pgx.ErrTxCommitRollback, store.ErrInternal},
		"the database's refusal":        {&pgconn.PgError{Code: "57014"}, store.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, explain(t.Context(), commit, committing, c.cause), c.want)
		})
	}
}

// A guard's own text, in its own statement, means what the guard is about, in
// every language of the server.
func TestExplain_Guards(t *testing.T) {
	t.Parallel()
	const other = `invalid input syntax for type bigint: "twelve"`
	for _, c := range []struct {
		in, code, message string
		want              error
	}{
		{"lock_passport", invalidText, `invalid input syntax for type bigint: "no such community"`, store.ErrCommunityNotFound},
		{"upsert_score", invalidText, "ungültige Eingabesyntax für Typ bigint: »the wallet has changed«", store.ErrConflict},
		{"upsert_score", invalidText, other, store.ErrInvalid}, // another program's
		{"upsert_score", invalidText, `invalid input syntax for type bigint: "no such community"`, store.ErrInvalid},
		{"upsert_score", notSupported, "the wallet has changed", store.ErrInternal},
		{"upsert_passport", invalidText, other, store.ErrInvalid}, // it has no guard
		{"lock_passport", uniqueViolation, "", store.ErrConflict},
		{"lock_points", invalidText, `invalid input syntax for type bigint: "passport_locks lacks rows"`, store.ErrSchema},
		{"lock_points", invalidText, `invalid input syntax for type bigint: "passport_locks lacks rows"`, store.ErrInternal},
	} {
		for _, at := range []stage{working, committing} {
			for _, cause := range []error{
				&pgconn.PgError{Code: c.code, Message: c.message},
				&pq.Error{Code: pqerror.Code(c.code), Message: c.message},
			} {
				require.ErrorIs(t, explain(t.Context(), c.in, at, cause), c.want, "%T: %s %q in %s", cause, c.code, c.message, c.in)
			}
		}
	}
}

// The column of a foreign key is read from the constraint's name, and from no
// other text of the error.
func TestExplain_ForeignKey(t *testing.T) {
	t.Parallel()
	for constraint, want := range map[string]error{
		"registry_passport_community_id_1524ae17_fk_account_community_id":   store.ErrCommunityNotFound,
		"registry_hashscorerl_community_id_464dfa88_fk_account_c":           store.ErrCommunityNotFound,
		"registry_event_community_id_fkey":                                  store.ErrCommunityNotFound, // as Postgres names it
		"account_accountapike_api_key_id_f30ca19e_fk_account_a":             store.ErrNotFound,
		"account_accountapikey_account_id_1a2556bc_fk_account_account_id":   store.ErrNotFound,
		"registry_score_passport_id_640e4835_fk_registry_passport_id":       store.ErrInternal,
		"account_customizatio_scorer_id_354f8a7d_fk_account_c":              store.ErrInternal,
		"something_of_the_hosts_scorer_id_354f8a7d_fk_account_community_id": store.ErrInternal,
		"": store.ErrInternal,
	} {
		const prose = `insert on table "x_community_id_y" violates "z_account_id_z", "_api_key_id_"`
		for _, cause := range []error{
			&pgconn.PgError{Code: foreignKeyViolation, Message: prose, Detail: prose, ConstraintName: constraint},
			&pq.Error{Code: foreignKeyViolation, Message: prose, Detail: prose, Constraint: constraint},
		} {
			err := explain(t.Context(), commit, committing, cause)
			require.ErrorIs(t, err, want, "%T: %s", cause, constraint)
			var detail *store.Error
			require.ErrorAs(t, err, &detail)
			assert.Equal(t, want, detail.Kind, "%T: %s", cause, constraint)
		}
	}
}

// Citus reports the conflicts of a worker as internal errors, which it reports
// others as, too.
func TestExplain_ConflictOfWorker(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]error{
		`duplicate key value violates unique constraint "registry_score_passport_id_640e4835_uniq_102030"`: store.ErrConflict,
		"could not serialize access due to read/write dependencies among transactions":                     store.ErrConflict,
		"deadlock detected": store.ErrConflict,
		"canceling the transaction since it was involved in a distributed deadlock": store.ErrConflict,
		"could not find the tuple":            store.ErrInternal,
		"a text with deadlock detected in it": store.ErrInternal,
	} {
		for _, cause := range []error{&pgconn.PgError{Code: "XX000", Message: message}, &pq.Error{Code: "XX000", Message: message}} {
			require.ErrorIs(t, explain(t.Context(), "upsert_score", working, cause), want, "%T: %s", cause, message)
		}
	}
}
