// Package pgtest gives every test a Postgres database of its own.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestStore(t *testing.T) {
//		pool, err := pgstore.OpenPool(ctx, pgtest.New(t))
//		…
//
// The server is, in this order,
//
//   - the one that PASSPORT_TEST_DATABASE_URL names, by a role that may create
//     databases, and that may be the coordinator of a Citus cluster;
//   - an installed one, started in a temporary folder;
//   - a downloaded one, kept in the user's cache folder.
//
// PASSPORT_TEST_POSTGRES asks for a major version (14 to 18), or for
// "installed" to rule a download out. A server that is started serves one test
// binary, on a free port of 127.0.0.1 with a random password, and ends with the
// binary, however that ends. Postgres refuses to run as root: for root it is
// started as the user "postgres" or "nobody".
//
// A test never skips for want of a server: it fails, and says what to do.
//
// # Citus
//
// A database of the coordinator that has the extension, and the workers added,
// runs the tests on the cluster:
//
//	PASSPORT_TEST_DATABASE_URL=postgres://postgres@coordinator:5432/postgres go test ./pgstore -timeout 1h
//
// The role is a superuser of every node. A database is made on all of them, and
// copied with its distributed tables, in the layout of citus.sql that
// PASSPORT_TEST_CITUS_LAYOUT names: "one node", which is the default, or "by
// community". Each node needs max_prepared_transactions, some 300 connections
// and 100 max_worker_processes, and trusts the others. The tests that mean
// nothing there are listed with a reason each.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// New returns the URL of a new database that holds the SDK's schema, and drops
// it when the test ends, connections or not. The URL works as it is with pgx
// and with lib/pq, and may have parameters: it is not to be appended to. It is
// safe for concurrent use.
func New(tb testing.TB) string {
	tb.Helper()
	on := started(tb)
	return on.database(tb, on.template)
}

// NewEmpty is [New] without the schema.
func NewEmpty(tb testing.TB) string {
	tb.Helper()
	on := started(tb)
	return on.database(tb, on.blank)
}

// Copy is [New] with a copy of the database at the URL, which is one of this
// package's and must have no connections.
func Copy(tb testing.TB, of string) string {
	tb.Helper()
	original, err := url.Parse(of)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	on, name := started(tb), strings.TrimPrefix(original.Path, "/")
	if err := on.close(tb.Context(), name); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	return on.database(tb, name)
}

// NewForExample is [New] for an Example, which has no testing.TB: it returns
// the function that drops the database, and both panic when they fail.
func NewForExample() (url string, drop func()) {
	on, err := startShared()
	if err != nil {
		panic(err)
	}
	name, err := on.create(context.Background(), on.template)
	if err != nil {
		panic(err)
	}
	return on.url(name), func() {
		if err := on.drop(name); err != nil {
			panic(err)
		}
	}
}

// Server returns the URL of the server's own database, by a role that may
// create databases. Tests need it to put something between them and the server,
// or to look at what the server is doing.
func Server(tb testing.TB) string {
	tb.Helper()
	return started(tb).admin.String()
}

// Main runs the tests of a package, fails when goroutines have outlived them,
// stops what they started, and exits. Without it a server ends just as well,
// but a moment after the tests. Tests that mean nothing on the server that
// PASSPORT_TEST_DATABASE_URL names are left out, and listed.
func Main(m interface{ Run() int }, notOn ...Exclusion) {
	os.Exit(run(m, notOn))
}

func run(m interface{ Run() int }, notOn []Exclusion) (code int) {
	defer func() {
		if err := errors.Join(sharedPooler.stop(), shared.stop()); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}()
	if err := exclude(notOn); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return 1
	}
	if code := m.Run(); code != 0 {
		return code // a test that fails may leave things behind
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// The server of this test binary, and the pooler in front of it. They are the
// globals of this package: tests have nothing else in common that could hold
// them.
var (
	shared       lazy[*server]
	sharedPooler lazy[*pooler]
)

// lazy starts something at the first call of get, and returns the same result
// to all others.
type lazy[T interface{ stop() error }] struct {
	mu      sync.Mutex
	asked   bool
	started T
	err     error
}

func (l *lazy[T]) get(start func() (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked {
		l.asked = true
		l.started, l.err = start()
	}
	return l.started, l.err
}

func (l *lazy[T]) stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked || l.err != nil {
		return nil
	}
	return l.started.stop()
}

func started(tb testing.TB) *server {
	tb.Helper()
	on, err := startShared()
	if err != nil {
		tb.Fatal(err)
	}
	return on
}

func startShared() (*server, error) {
	on, err := shared.get(func() (*server, error) { return start(fromEnvironment()) })
	if err != nil {
		return nil, noServer(err)
	}
	return on, nil
}

func noServer(why error) error {
	return fmt.Errorf("pgtest: there is no Postgres to test with.\n%w\n\n%s", why, whatToDo)
}

//nolint:gosec // no credentials, but where to put them
const whatToDo = `Any of these will do:
  - install Postgres 14 or later (Debian: apt install postgresql; macOS: brew install postgresql);
  - let this machine reach Maven Central, from where a build is downloaded once;
  - PASSPORT_TEST_DATABASE_URL=postgres://user:password@host:5432/postgres?sslmode=disable go test ./...
    with a role that may create databases.`
