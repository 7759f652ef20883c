package shadow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrAlreadyRun: Work was called before. A shadow works once.
var ErrAlreadyRun = errors.New("the shadow was run before")

// queue holds the answers that wait to be compared.
type queue struct {
	waiting chan *question
	started atomic.Bool

	mu      sync.Mutex
	pending int           // those that wait or are being compared
	idle    chan struct{} // closed while none is pending
	closed  bool
}

func (q *queue) init(capacity int) {
	q.waiting, q.idle = make(chan *question, capacity), make(chan struct{})
	close(q.idle)
}

// put adds the question, and never waits. It returns false if the queue is full
// or closed.
func (q *queue) put(next *question) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	select {
	case q.waiting <- next:
	default:
		return false
	}
	if q.pending++; q.pending == 1 {
		q.idle = make(chan struct{})
	}
	return true
}

// done marks the end of a question.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.pending--; q.pending == 0 {
		close(q.idle)
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
}

// Work compares the answers of [Shadow.Handler] until the context ends or
// [Shadow.Close] is called, and returns nil once all its goroutines have ended.
// It drops what waits when the context ends. It returns [ErrAlreadyRun] when it
// is called a second time.
//
// Comparisons that never end, because the planner or the primary ignores its
// context, hold up Work and nothing else.
func (s *Shadow) Work(ctx context.Context) error {
	if !s.queue.started.CompareAndSwap(false, true) {
		return ErrAlreadyRun
	}
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() { s.work(ctx) })
	}
	workers.Wait()
	s.queue.close()
	for range s.queue.waiting {
		s.tally.drop()
		s.queue.done()
	}
	return nil
}

func (s *Shadow) work(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case next, open := <-s.queue.waiting:
			if !open {
				return
			}
			c := s.judge(ctx, next)
			s.report(ctx, &c)
			s.queue.done()
		}
	}
}

// Flush waits until every answer that was taken so far has been compared, or
// returns the context's error, wrapped. It needs [Shadow.Work] to run.
func (s *Shadow) Flush(ctx context.Context) error {
	s.queue.mu.Lock()
	idle := s.queue.idle
	s.queue.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for comparisons: %w", ctx.Err())
	}
}

// Close takes no more answers, waits as Flush does, and makes Work return. The
// handlers go on serving.
func (s *Shadow) Close(ctx context.Context) error {
	s.queue.close()
	return s.Flush(ctx)
}
