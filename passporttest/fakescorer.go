package passporttest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/passport-sdk/passport-go"
)

// FakeScorer is a [passport.Scorer] that answers what the test has set, for
// hosts whose code takes a Scorer and is to be tested without a store. It counts
// as an engine without stamps for an address that nothing was set for: Score and
// Preview return a score of 0 that does not pass, Latest an ErrNeverScored.
//
// The zero value is ready. It is safe for concurrent use.
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
	// Method is "Score", "Preview" or "Latest".
	Method string
	// Community and Address are as they were passed.
	Community int64
	Address   string
}

var _ passport.Scorer = (*FakeScorer)(nil)

// SetResult makes all methods answer with the result for the address, in every
// community, until it is set again. Community and Address of what they return
// are those of the call.
func (f *FakeScorer) SetResult(address string, result passport.Result) {
	f.set(address, answer{result: result})
}

// SetError makes all methods return the error for the address, until it is set
// again.
func (f *FakeScorer) SetError(address string, err error) {
	f.set(address, answer{err: err})
}

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

// Latest returns what [passport.Engine.Latest] would, had the result that was
// set for the address been recorded.
func (f *FakeScorer) Latest(ctx context.Context, community int64, address string) (*passport.Standing, error) {
	r, found, err := f.answer(ctx, Call{"Latest", community, address})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, passport.ErrNeverScored
	}
	return &passport.Standing{
		Community: r.Community, Address: r.Address,
		Passing: r.Passing, Score: r.Score, Threshold: r.Threshold,
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

// answer records the call, and returns a copy of what was set for its address.
func (f *FakeScorer) answer(ctx context.Context, call Call) (result *passport.Result, found bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	address, err := passport.ParseAddress(call.Address)
	if err != nil {
		return nil, false, err
	}
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	a, found := f.answers[string(address)]
	if a.err != nil {
		return nil, false, a.err
	}
	a.result.Community, a.result.Address = call.Community, address
	a.result.Stamps, a.result.Points = slices.Clone(a.result.Stamps), slices.Clone(a.result.Points)
	return &a.result, found, nil
}
