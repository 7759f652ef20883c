package passporthttp

import (
	"context"
	"fmt"
	"net/http"
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

// readiness asks once at a time, and remembers the answer for a second, so that
// nobody can load the database by asking.
type readiness struct {
	check func(context.Context) error
	turn  chan struct{} // holds one token, which guards what follows
	at    time.Time
	last  error
}

const readyFor = time.Second

func newReadiness(check func(context.Context) error) *readiness {
	r := &readiness{check: check, turn: make(chan struct{}, 1)}
	r.turn <- struct{}{}
	return r
}

func (r *readiness) ask(ctx context.Context) error {
	if r.check == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.turn:
	}
	defer func() { r.turn <- struct{}{} }()
	if !r.at.IsZero() && time.Since(r.at) < readyFor {
		return r.last
	}
	err := r.check(ctx)
	if err != nil && ctx.Err() != nil {
		return err // it tells about the caller, not about us
	}
	r.at, r.last = time.Now(), err
	return err
}
