package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/store"
)

// keys is a store of one key.
type keys struct{ key store.Key }

func (k *keys) FindKey(_ context.Context, prefix string) (*store.Key, error) {
	if prefix != k.key.Prefix {
		return nil, store.ErrNotFound
	}
	found := k.key
	return &found, nil
}

func (k *keys) AddKey(_ context.Context, key store.Key) error {
	k.key = key
	return key.Validate()
}

func (k *keys) MigrateKey(_ context.Context, _, sha256 string) error {
	k.key.SHA256 = sha256
	return nil
}

func (k *keys) RevokeKey(context.Context, string) error {
	k.key.Revoked = true
	return nil
}

func Example() {
	ctx := context.Background()
	rows := &keys{}
	checker, err := apikey.New(rows)
	if err != nil {
		fmt.Println(err)
		return
	}

	secret, stored, err := checker.Create(ctx, apikey.NewKey{Name: "shop", Account: 1, ReadScores: true})
	fmt.Println(len(secret), stored.RateLimit, err)

	key, err := checker.Check(ctx, secret)
	fmt.Println(key.Name, key.ReadScores, err)

	_, err = checker.Check(ctx, secret+"x")
	fmt.Println(errors.Is(err, apikey.ErrRefused), err)
	// Output:
	// 41 125/15m <nil>
	// shop true <nil>
	// true invalid API key
}

func ExampleMemoryLimiter() {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	limiter, err := apikey.NewMemoryLimiter(apikey.WithWindowClock(func() time.Time { return noon }))
	if err != nil {
		fmt.Println(err)
		return
	}
	rate, err := apikey.ParseRate("2/15m")
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

// printed is a store of uses that prints them.
type printed struct{}

func (printed) AddUses(_ context.Context, uses ...store.Use) error {
	for _, use := range uses {
		fmt.Println(use.Path, use.Status)
	}
	return nil
}

func ExampleUseLog() {
	log, err := apikey.NewUseLog(printed{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, shutDown := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- log.Run(ctx) }()

	log.Record(store.Use{KeyID: "Gh4kLm2p.sha256$…", At: time.Now(), Path: "/v2/stamps/1/score/0x00", Status: 400})

	shutDown()
	fmt.Println(<-ended, log.Dropped())
	// Output:
	// /v2/stamps/1/score/0x00 400
	// <nil> 0
}
