package passporttest

import (
	"context"
	"errors"
	"sync"

	"github.com/passport-sdk/passport-go/store"
)

// Faults is a store that passes every call on to another one, except those
// that the test wants to fail. It is safe for concurrent use.
//
// It has the roles that an engine uses, [store.LastScorer], [store.Groups],
// [store.Points], [store.AddressLister] and [store.Forgetter]. Where the other
// store lacks one, a call of it returns store.ErrMisconfigured.
type Faults struct {
	on store.Store

	mu          sync.Mutex
	load, apply faults
}

// faults counts the calls of a method and those that are to fail.
type faults struct {
	calls, failing int
	err            error
}

// NewFaults returns a store on which nothing fails yet.
func NewFaults(on store.Store) *Faults { return &Faults{on: on} }

// FailLoad makes the next calls of Load and LastScore fail with the error, as
// many as times says, in place of those left of an earlier FailLoad. An engine
// calls Load once for each attempt of Score and Preview, and LastScore once for
// Latest, or once for each wallet that the score of a group depends on. A nil
// error ends the failures.
//
// The error is one of package store, such as [store.ErrUnavailable]. It is
// wrapped in a [store.Error], unless it is one or that of a context.
func (f *Faults) FailLoad(times int, err error) { f.fail(&f.load, "load", times, err) }

// FailApply is [Faults.FailLoad] for Apply, which Score calls once for each
// attempt. A failing Apply writes nothing.
func (f *Faults) FailApply(times int, err error) { f.fail(&f.apply, "apply", times, err) }

// Loads returns the number of calls of Load and LastScore, failed ones too.
func (f *Faults) Loads() int { return f.count(&f.load) }

// Applies returns the number of calls of Apply, failed ones too.
func (f *Faults) Applies() int { return f.count(&f.apply) }

// Load implements [store.Store].
func (f *Faults) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if err := f.call(&f.load); err != nil {
		return nil, err
	}
	if _, err := role[store.Points](f.on, "load"); q.Points != nil && err != nil {
		return nil, err
	}
	return f.on.Load(ctx, q)
}

// Apply implements [store.Store].
func (f *Faults) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if err := f.call(&f.apply); err != nil {
		return nil, err
	}
	return f.on.Apply(ctx, c)
}

// LastScore implements [store.LastScorer].
func (f *Faults) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	if err := f.call(&f.load); err != nil {
		return nil, err
	}
	scores, err := role[store.LastScorer](f.on, "last_score")
	if err != nil {
		return nil, err
	}
	return scores.LastScore(ctx, community, address)
}

// ListGroupClaims implements [store.Groups].
func (f *Faults) ListGroupClaims(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
	groups, err := role[store.Groups](f.on, "list_group_claims")
	if err != nil {
		return nil, err
	}
	return groups.ListGroupClaims(ctx, community, address)
}

// ListAddresses implements [store.AddressLister].
func (f *Faults) ListAddresses(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
	lister, err := role[store.AddressLister](f.on, "list_addresses")
	if err != nil {
		return nil, err
	}
	return lister.ListAddresses(ctx, q)
}

// LoadPoints implements [store.Points].
func (f *Faults) LoadPoints(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
	points, err := role[store.Points](f.on, "load_points")
	if err != nil {
		return nil, err
	}
	return points.LoadPoints(ctx, address)
}

// Forget implements [store.Forgetter].
func (f *Faults) Forget(ctx context.Context, request store.Forgetting) (*store.ForgetReceipt, error) {
	forgetter, err := role[store.Forgetter](f.on, "forget")
	if err != nil {
		return nil, err
	}
	return forgetter.Forget(ctx, request)
}

// role returns the store as one with the role.
func role[R any](of store.Store, op string) (R, error) {
	has, ok := of.(R)
	if !ok {
		return has, store.Errorf(op, store.ErrMisconfigured, "a store of type %T lacks the role", of)
	}
	return has, nil
}

func (f *Faults) fail(method *faults, op string, times int, err error) {
	if err == nil {
		times = 0
	}
	var detail *store.Error
	if !errors.As(err, &detail) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		err = store.Errorf(op, err, "the test wants it to fail")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	method.failing, method.err = times, err
}

func (f *Faults) count(method *faults) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return method.calls
}

func (f *Faults) call(method *faults) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	method.calls++
	if method.failing <= 0 {
		return nil
	}
	method.failing--
	return method.err
}
