package shadow

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Handler returns a handler that serves the primary's answers, unchanged, and
// queues those about scores to be compared. All other requests go to the
// primary as they are. If the queue is full the answer is dropped, which the
// verdict counts; the caller never waits.
//
// To the primary, the writer of an answer that is copied is an [http.Flusher]
// or [http.Hijacker] if that of the server is, and has Unwrap for an
// [http.ResponseController]. An answer is not compared if it is cut off,
// encoded, hijacked, or larger than 256 KiB.
func (s *Shadow) Handler(primary http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		community, address, is := s.recognize(r.Context(), r)
		if !is {
			primary.ServeHTTP(w, r)
			return
		}
		again := r.Clone(context.WithoutCancel(r.Context())) // before the primary changes it
		again.Body = http.NoBody
		t := &tap{ResponseWriter: w}
		asked := time.Now()
		primary.ServeHTTP(t.as(w), r)
		took := time.Since(asked)
		if t.refused() {
			s.tally.skip()
			return
		}
		next := &question{community: community, address: address, first: answered{asked: asked, took: took}}
		next.fetch = func(context.Context) error {
			next.first.Decision = ReadAnswer(t.status, t.body)
			return nil
		}
		next.ask = func(ctx context.Context) (Decision, error) { return askAgain(ctx, primary, again) }
		if !s.queue.put(next) {
			s.tally.drop()
		}
	})
}

// recognize reports whether the answer to the request is to be compared. A
// panic of the host's function must not cost the answer.
func (s *Shadow) recognize(ctx context.Context, r *http.Request) (community int64, address string, is bool) {
	defer func() {
		if thrown := recover(); thrown != nil {
			s.logger.ErrorContext(ctx, "the route of a shadow panicked", "panic", fmt.Sprint(thrown))
			is = false
		}
	}()
	community, address, is = s.route(r)
	return community, address, is && (s.sampling >= 1 || rand.Float64() < s.sampling) //nolint:gosec // chance, not secrecy
}

// askAgain repeats a request.
func askAgain(ctx context.Context, primary http.Handler, asked *http.Request) (Decision, error) {
	request := asked.Clone(valued{ctx, asked.Context()}) //nolint:contextcheck // it inherits from ctx
	t := &tap{ResponseWriter: nowhere{http.Header{}}}
	primary.ServeHTTP(t, request)
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	if t.refused() {
		return Decision{}, ErrNotCompared
	}
	return ReadAnswer(t.status, t.body), nil
}

// valued is a context with the values of a request that has ended.
type valued struct {
	context.Context //nolint:containedctx // two contexts in one

	values context.Context //nolint:containedctx // likewise
}

// Value implements [context.Context].
func (v valued) Value(key any) any {
	if value := v.Context.Value(key); value != nil {
		return value
	}
	return v.values.Value(key)
}

// nowhere is the writer of an answer that is only copied.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// tap copies an answer while it is written.
type tap struct {
	http.ResponseWriter

	status int
	body   []byte
	// broken is set if the copy is not the whole answer.
	broken bool
}

// as returns the tap with those of the two interfaces that the writer has.
func (t *tap) as(w http.ResponseWriter) http.ResponseWriter {
	_, flushes := w.(http.Flusher)
	hijacker, hijacks := w.(http.Hijacker)
	switch {
	case flushes && hijacks:
		return struct {
			flushing
			http.Hijacker
		}{flushing{t}, hijacker}
	case flushes:
		return flushing{t}
	case hijacks:
		return struct {
			*tap
			http.Hijacker
		}{t, hijacker}
	}
	return t
}

// flushing is a tap on a writer that is an [http.Flusher].
type flushing struct{ *tap }

// Flush implements [http.Flusher].
func (f flushing) Flush() { _ = f.FlushError() }

// FlushError is what [http.ResponseController] calls.
func (f flushing) FlushError() error {
	f.begin(http.StatusOK)
	return http.NewResponseController(f.ResponseWriter).Flush()
}

// Unwrap returns the writer below, for [http.ResponseController].
func (t *tap) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (t *tap) WriteHeader(status int) {
	t.begin(status)
	t.ResponseWriter.WriteHeader(status)
}

// begin notes the status of the answer: the first one, but for those of an
// answer that is yet to come.
func (t *tap) begin(status int) {
	if t.status == 0 && status >= http.StatusOK {
		t.status = status
	}
}

// Write implements [http.ResponseWriter].
func (t *tap) Write(b []byte) (int, error) {
	t.begin(http.StatusOK)
	n, err := t.ResponseWriter.Write(b)
	switch {
	case err != nil || n < len(b) || len(t.body)+n > maxAnswer:
		t.broken, t.body = true, nil
	case !t.broken:
		t.body = append(t.body, b[:n]...)
	}
	return n, err
}

// refused reports whether the copy is of no use. An answer without a status was
// hijacked, or never written.
func (t *tap) refused() bool {
	header := t.Header()
	length := header.Get("Content-Length")
	return t.broken || t.status == 0 || header.Get("Content-Encoding") != "" ||
		length != "" && length != strconv.Itoa(len(t.body))
}
