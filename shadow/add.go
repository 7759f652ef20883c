package shadow

import (
	"errors"
	"maps"
	"regexp"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// Worst returns the most serious class of the differences, empty if there are
// none.
func Worst(found []Difference) Class {
	for _, class := range Classes() {
		for i := range found {
			if found[i].Class == class {
				return class
			}
		}
	}
	return ""
}

// Add counts a comparison, with up to that many samples of each class. It is
// for verdicts that the caller keeps, such as those of other packages: a
// [Shadow] counts its own. Durations that are 0 and decisions that are nil are
// left out. Call [Verdict.Settle] before the verdict is shown. Add is not safe
// for concurrent use.
func (v *Verdict) Add(c *Comparison, samples int) {
	switch {
	case errors.Is(c.Err, ErrNotCompared):
		v.Skipped++
		return
	case c.Err != nil:
		v.Failed++
		if v.FailedByKind == nil {
			v.FailedByKind = map[store.Kind]uint64{}
		}
		v.FailedByKind[store.KindOf(c.Err)]++
		return
	}
	v.Compared++
	v.Records += uint64(c.Records) //nolint:gosec // 0 to 2
	v.Primary.add(c.Primary)
	v.Ours.add(c.Ours)
	v.addScores(c.Answer, c.Plan)
	class := Worst(c.Differences)
	if class == "" {
		v.Agreed++
		return
	}
	counted := v.class(class)
	counted.Count++
	for i := range c.Differences {
		if c.Differences[i].Class == class {
			counted.Fields[c.Differences[i].Field]++
		}
	}
	if len(counted.Samples) < samples {
		counted.Samples = append(counted.Samples, sampleOf(c))
	}
}

// Settle sets Settled, Bound, and the quantiles of the latencies by what was
// counted.
func (v *Verdict) Settle() {
	v.Settled = v.Agreed + v.Count(Real) + v.Count(Rounding) + v.Count(Excepted)
	v.Bound = Bound(v.Count(Real), v.Settled, Confidence)
	v.Primary.measure()
	v.Ours.measure()
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
	c.Primary.Buckets, c.Ours.Buckets = maps.Clone(v.Primary.Buckets), maps.Clone(v.Ours.Buckets)
	return &c
}

// WithoutAddresses returns a copy that names no wallet.
func (v *Verdict) WithoutAddresses() *Verdict {
	const hidden = "hidden"
	shown := v.clone()
	for i := range shown.Classes {
		samples := shown.Classes[i].Samples
		for k := range samples {
			s := &samples[k]
			s.Address, s.Differences = hidden, slices.Clone(s.Differences)
			for n := range s.Differences {
				if d := &s.Differences[n]; d.Field == FieldCanonical {
					d.Primary, d.Ours = hidden, hidden
				}
			}
		}
	}
	return shown
}
