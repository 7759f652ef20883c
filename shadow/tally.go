package shadow

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/passport-sdk/passport-go"
)

// tally counts outcomes in bounded memory.
type tally struct {
	mu                                sync.Mutex
	most                              int // samples of each class
	agreed, dropped, skipped, failing uint64
	classes                           map[Class]*ClassCount
	primary, ours                     sketch
}

func (t *tally) init(most int) { t.most, t.classes = most, map[Class]*ClassCount{} }

func (t *tally) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropped++
}

func (t *tally) skip() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skipped++
}

func (t *tally) add(c *Comparison, hide bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case errors.Is(c.Err, ErrNotCompared):
		t.skipped++
		return
	case c.Err != nil:
		t.failing++
		return
	}
	t.primary.add(c.Primary)
	t.ours.add(c.Ours)
	if c.Class == "" {
		t.agreed++
		return
	}
	counted := t.classes[c.Class]
	if counted == nil {
		counted = &ClassCount{Class: c.Class, Fields: map[Field]uint64{}, Samples: []Sample{}}
		t.classes[c.Class] = counted
	}
	counted.Count++
	for i := range c.Differences {
		if c.Differences[i].Class == c.Class {
			counted.Fields[c.Differences[i].Field]++
		}
	}
	if len(counted.Samples) < t.most {
		counted.Samples = append(counted.Samples, sampleOf(c, hide))
	}
}

// hidden stands for an address that is not shown.
const hidden = "hidden"

// likeProvider matches the names of providers. The primary may have sent any
// text in place of one, such as a nullifier.
var likeProvider = regexp.MustCompile(`^[A-Za-z0-9_#.-]{1,60}$`)

func sampleOf(c *Comparison, hide bool) Sample {
	const most = 20
	s := Sample{Community: c.Community, Address: hidden}
	if address, err := passport.ParseAddress(c.Address); err != nil {
		s.Address = "no address"
	} else if !hide {
		s.Address = string(address)
	}
	s.Differences = slices.Clone(c.Differences[:min(len(c.Differences), most)])
	s.More = len(c.Differences) - len(s.Differences)
	for i := range s.Differences {
		d := &s.Differences[i]
		if d.Provider != "" && !likeProvider.MatchString(d.Provider) {
			d.Provider = "(no usual name)"
		}
		if d.Field == FieldCanonical && hide {
			d.Primary, d.Ours = hidden, hidden
		}
	}
	return s
}

// Verdict returns what the comparisons so far have shown.
func (s *Shadow) Verdict() *Verdict {
	t := &s.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	v := &Verdict{
		Agreed: t.agreed, Compared: t.agreed, Dropped: t.dropped, Skipped: t.skipped, Failed: t.failing,
		Classes: []ClassCount{}, Primary: t.primary.latency(), Ours: t.ours.latency(),
	}
	for _, class := range Classes() {
		if counted := t.classes[class]; counted != nil {
			shown := *counted
			shown.Fields, shown.Samples = maps.Clone(counted.Fields), slices.Clone(counted.Samples)
			v.Classes = append(v.Classes, shown)
			v.Compared += counted.Count
		}
	}
	v.Settled = v.Agreed + v.Count(Real) + v.Count(Rounding) + v.Count(Excepted)
	v.Bound = Bound(v.Count(Real), v.Settled, Confidence)
	return v
}
