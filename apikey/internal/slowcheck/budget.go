package slowcheck

import "time"

// budget is a token bucket of processor time for slow checks. It fills up at a
// share of the time that passes, up to its burst; one check may overdraw it.
type budget struct {
	burst time.Duration
	share float64
	level time.Duration
	at    time.Time
	// busy is set while a check runs that will be charged here.
	busy bool
}

func newBudget(burst time.Duration, share float64, now time.Time) *budget {
	return &budget{burst: burst, share: share, level: burst, at: now}
}

func (b *budget) refill(now time.Time) {
	earned := min(float64(now.Sub(b.at))*b.share, float64(2*b.burst))
	if earned < 1 {
		return // less than a nanosecond, or a clock that was set back
	}
	b.level = min(b.level+time.Duration(earned), b.burst)
	b.at = now
}

// wait returns the time until a check may begin. The lower half is reserved for
// keys that ask again.
func (b *budget) wait(again bool, now time.Time) time.Duration {
	b.refill(now)
	needed := b.burst / 2
	if again {
		needed = 1
	}
	if b.level >= needed {
		return 0
	}
	return time.Duration(float64(needed-b.level)/b.share) + 1
}

// charge subtracts the cost of a check. The debt is bounded because the cost is
// measured by the clock, which overstates it on a busy machine.
func (b *budget) charge(cost time.Duration, now time.Time) {
	b.refill(now)
	b.level = max(b.level-cost, -b.burst)
}
