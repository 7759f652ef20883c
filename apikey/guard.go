package apikey

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// The bounds of the guard. Whatever is sent, it holds no more than this.
const (
	maxVerdicts = 8192    // outcomes of slow checks that are remembered
	maxNotes    = 1 << 16 // keys of which it is remembered that they have asked
	maxPurses   = 1024    // prefixes whose spending is remembered
	maxHashes   = 1024    // prefixes whose slow hash is remembered
	maxLine     = 32      // keys that wait
	maxOfPrefix = 8       // keys of one prefix that wait
	maxCallers  = 128     // callers that wait for the outcome of one key

	saved         = 10 * time.Second // what all slow checks together may save up
	savedByPrefix = time.Second
	shareOfPrefix = 0.2 // of the share of all
	longestWait   = 5 * time.Second
	// believed is how long a slow hash that was read is taken for the row's: a
	// row that has become fast meanwhile is not noticed for that long, though
	// only by keys that would have been sent away before.
	believed = time.Second
)

var errUnfinished = errors.New("the check of an API key did not finish")

// ask identifies a question: is this the key of that hash? It is a digest of
// both, so that nothing here remembers a key; and the answer never changes.
type ask = [sha256.Size]byte

// askOf returns the question whether this is the key of that hash.
func askOf(hash, key string) ask { return sha256.Sum256([]byte(hash + "\x00" + key)) }

// slowHash is a row's hash as it was read.
type slowHash struct {
	text   string
	readAt time.Time
}

// slowCheck is one key's place in line, shared by all who call with the key.
type slowCheck struct {
	ask   ask
	purse *purse
	// since is the moment at which the key has first asked, again whether that
	// was before.
	since   time.Time
	again   bool
	callers int

	running, pushedOut, done bool
	matches                  bool
	err                      error
}

// guard decides when a slow check may run.
type guard struct {
	mu       sync.Mutex
	free     int // slow checks that may begin besides those that run
	purse    *purse
	purses   *simplelru.LRU[string, *purse]
	verdicts *simplelru.LRU[ask, bool]
	notes    *simplelru.LRU[ask, time.Time]
	hashes   *simplelru.LRU[string, slowHash] // by prefix
	asking   map[ask]*slowCheck               // waiting or running
	line     []*slowCheck                     // waiting, in the order in which they are served
	changed  chan struct{}                    // closed when those who wait shall look again
}

func newGuard(atOnce int, share float64) *guard {
	return &guard{
		free:     atOnce,
		purse:    newPurse(saved, share, time.Now()),
		purses:   newLRU[string, *purse](maxPurses),
		verdicts: newLRU[ask, bool](maxVerdicts),
		notes:    newLRU[ask, time.Time](maxNotes),
		hashes:   newLRU[string, slowHash](maxHashes),
		asking:   map[ask]*slowCheck{},
		changed:  make(chan struct{}),
	}
}

func newLRU[K comparable, V any](size int) *simplelru.LRU[K, V] {
	lru, err := simplelru.NewLRU[K, V](size, nil)
	if err != nil {
		panic(err) // the sizes are above 0
	}
	return lru
}

// sendsAway tells, without the row, that the key would get [ErrBusy]: it asks
// for the first time, and nothing is left for such, or it would be the last of a
// line that is full. A flood of guesses hardly reads that way. It counts as
// having asked.
func (g *guard) sendsAway(prefix, key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	hash, known := g.hashes.Get(prefix)
	if !known || now.Sub(hash.readAt) > believed {
		return false
	}
	question := askOf(hash.text, key)
	if g.asking[question] != nil || g.verdicts.Contains(question) || g.notes.Contains(question) {
		return false
	}
	if p := g.purseOf(prefix, now); g.funds(p, false, now) == 0 && !g.full(p) {
		return false
	}
	g.notes.Add(question, now)
	return true
}

// full tells that who comes last in line is pushed out at once.
func (g *guard) full(of *purse) bool {
	return len(g.lineOf(of)) >= maxOfPrefix || len(g.line) >= maxLine
}

// lineOf returns the part of the line that asks for the purse.
func (g *guard) lineOf(p *purse) []*slowCheck {
	var part []*slowCheck
	for _, c := range g.line {
		if c.purse == p {
			part = append(part, c)
		}
	}
	return part
}

