package passporttest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/passport-sdk/passport-go"
)

// FakeScorer is a [passport.Scorer] that returns the results which the test has
// set. For an address without a result, Score and Preview return a score of 0
// that does not pass, and Latest returns passport.ErrNeverScored. The zero
// value is ready to use. It is safe for concurrent use.
type FakeScorer struct {
	mu      sync.Mutex
	answers map[string]answer // by address in lower case
	calls   []Call
}

type answer struct {
	result passport.Result
	err    error
}

// Call is one call of a [FakeScorer].
type Call struct {
	Method    string // "Score", "Preview" or "Latest"
	Community int64
	Address   string
}

// SetResult makes all methods return the result for the address, in every
// community, until it is set again. Its Community and Address are replaced by
// those of the call.
func (f *FakeScorer) SetResult(address string, result passport.Result) {
	f.set(address, answer{result, nil})
}

// SetError makes all methods return the error for the address.
func (f *FakeScorer) SetError(address string, err error) { f.set(address, answer{err: err}) }

// Calls returns the calls so far, the first one first.
func (f *FakeScorer) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Score implements [passport.Scorer].
func (f *FakeScorer) Score(ctx context.Context, community int64, address string) (*passport.Result, error) {
	result, _, err := f.answer(ctx, Call{"Score", community, address})
	return result, err
}

// Preview implements [passport.Scorer].
func (f *FakeScorer) Preview(ctx context.Context, community int64, address string) (*passport.Result, error) {
	result, _, err := f.answer(ctx, Call{"Preview", community, address})
	return result, err
}

// Latest implements [passport.Scorer], as if the result had been recorded.
func (f *FakeScorer) Latest(ctx context.Context, community int64, address string) (*passport.LastScore, error) {
	r, found, err := f.answer(ctx, Call{"Latest", community, address})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, passport.ErrNeverScored
	}
	return &passport.LastScore{
		Community: r.Community, Address: r.Address,
		Passing: r.Passing, PassedWhenScored: r.Passing, Score: r.Score, Threshold: r.Threshold,
		ScoredAt: r.ScoredAt, ExpiresAt: r.ExpiresAt,
	}, nil
}

func (f *FakeScorer) set(address string, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answers == nil {
		f.answers = map[string]answer{}
	}
	f.answers[strings.ToLower(address)] = a
}

// answer records the call, and returns a copy of the address's result.
func (f *FakeScorer) answer(ctx context.Context, call Call) (result *passport.Result, found bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	address, err := passport.ParseAddress(call.Address)
	a, found := f.answers[string(address)]
	if err = cmp.Or(err, ctx.Err(), a.err); err != nil {
		return nil, false, err
	}
	a.result.Community, a.result.Address = call.Community, address
	a.result.Stamps, a.result.Points = slices.Clone(a.result.Stamps), slices.Clone(a.result.Points)
	return &a.result, found, nil
}
