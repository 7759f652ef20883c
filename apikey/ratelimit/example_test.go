package ratelimit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
)

func ExampleMemory() {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	limiter, err := ratelimit.NewMemory(ratelimit.WithClock(func() time.Time { return noon }))
	if err != nil {
		fmt.Println(err)
		return
	}
	rate, err := ratelimit.ParseRate("2/15m")
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		quota, err := limiter.Take(context.Background(), "Gh4kLm2p", rate)
		fmt.Println(quota.Allowed, quota.Remaining, quota.Reset, err)
	}
	// Output:
	// true 1 5m39s <nil>
	// true 0 5m39s <nil>
	// false 0 5m39s <nil>
}
