// Package slowcheck decides when a key may be checked by a slow hash, so that
// wrong keys cannot occupy the processors. The documentation of apikey's
// Registry.Check describes the rules.
package slowcheck

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/passport-sdk/passport-go/store"
)

// ErrBusy: there is no time for the check now.
var ErrBusy = fmt.Errorf("too many slow checks of API keys: %w", store.ErrUnavailable)

// The bounds of the guard, besides those of its queue.
const (
	maxResults  = 8192    // results of slow checks that are kept
	maxAttempts = 1 << 16 // keys whose attempts are kept
	maxBudgets  = 1024    // prefixes whose budget is kept
	maxHashes   = 1024    // prefixes whose slow hash is kept
	maxCallers  = 128     // callers that wait for the result of one key

	burst         = 10 * time.Second // of all slow checks together
	burstOfPrefix = time.Second
	shareOfPrefix = 0.2 // of the share of all
	longestWait   = 5 * time.Second
	// hashFresh is the time for which a slow hash is assumed to be that of its
	// row. For so long RejectEarly does not notice that a key has become fast.
	hashFresh = time.Second
)

var errUnfinished = errors.New("the check of an API key did not finish")

// fingerprint identifies a key and the hash that it is checked against. It is a
// digest, so that the guard keeps no key.
type fingerprint = [sha256.Size]byte

func fingerprintOf(hash, key string) fingerprint { return sha256.Sum256([]byte(hash + "\x00" + key)) }

// slowHash is a row's hash as it was read.
type slowHash struct {
	text   string
	readAt time.Time
}

// Guard decides when a slow check may run. Make it with [New]. It is safe for
// concurrent use. Its times are those of the monotonic clock.
type Guard struct {
	mu       sync.Mutex
	free     int // slow checks that may begin besides those that run
	budget   *budget
	budgets  *simplelru.LRU[string, *budget]
	hashes   *simplelru.LRU[string, slowHash] // by prefix
	results  *simplelru.LRU[fingerprint, bool]
	attempts *simplelru.LRU[fingerprint, time.Time] // the first of each key
	checks   map[fingerprint]*check                 // waiting or running
	queue    *queue                                 // of those that wait
	changed  chan struct{}                          // closed when waiting callers have to look again
}

// New returns a guard that allows atOnce slow checks at a time, which together
// get the share of one processor.
func New(atOnce int, share float64) *Guard {
	return &Guard{
		free:     atOnce,
		budget:   newBudget(burst, share, time.Now()),
		budgets:  newLRU[string, *budget](maxBudgets),
		hashes:   newLRU[string, slowHash](maxHashes),
		results:  newLRU[fingerprint, bool](maxResults),
		attempts: newLRU[fingerprint, time.Time](maxAttempts),
		checks:   map[fingerprint]*check{},
		queue:    newQueue(),
		changed:  make(chan struct{}),
	}
}

func newLRU[K comparable, V any](size int) *simplelru.LRU[K, V] {
	lru, _ := simplelru.NewLRU[K, V](size, nil) // fails for a size below 1 only
	return lru
}

// RejectEarly reports whether the key would get [ErrBusy] anyway, so that its
// row need not be read: it is new, and the budget for new keys is spent or the
// queue is full. This keeps a flood off the database. It records the attempt.
func (g *Guard) RejectEarly(prefix, key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	hash, known := g.hashes.Get(prefix)
	if !known || now.Sub(hash.readAt) > hashFresh {
		return false
	}
	id := fingerprintOf(hash.text, key)
	if g.checks[id] != nil || g.results.Contains(id) || g.attempts.Contains(id) {
		return false
	}
	if b := g.budgetOf(prefix, now); g.wait(b, false, now) == 0 && !g.queue.isFull(b) {
		return false
	}
	g.attempts.Add(id, now)
	return true
}

