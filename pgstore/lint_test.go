package pgstore_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
)

// Every statement must keep the rules, as each engine gets it, or be among the
// exceptions; and each rule must find the statements that break it.
func TestLint(t *testing.T) {
	t.Parallel()
	all, distributed := map[string]string{}, map[string]string{} // by the name and the engine
	for _, engine := range []pgstore.Engine{pgstore.Postgres, pgstore.Citus, pgstore.YugabyteDB, pgstore.CockroachDB} {
		for name, text := range pgstore.TextsOf(engine) {
			key, sql := name+" on "+string(engine), normalized(text)
			all[key] = sql
			if engine == pgstore.YugabyteDB || engine == pgstore.CockroachDB {
				distributed[key] = sql
			}
		}
	}
	require.NotEmpty(t, distributed)
	for name, r := range rules {
		r.check(t, name, all)
	}
	for name, r := range onDistributed {
		r.check(t, name, distributed)
	}
}

func (r rule) check(t *testing.T, name string, statements map[string]string) {
	t.Helper()
	for _, sql := range r.bad {
		assert.NotEmpty(t, r.faults(normalized(sql)), "%s: not found in %s", name, sql)
	}
	for _, sql := range r.good {
		assert.Empty(t, r.faults(normalized(sql)), "%s: found in %s", name, sql)
	}
	excepted := map[string]bool{}
	for key, sql := range statements {
		statement, _, _ := strings.Cut(key, " ")
		faults := r.faults(sql)
		if r.except[statement] != "" && len(faults) > 0 {
			excepted[statement] = true
			continue
		}
		assert.Empty(t, faults, "%s: %s", name, key)
	}
	for statement := range r.except {
		assert.True(t, excepted[statement], "%s: %s is no exception", name, statement)
	}
}

// A guard casts the text that names it, in an expression that the planner
// cannot evaluate: it evaluates a cast of a constant, also in a branch that is
// never taken.
func TestLint_Guards(t *testing.T) {
	t.Parallel()
	cast := func(sql, text string) bool {
		return regexp.MustCompile(fmt.Sprintf(`(?:\(case when [^;]* else|\bcoalesce\([^;]*,) '%s'(?: end)?\)::bigint\b`, regexp.QuoteMeta(text))).MatchString(sql)
	}
	for _, engine := range []pgstore.Engine{pgstore.Postgres, pgstore.Citus} {
		for name, text := range pgstore.Guards() {
			sql := strings.Join(strings.Fields(pgstore.TextsOf(engine)[name]), " ")
			if strings.HasPrefix(name, "lock_") && engine == pgstore.Postgres && !strings.Contains(sql, text) {
				continue // it locks no rows there
			}
			assert.True(t, cast(sql, text), "%s on %s", name, engine)
		}
	}
	for _, bad := range []string{
		`select case when a then 1 else 'a guard'::bigint end from t`, `select 'a guard'::bigint from t`, `select 1 / count(*), 'a guard' from t`,
	} {
		assert.False(t, cast(bad, "a guard"), bad)
	}
}

// normalized returns the statement in lower case without comments, and with one
// space wherever there is any; its texts are empty.
func normalized(sql string) string {
	sql = regexp.MustCompile(`(?m)^--.*$|/\*.*?\*/`).ReplaceAllString(sql, "")
	sql = regexp.MustCompile(`'(?:[^']|'')*'`).ReplaceAllString(sql, "''")
	return strings.ToLower(strings.Join(strings.Fields(sql), " "))
}

// inserts returns the parts of the statement that insert: each up to the end of
// its CTE, or of the statement.
func inserts(sql string) (parts []string) {
	for _, at := range regexp.MustCompile(`\binsert into\b`).FindAllStringIndex(sql, -1) {
		parts = append(parts, strings.TrimSuffix(parenthesized("("+sql[at[0]:]), ")"))
	}
	return parts
}

// sets returns the SET clauses of updates, without what is parenthesized and
// selects, each with a semicolon behind it.
func sets(sql string) string {
	var all strings.Builder
	for _, clause := range regexp.MustCompile(`\bupdate \S+(?: \w+)? (set .*?)(?: from | where | returning |$)`).FindAllStringSubmatch(sql, -1) {
		all.WriteString(clause[1] + ";")
	}
	return all.String()
}

// parenthesized returns the text up to the parenthesis that closes its first
// character, or all of it.
func parenthesized(sql string) string {
	depth := 0
	for i, r := range sql {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return sql[:i+1]
			}
		}
	}
	return sql
}
