package passport

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls work(0) to work(n-1) on one goroutine per processor, and
// returns when all calls have. After an error or the end of the context it
// makes no more calls.
func parallel(ctx context.Context, n int, work func(int) error) error {
	var next atomic.Int64
	var first atomic.Pointer[error]
	loop := func() error {
		for i := next.Add(1) - 1; i < int64(n) && first.Load() == nil; i = next.Add(1) - 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := work(int(i)); err != nil {
				return err
			}
		}
		return nil
	}
	drain := func() {
		err := errors.New("verifying a credential ended its goroutine")
		// A panic in a goroutine of ours would end the host's program, and a
		// goroutine that ends early would leave its credential unverified: both
		// are errors of the scoring.
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("verifying a credential panicked: %v", p)
			}
			if err != nil {
				first.CompareAndSwap(nil, &err)
			}
		}()
		err = loop()
	}
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		workers.Go(drain)
	}
	drain()
	workers.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}
