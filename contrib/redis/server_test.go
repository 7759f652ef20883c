package passportredis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// A client of Sentinel that is closed while it follows a failover leaves the
// goroutines of its subscription behind (go-redis 9.21).
func TestMain(m *testing.M) {
	const ofClient = "github.com/redis/go-redis/v9."
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(ofClient+"(*sentinelFailover).listen"),
		goleak.IgnoreAnyFunction(ofClient+"(*channel).initMsgChan.func1"), goleak.IgnoreAnyFunction(ofClient+"(*channel).initHealthCheck.func1"))
}

// patience is how long a test waits for something that takes milliseconds.
const patience = 20 * time.Second

// server is a redis-server of a test's own, in a folder of its own.
type server struct {
	port    int
	dir     string
	args    []string
	process int
	end     func()
}

// newServer starts a server, which ends with the test.
func newServer(tb testing.TB, args ...string) *server {
	tb.Helper()
	s := &server{dir: tb.TempDir(), args: args}
	require.NoError(tb, s.start())
	tb.Cleanup(func() { s.end() })
	return s
}

// StartServer starts a server for an example, and returns its address and the
// function that ends it.
func StartServer() (addr string, end func()) {
	dir, err := os.MkdirTemp("", "passportredis")
	if err != nil {
		panic(err)
	}
	s := &server{dir: dir}
	if err := s.start(); err != nil {
		panic(err)
	}
	return s.addr(), func() {
		s.end()
		_ = os.RemoveAll(dir)
	}
}

// start starts the server on its port, a free one if it has none, and returns
// when it answers.
func (s *server) start() error {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return fmt.Errorf("there is no redis-server to test with (Debian: apt install redis-server): %w", err)
	}
	if s.port == 0 {
		if s.port, err = freePort(); err != nil {
			return err
		}
	}
	file := filepath.Join(s.dir, "redis.conf") // a sentinel writes to it
	if err := os.WriteFile(file, []byte(strings.Join(s.args, "\n")), 0o600); err != nil {
		return err
	}
	// The shell ends the server when its own input ends, however this process
	// does.
	shell := exec.Command("sh", "-c", `"$@" >redis.log 2>&1 & cat; kill -9 $!; wait`, "sh", program, file,
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--dir", s.dir)
	if strings.Contains(strings.Join(s.args, "\n"), "sentinel ") {
		shell.Args = append(shell.Args, "--sentinel")
	}
	shell.Dir = s.dir
	input, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		return err
	}
	s.end = func() {
		_ = input.Close()
		_ = shell.Wait() // killed
	}
	if s.process, err = s.wait(); err != nil {
		s.end()
		log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
		return fmt.Errorf("redis-server does not answer: %w\n%s", err, log)
	}
	return nil
}

// wait returns the process id of the server, once it answers.
func (s *server) wait() (process int, err error) {
	client := redis.NewClient(&redis.Options{Addr: s.addr()})
	defer func() { err = errors.Join(err, client.Close()) }()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var info string
		if info, err = client.Info(context.Background(), "server").Result(); err == nil {
			_, text, _ := strings.Cut(info, "process_id:")
			text, _, _ = strings.Cut(text, "\r\n")
			return strconv.Atoi(text)
		}
	}
	return 0, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// signal stops the server in the middle of its work, or lets it go on.
func (s *server) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	require.NoError(tb, syscall.Kill(s.process, signal))
}

// client returns a client of the server, as a process of a host has one.
func (s *server) client(tb testing.TB, configure ...func(*redis.Options)) *redis.Client {
	tb.Helper()
	options := &redis.Options{Addr: s.addr(), ContextTimeoutEnabled: true, PoolSize: 5}
	for _, apply := range configure {
		apply(options)
	}
	client := redis.NewClient(options)
	tb.Cleanup(func() { require.NoError(tb, client.Close()) })
	return client
}

func newLimiter(tb testing.TB, client redis.Scripter, options ...Option) *Limiter {
	tb.Helper()
	l, err := New(client, append([]Option{WithTimeout(patience)}, options...)...)
	require.NoError(tb, err)
	return l
}
