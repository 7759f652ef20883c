package passporttest

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until it is moved. It is safe for
// concurrent use; make it with [NewClock].
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows the moment.
func NewClock(moment time.Time) *Clock { return &Clock{now: moment} }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, forwards or, if d is negative, back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set makes the clock show the moment.
func (c *Clock) Set(moment time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = moment
}
