// Package passportlambda answers AWS Lambda invocations with an [http.Handler],
// such as that of passporthttp.
//
// It reads the events of API Gateway (REST and HTTP APIs, with payload 1.0 or
// 2.0), of application load balancers and of function URLs, and recognizes by
// itself which one it has. The handler sees an ordinary server request:
//
//   - Its context ends a margin before the invocation does ([WithMargin]), so
//     that the handler has time to say so.
//   - Its path is that of the API, without the stage. [WithBasePath] removes
//     the base path of a custom domain.
//   - Its RemoteAddr is the client's address as AWS saw it. A load balancer has
//     no field for it: there it is the last entry of X-Forwarded-For, the one
//     that the balancer adds if it is left in its mode "append". Nothing else
//     that a client can forge is used.
//
// The answer is sent whole: Lambda's streaming is not used. A panic of the
// handler, or an answer that is larger than AWS lets through, is a 500 without
// details, and the error log has the cause.
package passportlambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// ErrUnknownEvent: the invocation is not an HTTP request of a kind that the
// package knows.
var ErrUnknownEvent = errors.New(
	"the event is not an HTTP request of API Gateway, of an application load balancer or of a function URL")

// Function answers invocations. Make it with [New]. It is safe for concurrent
// use if its handler and its flush are.
type Function struct {
	handler http.Handler
	flush   func(context.Context) error
	margin  time.Duration
	base    string
	logger  *slog.Logger
}

// Option configures a [Function].
type Option func(*Function)

// WithFlush calls flush after each answer, such as the Flush of a usage.Log.
// Lambda has the answer by then and passes it on, so that the client does not
// wait; the process is not frozen before flush returns, and gets no other
// invocation. The time is billed. The context of flush ends half a margin
// before the invocation does. An error is logged.
func WithFlush(flush func(context.Context) error) Option {
	return func(f *Function) { f.flush = flush }
}

// WithMargin sets how long before the end of the invocation the context of a
// request ends, above 0; 500 ms by default. If less than twice the margin is
// left when the request arrives, it ends after half of what is left.
func WithMargin(margin time.Duration) Option { return func(f *Function) { f.margin = margin } }

// WithBasePath removes the base path from those requests whose path begins with
// it, such as "/passport": the key under which a custom domain maps the API, or
// the path by which a load balancer chooses the function.
func WithBasePath(path string) Option { return func(f *Function) { f.base = path } }

// WithLogger sets the logger of panics, of answers that cannot be sent and of
// failed flushes (error). It logs nothing of the request. The default is
// [slog.Default], whose output Lambda collects.
func WithLogger(logger *slog.Logger) Option { return func(f *Function) { f.logger = logger } }

// New returns a function with the handler. It returns every problem of the
// options, joined, each wrapping [store.ErrMisconfigured].
func New(handler http.Handler, options ...Option) (*Function, error) {
	f := &Function{handler: handler, margin: 500 * time.Millisecond, logger: slog.Default()}
	problems.Apply(f, options)
	found := problems.New(store.ErrMisconfigured)
	found.Checkf(handler != nil, "New got a nil handler")
	found.Checkf(f.margin > 0, "WithMargin got %v, want more than 0", f.margin)
	found.Checkf(f.base == "" || strings.HasPrefix(f.base, "/") && !strings.HasSuffix(f.base, "/"),
		"WithBasePath got %.100q, want a path such as /passport", f.base)
	found.Checkf(f.logger != nil, "WithLogger got nil")
	if err := found.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// Invoke answers one event. It is a handler for lambda.Start, which must close
// the response once it is sent, as aws-lambda-go does: that flushes.
//
// It returns [ErrUnknownEvent] for an event of another kind. Everything else is
// an answer: 400 if the event makes no valid request, and 500 as in the
// package's documentation.
func (f *Function) Invoke(ctx context.Context, payload json.RawMessage) (io.ReadCloser, error) {
	var e event
	if json.Unmarshal(payload, &e) != nil {
		return nil, ErrUnknownEvent // the decoder's error may quote the payload
	}
	kind := e.kind()
	if kind == unknown {
		return nil, ErrUnknownEvent
	}
	ctx = context.WithValue(ctx, beganKey{}, time.Now())
	answer := f.serve(ctx, &e, kind)
	encoded, err := answer.encode(kind, &e)
	if err != nil {
		f.logger.ErrorContext(ctx, "the answer cannot be sent", "status", answer.code, "error", err)
		encoded, err = refusal(http.StatusInternalServerError, "Internal server error.").encode(kind, &e)
		if err != nil {
			return nil, err
		}
	}
	return &response{strings.NewReader(encoded), func() { f.afterwards(ctx) }}, nil
}

// serve lets the handler answer the request.
func (f *Function) serve(ctx context.Context, e *event, kind kind) (given *recorder) {
	defer func() {
		if thrown := recover(); thrown != nil {
			f.logger.ErrorContext(ctx, "the handler panicked", "panic", fmt.Sprint(thrown), "stack", string(debug.Stack()))
			given = refusal(http.StatusInternalServerError, "Internal server error.")
		}
	}()
	ctx, cancel := shortened(ctx, f.margin)
	defer cancel()
	request, err := e.request(ctx, kind, f.base)
	if err != nil {
		return refusal(http.StatusBadRequest, "Invalid request.")
	}
	given = newRecorder(limits[kind])
	f.handler.ServeHTTP(given, request)
	given.WriteHeader(http.StatusOK) // unless it has
	return given
}

// shortened returns a context that ends the margin before ctx does, or after
// half of what is left if that is later.
func shortened(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	end, has := ctx.Deadline()
	if !has {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-min(margin, time.Until(end)/2)))
}

// afterwards flushes, once the answer is sent.
func (f *Function) afterwards(ctx context.Context) {
	if f.flush == nil {
		return
	}
	ctx, cancel := shortened(ctx, f.margin/2)
	defer cancel()
	if err := f.flush(ctx); err != nil {
		f.logger.ErrorContext(ctx, "flushing after the answer", "error", err)
	}
}

// response is an encoded answer. It has no exported fields: aws-lambda-go sends
// the JSON of a response that has any, and what it reads from others.
type response struct {
	text  io.Reader
	close func()
}

// Read implements [io.Reader].
func (r *response) Read(p []byte) (int, error) { return r.text.Read(p) }

// Close implements [io.Closer].
func (r *response) Close() error { r.close(); return nil }

// ContentType is the type that aws-lambda-go sends the response with.
func (r *response) ContentType() string { return "application/json" }
