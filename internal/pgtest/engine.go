package pgtest

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/passport-sdk/passport-go/pgstore"
)

// Engine returns the engine that stores are to be opened for: the one that
// PASSPORT_TEST_ENGINE names, or else what the server is. Only the server of
// PASSPORT_TEST_DATABASE_URL is looked at: any other is Postgres.
func Engine() pgstore.Engine {
	s := fromEnvironment()
	if s.engine != "" || s.url == "" {
		return cmp.Or(s.engine, pgstore.Postgres)
	}
	on, err := startShared()
	if err != nil {
		return pgstore.Postgres // the test fails when it asks for a database
	}
	return on.engine
}

// look finds out what the server is.
func (s *server) look(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	var version string
	var hasCitus bool
	err = conn.QueryRow(ctx, "select version(), exists (select 1 from pg_extension where extname = 'citus')").Scan(&version, &hasCitus)
	if err != nil {
		return fmt.Errorf("look what the server is: %w", err)
	}
	switch {
	case strings.Contains(version, "CockroachDB"):
		s.engine = pgstore.CockroachDB
	case strings.Contains(version, "-YB-"):
		s.engine = pgstore.YugabyteDB
	case hasCitus:
		s.engine = pgstore.Citus
		s.citus, err = citusOn(ctx, conn)
	default:
		s.engine = pgstore.Postgres
	}
	s.statements = cmp.Or(s.statements, s.engine)
	return err
}

// copies reports whether the server makes databases that are copies of others.
func (s *server) copies() bool {
	return s.engine == pgstore.Postgres || s.engine == pgstore.Citus
}

// close makes a database ready to be copied.
func (s *server) close(ctx context.Context, name string) error {
	if s.citus == nil {
		return nil // its user has closed the connections
	}
	return s.on(ctx, strings.TrimPrefix(s.admin.Path, "/"), func(ctx context.Context, conn *pgx.Conn) error {
		return s.citus.close(ctx, conn, name)
	})
}

// Distribute spreads the tables of a schema over the nodes of a cluster. [New]
// has done so for the schema public.
func Distribute(tb testing.TB, url, schema string) {
	tb.Helper()
	s := started(tb)
	if s.citus == nil {
		return
	}
	conn, err := pgx.Connect(tb.Context(), url)
	if err == nil {
		err = s.citus.distribute(tb.Context(), conn, schema)
		_ = conn.Close(context.WithoutCancel(tb.Context()))
	}
	if err != nil {
		tb.Fatalf("pgtest: distribute %s: %v", schema, err)
	}
}

// Exclusion is a test that means nothing on a server that is not Postgres.
type Exclusion struct {
	Server pgstore.Engine
	// Test is a regular expression of its whole name, with the subtest's behind a
	// slash.
	Test, Reason string
}

// exclude skips the tests that mean nothing on the server of
// PASSPORT_TEST_DATABASE_URL, and lists them with the reasons. Where none is
// named it excludes nothing.
func exclude(all []Exclusion) error {
	if fromEnvironment().url == "" {
		return nil
	}
	on, err := startShared()
	if err != nil {
		return nil //nolint:nilerr // each test says so
	}
	var names []string
	for _, e := range all {
		if e.Server == on.engine {
			fmt.Fprintf(os.Stderr, "not on %s: %s: %s\n", e.Server, e.Test, e.Reason)
			names = append(names, "^"+strings.ReplaceAll(e.Test, "/", "$/^")+"$")
		}
	}
	if given := flag.Lookup("test.skip"); len(names) > 0 {
		if value := given.Value.String(); value != "" {
			names = append(names, value)
		}
		return given.Value.Set(strings.Join(names, "|"))
	}
	return nil
}
