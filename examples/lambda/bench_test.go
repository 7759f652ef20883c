package main

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// coldStart is one start of the function, by when what it did was seen outside.
type coldStart struct {
	ready     time.Duration // from the start until it asks for its first event
	first     time.Duration // from there until the answer
	second    time.Duration // another request, for comparison
	total     time.Duration // from the start until the first answer
	processor time.Duration // that the process has used, with both requests
}

// BenchmarkColdStart measures from the start of the process to its first score,
// of a wallet that has been scored before, on a database in use. The medians
// are reported.
func BenchmarkColdStart(b *testing.B) {
	s := newSite(b)
	s.startOnce(b) // the first score of the wallet, and the pages of the program
	var starts []coldStart
	for b.Loop() {
		starts = append(starts, s.startOnce(b))
	}
	for name, of := range map[string]func(coldStart) time.Duration{
		"ready-ms": func(c coldStart) time.Duration { return c.ready },
		"first-ms": func(c coldStart) time.Duration { return c.first }, "second-ms": func(c coldStart) time.Duration { return c.second },
		"total-ms": func(c coldStart) time.Duration { return c.total }, "cpu-ms": func(c coldStart) time.Duration { return c.processor },
	} {
		var times []time.Duration
		for _, c := range starts {
			times = append(times, of(c))
		}
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, name)
	}
}

// startOnce starts the function with a runtime API of its own, which hands it
// two events.
func (s *site) startOnce(b *testing.B) (c coldStart) {
	b.Helper()
	asked, answered := make(chan time.Time, 2), make(chan time.Time, 2)
	rest := make(chan struct{})
	var once sync.Once
	api := http.NewServeMux()
	api.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		select {
		case asked <- now:
		default: // enough
			once.Do(func() { close(rest) })
			<-r.Context().Done()
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "id")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", "32503680000000")
		_, _ = io.WriteString(w, s.event(httpAPI))
	})
	api.HandleFunc("POST /2018-06-01/runtime/invocation/id/response", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `\"score\":\"3.50000\"`) {
			answered <- time.Now()
		} else {
			b.Errorf("no score: %s", body)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := &http.Server{Handler: api, ReadHeaderTimeout: time.Minute}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()

	function := exec.CommandContext(b.Context(), filepath.Join(folder, "bootstrap"))
	function.Env = s.environment("AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String())
	start := time.Now()
	require.NoError(b, function.Start())
	select {
	case <-rest:
	case <-time.After(time.Minute):
		b.Error("the function does not answer")
	}
	require.NoError(b, function.Process.Kill())
	_ = function.Wait()
	c.processor = function.ProcessState.UserTime() + function.ProcessState.SystemTime()
	require.NoError(b, server.Close())
	require.ErrorIs(b, <-served, http.ErrServerClosed)
	require.False(b, b.Failed())

	next, reply := <-asked, <-answered
	c.ready, c.first, c.total = next.Sub(start), reply.Sub(next), reply.Sub(start)
	next, reply = <-asked, <-answered
	c.second = reply.Sub(next)
	return c
}
