package pgstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/store"
)

// repeating repeats what another executor has failed to do because transactions
// met (SQLSTATE 40001, or 40P01 for a deadlock), on engines where that is
// usual. The same calls are right again: each verifies what it rests on, and
// nothing was written. A conflict that outlasts the repetitions is returned,
// and a scoring loads again.
type repeating struct{ executor }

// repetitions returns waits of 5 ms and then twice as long each, up to 1 s,
// some 5 s together. Half of each is random: those that met would meet again.
func repetitions() retry.Backoff {
	waits := retry.WithMaxRetries(12, retry.WithCappedDuration(time.Second, retry.NewExponential(5*time.Millisecond)))
	return retry.BackoffFunc(func() (time.Duration, bool) {
		wait, stop := waits.Next()
		return wait/2 + rand.N(wait+1), stop //nolint:gosec // jitter need not be unpredictable
	})
}

// read repeats a read unless it has taken rows: a read that has cannot forget
// them, but fails later than the first row only where an answer is long.
func (r repeating) read(ctx context.Context, calls ...call) error {
	taken := false
	watched := make([]call, len(calls))
	for i, c := range calls {
		watched[i] = c
		if c.row != nil {
			watched[i].row = func(scan scanFunc) error {
				taken = true
				return c.row(scan)
			}
		}
	}
	return repeat(ctx, calls[0].name, func() (bool, error) {
		err := r.executor.read(ctx, watched...)
		return !taken, err
	})
}

// write repeats a write.
func (r repeating) write(ctx context.Context, calls []call) error {
	return repeat(ctx, calls[0].name, func() (bool, error) {
		for i := range calls {
			if calls[i].again != nil {
				calls[i].again()
			}
		}
		return true, r.executor.write(ctx, calls)
	})
}

// repeat repeats the attempt while it may be and transactions have met.
func repeat(ctx context.Context, op string, attempt func() (again bool, err error)) error {
	for waits := repetitions(); ; {
		again, err := attempt()
		wait, stop := waits.Next()
		if !again || stop || !met(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return nothingToDo(ctx, op)
		case <-time.After(wait):
		}
	}
}

// met reports whether the error is of transactions that met, and not a guard's.
func met(err error) bool {
	var detail *store.Error
	return errors.As(err, &detail) && errors.Is(detail.Kind, store.ErrConflict) &&
		(detail.SQLState == serializationFailure || detail.SQLState == deadlockDetected)
}
