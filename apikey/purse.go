package apikey

import "time"

// purse holds time that may be spent on slow checks. It fills up at a share of
// the time that passes, and may be overdrawn once.
type purse struct {
	size  time.Duration
	share float64
	level time.Duration
	at    time.Time
	// busy tells that a slow check is running that will be paid from here.
	busy bool
}

func newPurse(size time.Duration, share float64, now time.Time) *purse {
	return &purse{size: size, share: share, level: size, at: now}
}

func (p *purse) refill(now time.Time) {
	if passed := now.Sub(p.at); passed > 0 {
		earned := min(float64(passed)*p.share, float64(2*p.size))
		p.level = min(p.level+time.Duration(earned), p.size)
		p.at = now
	}
}

// wait returns how long it takes until a slow check may begin: the lower half
// is kept for keys that ask again.
func (p *purse) wait(again bool, now time.Time) time.Duration {
	p.refill(now)
	needed := p.size / 2
	if again {
		needed = 1
	}
	if p.level >= needed {
		return 0
	}
	return time.Duration(float64(needed-p.level)/p.share) + 1
}

// pay takes what a slow check has cost. The debt is bounded, because the cost
// is measured by the clock and so is too high on a crowded machine.
func (p *purse) pay(cost time.Duration, now time.Time) {
	p.refill(now)
	p.level = max(p.level-cost, -p.size)
}
