package pgstore_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// filed is a statement as it stands in its file.
type filed struct{ file, name, sql string }

func filedStatements(t *testing.T) (all []filed) {
	t.Helper()
	files, err := filepath.Glob("sql/*.sql")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, part := range strings.Split("\n"+string(text), "\n-- name: ")[1:] {
			name, sql, _ := strings.Cut(part, "\n")
			all = append(all, filed{file, name, sql})
		}
	}
	require.NotEmpty(t, all)
	return all
}

// Each statement must be in a file once and be used, and the first argument of
// each call must be the name of a statement.
func TestStatements_Names(t *testing.T) {
	t.Parallel()
	used, called := namesInGo(t)
	inFiles := map[string]bool{}
	for _, s := range filedStatements(t) {
		assert.Regexp(t, `^[a-z]+(_[a-z]+)*$`, s.name)
		assert.False(t, inFiles[s.name], "%s is there twice", s.name)
		inFiles[s.name] = true
		assert.True(t, used[s.name], "%s is not used", s.name)
		assert.Contains(t, pgstore.Texts(), s.name)
	}
	require.Greater(t, len(called), 40)
	for name := range called {
		assert.True(t, inFiles[name], "there is no statement %s", name)
	}
	for name := range pgstore.Guards() {
		assert.True(t, inFiles[name], "there is no statement %s to guard", name)
	}
}

// namesInGo returns the texts in the package's code, and those by which
// statements are called: as they stand, or by a constant or variable of the
// function.
func namesInGo(t *testing.T) (used, called map[string]bool) {
	t.Helper()
	used, called = map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			values := map[string][]string{} // by the name of what has them
			assign := func(name string, value ast.Expr) {
				if text, is := textOf(value); is {
					values[name] = append(values[name], text)
				}
			}
			ast.Inspect(declaration, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, is := textOf(n); is {
						used[text] = true
					}
				case *ast.ValueSpec:
					for i, value := range n.Values {
						assign(n.Names[i].Name, value)
					}
				case *ast.AssignStmt:
					for i := range min(len(n.Lhs), len(n.Rhs)) {
						assign(fmt.Sprint(n.Lhs[i]), n.Rhs[i])
					}
				case *ast.CallExpr:
					method, is := n.Fun.(*ast.SelectorExpr)
					if !is || method.Sel.Name != "call" {
						return true
					}
					names := values[fmt.Sprint(n.Args[0])]
					if text, is := textOf(n.Args[0]); is {
						names = []string{text}
					}
					require.NotEmpty(t, names, "%s: call(%v, …)", file, n.Args[0])
					for _, name := range names {
						called[name] = true
					}
				}
				return true
			})
		}
	}
	return used, called
}

