package faults_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
)

// point is a named place where something goes wrong.
type point struct {
	name string
	// provoked says how.
	provoked string
	// outcome is the outcome that may come of it.
	outcome string
	// ownServer reports that it needs a server to crash.
	ownServer bool
	// ways are those by which it is tried, all of the lab's if nil.
	ways func(l *lab) []*way
	// run scores alice by one way, and reports every fault to the test.
	run func(x *experiment)
}

// points are all of them.
func points() []point {
	var all []point
	for _, group := range [][]point{stepwise(), killed(), network(), server(), inHostTx(), program(), knowing(), batched(), inGroup()} {
		all = append(all, group...)
	}
	return all
}

func TestFaultPoints(t *testing.T) {
	shared := newLab(t, pgtest.New(t))
	own := pgtest.NewOwn(t)
	crashing := newLab(t, own.New(t))
	crashing.own = own
	for _, p := range points() {
		t.Run(p.name, func(t *testing.T) {
			t.Logf("provoked by: %s", p.provoked)
			t.Logf("may be: %s", p.outcome)
			l := shared
			if p.ownServer {
				l = crashing
			}
			l = l.in(t)
			ways := l.by
			if p.ways != nil {
				ways = p.ways(l)
			}
			for _, by := range ways {
				p.run(l.experiment(by, alice))
			}
		})
	}
}

func TestFaultPoints_Named(t *testing.T) {
	names := map[string]bool{}
	for _, p := range points() {
		assert.NotEmpty(t, p.provoked, p.name)
		assert.NotEmpty(t, p.outcome, p.name)
		assert.NotNil(t, p.run, p.name)
		names[p.name] = true
	}
	assert.Len(t, names, len(points()), "each has a name of its own")
	assert.GreaterOrEqual(t, len(names), 40)
	t.Logf("%d named fault points", len(names))
}

// at strikes once, when a scoring has come to the step.
func (x *experiment) at(step string, done bool, strike func(wire.Step) wire.Action) {
	f := follower{skip: x.skip}
	x.way.proxy.Watch(func(s wire.Step) wire.Action {
		f.mu.Lock()
		name := f.name(s)
		f.mu.Unlock()
		if name != step || s.Done != done || x.struck.Swap(true) {
			return wire.Pass
		}
		return strike(s)
	})
}
