package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
)

// rie is AWS's runtime interface emulator. It needs Go 1.26.6 or later, so it
// is no requirement of this module.
const rie = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d"

func TestMain(m *testing.M) { pgtest.Main(built{m}) }

// built builds the function and the emulator before the tests run.
type built struct{ m *testing.M }

// folder has the function, bootstrap, and the emulator, aws-lambda-rie.
var folder string

func (b built) Run() int {
	var err error
	if folder, err = os.MkdirTemp("", "lambda"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	if err := build(folder, "linux", ""); err != nil {
		panic(err)
	}
	install := exec.CommandContext(context.Background(), "go", "install", rie)
	install.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("the tests need AWS's runtime interface emulator, but go install %s failed: %v\n%s", rie, err, out))
	}
	return b.m.Run()
}

// build builds the function as main.go describes it.
func build(folder, system, arch string) error {
	command := exec.CommandContext(context.Background(), "go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w",
		"-o", filepath.Join(folder, "bootstrap"), ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building for %s/%s: %w\n%s", system, arch, err, out)
	}
	return nil
}

// emulator is the emulator, which starts the function at the first invocation.
type emulator struct {
	*exec.Cmd

	url string
	log logs
}

// logs is what the emulator and the function have logged.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs the emulator with the environment, and that of a function with the
// timeout in seconds.
func start(t *testing.T, timeout int, environment ...string) *emulator {
	t.Helper()
	address := freeAddress(t)
	e := &emulator{url: "http://" + address + "/2015-03-31/functions/function/invocations"}
	e.Cmd = exec.CommandContext(context.Background(), filepath.Join(folder, "aws-lambda-rie"),
		"--runtime-interface-emulator-address", address, "--runtime-api-address", freeAddress(t), filepath.Join(folder, "bootstrap"))
	e.Env = append([]string{"AWS_LAMBDA_FUNCTION_TIMEOUT=" + strconv.Itoa(timeout)}, environment...)
	e.Stdout, e.Stderr = &e.log, &e.log
	e.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	e.WaitDelay = 10 * time.Second
	require.NoError(t, e.Start())
	t.Cleanup(func() {
		for _, pid := range e.functions(t) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = e.Process.Kill()
		_ = e.Wait()
		if t.Failed() {
			t.Log(e.log.String())
		}
	})
	require.Eventually(t, func() bool {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		return err == nil && connection.Close() == nil
	}, 10*time.Second, 10*time.Millisecond, "the emulator does not listen")
	return e
}

// freeAddress returns an address of this machine on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// invoke sends the event, and returns the status of the invocation and the
// function's response.
func (e *emulator) invoke(t *testing.T, event string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, strings.NewReader(event))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

// functions returns the processes of the function.
func (e *emulator) functions(t *testing.T) (pids []int) {
	t.Helper()
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", e.Process.Pid))
	require.NoError(t, err)
	for _, name := range children {
		text, _ := os.ReadFile(name)
		for field := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(field)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// signal sends the signal to the one process of the function.
func (e *emulator) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	pids := e.functions(t)
	require.Len(t, pids, 1)
	require.NoError(t, syscall.Kill(pids[0], signal))
}
