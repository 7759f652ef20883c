package pgtest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pair is a primary and a standby that follows it by streaming replication,
// which a test has to itself.
type Pair struct{ Primary, Standby *Own }

// inPair are the settings of both servers: either can be the primary.
const inPair = `
synchronous_commit = on
wal_level = replica
max_wal_senders = 10
wal_keep_size = '1GB'
wal_retrieve_retry_interval = '100ms'
`

// NewPair starts a pair, which ends with the test. A commit does not wait for
// the standby, unless the test sets synchronous_standby_names.
//
// The standby begins with a copy of the primary's files from before its first
// start: there is nothing to back up yet, and builds that are downloaded have
// no pg_basebackup.
func NewPair(tb testing.TB) *Pair {
	tb.Helper()
	s := fromEnvironment()
	s.url = ""
	var origin *launcher
	primary := launchOwn(tb, s, func(l *launcher) error {
		origin = l
		if err := l.initialize(); err != nil {
			return err
		}
		return errors.Join(l.configure(inPair), l.copyFolder(filepath.Join(l.folder, "data"), "copy"))
	})
	standby := launchOwn(tb, s, func(l *launcher) error {
		l.password = origin.password
		if err := l.copyFolder(filepath.Join(origin.folder, "copy"), "data"); err != nil {
			return err
		}
		follow := fmt.Sprintf("primary_conninfo = 'host=127.0.0.1 port=%s user=postgres password=%s'\n",
			primary.server.admin.Port(), l.password)
		return errors.Join(l.configure(follow), l.as.write(filepath.Join(l.folder, "data", "standby.signal"), ""))
	})
	if err := primary.server.makeTemplate(); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	standby.server.template = primary.server.template
	return &Pair{primary, standby}
}

// launchOwn starts a server whose data folder the function makes, and which
// ends with the test.
func launchOwn(tb testing.TB, s settings, prepare func(*launcher) error) *Own {
	tb.Helper()
	on, err := s.launchWith(prepare)
	if err != nil {
		tb.Fatal(noServer(err))
	}
	tb.Cleanup(func() {
		if err := on.stop(); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return &Own{on}
}

// copyFolder copies a folder of the account into the launcher's.
func (l *launcher) copyFolder(from, name string) error {
	cmd := l.as.command(l.folder, "cp", "-R", "-p", from, name)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("copy the files of a server: %w\n%s", err, output)
	}
	return nil
}

// New returns the URLs of a new database on both servers, which holds the SDK's
// schema and ends with the pair. The standby must be following.
func (p *Pair) New(tb testing.TB) (primary, standby string) {
	tb.Helper()
	name, err := p.Primary.server.create(tb.Context(), p.Primary.server.template)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	p.CatchUp(tb)
	return p.Primary.server.url(name), p.Standby.server.url(name)
}

// CatchUp waits until the standby has all that the primary has written before.
func (p *Pair) CatchUp(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	written, err := p.Primary.ask(ctx, "select pg_current_wal_insert_lsn()::text")
	for err == nil {
		var reached string
		reached, err = p.Standby.ask(ctx, "select (pg_last_wal_replay_lsn() >= '"+written+"')::text")
		if reached == "true" {
			return
		}
		const pause = 5 * time.Millisecond
		time.Sleep(pause)
	}
	tb.Fatalf("pgtest: the standby does not catch up: %v", err)
}

// Promote makes a standby a primary, and returns when it is one.
func (o *Own) Promote() error {
	return o.server.launcher.do("pg_ctl", "promote", "-D", "data", "-w", "-t", "120")
}

// Exec runs a statement on the server's own database, as a superuser. It works
// in a test's cleanup, too.
func (o *Own) Exec(tb testing.TB, sql string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), patience)
	defer cancel()
	if err := o.server.do(ctx, sql); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
}

// ask returns the one value that a query on the server's own database answers.
func (o *Own) ask(ctx context.Context, sql string) (answer string, err error) {
	conn, err := pgx.Connect(ctx, o.server.admin.String())
	if err != nil {
		return "", fmt.Errorf("connect to the server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	err = conn.QueryRow(ctx, sql).Scan(&answer)
	return answer, err
}
