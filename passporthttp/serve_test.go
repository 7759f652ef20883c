package passporthttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporthttp"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return listener
}

// Open requests are answered, and the background functions end after that.
func TestServe(t *testing.T) {
	ctx, shutDown := context.WithCancel(t.Context())
	defer shutDown()
	inside, goOn := make(chan struct{}), make(chan struct{})
	var order []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(inside)
		<-goOn
		assert.NoError(t, r.Context().Err(), "the end of the server is not the end of the request")
		order = append(order, "answered")
		_, err := io.WriteString(w, "well")
		assert.NoError(t, err)
	})
	background := func(ctx context.Context) error {
		<-ctx.Done()
		order = append(order, "drained")
		return nil
	}
	listener := listen(t)
	ended := make(chan error, 1)
	go func() { ended <- passporthttp.Serve(ctx, listener, handler, background) }()

	answer := make(chan string, 1)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String(), nil)
		assert.NoError(t, err)
		response, err := client.Do(request)
		if !assert.NoError(t, err) {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		assert.NoError(t, err)
		answer <- string(body)
	}()
	<-inside
	shutDown()
	require.Eventually(t, func() bool {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err == nil {
			connection.Close()
		}
		return err != nil
	}, 10*time.Second, 5*time.Millisecond, "it accepts no more")
	select {
	case <-ended:
		t.Fatal("it did not wait")
	default:
	}
	close(goOn)
	assert.Equal(t, "well", <-answer)
	require.NoError(t, <-ended)
	assert.Equal(t, []string{"answered", "drained"}, order)
}

// A body that was announced and never sent delays neither the answer nor the
// end.
func TestServe_NoBody(t *testing.T) {
	s := newSite(t)
	ctx, shutDown := context.WithCancel(t.Context())
	defer shutDown()
	listener := listen(t)
	ended := make(chan error, 1)
	go func() { ended <- passporthttp.Serve(ctx, listener, s.handler) }()
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	began := time.Now()
	_, err = io.WriteString(connection, "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
	require.NoError(t, err)
	status, err := bufio.NewReader(connection).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 200 OK\r\n", status)
	shutDown()
	require.NoError(t, <-ended)
	assert.Less(t, time.Since(began), 20*time.Second)
}

func TestServe_BackgroundFails(t *testing.T) {
	broken := errors.New("broken")
	other := func(ctx context.Context) error { <-ctx.Done(); return errors.New("other") }
	err := passporthttp.Serve(t.Context(), listen(t), http.NotFoundHandler(), func(context.Context) error { return broken }, other)
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "other")
}

func TestServe_ListenerFails(t *testing.T) {
	listener := listen(t)
	require.NoError(t, listener.Close())
	require.ErrorIs(t, passporthttp.Serve(t.Context(), listener, http.NotFoundHandler()), net.ErrClosed)
}
