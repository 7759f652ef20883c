package usage_test

import (
	"context"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/apikey/usage"
	"github.com/passport-sdk/passport-go/store"
)

// printed is a store that prints usages.
type printed struct{}

func (printed) AddUsage(_ context.Context, usages ...store.Usage) error {
	for _, u := range usages {
		fmt.Println(u.Path, u.Status)
	}
	return nil
}

func ExampleLog() {
	log, err := usage.New(printed{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, shutDown := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- log.Run(ctx) }()

	log.Record(store.Usage{KeyID: "Gh4kLm2p.sha256$…", At: time.Now(), Path: "/v2/stamps/1/score/0x00", Status: 400})

	shutDown()
	fmt.Println(<-ended, log.Dropped())
	// Output:
	// /v2/stamps/1/score/0x00 400
	// <nil> 0
}

// A function that is frozen between calls writes what it recorded before it
// waits for the next one.
func ExampleLog_Flush() {
	log, err := usage.New(printed{})
	if err != nil {
		fmt.Println(err)
		return
	}
	log.Record(store.Usage{KeyID: "Gh4kLm2p.sha256$…", At: time.Now(), Path: "/v2/stamps/1/score/0x00", Status: 200})

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	fmt.Println(log.Flush(ctx), log.Dropped())
	// Output:
	// /v2/stamps/1/score/0x00 200
	// <nil> 0
}
