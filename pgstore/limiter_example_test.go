package pgstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// Processes with limiters on one database share the counts. The option
// passporthttp.WithLimiter takes one.
func ExampleLimiter() {
	ctx := context.Background()
	url, drop := pgtest.NewForExample()
	defer drop()
	for process := range 3 {
		pool, err := pgstore.OpenPool(ctx, url)
		must(err)
		defer pool.Close()
		limiter := pgstore.NewLimiter(pool)
		must(limiter.Migrate(ctx))

		quota, err := limiter.Take(ctx, "Gh4kLm2p", ratelimit.Rate{Calls: 2, Period: 366 * 24 * time.Hour})
		must(err)
		fmt.Println(process, quota.Allowed, quota.Remaining)
	}
	// Output:
	// 0 true 1
	// 1 true 0
	// 2 false 0
}
