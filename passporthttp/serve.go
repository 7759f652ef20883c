package passporthttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Serve serves the handler on the listener until the context ends. Then it
// closes the listener, waits at most 20 s for open requests, and returns.
//
// A client has 5 s for the headers, at most 16 KiB of them, 60 s for the whole
// request, and 75 s until it has read the answer. Idle connections last 60 s.
//
// The background functions, such as the Run of a usage.Log, start with the
// server. Their context ends when the last request has been answered, and Serve
// waits for them. If one of them fails earlier, the server ends as well.
//
// Serve returns every error, joined: the listener's, [context.DeadlineExceeded]
// if requests were cut off, and those of the background functions.
func Serve(
	ctx context.Context, listener net.Listener, handler http.Handler, background ...func(context.Context) error,
) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	behind, endBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer endBackground()

	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       60 * time.Second, // bounds a request besides WithTimeout
		WriteTimeout:      75 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	serve := func(context.Context) error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving: %w", err)
		}
		return nil
	}
	var running sync.WaitGroup
	failures := make(chan error, len(background)+1)
	for _, run := range append(slices.Clip(background), serve) {
		running.Go(func() {
			if err := run(behind); err != nil {
				end()
				failures <- err
			}
		})
	}

	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	failure := server.Shutdown(stopping)
	if failure != nil {
		failure = errors.Join(fmt.Errorf("requests were cut off: %w", failure), server.Close())
	}
	endBackground()
	running.Wait()
	close(failures)
	for err := range failures {
		failure = errors.Join(failure, err)
	}
	return failure
}

// readiness runs the check at most once a second, and one at a time, so that
// callers cannot overload the database.
type readiness struct {
	check func(context.Context) error // nil for none
	turn  chan struct{}               // holds a token while a caller uses the fields below

	began, ended time.Time // the last check
	result       error
}

// isReady answers GET /ready.
func (h *Handler) isReady(ctx context.Context, _ *call) answer {
	if err := h.ready.ask(ctx); err != nil {
		return unavailable(fmt.Errorf("not ready: %w", err))
	}
	return ok(map[string]string{"status": "ready"})
}

func (r *readiness) ask(ctx context.Context) error {
	if r.check == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	asked := time.Now()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	}
	if !asked.Before(r.ended) && time.Since(r.began) >= time.Second {
		r.run(ctx)
	}
	return r.result
}

// run outlives the caller, because a driver closes the connection whose query
// is cancelled.
func (r *readiness) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	r.began, r.result = time.Now(), errors.New("the readiness check panicked")
	defer func() { r.ended = time.Now() }()
	r.result = r.check(ctx)
}
