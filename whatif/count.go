package whatif

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// add adds the next wallet, to at most that many samples.
func (r *Report) add(w *Wallet, samples int) {
	r.Wallets++
	r.After = w.Address
	if w.Err != nil {
		r.fail(w)
		return
	}
	r.Compared++
	if last := w.Recorded; last != nil {
		r.Recorded.Wallets++
		r.Recorded.Flow.add(last.PassedWhenScored, w.Present.Passing)
		if last.PassedWhenScored {
			r.Recorded.Passing++
		}
		if last.Passing {
			r.Recorded.Valid++
		}
	}
	present, other := sumOf(w.Present.Score), sumOf(w.New.Score)
	r.Present.add(w.Present.Passing, present)
	r.New.add(w.New.Passing, other)
	r.Flow.add(w.Present.Passing, w.New.Passing)
	r.Distribution[r.bin(present)].Present++
	r.Distribution[r.bin(other)].New++
	r.provide(w)

	change := other.minus(present)
	switch change.Sign() {
	case 1:
		r.Raised.add(change)
	case -1:
		r.Lowered.add(change.times(-1))
	}
	r.sample(w, change, samples)
}

func (r *Report) fail(w *Wallet) {
	kind := store.KindOf(w.Err)
	r.Failed++
	r.FailedByKind[kind]++
	if len(r.Failures) < mostFailures {
		r.Failures = append(r.Failures, Failure{w.Address, kind, w.Err.Error()})
	}
}

func (s *Side) add(passing bool, score Sum) {
	if passing {
		s.Passing++
	}
	s.Total = s.Total.plus(score)
}

// newDistribution returns the bins for two thresholds.
func newDistribution(present, other passport.Decimal) []Bin {
	higher := sumOf(present)
	if other.Cmp(present) > 0 {
		higher = sumOf(other)
	}
	if higher.Sign() <= 0 {
		higher = Sum{big.NewRat(1, 1)}
	}
	width := higher.times(2).over(steps)
	bins := make([]Bin, steps+2)
	for i := range steps + 1 {
		edge := width.times(int64(i))
		bins[i].To, bins[i+1].From = edge, edge
	}
	return bins
}

// bin returns the place of the bin of the score.
func (r *Report) bin(score Sum) int {
	place, exact := slices.BinarySearchFunc(r.Distribution[1:], score, func(b Bin, score Sum) int { return b.From.Cmp(score) })
	if exact {
		place++
	}
	return place
}

// provide adds the stamps of the wallet to their providers.
func (r *Report) provide(w *Wallet) {
	for i := range w.Present.Stamps {
		if p := r.provider(&w.Present.Stamps[i]); p != nil {
			p.Present.add(w.Present.Stamps[i].Weight)
		}
	}
	for i := range w.New.Stamps {
		if p := r.provider(&w.New.Stamps[i]); p != nil {
			p.New.add(w.New.Stamps[i].Weight)
		}
	}
}

// provider returns the provider of a stamp that counts, or nil.
func (r *Report) provider(s *passport.Stamp) *Provider {
	if s.Outcome != passport.Counted {
		return nil
	}
	p := r.Providers[s.Provider]
	switch {
	case p != nil:
	case len(r.Providers) >= mostProviders:
		r.OtherProviders++
	default:
		p = &Provider{}
		r.Providers[s.Provider] = p
	}
	return p
}

func (u *Use) add(weight passport.Decimal) {
	u.Wallets++
	u.Weight = weight
	u.Contribution = u.Contribution.plus(sumOf(weight))
}

// sample keeps the wallet if it is among those that gain or lose most.
func (r *Report) sample(w *Wallet, change Sum, most int) {
	s := Sample{
		Address: w.Address, Present: w.Present.Score, New: w.New.Score, Change: change,
		PassesNow: w.Present.Passing, WouldPass: w.New.Passing,
	}
	if w.Recorded != nil {
		s.Recorded, s.PassRecorded = true, w.Recorded.PassedWhenScored
	}
	switch gain := s.gain(); {
	case gain > 0 || gain == 0 && change.Sign() > 0:
		r.Gaining = keep(r.Gaining, s, 1, most)
	case gain < 0 || change.Sign() < 0:
		r.Losing = keep(r.Losing, s, -1, most)
	}
}

// gain returns 1 if the wallet would pass and does not, and -1 for the
// opposite.
func (s *Sample) gain() int {
	switch {
	case s.WouldPass && !s.PassesNow:
		return 1
	case s.PassesNow && !s.WouldPass:
		return -1
	}
	return 0
}

// keep inserts the sample at its place, the greatest in the direction first,
// and drops the last one if there are more than the bound.
func keep(samples []Sample, s Sample, direction, most int) []Sample {
	place, _ := slices.BinarySearchFunc(samples, s, func(a, b Sample) int {
		return cmp.Or(direction*cmp.Compare(b.gain(), a.gain()), direction*b.Change.Cmp(a.Change), cmp.Compare(a.Address, b.Address))
	})
	if place >= most {
		return samples
	}
	samples = slices.Insert(samples, place, s)
	return samples[:min(len(samples), most)]
}

// sameTerms returns an error if the decisions rest on other terms than those
// that were counted before.
func (r *Report) sameTerms(w *Wallet) error {
	if err := r.sameThresholds(w.Present, w.New); err != nil {
		return err
	}
	for i := range w.Present.Stamps {
		s := &w.Present.Stamps[i]
		if p := r.Providers[s.Provider]; p != nil && !p.Present.has(s) {
			return fmt.Errorf("%w: the weight of %.60q", ErrTermsChanged, s.Provider)
		}
	}
	for i := range w.New.Stamps {
		s := &w.New.Stamps[i]
		if p := r.Providers[s.Provider]; p != nil && !p.New.has(s) {
			return fmt.Errorf("%w: the weight of %.60q", ErrTermsChanged, s.Provider)
		}
	}
	return nil
}

// has reports whether the weight of the stamp is that of those before, if it
// counts.
func (u *Use) has(s *passport.Stamp) bool {
	return s.Outcome != passport.Counted || u.Wallets == 0 || u.Weight.Cmp(s.Weight) == 0
}

func (r *Report) sameThresholds(present, other *passport.Result) error {
	if r.Present.Threshold.Cmp(present.Threshold) != 0 || r.New.Threshold.Cmp(other.Threshold) != 0 {
		return fmt.Errorf("%w: the threshold", ErrTermsChanged)
	}
	return nil
}
