package passport

import (
	"math/rand/v2"
	"time"

	"github.com/sethvargo/go-retry"
)

// DefaultRetry is the reference's policy for a scoring that lost a race: up to
// five more attempts after 50, 100, 200, 400 and 800 ms, each wait at most 1 s
// and lengthened by up to 50 ms at random, so that rivals part.
func DefaultRetry() retry.Backoff {
	const (
		attempts = 5
		first    = 50 * time.Millisecond
		longest  = time.Second
		jitter   = 50 * time.Millisecond
	)
	waits := retry.WithMaxRetries(attempts, retry.WithCappedDuration(longest, retry.NewExponential(first)))
	return retry.BackoffFunc(func() (time.Duration, bool) {
		wait, stop := waits.Next()
		return wait + rand.N(jitter), stop //nolint:gosec // rivals are to part, not to be surprised
	})
}
