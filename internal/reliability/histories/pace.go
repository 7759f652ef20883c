package histories

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Pace decides which client goes on when.
type Pace interface {
	// clients runs them all, and returns when they are done.
	clients(n int, run func(client int))
	// pause lets other clients go on.
	pause(client int)
	// workers is the number of batches that the client may have under way at once.
	workers(client int) int
	// soon calls the function now, or while the client does what it does next.
	soon(client int, do func()) (stop func())
}

// AtOnce lets the clients run as the machine does, with waits of random length
// that make their steps overlap.
func AtOnce(seed uint64) Pace { return &atOnce{seed: seed} }

type atOnce struct {
	seed uint64

	mu     sync.Mutex // batches of one client pause at once
	random []*rand.Rand
}

func (a *atOnce) clients(n int, run func(client int)) {
	var all sync.WaitGroup
	a.random = make([]*rand.Rand, n)
	for client := range n {
		a.random[client] = rand.New(rand.NewPCG(a.seed, uint64(client))) //nolint:gosec // so that rivals part
		all.Go(func() { run(client) })
	}
	all.Wait()
}

func (a *atOnce) pause(client int) {
	const longest = 400 * time.Microsecond
	switch a.draw(client, 3) {
	case 0:
		runtime.Gosched()
	case 1:
		time.Sleep(time.Duration(a.draw(client, int64(longest))))
	}
}

func (a *atOnce) draw(client int, below int64) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.random[client].Int64N(below)
}

func (a *atOnce) workers(client int) int { return 1 + int(a.draw(client, 2)) }

func (a *atOnce) soon(client int, do func()) (stop func()) {
	const latest = 3 * time.Millisecond
	timer := time.AfterFunc(time.Duration(a.draw(client, int64(latest))), do)
	return func() { timer.Stop() }
}

// InTurns lets one client go on at a time, until it pauses; the seed says who
// is next. On a store in memory the same seed is the same history, to the
// letter.
func InTurns(seed uint64) Pace {
	return &inTurns{random: rand.New(rand.NewPCG(seed, 0xbf58476d1ce4e5b9))} //nolint:gosec // a seed must replay it
}

// inTurns is touched only by the client whose turn it is.
type inTurns struct {
	random *rand.Rand
	ready  []int
	turn   []chan struct{}
}

func (t *inTurns) clients(n int, run func(client int)) {
	var all sync.WaitGroup
	t.ready, t.turn = nil, make([]chan struct{}, n)
	for client := range n {
		t.ready, t.turn[client] = append(t.ready, client), make(chan struct{})
		all.Go(func() {
			<-t.turn[client]
			run(client)
			t.ready = slices.DeleteFunc(t.ready, func(c int) bool { return c == client })
			if len(t.ready) > 0 {
				t.turn[t.next()] <- struct{}{}
			}
		})
	}
	if n > 0 {
		t.turn[t.next()] <- struct{}{}
	}
	all.Wait()
}

func (t *inTurns) next() int { return t.ready[t.random.IntN(len(t.ready))] }

func (t *inTurns) pause(client int) {
	next := t.next()
	if next == client {
		return
	}
	t.turn[next] <- struct{}{}
	<-t.turn[client]
}

func (*inTurns) workers(int) int { return 1 }

func (t *inTurns) soon(_ int, do func()) (stop func()) {
	do()
	return func() {}
}