func textOf(e ast.Expr) (text string, is bool) {
	literal, is := e.(*ast.BasicLit)
	if !is || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

// A statement must be SQL as it stands in its file, with any schema on the
// search path that has the tables.
func TestStatements_Files(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	pool := openPool(t, url)
	require.NoError(t, pgstore.Migrate(t.Context(), pool, pgstore.WithSchema("passport")))
	require.NoError(t, pgstore.NewLimiter(pool, pgstore.WithSchema("passport")).Migrate(t.Context()))
	conn, err := pgx.Connect(t.Context(), withParameters(t, url, "search_path", "passport"))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, s := range filedStatements(t) {
		_, err := conn.Prepare(t.Context(), "", s.sql)
		assert.NoError(t, err, "%s: %s", s.file, s.name)
	}
	var path string
	require.NoError(t, conn.QueryRow(t.Context(), "show search_path").Scan(&path))
	assert.Equal(t, "passport", path)
}

// constants are those of package store that statements state, each with the
// constant's name in a comment behind it.
var constants = map[string]string{
	"MaxDocumentBytes":  strconv.Itoa(store.MaxDocumentBytes),
	"MaxDocumentDepth":  strconv.Itoa(store.MaxDocumentDepth),
	"MaxCredentials":    strconv.Itoa(store.MaxCredentials),
	"MaxWalletBytes":    strconv.Itoa(store.MaxWalletBytes),
	"MaxNullifiers":     strconv.Itoa(store.MaxNullifiers),
	"MaxNullifier":      strconv.Itoa(store.MaxNullifier),
	"MaxGroupKey":       strconv.Itoa(store.MaxGroupKey),
	"MaxNumber":         strconv.Itoa(store.MaxNumber),
	"OmittedTooLarge":   "'" + string(store.OmittedTooLarge) + "'",
	"OmittedTooMany":    "'" + string(store.OmittedTooMany) + "'",
	"ActionScoreUpdate": "'" + store.ActionScoreUpdate + "'",
	"StatusDone":        "'" + string(store.StatusDone) + "'",
	"AllowListPrefix":   "'" + store.AllowListPrefix + "'",
	"ScorerWeighted":    "'" + store.ScorerWeighted + "'",
	"ScorerBinary":      "'" + store.ScorerBinary + "'",
}

// literal is a text or a number, such as 12 or the 12 of 1e12, and the comment
// behind it.
var literal = regexp.MustCompile(`('(?:[^']|'')*'|\b(?:1e)?[0-9]+\b)(?: /\* (\w+) \*/)?`)

// Statements must state the constants of package store, by their names.
func TestStatements_Constants(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, s := range filedStatements(t) {
		sql := regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(s.sql, "")
		for _, found := range literal.FindAllStringSubmatch(sql, -1) {
			value, name := strings.TrimPrefix(found[1], "1e"), found[2]
			if name != "" {
				named[name] = true
				assert.Equal(t, constants[name], value, "%s: %s", s.name, found[0])
				continue
			}
			for name, constant := range constants {
				assert.NotEqual(t, constant, value, "%s: %s without its name, which may be %s", s.name, found[0], name)
			}
		}
		// In a text no comment can stand behind a number.
		for _, depth := range regexp.MustCompile(`\.\*\*\{([0-9]+)`).FindAllStringSubmatch(sql, -1) {
			assert.Equal(t, constants["MaxDocumentDepth"], depth[1], s.name)
		}
	}
	for name := range constants {
		assert.True(t, named[name], "no statement states %s", name)
	}
}

// A part that several statements share must be the same in all of them.
func TestStatements_SharedParts(t *testing.T) {
	t.Parallel()
	shared := map[string][]string{}
	for _, s := range filedStatements(t) {
		for _, part := range strings.Split(s.sql, "\n-- shared: ")[1:] {
			name, rest, _ := strings.Cut(part, "\n")
			text, _, ended := strings.Cut(rest, "\n-- end shared\n")
			require.True(t, ended, s.name)
			shared[name] = append(shared[name], text)
		}
	}
	require.NotEmpty(t, shared)
	for name, texts := range shared {
		require.Greater(t, len(texts), 1, name)
		assert.Len(t, slices.Compact(texts), 1, name)
	}
}

// The server must show the statement's name with a query that is running.
func TestStatements_NameOnTheServer(t *testing.T) {
	t.Parallel()
	for mode, open := range someOf(storeModes(), "pgx", "pgx simple") {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			s := open(t, w.url)
			lock, err := w.pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = lock.Exec(t.Context(), "lock table account_community")
			require.NoError(t, err)
			ended := make(chan error, 1)
			go func() { ended <- s.DeleteCommunity(context.Background(), 4) }()
			waiting := "select string_agg(query, ', ') from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
			assert.Eventually(t, func() bool {
				query := w.value(waiting)
				if mode == "pgx simple" { // which sends a batch as one text
					_, query, _ = strings.Cut(query, ";")
				}
				return strings.HasPrefix(query, "-- name: delete_community\n")
			}, patience, tick)
			require.NoError(t, lock.Rollback(t.Context()))
			require.NoError(t, <-ended)
		})
	}
}
