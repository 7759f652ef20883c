package passporthttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
)

// probed is a handler whose readiness check the test controls.
type probed struct {
	handler http.Handler
	mu      sync.Mutex
	began   []time.Time // of each check
	check   func(ctx context.Context) error
}

func newProbed(t *testing.T) *probed {
	t.Helper()
	p := &probed{}
	handler, err := passporthttp.New(&faultyScorer{}, memstore.New(), passporthttp.WithReady(func(ctx context.Context) error {
		p.mu.Lock()
		p.began = append(p.began, time.Now())
		p.mu.Unlock()
		return p.check(ctx)
	}))
	require.NoError(t, err)
	p.handler = handler
	return p
}

func (p *probed) ready(ctx context.Context) int {
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/ready", http.NoBody))
	return answer.Code
}

func TestReady_OnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		downAt := time.Now().Add(10*time.Second + 300*time.Millisecond)
		p.check = func(ctx context.Context) error {
			down := time.Now().After(downAt)
			time.Sleep(200 * time.Millisecond)
			assert.NoError(t, ctx.Err(), "the check outlives its caller")
			if down {
				return errors.New("down")
			}
			return nil
		}
		var callers sync.WaitGroup
		for n := range 2000 { // in 20 s
			callers.Go(func() {
				time.Sleep(time.Duration(n) * 10 * time.Millisecond)
				ctx, hangUp := context.WithCancel(t.Context())
				defer hangUp()
				if n%3 != 0 {
					time.AfterFunc(time.Duration(n%50)*time.Millisecond, hangUp)
				}
				asked := time.Now()
				status := p.ready(ctx)
				switch {
				case ctx.Err() != nil:
				case asked.Before(downAt):
					assert.Equal(t, http.StatusOK, status)
				case asked.Sub(downAt) >= time.Second:
					assert.Equal(t, http.StatusServiceUnavailable, status, "an answer older than a second")
				}
			})
		}
		callers.Wait()
		assert.GreaterOrEqual(t, len(p.began), 19)
		for i := range p.began[1:] {
			assert.GreaterOrEqual(t, p.began[i+1].Sub(p.began[i]), time.Second)
		}
	})
}

// A check that takes longer than a second is not repeated by the callers that
// waited for it.
func TestReady_SlowCheckIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.check = func(context.Context) error { time.Sleep(3 * time.Second); return nil }
		var callers sync.WaitGroup
		for n := range 20 {
			callers.Go(func() {
				time.Sleep(time.Duration(n) * 100 * time.Millisecond)
				assert.Equal(t, http.StatusOK, p.ready(t.Context()))
			})
		}
		callers.Wait()
		assert.Len(t, p.began, 1)
	})
}

func TestReady_Deadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.check = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		began := time.Now()
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, hangUp)
		assert.Equal(t, http.StatusServiceUnavailable, p.ready(ctx))
		assert.Equal(t, 5*time.Second, time.Since(began))

		p.check = func(context.Context) error { return nil }
		assert.Equal(t, http.StatusOK, p.ready(t.Context()))
	})
}

func TestReady_Panic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.check = func(context.Context) error { time.Sleep(time.Second); panic("on purpose") }
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() { assert.GreaterOrEqual(t, p.ready(t.Context()), http.StatusInternalServerError) })
		}
		callers.Wait()
		p.check = func(context.Context) error { return nil }
		assert.Equal(t, http.StatusOK, p.ready(t.Context()))
	})
}
