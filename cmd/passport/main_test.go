package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// asCommand is the variable that makes the test binary the command.
const asCommand = "PASSPORT_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	pgtest.Main(m)
}

// operator runs the command in an environment.
type operator struct {
	t           *testing.T
	environment map[string]string
	issuer      *passporttest.Issuer
}

// newOperator returns an operator of a new database with the SDK's tables.
func newOperator(t *testing.T) *operator {
	t.Helper()
	o := &operator{t: t, issuer: passporttest.NewIssuer()}
	o.environment = map[string]string{databaseURL: pgtest.New(t), trustedIssuers: `["` + o.issuer.DID() + `"]`}
	return o
}

// answer is what a run of the command has written and its exit code.
type answer struct {
	code     int
	out, err string
}

// run runs the command. Standard input is empty.
func (o *operator) run(args ...string) answer {
	o.t.Helper()
	return o.runWith(o.t.Context(), "", args...)
}

func (o *operator) runWith(ctx context.Context, stdin string, args ...string) answer {
	o.t.Helper()
	var out, err bytes.Buffer
	getenv := func(name string) string { return o.environment[name] }
	code := run(ctx, args, getenv, strings.NewReader(stdin), &out, &err)
	return answer{code, out.String(), err.String()}
}

// must runs the command, demands that it is done, and returns its output.
func (o *operator) must(args ...string) string {
	o.t.Helper()
	a := o.run(args...)
	require.Equal(o.t, exitDone, a.code, a.err)
	return a.out
}

// refused runs the command, demands the exit code, and that its error has the
// text.
func (o *operator) refused(code int, text string, args ...string) {
	o.t.Helper()
	a := o.run(args...)
	assert.Equal(o.t, code, a.code, args)
	assert.Contains(o.t, a.err, text, args)
	assert.Empty(o.t, a.out, args)
	assert.NotContains(o.t, a.err, "secret", args)
}

// pool returns a pool of the operator's database.
func (o *operator) pool() *pgxpool.Pool {
	o.t.Helper()
	pool, err := pgxpool.New(o.t.Context(), o.environment[databaseURL])
	require.NoError(o.t, err)
	o.t.Cleanup(pool.Close)
	return pool
}

// count returns the number that a query selects.
func (o *operator) count(sql string, args ...any) (n int) {
	o.t.Helper()
	require.NoError(o.t, o.pool().QueryRow(o.t.Context(), sql, args...).Scan(&n))
	return n
}

// dump writes a file with a credential for each of the wallets, and returns
// its name.
func (o *operator) dump(wallets int, options ...passporttest.CredentialOption) string {
	o.t.Helper()
	var lines bytes.Buffer
	for i := range wallets {
		name := fmt.Sprint("wallet ", i)
		signed, err := o.issuer.Issue(passporttest.Address(name), "Google", name, options...)
		require.NoError(o.t, err)
		lines.Write(append(signed, '\n'))
	}
	return o.file("dump.jsonl", lines.String())
}

func (o *operator) file(name, text string) string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), name)
	require.NoError(o.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// withCommunity makes the community 1, for whose threshold 1 Google is enough.
func (o *operator) withCommunity() *operator {
	o.t.Helper()
	o.must("community", "put", "1", "--name", "Demo", "--threshold", "1", "--weights", `{"Google": "1.5", "Github": "1"}`)
	return o
}

// decode reads a document of the type.
func decode[T any](t *testing.T, text string) (document T) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&document), text)
	return document
}

func TestRun_Help(t *testing.T) {
	o := &operator{t: t}
	for _, command := range []string{
		"", "migrate", "check", "community", "community put", "community show", "key", "key create", "key revoke", "key list",
		"import", "score", "rescore", "whatif", "shadow", "replay", "serve", "forget", "retain",
		"events", "events partition", "events ensure", "events status", "events drop",
	} {
		help := o.must(append(strings.Fields(command), "--help")...)
		assert.Contains(t, help, "Usage:\n  passport", command)
		if command != "community" && command != "key" && command != "events" {
			assert.Contains(t, help, "Examples:\n  ", command)
		}
		for line := range strings.Lines(help) {
			if !strings.HasPrefix(line, "      --") {
				assert.LessOrEqual(t, len([]rune(line)), 120, command)
			}
		}
	}
	assert.Contains(t, o.must("rescore", "--help"), "--database-url")
	assert.Equal(t, o.must(), o.must("--help"))
	assert.Contains(t, o.must("completion", "bash"), "bash completion")
	assert.Contains(t, o.must("__complete", "score", "--format", ""), "text\njson\nhtml\n")
}

