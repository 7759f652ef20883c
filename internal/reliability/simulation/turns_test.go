package simulation

import (
	"context"
	"sync/atomic"
	"time"
)

// spacing is the number of nanoseconds that the clients share: a client wakes
// only where the nanosecond, modulo spacing, is its own. Fake time stands still
// while a client works, so no two of them ever work at once.
const spacing = 64

// turn is the nanosecond at which a client wakes; its deadlines have another
// one.
type turn int64

// deadlines is the distance of the turn of a client's deadlines from its own.
const deadlines = spacing / 2

// after returns the first time of the turn that is at least d from now.
func (t turn) after(d time.Duration) time.Time {
	wake := time.Now().Add(d)
	ahead := (int64(t) - wake.UnixNano()%spacing + spacing) % spacing
	return wake.Add(time.Duration(ahead))
}

// wait lets the others work for a while, of d at least. It returns the
// context's error if that ends first.
func (t turn) wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.NewTimer(time.Until(t.after(d)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// clock is the store's: it follows the bubble's time, and jumps.
type clock struct {
	began  time.Time
	jumped atomic.Int64 // nanoseconds
}

// noon is the time at which every world begins.
var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newClock() *clock { return &clock{began: time.Now()} }

func (c *clock) now() time.Time {
	return noon.Add(time.Since(c.began) + time.Duration(c.jumped.Load()))
}

func (c *clock) jump(d time.Duration) { c.jumped.Add(int64(d)) }
