package pgstore

import (
	"embed"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/store"
)

// call is one statement with its arguments. Texts are in the files of the
// folder sql, each under a line "-- name: ", and can be pasted into psql as
// they are. Rules for them, so that they work over every driver, in every exec
// mode of pgx and behind every pooler:
//
//   - a table is written /* schema */name, which stands for the schema's name;
//   - every parameter is cast where it stands, JSON, decimals and the elements
//     of lists are text, and a list is never NULL;
//   - every column of the answer has a type of the statement's own: that of a
//     table's column may change while the statement is prepared;
//   - it does not depend on settings of the session, such as its time zone;
//   - an insert leaves out what is there already by an anti-join, and VALUES
//     has no subquery;
//   - it changes a table once: to delete and to insert takes two statements;
//   - a list of times is cast as a whole, an empty text standing for none;
//   - it fails by a guard, see below, not by a division or a violated NOT NULL;
//   - an order by id is none in time: nodes take their ids in ranges.
//
// The last five are for engines with more than one node; TestLint keeps them.
type call struct {
	// name is the operation, as errors and the server's logs show it.
	name string
	// sql is the text: written here for a statement without tables.
	sql string
	// args are int64, bool, string, time.Time in UTC, []string (never nil), or
	// nil.
	args []any
	// row takes one row of the answer; nil when the answer has none.
	row func(scan scanFunc) error
	// done runs when the call has succeeded; nil for nothing.
	done func()
	// again runs before a repetition, to forget the rows of the attempt before;
	// nil where the rows of an attempt replace those.
	again func()
}

// scanFunc copies the columns of the current row.
type scanFunc func(into ...any) error

// each returns the call with a function that takes its rows.
func (c call) each(row func(scan scanFunc) error) call {
	c.row = row
	return c
}

// guard is how a statement reports that something it rests on is not so, or no
// longer. An error is the only answer that undoes a batch without another round
// trip, so the statement casts a text to a number: the text that names the
// guard, unless its condition holds. A distributed engine passes the error on
// as it is, while a violated NOT NULL comes as an internal error of a node.
type guard struct {
	// text is the one that is no number, which the error shows.
	text string
	// kind is the error that it stands for.
	kind error
}

// guards are those of the statements that have one, by the statement's name.
var guards = map[string]guard{
	"lock_passport":       {"no such community", store.ErrCommunityNotFound},
	"upsert_score":        {"the wallet has changed", store.ErrConflict},
	"verify_group_claims": {"group claims have changed", store.ErrConflict},
	"verify_hash_links":   {"claims have changed", store.ErrConflict},
	"verify_earners":      {"a credential is deleted", store.ErrConflict},
	"verify_account":      {"no such account", store.ErrNotFound},
	"insert_api_key":      {"no such account", store.ErrNotFound},
	"bulk_insert_uses":    {"no such key", store.ErrNotFound},

	// In row_locks.sql.
	"lock_points":           {"passport_locks lacks rows", store.ErrSchema},
	"lock_credentials":      {"passport_locks lacks rows", store.ErrSchema},
	"lock_communities":      {"passport_locks lacks rows", store.ErrSchema},
	"lock_event_partitions": {"passport_locks lacks rows", store.ErrSchema},
}

//go:embed sql/*.sql engines/*.sql schema/*.sql locks.sql citus.sql
var embedded embed.FS

// sqlFile is an embedded file; its name is without the ending.
type sqlFile struct{ name, text string }

// filesIn returns the embedded files of a folder, by name.
func filesIn(folder string) []sqlFile {
	entries, err := embedded.ReadDir(folder)
	if err != nil {
		panic(err) // it is embedded
	}
	files := make([]sqlFile, len(entries))
	for i, entry := range entries {
		text, err := embedded.ReadFile(folder + "/" + entry.Name())
		if err != nil {
			panic(err) // it is embedded
		}
		files[i] = sqlFile{strings.TrimSuffix(entry.Name(), ".sql"), string(text)}
	}
	return files
}

// texts are the texts of all statements on the tables of one schema, by name.
type texts map[string]string

// typeName matches the types that are looked up along the search path; those
// with a keyword of their own are not.
var typeName = regexp.MustCompile(`::(text|jsonb|timestamptz|bytea|regclass)\b`)

// contents puts what rows hold in place of where they are stored. It is what a
// version stands for; an update that changes nothing of it passes unnoticed.
var contents = strings.NewReplacer(
	"c.xmin::text, c.ctid::text", "extract(epoch from c.updated_at)::text, encode(sha256(convert_to(concat_ws(' ', c.provider, c.stamp::text), 'UTF8'))::bytea, 'hex')",
	"s.xmin::text, s.ctid::text", "encode(sha256(convert_to(concat_ws(' ', s.provider, s.credential::text), 'UTF8'))::bytea, 'hex')",
)

// call returns the call of a statement. An argument that is columns stands for
// one argument each.
func (t texts) call(name string, args ...any) call {
	c := call{name: name, sql: t[name], args: make([]any, 0, len(args))}
	for _, arg := range args {
		if lists, are := arg.(columns); are {
			for _, list := range lists {
				c.args = append(c.args, list)
			}
		} else {
			c.args = append(c.args, arg)
		}
	}
	return c
}

// columns are arguments that make up rows: lists of one length, never nil.
type columns [][]string

func newColumns(n int) columns {
	lists := make(columns, n)
	for i := range lists {
		lists[i] = []string{}
	}
	return lists
}

// add appends a row.
func (c columns) add(row ...string) {
	for i, value := range row {
		c[i] = append(c[i], value)
	}
}

// rows returns how many rows there are.
func (c columns) rows() int { return len(c[0]) }

// texts returns the texts for the schema and the engine, for the usual ones
// always the same.
func (c *config) texts() texts {
	if c.schema == defaultSchema && c.engine == Postgres {
		return usualTexts()
	}
	return readTexts(c.schema, *c.dialect())
}

var usualTexts = sync.OnceValue(func() texts { return readTexts(defaultSchema, dialect{}) })

// readTexts reads the files, those of the engine last: its statements replace
// the others.
func readTexts(schema string, d dialect) texts {
	quoted := pgx.Identifier{schema}.Sanitize() + "."
	files := filesIn("sql")
	replaces := map[string]bool{"row_locks": d.rowLocks, "shards": d.shards}
	for _, file := range filesIn("engines") {
		if replaces[file.name] {
			files = append(files, file)
		}
	}
	read := texts{}
	for _, file := range files {
		for _, part := range strings.Split("\n"+file.text, "\n-- name: ")[1:] {
			name, body, _ := strings.Cut(part, "\n")
			if d.contentVersions {
				body = contents.Replace(body)
			}
			if d.shards {
				body = strings.ReplaceAll(body, "community_id + 0", "community_id") // which a shard is found by
			}
			body = strings.ReplaceAll(typeName.ReplaceAllString(body, "::pg_catalog.$1"), "/* schema */", quoted)
			read[name] = render(name, body)
		}
	}
	return read
}

var commentLines = regexp.MustCompile(`(?m)^(--.*)?\n`)

// render returns the text that is sent: the statement without its comments but
// its name, which the server's logs and pg_stat_statements show.
func render(name, body string) string {
	body = strings.TrimSpace(commentLines.ReplaceAllString(body, ""))
	return "-- name: " + name + "\n" + strings.TrimSuffix(body, ";")
}
