package passportredis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Limiter is a [ratelimit.Limiter] whose counts are in Redis, so that all
// processes on the server share them. Make it with [New]. It is safe for
// concurrent use and starts no goroutine; the client is the host's to close.
type Limiter struct {
	client    redis.Scripter
	namespace string
	timeout   time.Duration
	script    *redis.Script
}

var _ ratelimit.Limiter = (*Limiter)(nil)

//go:embed take.lua
var source string

// Option configures a [Limiter].
type Option func(*Limiter)

// WithNamespace sets the beginning of all keys, "passport:ratelimit:" by
// default. Behind it stand the prefix of the API key, which is no secret, a
// colon and the period in microseconds. Limiters that share their counts have
// the same namespace.
func WithNamespace(namespace string) Option {
	return func(l *Limiter) { l.namespace = namespace }
}

// WithTimeout sets how long a call may take, 1 ms to 1 min, 500 ms by default,
// with connecting and the client's retries.
func WithTimeout(timeout time.Duration) Option {
	return func(l *Limiter) { l.timeout = timeout }
}

// New returns a limiter on a client of go-redis: a [redis.Client], also one
// that follows a failover, a [redis.ClusterClient], a [redis.Ring] or a
// [redis.UniversalClient]. The client must have ContextTimeoutEnabled, since
// otherwise it waits for a server that hangs for as long as its own timeouts
// and retries last.
//
// New sends nothing. It returns every problem of the configuration, joined,
// each wrapping [store.ErrMisconfigured].
func New(client redis.Scripter, options ...Option) (*Limiter, error) {
	l := &Limiter{client: client, namespace: "passport:ratelimit:", timeout: 500 * time.Millisecond, script: redis.NewScript(source)}
	problems.Apply(l, options)
	found := problems.New(store.ErrMisconfigured)
	found.Checkf(client != nil, "New got no client")
	found.Checkf(keepsDeadlines(client), "the client lacks the option ContextTimeoutEnabled")
	found.Checkf(l.timeout >= time.Millisecond && l.timeout <= time.Minute, "WithTimeout got %v, want 1ms to 1m", l.timeout)
	if err := found.Err(); err != nil {
		return nil, err
	}
	return l, nil
}

// keepsDeadlines reports whether the client ends a call with its context. A
// client of another type is the host's own.
func keepsDeadlines(client redis.Scripter) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	case *redis.Ring:
		return c.Options().ContextTimeoutEnabled
	}
	return true
}

const op = "count_call"

// Take implements [ratelimit.Limiter], with the windows of [ratelimit.Memory]
// by the clock of the server: exactly the rate's number of calls pass in one. A
// key whose rate gets another period has windows of its own for each of them.
//
// The error is a *[store.Error] or the context's own. It is a
// [store.ErrUnavailable] if the server did not answer in time, cannot be
// reached, is loading its data, has become a replica or is out of memory, and
// otherwise a [store.ErrInternal]: it refused the login or the script, or the
// key holds something else. After an error the call may have been counted,
// also several times where the client repeated it.
func (l *Limiter) Take(ctx context.Context, prefix string, rate ratelimit.Rate) (ratelimit.Quota, error) {
	if err := ctx.Err(); err != nil {
		return ratelimit.Quota{}, fmt.Errorf("%s: %w", op, err)
	}
	if rate.Unlimited() {
		return ratelimit.Quota{Allowed: true, Unlimited: true}, nil
	}
	w := rate.Windows(prefix)
	period := w.Period.Microseconds()
	within, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	key := l.namespace + prefix + ":" + strconv.FormatInt(period, 10)
	answer, err := l.script.Run(within, l.client, []string{key}, period, w.Phase.Microseconds(), w.Limit).Int64Slice()
	if err != nil {
		return ratelimit.Quota{}, l.explain(ctx, within, err)
	}
	if len(answer) != 2 || answer[0] < 1 || answer[1] < 1 || answer[1] > period {
		return ratelimit.Quota{}, store.Errorf(op, store.ErrInternal, "the script of take.lua cannot return %v", answer)
	}
	return w.Quota(int(answer[0]), time.Duration(answer[1])*time.Microsecond), nil
}

// passing matches the errors of a server that another call may not get. Up to
// version 6 they are somewhere in the text of an error of the script.
var passing = regexp.MustCompile(`\b(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MOVED|ASK|OOM|BUSY|MISCONF|max number of clients)\b`)

func (l *Limiter) explain(ctx, within context.Context, err error) error {
	var refused redis.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", op, ctx.Err())
	case within.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		// The caller's context has not ended, and errors.Is must not say so.
		return store.Errorf(op, store.ErrUnavailable, "no answer within %v: %v", l.timeout, err)
	case errors.As(err, &refused) && !passing.MatchString(err.Error()):
		return store.Errorf(op, store.ErrInternal, "%w", err)
	}
	return store.Errorf(op, store.ErrUnavailable, "%w", err)
}
