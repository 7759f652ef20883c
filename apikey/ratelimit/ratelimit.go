// Package ratelimit counts the calls of API keys against their rate limits.
package ratelimit

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Limiter counts calls. [Memory] counts those of one process. Several processes
// share one of package pgstore, of the module contrib/redis, or of the host. It
// must be safe for concurrent use.
type Limiter interface {
	// Take must count one call of the key with that prefix and report whether
	// it is within the rate. An error means that the call could not be counted;
	// the caller decides whether it passes.
	Take(ctx context.Context, prefix string, rate Rate) (Quota, error)
}

// Quota is the result of counting a call.
type Quota struct {
	// Allowed reports whether the call passes.
	Allowed bool
	// Unlimited reports that nothing was counted; the rest is then zero.
	Unlimited bool
	// Limit is the number of calls in a window, Remaining the number of those
	// that are left in this one.
	Limit, Remaining int
	// Reset is the time until the window ends, above 0 and at most the period
	// of the windows. A refused caller should wait for so long.
	Reset time.Duration
}

// Rate is a number of calls in a period. The zero Rate is unlimited.
type Rate struct {
	// Calls is the number of calls that pass; 0 lets none pass.
	Calls int
	// Period is the length of a window; 0 or less means unlimited.
	Period time.Duration
}

// Unlimited reports whether every call passes.
func (r Rate) Unlimited() bool { return r.Period <= 0 }

// ErrInvalidRate: the text is not a rate limit.
var ErrInvalidRate = store.Sentinel(store.KindInvalid, "invalid rate limit")

// The largest rate that is accepted.
const (
	maxCalls  = 1_000_000_000
	maxPeriod = 366 * day
	day       = 24 * time.Hour
)

var (
	rateForm = regexp.MustCompile(`^(\d+)/(\d*)([smhd])$`)
	units    = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": day}
)

// ParseRate reads a key's rate limit: "<calls>/[<n>]<unit>" with the unit s, m,
// h or d, such as "125/15m" or "10/s". The empty text is the zero Rate. For any
// other text it returns [ErrInvalidRate], because an unreadable limit must not
// count as none.
func ParseRate(text string) (Rate, error) {
	if text == "" {
		return Rate{}, nil
	}
	if parts := rateForm.FindStringSubmatch(text); parts != nil && len(text) <= store.MaxRateLimit {
		unit := units[parts[3]]
		calls, callsErr := strconv.Atoi(parts[1])
		n, err := strconv.Atoi(cmp.Or(parts[2], "1"))
		if callsErr == nil && err == nil && calls <= maxCalls && n >= 1 && n <= int(maxPeriod/unit) {
			return Rate{Calls: calls, Period: time.Duration(n) * unit}, nil
		}
	}
	return Rate{}, fmt.Errorf("%w: %.30q is not like 125/15m", ErrInvalidRate, text)
}
