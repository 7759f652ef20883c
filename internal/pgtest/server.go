package pgtest

import (
	"bytes"
	"crypto/rand"
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

	"github.com/passport-sdk/passport-go/pgstore"
)

// server is a running Postgres.
type server struct {
	// admin is the URL of its own database.
	admin *url.URL
	// template is the name of the database that the others are copied from.
	template string
	// blank is the name of the one that empty ones are copied from.
	blank string
	// engine is what the server is, and citus its cluster if it is one.
	engine pgstore.Engine
	citus  *citus
	// statements is whose statements the tests run.
	statements pgstore.Engine
	// guard ends the server and removes its folder when its input is closed;
	// nil for a server that is not ours.
	guard *exec.Cmd
	alive io.Closer
	// launcher is what started it; nil for a server that is not ours.
	launcher *launcher
}

// start returns a running server with a template database.
func start(s settings) (*server, error) {
	on, err := s.server()
	if err != nil {
		return nil, err
	}
	on.statements = s.engine
	if err := on.makeTemplate(); err != nil {
		return nil, errors.Join(err, on.stop())
	}
	return on, nil
}

func (s settings) server() (*server, error) {
	if s.url == "" {
		return s.launch()
	}
	admin, err := url.Parse(s.url)
	if err != nil || admin.Host == "" {
		return nil, errors.New("PASSPORT_TEST_DATABASE_URL is not a URL like postgres://user:password@host:5432/postgres")
	}
	return &server{admin: admin, template: newName(), blank: "template1"}, nil
}

// launch starts a server of our own.
func (s settings) launch() (*server, error) { return s.launchWith((*launcher).initialize) }

// launchWith starts a server whose data folder the function makes.
func (s settings) launchWith(prepare func(*launcher) error) (*server, error) {
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	bin, err := s.binaries(as)
	if err != nil {
		return nil, err
	}
	folder, err := as.tempFolder()
	if err != nil {
		return nil, err
	}
	l := launcher{as: as, bin: bin, folder: folder, password: rand.Text()}
	on, err := l.watch()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := prepare(&l); err != nil {
		return nil, errors.Join(err, on.stop())
	}
	if on.admin, err = l.run(); err != nil {
		return nil, errors.Join(err, on.stop())
	}
	on.launcher = &l
	return on, nil
}

// launcher holds what it takes to start a server.
type launcher struct {
	as          account
	bin, folder string
	password    string
}

// guardScript waits for the end of its input, which is the end of the test
// binary if nothing ended it before: the kernel closes the pipe, also when the
// binary crashes or is killed.
const guardScript = `read -r _; "$1/pg_ctl" stop -D "$2/data" -m immediate -w; rm -rf "$2"`

// watch starts the guard, before there is anything to guard.
func (l *launcher) watch() (*server, error) {
	guard := l.as.command("/", "/bin/sh", "-c", guardScript, "pgtest", l.bin, l.folder)
	alive, err := guard.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the guard of the server: %w", err)
	}
	if err := guard.Start(); err != nil {
		return nil, fmt.Errorf("start the guard of the server: %w", err)
	}
	return &server{template: newName(), blank: "template1", guard: guard, alive: alive}, nil
}

// initialize makes the server's data folder.
func (l *launcher) initialize() error {
	if err := l.as.write(filepath.Join(l.folder, "password"), l.password); err != nil {
		return fmt.Errorf("write the server's password: %w", err)
	}
	err := l.do("initdb", "-D", "data", "--username=postgres", "--pwfile=password", "--auth=password",
		"--encoding=UTF8", "--no-locale", "--no-sync")
	if err != nil {
		return err
	}
	return l.configure(config)
}

// config trades safety for speed: nothing here outlives the tests.
const config = `
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 300
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
timezone = 'UTC'
log_timezone = 'UTC'
`

// configure adds settings, which override those before them.
func (l *launcher) configure(lines string) (err error) {
	file, err := os.OpenFile(filepath.Join(l.folder, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("configure the server: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = file.WriteString(lines)
	return err
}

// run starts the server on a free port. Between finding one and using it,
// another process may take it: then the next is tried.
func (l *launcher) run() (*url.URL, error) {
	const attempts = 5
	var failures []error
	for range attempts {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		err = l.start(strconv.Itoa(port))
		if err == nil {
			return &url.URL{
				Scheme: "postgres", User: url.UserPassword("postgres", l.password),
				Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres", RawQuery: "sslmode=disable",
			}, nil
		}
		log, _ := os.ReadFile(filepath.Join(l.folder, "log")) // it adds to the error, or there is none
		failures = append(failures, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(log)))
		if !strings.Contains(string(log), "Address already in use") {
			break
		}
	}
	return nil, errors.Join(failures...)
}

// start starts the server on the port, and returns when it takes connections.
func (l *launcher) start(port string) error {
	return l.do("pg_ctl", "start", "-D", "data", "-l", "log", "-w", "-t", "120", "-o", "-p "+port)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // waits for nothing
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close() //nolint:forcetypeassert // a TCP listener
}

// do runs one of Postgres's programs to its end.
func (l *launcher) do(program string, args ...string) error {
	cmd := l.as.command(l.folder, filepath.Join(l.bin, program), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LC_MESSAGES=C")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Path, err, bytes.TrimSpace(output))
	}
	return nil
}

// stop ends a server of ours; on one that is not it removes the template.
func (s *server) stop() error {
	if s.guard == nil {
		err := s.drop(s.template)
		if s.citus != nil {
			err = errors.Join(err, s.drop(s.blank))
		}
		return err
	}
	if err := errors.Join(s.alive.Close(), s.guard.Wait()); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	return nil
}
