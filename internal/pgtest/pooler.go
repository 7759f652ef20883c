package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooler returns the URL of the same database through a PgBouncer in
// transaction mode, which the first call starts in front of the server. Like
// the server it runs as an unprivileged user in a temporary folder, and ends
// with the test binary, however that ends. A test that asks for it where it is
// not installed fails, and says what to do. PASSPORT_TEST_PGBOUNCER names
// another program than the one in the PATH.
func Pooler(tb testing.TB, database string) string {
	tb.Helper()
	behind := started(tb)
	on, err := sharedPooler.get(func() (*pooler, error) { return startPooler(behind.admin) })
	if err != nil {
		tb.Fatalf("pgtest: there is no PgBouncer to test with.\n%v\n\n%s", err, whatToDoForPgBouncer)
	}
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal("pgtest: not the URL of a database")
	}
	return on.url(u)
}

const whatToDoForPgBouncer = `Install it (Debian: apt install pgbouncer; macOS: brew install pgbouncer); it need not be running.
If it is not in the PATH: PASSPORT_TEST_PGBOUNCER=/path/to/pgbouncer go test …`

// pooler is a running PgBouncer.
type pooler struct {
	// address is host and port.
	address string
	// guard ends it and removes its folder when its input is closed.
	guard *exec.Cmd
	alive io.Closer
}

// poolerScript runs PgBouncer until the end of its own input, like the guard of
// the server. There is nothing that PgBouncer would have to finish.
const poolerScript = `"$1" "$2/pgbouncer.ini" >"$2/output" 2>&1 & read -r _; kill -KILL $! 2>/dev/null; wait; rm -rf "$2"`

// startPooler starts a PgBouncer on a free port. Between finding one and using
// it, another process may take it: then the next is tried.
func startPooler(behind *url.URL) (*pooler, error) {
	program, err := findPgBouncer()
	if err != nil {
		return nil, err
	}
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	const attempts = 5
	var failures []error
	for range attempts {
		on, err := launchPooler(behind, program, as)
		if err == nil {
			return on, nil
		}
		failures = append(failures, err)
		if !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	return nil, errors.Join(failures...)
}

func findPgBouncer() (string, error) {
	candidates := []string{"pgbouncer", "/usr/sbin/pgbouncer"} // which is not in the PATH of every user of Debian
	if named := os.Getenv("PASSPORT_TEST_PGBOUNCER"); named != "" {
		candidates = []string{named}
	}
	for _, candidate := range candidates {
		if program, err := exec.LookPath(candidate); err == nil {
			return program, nil
		}
	}
	return "", fmt.Errorf("not found: %s", strings.Join(candidates, ", "))
}

func launchPooler(behind *url.URL, program string, as account) (*pooler, error) {
	folder, err := as.tempFolder()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	for name, text := range map[string]string{
		"pgbouncer.ini": poolerConfig(behind, folder, port),
		"users":         poolerUser(behind),
	} {
		if err := as.write(filepath.Join(folder, name), text); err != nil {
			return nil, errors.Join(err, os.RemoveAll(folder))
		}
	}
	guard := as.command("/", "/bin/sh", "-c", poolerScript, "pgtest", program, folder)
	alive, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start pgbouncer: %w", err), os.RemoveAll(folder))
	}
	on := &pooler{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), guard: guard, alive: alive}
	if err := on.answers(behind); err != nil {
		output, _ := os.ReadFile(filepath.Join(folder, "output")) //nolint:gosec // a file of ours; it adds to the error, or there is none
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, bytes.TrimSpace(output)), on.stop())
	}
	return on, nil
}

// poolerConfig is that of a PgBouncer as it is found in the field: transaction
// mode, few connections to the server, no prepared statements (version 1.18,
// which Debian has, knows none). The startup parameters of lib/pq are
// ignored, as its users configure it.
func poolerConfig(server *url.URL, folder string, port int) string {
	return fmt.Sprintf(`[databases]
* = host=%s port=%s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = plain
auth_file = %s/users
pool_mode = transaction
default_pool_size = 8
max_client_conn = 1000
server_idle_timeout = 5
server_tls_sslmode = prefer
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
log_stats = 0
`, server.Hostname(), cmp.Or(server.Port(), "5432"), port, folder)
}

// poolerUser is the line that lets our user in, and by which PgBouncer knows
// the password that the server wants.
func poolerUser(server *url.URL) string {
	quote := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
	password, _ := server.User.Password()
	return quote(server.User.Username()) + " " + quote(password) + "\n"
}

// url returns the URL of the server's database as it is behind the pooler,
// which speaks no TLS with the tests.
func (p *pooler) url(database *url.URL) string {
	u := *database
	u.Host = p.address
	values := u.Query()
	values.Set("sslmode", "disable")
	u.RawQuery = values.Encode()
	return u.String()
}

// answers waits until the server answers through PgBouncer.
func (p *pooler) answers(server *url.URL) error {
	const longest, pause = 10 * time.Second, 10 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, p.url(server))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("pgbouncer does not answer: %w", err)
		}
	}
}

func (p *pooler) stop() error {
	if err := errors.Join(p.alive.Close(), p.guard.Wait()); err != nil {
		return fmt.Errorf("stop pgbouncer: %w", err)
	}
	return nil
}
