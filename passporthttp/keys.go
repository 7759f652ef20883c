package passporthttp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/store"
)

// keyed calls the endpoint if the request has a valid key that is within its
// rate limit and has the permission.
func (h *Handler) keyed(allowed func(*store.Key) bool, e endpoint) endpoint {
	return func(ctx context.Context, c *call) answer {
		key, err := h.check(ctx, c)
		switch {
		case store.KindOf(err) == store.KindRefused:
			c.reply.Set("WWW-Authenticate", "Api-Key")
			return refuse(http.StatusUnauthorized, "Invalid API Key.")
		case err != nil:
			return failed(err)
		}
		c.key = key
		c.facts = append(c.facts, slog.String(logattr.KeyPrefix, key.Prefix))
		if refused := h.count(ctx, c); refused != nil {
			return *refused
		}
		if !allowed(key) {
			return refuse(http.StatusForbidden, "Invalid permissions for action.")
		}
		return e(ctx, c)
	}
}

// check returns the row of the key that the request came with. If the path
// names a community, and the store finds both at once, it finds that as well.
func (h *Handler) check(ctx context.Context, c *call) (*store.Key, error) {
	scorer, names := integer(c.PathValue("scorer_id"))
	if !names || !h.together {
		return h.keys.Check(ctx, presented(c.Request))
	}
	caller, err := h.keys.CheckCaller(ctx, presented(c.Request), scorer)
	if err != nil {
		return nil, err
	}
	c.community = &caller.Community
	return &caller.Key, nil
}

// presented returns the key that a request came with, "" if none.
func presented(r *http.Request) string {
	if key := r.Header.Get("X-Api-Key"); key != "" {
		return key
	}
	if words := strings.Fields(r.Header.Get("Authorization")); len(words) > 1 {
		return words[1]
	}
	return ""
}

// count counts the call and sets the headers of the rate limit. It refuses a
// call beyond it.
func (h *Handler) count(ctx context.Context, c *call) (refused *answer) {
	if h.limiter == nil {
		return nil
	}
	rate, err := ratelimit.ParseRate(c.key.RateLimit)
	if err != nil {
		return new(failed(fmt.Errorf("the rate limit of the API key %s: %w", c.key.Prefix, err)))
	}
	quota, err := h.limiter.Take(ctx, c.key.Prefix, rate)
	if err != nil {
		return new(unavailable(fmt.Errorf("counting a call: %w", err)))
	}
	if quota.Unlimited && quota.Allowed {
		return nil
	}
	reset := strconv.FormatInt(wholeSeconds(quota.Reset), 10)
	c.reply.Set("Ratelimit-Policy", fmt.Sprintf(`"key";q=%d;w=%d`, quota.Limit, wholeSeconds(rate.Period)))
	c.reply.Set("Ratelimit", fmt.Sprintf(`"key";r=%d;t=%s`, quota.Remaining, reset))
	if quota.Allowed {
		return nil
	}
	c.reply.Set("Retry-After", reset)
	return new(refuse(http.StatusTooManyRequests, "You have been rate limited!"))
}

// wholeSeconds rounds up, so that callers wait long enough.
func wholeSeconds(d time.Duration) int64 {
	return int64((max(d, 1) + time.Second - 1) / time.Second)
}