// check tells whether the key is that of the hash, by derive if need be, or
// returns [ErrBusy] or the error of the context.
func (g *guard) check(ctx context.Context, prefix, hash, key string, derive func() (bool, time.Duration)) (bool, error) {
	question := askOf(hash, key)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hashes.Add(prefix, slowHash{hash, time.Now()})
	if matches, known := g.verdicts.Get(question); known {
		return matches, nil
	}
	began := time.Now()
	c, err := g.enlist(prefix, question, began)
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
		case c.pushedOut || left <= 0:
			return false, ErrBusy
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		wait, mine := g.turn(c, now)
		if mine {
			g.run(c, derive)
			return c.matches, c.err
		}
		if err := g.sleep(ctx, min(wait, left)); err != nil {
			return false, err
		}
	}
}

// enlist finds the key a place in line.
func (g *guard) enlist(prefix string, question ask, now time.Time) (*slowCheck, error) {
	since, again := g.notes.Get(question)
	if !again {
		since = now
		g.notes.Add(question, since)
	}
	c := g.asking[question]
	if c == nil {
		c = &slowCheck{ask: question, purse: g.purseOf(prefix, now), since: since, again: again}
		if !again && g.funds(c.purse, again, now) > 0 {
			return nil, ErrBusy
		}
		g.asking[question] = c
		g.line = append(g.line, c)
	}
	if c.callers == maxCallers {
		return nil, ErrBusy
	}
	c.callers++
	c.again = c.again || again
	slices.SortStableFunc(g.line, inOrder)
	g.pushOut(c.purse)
	return c, nil
}

func inOrder(a, b *slowCheck) int {
	if a.again != b.again {
		if a.again {
			return -1
		}
		return 1
	}
	return cmp.Or(a.since.Compare(b.since), slices.Compare(a.ask[:], b.ask[:]))
}

// pushOut sends the last in line away when the line, or its part that asks for
// the purse, is too long.
func (g *guard) pushOut(of *purse) {
	line, longest := g.lineOf(of), maxOfPrefix
	if len(line) <= longest {
		line, longest = g.line, maxLine
	}
	if len(line) <= longest {
		return
	}
	last := line[len(line)-1]
	last.pushedOut = true
	g.remove(last)
}

func (g *guard) purseOf(prefix string, now time.Time) *purse {
	p, known := g.purses.Get(prefix)
	if !known {
		p = newPurse(savedByPrefix, g.purse.share*shareOfPrefix, now)
		g.purses.Add(prefix, p)
	}
	return p
}

// funds returns how long it takes until both purses allow a check.
func (g *guard) funds(of *purse, again bool, now time.Time) time.Duration {
	return max(g.purse.wait(again, now), of.wait(again, now))
}

// turn tells whether the check may run now, and if not, when to look again at
// the latest: every other reason to look again closes changed.
func (g *guard) turn(c *slowCheck, now time.Time) (time.Duration, bool) {
	if c.running || g.free == 0 || c.purse.busy {
		return longestWait, false
	}
	if wait := g.funds(c.purse, c.again, now); wait > 0 {
		return wait, false
	}
	for _, earlier := range g.line {
		if earlier == c {
			break
		}
		if !earlier.purse.busy && g.funds(earlier.purse, earlier.again, now) == 0 {
			return longestWait, false
		}
	}
	return 0, true
}

// run computes, with the lock let go, and pays. What has begun is finished though
// its caller may give up: the outcome is remembered, and others may wait for it.
func (g *guard) run(c *slowCheck, derive func() (bool, time.Duration)) {
	g.free--
	c.purse.busy, c.running = true, true
	g.line = slices.DeleteFunc(g.line, func(other *slowCheck) bool { return other == c })
	var worked time.Duration
	c.err = errUnfinished // what those who wait are told should derive panic
	defer func() {
		now := time.Now()
		g.purse.pay(worked, now)
		c.purse.pay(worked, now)
		g.free++
		c.purse.busy, c.running, c.done = false, false, true
		if c.err == nil {
			g.verdicts.Add(c.ask, c.matches)
		}
		g.remove(c)
	}()
	g.mu.Unlock()
	defer g.mu.Lock()
	c.matches, worked = derive()
	c.err = nil
}

func (g *guard) leave(c *slowCheck) {
	c.callers--
	if c.callers == 0 && !c.done && !c.pushedOut {
		g.remove(c)
	}
}

// remove forgets the check and lets the others look again.
func (g *guard) remove(c *slowCheck) {
	delete(g.asking, c.ask)
	g.line = slices.DeleteFunc(g.line, func(other *slowCheck) bool { return other == c })
	close(g.changed)
	g.changed = make(chan struct{})
}

// sleep waits, with the lock let go, until something has changed.
func (g *guard) sleep(ctx context.Context, longest time.Duration) error {
	changed := g.changed
	g.mu.Unlock()
	defer g.mu.Lock()
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-timer.C:
	}
	return nil
}
