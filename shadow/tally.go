package shadow

import (
	"errors"
	"maps"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"sync"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// Tally counts comparisons, in memory that does not grow with their number.
// Make it with [NewTally]. It is safe for concurrent use.
type Tally struct {
	samples int // of each class

	mu      sync.Mutex
	verdict Verdict
}

// NewTally returns a tally that goes on after the verdict, which may be nil,
// and keeps that many samples of each class. It returns store.ErrInvalid for a
// verdict that contradicts itself.
func NewTally(after *Verdict, samples int) (*Tally, error) {
	t := &Tally{samples: samples}
	if after == nil {
		after = newVerdict()
	}
	if err := after.check(); err != nil {
		return nil, err
	}
	t.verdict = *after.clone()
	return t, nil
}

func (t *Tally) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdict.Dropped++
}

func (t *Tally) skip() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verdict.Skipped++
}

// Add counts the comparison.
func (t *Tally) Add(c *Comparison) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := &t.verdict
	switch {
	case errors.Is(c.Err, ErrNotCompared):
		v.Skipped++
		return
	case c.Err != nil:
		v.Failed++
		v.FailedByKind[store.KindOf(c.Err)]++
		return
	}
	v.Compared++
	v.Records += uint64(c.Records) //nolint:gosec // 0 to 2
	v.Primary.add(c.Primary)
	v.Ours.add(c.Ours)
	v.addScores(c.Answer, c.Plan)
	if c.Class == "" {
		v.Agreed++
		return
	}
	counted := v.class(c.Class)
	counted.Count++
	for i := range c.Differences {
		if c.Differences[i].Class == c.Class {
			counted.Fields[c.Differences[i].Field]++
		}
	}
	if len(counted.Samples) < t.samples {
		counted.Samples = append(counted.Samples, sampleOf(c))
	}
}

// Verdict returns what the comparisons so far have shown.
func (t *Tally) Verdict() *Verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.verdict.clone()
	v.Settled = v.Agreed + v.Count(Real) + v.Count(Rounding) + v.Count(Excepted)
	v.Bound = Bound(v.Count(Real), v.Settled, Confidence)
	return v
}

// class returns the count of the class, which it adds at its place if there is
// none.
func (v *Verdict) class(class Class) *ClassCount {
	order := Classes()
	place, is := slices.BinarySearchFunc(v.Classes, class, func(c ClassCount, class Class) int {
		return slices.Index(order, c.Class) - slices.Index(order, class)
	})
	if !is {
		v.Classes = slices.Insert(v.Classes, place, ClassCount{Class: class, Fields: map[Field]uint64{}, Samples: []Sample{}})
	}
	return &v.Classes[place]
}

// addScores counts the verdicts and the scores of two decisions, if both have
// them.
func (v *Verdict) addScores(primary, ours *Decision) {
	if !primary.scored() || !ours.scored() {
		return
	}
	switch {
	case primary.Passing && ours.Passing:
		v.Flow.Both++
	case primary.Passing:
		v.Flow.Primary++
	case ours.Passing:
		v.Flow.Ours++
	default:
		v.Flow.Neither++
	}
	v.Scores[primary.bin()].Primary++
	v.Scores[ours.bin()].Ours++
}

// scored reports whether the decision has a score.
func (d *Decision) scored() bool {
	return d != nil && d.Status == http.StatusOK && !d.Malformed && !d.Failed
}

// steps is the number of bins of scores from 0 to twice the threshold.
const steps = 20

// bin returns the place of the score in Verdict.Scores.
func (d *Decision) bin() int {
	score, threshold := rational(d.Score), rational(d.Threshold)
	switch {
	case score.Sign() < 0:
		return 0
	case threshold.Sign() <= 0:
		return steps + 1
	}
	tenths := score.Quo(score, threshold).Mul(score, big.NewRat(steps/2, 1))
	if tenths.Cmp(big.NewRat(steps, 1)) >= 0 {
		return steps + 1
	}
	return 1 + int(new(big.Int).Quo(tenths.Num(), tenths.Denom()).Int64())
}

// likeProvider matches the names of providers. The primary may have sent any
// text in place of one, such as a nullifier.
var likeProvider = regexp.MustCompile(`^[A-Za-z0-9_#.-]{1,60}$`)

func sampleOf(c *Comparison) Sample {
	s := Sample{Community: c.Community, Address: "no address"}
	if address, err := passport.ParseAddress(c.Address); err == nil {
		s.Address = string(address)
	}
	s.Differences = slices.Clone(c.Differences[:min(len(c.Differences), mostDifferences)])
	s.More = len(c.Differences) - len(s.Differences)
	for i := range s.Differences {
		d := &s.Differences[i]
		d.rounding = false // its class says it
		if d.Provider != "" && !likeProvider.MatchString(d.Provider) {
			d.Provider = "(no usual name)"
		}
	}
	return s
}

// clone returns a copy that shares nothing that changes.
func (v *Verdict) clone() *Verdict {
	c := *v
	c.Classes = slices.Clone(v.Classes)
	for i := range c.Classes {
		c.Classes[i].Fields, c.Classes[i].Samples = maps.Clone(v.Classes[i].Fields), slices.Clone(v.Classes[i].Samples)
	}
	c.FailedByKind, c.Scores = maps.Clone(v.FailedByKind), slices.Clone(v.Scores)
	c.Primary, c.Ours = v.Primary.measured(), v.Ours.measured()
	return &c
}
