package shadow

import "sync"

// tally is a verdict that several goroutines add to.
type tally struct {
	samples int // of each class

	mu      sync.Mutex
	verdict Verdict
}

// init makes the tally go on after the verdict, unless that is nil.
func (t *tally) init(samples int, after *Verdict) {
	t.samples, t.verdict = samples, Verdict{Classes: []ClassCount{}}
	if after != nil {
		t.verdict = *after.clone()
	}
}

func (t *tally) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdict.Dropped++
}

func (t *tally) skip() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdict.Skipped++
}

func (t *tally) add(c *Comparison) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdict.Add(c, t.samples)
}

// Verdict returns what the comparisons so far have shown.
func (s *Shadow) Verdict() *Verdict {
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	v := s.tally.verdict.clone()
	v.Settle()
	if s.hide {
		return v.WithoutAddresses()
	}
	return v
}