func TestRun_Usage(t *testing.T) {
	o := newOperator(t)
	for text, args := range map[string][]string{
		`unknown command "resore"`:                                          {"resore", "1"},
		"Did you mean this?":                                                {"rescor", "1"},
		`unknown command "make" for "passport key"`:                         {"key", "make"},
		"See: passport rescore --help":                                      {"rescore", "1", "--wokers", "2"},
		"accepts 1 arg(s), received 0":                                      {"rescore"},
		`community "one" is not a number above 0`:                           {"rescore", "one"},
		`community "0" is not a number above 0`:                             {"community", "show", "0"},
		`"0x1" is not 0x and 40 hex digits`:                                 {"score", "1", "0x1"},
		`--format is one of text, json, html, not "pdf"`:                    {"score", "1", passporttest.Address("a"), "--format", "pdf"},
		"--progress is auto, bar, plain or none, not":                       {"rescore", "1", "--progress", "loud"},
		"[threshold weights weights-file customization issuer] is required": {"whatif", "1"},
		"the weights are not JSON; --weights-file reads":                    {"whatif", "1", "--weights", "weights.json"},
		"--customization is not a JSON object of decimals":                  {"whatif", "1", "--customization", `{"Google": "x"}`},
		"--at: \"soon\" is neither a date":                                  {"whatif", "1", "--threshold", "1", "--at", "soon"},
		"--at is recorded or now, not \"soon\"":                             {"replay", "1", "--at", "soon"},
		"--terms-since: \"soon\" is neither a date":                         {"replay", "1", "--terms-since", "soon"},
		"--rate is above 0":                                                 {"rescore", "1", "--rate", "NaN"},
		`--scored-before: "yesterday" is neither a date`:                    {"rescore", "1", "--scored-before", "yesterday"},
		"[expiring-before scored-before] were all set":                      {"rescore", "1", "--scored-before", "1h", "--expiring-before", "1h"},
		"a duration is not below 0":                                         {"rescore", "1", "--leave-unchanged", "-1h"},
		"at least one of the flags in the group":                            {"key", "create", "--read-scores"},
		"a key without a permission is of no use":                           {"key", "create", "--community", "1"},
		`--expires: "soon" is neither`:                                      {"key", "create", "--community", "1", "--read-scores", "--expires", "soon"},
		`required flag(s) "claims" not set`:                                 {"forget", passporttest.Address("a"), "--yes"},
		`"release", "keep" or "anonymize", not "drop"`:                      {"forget", passporttest.Address("a"), "--yes", "--claims", "drop"},
		`"0x2" is not 0x and 40 hex digits`:                                 {"forget", "0x2", "--yes", "--claims", "keep"},
		"the flags in the group [events usage claims]":                      {"retain"},
		"--events, --usage and --claims are empty":                          {"retain", "--events", ""},
		`--usage: "70000d" is neither a date`:                               {"retain", "--usage", "70000d"},
		"a step of pruning looks at 1 to 50000 rows, not 0":                 {"retain", "--events", "1d", "--batch", "0"},
		`PASSPORT_HUMAN_POINTS: "yes" is neither "on" nor`:                  {"score", "1", passporttest.Address("a"), "--human-points", "yes"},
		"PASSPORT_TRUSTED_ISSUERS: it is not a JSON list":                   {"rescore", "1", "--trusted-issuers", "did:ethr:0x1"},
		"PASSPORT_DATABASE_URL: open_pool: invalid request":                 {"migrate", "--database-url", "postgres://u:secret@host:99999999/x"},
		`PASSPORT_ENGINE: there is no engine "oracle"`:                      {"score", "1", passporttest.Address("a"), "--engine", "oracle"},
		"made-up rows are for Postgres, not for citus":                      {"seed", "--engine", "citus"},
		`required flag(s) "primary" not set`:                                {"shadow", "1"},
		"--primary: ":                                                       {"shadow", "1", "--primary", "ftp://example.org"},
		"--sample is above 0, and at most 1":                                {"shadow", "1", "--primary", "http://x", "--sample", "NaN"},
		"--fail-above is 0 to 1":                                            {"shadow", "1", "--primary", "http://x", "--fail-above", "2"},
		`PASSPORT_ADDR: "nowhere" is not host:port`:                         {"serve", "--addr", "nowhere"},
	} {
		o.refused(exitUsage, text, args...)
	}
	delete(o.environment, trustedIssuers)
	o.refused(exitUsage, "PASSPORT_TRUSTED_ISSUERS: no credential would ever count", "rescore", "1")
	delete(o.environment, databaseURL)
	o.refused(exitUsage, "PASSPORT_DATABASE_URL: it is not set", "check")
}

func TestRun_Advice(t *testing.T) {
	o := newOperator(t)
	o.refused(exitFailed, "passport community put", "score", "7", passporttest.Address("a"))
	o.refused(exitFailed, "passport community put", "rescore", "7")
	o.environment[databaseURL] = pgtest.NewEmpty(t)
	o.refused(exitFailed, "passport migrate", "score", "1", passporttest.Address("a"))
	o.environment[databaseURL] = "postgres://u:secret@127.0.0.1:1/x"
	o.refused(exitFailed, "Is the database running", "check")
}

func TestMigrate(t *testing.T) {
	o := newOperator(t)
	flag := []string{"--database-url", pgtest.NewEmpty(t)}
	maps.DeleteFunc(o.environment, func(string, string) bool { return true })
	o.refused(exitFailed, "table registry_score is missing", append(flag, "check")...)
	for range 2 {
		assert.Contains(t, o.run(append(flag, "migrate")...).err, "the database is up to date")
	}
	assert.Contains(t, o.run(append(flag, "check")...).err, "the database has all that the SDK needs")

	db, err := pgstore.OpenPool(t.Context(), flag[1])
	require.NoError(t, err)
	defer db.Close()
	o.refused(exitFailed, "table passport_locks is missing", append(flag, "check", "--engine", "citus")...)
	o.must(append(flag, "migrate", "--engine", "citus")...)
	o.must(append(flag, "check", "--engine", "citus")...)
	require.ErrorIs(t, pgstore.NewLimiter(db).Check(t.Context()), pgstore.ErrSchema)
	o.must(append(flag, "migrate", "--shared-rate-limits")...)
	require.NoError(t, pgstore.NewLimiter(db).Check(t.Context()))
}
