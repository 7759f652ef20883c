package passporthttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// statusBody tells that all is well.
type statusBody struct {
	Status string `json:"status"`
}

// alive answers GET /health: the process takes requests.
func alive(context.Context, *call) answer {
	return answer{status: http.StatusOK, body: statusBody{"ok"}}
}

// isReady answers GET /ready: what the process needs is there as well.
func (h *Handler) isReady(ctx context.Context, _ *call) answer {
	if err := h.readiness.ask(ctx); err != nil {
		return unavailable(fmt.Errorf("not ready: %w", err))
	}
	return answer{status: http.StatusOK, body: statusBody{"ready"}}
}

const (
	// readyFor is how long an answer holds, from the moment of the question.
	readyFor = time.Second
	// readyTimeout bounds the question.
	readyTimeout = 5 * time.Second
)

// readiness asks at most once a second, and one question at a time, whose answer
// all who ask meanwhile share: nobody can load the database by asking. The
// question outlives the caller that caused it, because a driver closes the
// connection whose query is cancelled.
type readiness struct {
	check func(context.Context) error
	mu    sync.Mutex
	last  *readyCheck // nil before the first
}

// readyCheck is one question and, once done is closed, its answer.
type readyCheck struct {
	began time.Time
	done  chan struct{}
	err   error
}

func newReadiness(check func(context.Context) error) *readiness { return &readiness{check: check} }

func (r *readiness) ask(ctx context.Context) error {
	if r.check == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	current, mine := r.current()
	if mine {
		r.run(ctx, current)
		return current.err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-current.done:
		return current.err
	}
}

// current returns the question whose answer the caller gets, and reports whether
// the caller is the one to ask it.
func (r *readiness) current() (c *readyCheck, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil || r.last.isDone() && time.Since(r.last.began) >= readyFor {
		r.last = &readyCheck{began: time.Now(), done: make(chan struct{}), err: errors.New("the readiness check panicked")}
		return r.last, true
	}
	return r.last, false
}

func (r *readiness) run(ctx context.Context, c *readyCheck) {
	defer close(c.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	c.err = r.check(ctx)
}

func (c *readyCheck) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
