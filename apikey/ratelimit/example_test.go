package ratelimit_test

import (
	"context"
	"errors"
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

// gone is a limiter whose server is out of reach.
type gone struct{}

// Take implements [ratelimit.Limiter].
func (gone) Take(context.Context, string, ratelimit.Rate) (ratelimit.Quota, error) {
	return ratelimit.Quota{}, errors.New("no answer within 500ms")
}

// While the server is out of reach, each process counts by itself.
func ExampleFallback() {
	memory, err := ratelimit.NewMemory()
	if err != nil {
		fmt.Println(err)
		return
	}
	limiter, err := ratelimit.NewFallback(gone{}, memory, func(_ context.Context, err error) {
		fmt.Println("not shared:", err)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	quota, err := limiter.Take(context.Background(), "Gh4kLm2p", ratelimit.Rate{Calls: 2, Period: time.Hour})
	fmt.Println(quota.Allowed, quota.Remaining, err)
	// Output:
	// not shared: no answer within 500ms
	// true 1 <nil>
}
