package passporthttp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/store"
)

// keyed lets calls through to the endpoint whose key is valid, within its rate
// limit, and allowed to.
func (h *Handler) keyed(allowed func(*store.Key) bool, e endpoint) endpoint {
	return func(ctx context.Context, c *call) answer {
		key, err := h.keys.Check(ctx, presented(c.Request))
		switch {
		case store.KindOf(err) == store.KindRefused:
			c.reply.Set("WWW-Authenticate", "Api-Key")
			return detail(http.StatusUnauthorized, "Invalid API Key.")
		case err != nil:
			return failed(err)
		}
		c.key = key
		c.learn(slog.String("key", key.Prefix))
		within, err := h.count(ctx, c)
		switch {
		case store.KindOf(err) == store.KindInvalid:
			return failed(err)
		case err != nil:
			return unavailable(err)
		case !within:
			return detail(http.StatusTooManyRequests, "You have been rate limited!")
		case !allowed(key):
			return detail(http.StatusForbidden, "Invalid permissions for action.")
		}
		return e(ctx, c)
	}
}

// presented returns the key that a request came with, "" if none.
func presented(r *http.Request) string {
	if key := r.Header.Get("X-Api-Key"); key != "" {
		return key
	}
	words := strings.Fields(r.Header.Get("Authorization"))
	if len(words) < 2 {
		return ""
	}
	return words[1]
}

// count counts the call, tells the caller how it stands, and whether it may
// pass.
func (h *Handler) count(ctx context.Context, c *call) (within bool, err error) {
	if h.limiter == nil {
		return true, nil
	}
	rate, err := apikey.ParseRate(c.key.RateLimit)
	if err != nil {
		return false, fmt.Errorf("the rate limit of the API key %s: %w", c.key.Prefix, err)
	}
	quota, err := h.limiter.Take(ctx, c.key.Prefix, rate)
	if err != nil {
		return false, fmt.Errorf("counting a call: %w", err)
	}
	if quota.Unlimited {
		return quota.Allowed, nil
	}
	reset := strconv.FormatInt(wholeSeconds(quota.Reset), 10)
	c.reply.Set("Ratelimit-Policy", fmt.Sprintf(`"key";q=%d;w=%d`, quota.Limit, wholeSeconds(rate.Period)))
	c.reply.Set("Ratelimit", fmt.Sprintf(`"key";r=%d;t=%s`, quota.Remaining, reset))
	if !quota.Allowed {
		c.reply.Set("Retry-After", reset)
	}
	return quota.Allowed, nil
}

// wholeSeconds rounds up, so that who waits has waited long enough.
func wholeSeconds(d time.Duration) int64 {
	return int64((max(d, 1) + time.Second - 1) / time.Second)
}
