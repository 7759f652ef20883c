package passporttest

import (
	"context"
	"errors"
	"sync"

	"github.com/passport-sdk/passport-go/store"
)

// Faults is a store that passes every call on to another one, except those
// that the test wants to fail. Make it with [NewFaults]; it is safe for
// concurrent use.
type Faults struct {
	on store.Store

	mu          sync.Mutex
	load, apply faults
}

// faults counts the calls of a method, and says which fail.
type faults struct {
	calls, failing int
	err            error
}

var _ store.Store = (*Faults)(nil)

// NewFaults returns a store on which nothing fails yet.
func NewFaults(on store.Store) *Faults { return &Faults{on: on} }

// FailLoad makes the next calls of Load fail with the error, as many as times
// says, in place of those that an earlier FailLoad left; nil ends that. An engine calls Load
// once for each attempt of Score and Preview, and once for Latest.
//
// The error is one of package store, such as [store.ErrUnavailable], in the
// [store.Error] that a store would wrap it in; a *store.Error and the errors of a
// context are returned as they are. Score repeats what failed with
// [store.ErrConflict] and nothing else.
func (f *Faults) FailLoad(times int, err error) { f.fail(&f.load, "load", times, err) }

// FailApply is [Faults.FailLoad] for Apply, which Score calls once for each
// attempt. An Apply that fails writes nothing.
func (f *Faults) FailApply(times int, err error) { f.fail(&f.apply, "apply", times, err) }

// Loads returns how many times Load was called, failed calls included.
func (f *Faults) Loads() int { return f.count(&f.load) }

// Applies returns how many times Apply was called, failed calls included.
func (f *Faults) Applies() int { return f.count(&f.apply) }

// Load implements [store.Store].
func (f *Faults) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	if err := f.call(&f.load); err != nil {
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
