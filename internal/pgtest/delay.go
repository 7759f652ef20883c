package pgtest

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Delayed lets one pool reach its server through a proxy on the loopback
// interface that holds back what passes, in each direction, for as long as a
// network of that latency would. The pool must be closed before the test ends.
func Delayed(tb testing.TB, latency time.Duration) func(*pgxpool.Config) {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	var conns sync.WaitGroup
	tb.Cleanup(func() {
		if err := listener.Close(); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
		conns.Wait()
	})
	return func(c *pgxpool.Config) {
		target := net.JoinHostPort(c.ConnConfig.Host, strconv.Itoa(int(c.ConnConfig.Port)))
		conns.Go(func() { serveDelayed(listener, target, latency, &conns) })
		c.ConnConfig.DialFunc = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, listener.Addr().String())
		}
	}
}

// serveDelayed serves until the listener is closed; each connection ends with
// either of its sides.
func serveDelayed(listener net.Listener, target string, latency time.Duration, conns *sync.WaitGroup) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(context.Background(), "tcp", target)
		if err != nil {
			_ = client.Close()
			return
		}
		conns.Go(func() { holdBack(server, client, latency) })
		conns.Go(func() { holdBack(client, server, latency) })
	}
}

// chunk is what was read at once, and when it is due on the other side.
type chunk struct {
	bytes []byte
	due   time.Time
}

// holdBack copies until either side ends, and ends both.
func holdBack(to, from net.Conn, latency time.Duration) {
	const inFlight = 1024
	chunks := make(chan chunk, inFlight)
	go func() {
		defer close(chunks)
		for {
			buffer := make([]byte, 64*1024)
			n, err := from.Read(buffer)
			if n > 0 {
				chunks <- chunk{buffer[:n], time.Now().Add(latency)}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		waitUntil(c.due)
		if _, err := to.Write(c.bytes); err != nil {
			break
		}
	}
	_, _ = to.Close(), from.Close()
	for range chunks { // let the reader end
	}
}

// waitUntil spins for the last part: a sleep of 2 ms takes a quarter of a
// millisecond longer, four times in a scoring.
func waitUntil(due time.Time) {
	const spinning = 500 * time.Microsecond
	time.Sleep(time.Until(due) - spinning)
	for time.Now().Before(due) {
		runtime.Gosched()
	}
}
