package passporthttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// What a server that [Serve] runs allows its clients.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 60 * time.Second // and with it the time of a request, whatever WithTimeout says
	writeTimeout      = 75 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	// ShutdownTimeout is how long [Serve] waits, once its context has ended, for
	// the answers to what it has accepted.
	ShutdownTimeout = 20 * time.Second
)

// Serve answers the connections of the listener with the handler until the
// context ends. Then it accepts no more, answers what it has accepted, for
// [ShutdownTimeout] at the most, and returns. It closes the listener.
//
// A client has 5 s to send the headers, at most 16 KiB of them, 60 s for the
// whole request, and 75 s until it has taken the answer; its connection is kept
// for a minute. A server of the host's own should bound the same.
//
// What runs in the background, such as the Run of an [apikey.UseLog], is begun
// with it and told to end, by its context, when the last request has been
// answered; Serve returns after it has. If it ends by itself before, with an
// error, the server ends too.
//
// A [Handler] whose configuration makes no sense is not served: Serve returns its
// [Handler.Err] at once.
//
// Serve returns nil if all went well; otherwise what did not, joined: the
// listener's error, [context.DeadlineExceeded] if requests were cut off, and the
// errors of what ran in the background.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, background ...func(context.Context) error) error {
	if h, is := handler.(*Handler); is && h.Err() != nil {
		return errors.Join(h.Err(), listener.Close())
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	behind, endBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer endBackground()

	var running sync.WaitGroup
	faults := make(chan error, len(background)+1)
	for _, run := range background {
		running.Go(func() {
			if err := run(behind); err != nil {
				end(err)
				faults <- err
			}
		})
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			end(err)
			faults <- fmt.Errorf("serving: %w", err)
		}
	})

	<-ctx.Done()
	failure := shutDown(context.WithoutCancel(ctx), server)
	endBackground()
	running.Wait()
	close(faults)
	for err := range faults {
		failure = errors.Join(failure, err)
	}
	return failure
}

func shutDown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close())
	}
	return nil
}