// Check reports whether the key matches the hash. It calls compare unless the
// result is cached, which reports that and the time that it worked. Check
// returns [ErrBusy] or the error of the context if compare could not be called
// in time.
func (g *Guard) Check(ctx context.Context, prefix, hash, key string, compare func() (matches bool, worked time.Duration)) (bool, error) {
	id := fingerprintOf(hash, key)
	g.mu.Lock()
	defer g.mu.Unlock()
	began := time.Now()
	g.hashes.Add(prefix, slowHash{hash, began})
	if matches, known := g.results.Get(id); known {
		return matches, nil
	}
	c, err := g.join(prefix, id, began)
	if err != nil {
		return false, err
	}
	defer g.leave(c)
	for {
		now := time.Now()
		left := longestWait - now.Sub(began)
		switch {
		case c.done:
			return c.matches, c.err
		case c.dropped || left <= 0:
			return false, ErrBusy
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		wait, mine := g.turn(c, now)
		if mine {
			g.run(c, compare)
			return c.matches, c.err
		}
		g.sleep(ctx, min(wait, left))
	}
}

// join records the attempt and returns the check of the key, which it queues
// unless other callers wait for it already.
func (g *Guard) join(prefix string, id fingerprint, now time.Time) (*check, error) {
	first, again := g.attempts.Get(id)
	if !again {
		first = now
		g.attempts.Add(id, now)
	}
	c := g.checks[id]
	switch {
	case c == nil:
		c = &check{id: id, budget: g.budgetOf(prefix, now), first: first, again: again}
		if !again && g.wait(c.budget, again, now) > 0 {
			return nil, ErrBusy
		}
		g.checks[id] = c
		if dropped := g.queue.add(c); dropped != nil {
			dropped.dropped = true
			g.forget(dropped)
		}
	case c.callers == maxCallers:
		return nil, ErrBusy
	case again && !c.again:
		c.again = true
		g.queue.sort()
	}
	c.callers++
	return c, nil
}

func (g *Guard) budgetOf(prefix string, now time.Time) *budget {
	b, known := g.budgets.Get(prefix)
	if !known {
		b = newBudget(burstOfPrefix, g.budget.share*shareOfPrefix, now)
		g.budgets.Add(prefix, b)
	}
	return b
}

// wait returns how long it takes until both budgets allow a check.
func (g *Guard) wait(b *budget, again bool, now time.Time) time.Duration {
	return max(g.budget.wait(again, now), b.wait(again, now))
}

// turn reports whether the check may run now. If not, wait is the longest time
// until the caller has to look again; any other reason to do so closes changed.
func (g *Guard) turn(c *check, now time.Time) (wait time.Duration, mine bool) {
	if c.running || g.free == 0 || c.budget.busy {
		return longestWait, false
	}
	if wait := g.wait(c.budget, c.again, now); wait > 0 {
		return wait, false
	}
	for _, earlier := range g.queue.checks {
		if earlier == c {
			break
		}
		if !earlier.budget.busy && g.wait(earlier.budget, earlier.again, now) == 0 {
			return longestWait, false
		}
	}
	return 0, true
}

// run calls compare, with the lock released, and charges the cost. A check that
// has begun is finished even if its caller gives up: the result is cached, and
// others may wait for it. A key that is refused counts as new if it comes
// again.
func (g *Guard) run(c *check, compare func() (bool, time.Duration)) {
	g.free--
	c.budget.busy, c.running = true, true
	g.queue.remove(c)
	var worked time.Duration
	c.err = errUnfinished // for waiting callers, if compare panics
	defer func() {
		now := time.Now()
		g.budget.charge(worked, now)
		c.budget.charge(worked, now)
		g.free++
		c.budget.busy, c.running, c.done = false, false, true
		if c.err == nil {
			g.results.Add(c.id, c.matches)
			g.attempts.Remove(c.id)
		}
		g.queue.reorder()
		g.forget(c)
	}()
	g.mu.Unlock()
	defer g.mu.Lock()
	c.matches, worked = compare()
	c.err = nil
}

func (g *Guard) leave(c *check) {
	c.callers--
	if c.callers == 0 && !c.done && !c.dropped {
		g.forget(c)
	}
}

// forget removes the check, and makes the others look again.
func (g *Guard) forget(c *check) {
	delete(g.checks, c.id)
	g.queue.remove(c)
	close(g.changed)
	g.changed = make(chan struct{})
}

// sleep waits, with the lock released, until something has changed or ctx ends.
func (g *Guard) sleep(ctx context.Context, longest time.Duration) {
	changed := g.changed
	g.mu.Unlock()
	defer g.mu.Lock()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-time.After(longest):
	}
}
