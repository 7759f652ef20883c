package slowcheck

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	maxQueue         = 32 // keys that wait
	maxQueueOfPrefix = 8  // keys of one prefix that wait
)

// check is the check of one key, shared by all callers with that key.
type check struct {
	id      fingerprint
	budget  *budget // of its prefix
	callers int
	// first is the time of the key's first attempt, and again is set if it has
	// attempted more than once.
	first time.Time
	again bool
	lot   uint64 // the lowest wins

	running, dropped, done bool
	matches                bool
	err                    error
}

// queue holds the checks that wait, in the order in which they are served. Keys
// that ask again come first. Among them a coin is tossed for each check. Either
// the key that asked first is next, so that guesses which began after the owner
// of a key do not delay it. Or one is drawn by lot, so that guesses which began
// before the owner do not keep it out.
type queue struct {
	random *rand.Rand
	byLot  bool
	checks []*check
}

func newQueue() *queue {
	return &queue{random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))} //nolint:gosec // a lot is drawn, nothing is kept secret
}

// add adds the check, and returns the one that has to leave because there are
// too many, if any.
func (q *queue) add(c *check) (dropped *check) {
	c.lot = q.random.Uint64()
	q.checks = append(q.checks, c)
	q.sort()
	if own := q.of(c.budget); len(own) > maxQueueOfPrefix {
		dropped = own[len(own)-1]
	} else if len(q.checks) > maxQueue {
		dropped = q.checks[len(q.checks)-1]
	}
	return dropped
}

func (q *queue) remove(c *check) {
	q.checks = slices.DeleteFunc(q.checks, func(other *check) bool { return other == c })
}

// of returns the checks that are charged to the budget.
func (q *queue) of(b *budget) (own []*check) {
	for _, c := range q.checks {
		if c.budget == b {
			own = append(own, c)
		}
	}
	return own
}

// isFull reports whether a check at the end of the queue would have to leave at
// once.
func (q *queue) isFull(b *budget) bool {
	return len(q.checks) >= maxQueue || len(q.of(b)) >= maxQueueOfPrefix
}

// reorder tosses the coin and draws the lots.
func (q *queue) reorder() {
	q.byLot = q.random.IntN(2) == 0
	for _, c := range q.checks {
		c.lot = q.random.Uint64()
	}
	q.sort()
}

func (q *queue) sort() {
	slices.SortFunc(q.checks, func(a, b *check) int {
		switch {
		case a.again != b.again && a.again:
			return -1
		case a.again != b.again:
			return 1
		case q.byLot:
			return cmp.Compare(a.lot, b.lot)
		}
		return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.lot, b.lot))
	})
}
