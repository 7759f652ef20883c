// Package memstore is a store in memory, for tests and first steps.
//
//	mem := memstore.New()
//	err := mem.PutCommunity(ctx, store.Community{ID: 1, Name: "Tea", Weights: weights, Threshold: "2.5"})
//	err = mem.AddCredentials(ctx, address, credentials...)
//
// [Store.State] and [Store.SetState] read and replace the whole content, for
// fixtures and assertions; [Store.Save] and [Store.Restore] do the same with
// JSON.
//
// Times are kept in whole microseconds, and credentials, weights and usage in
// the form of [store.CanonicalJSON], as on Postgres.
package memstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Store is a store in memory. Make it with [New]. All its methods are safe for
// concurrent use; each is one transaction, and changes nothing if it returns an
// error. JSON documents that a method returns are shared with the store and
// must not be modified.
type Store struct {
	now  func() time.Time
	mu   sync.RWMutex
	data *data
}

var (
	_ store.Store         = (*Store)(nil)
	_ store.Credentials   = (*Store)(nil)
	_ store.Communities   = (*Store)(nil)
	_ store.Groups        = (*Store)(nil)
	_ store.History       = (*Store)(nil)
	_ store.Keys          = (*Store)(nil)
	_ store.KeyLister     = (*Store)(nil)
	_ store.UsageLog      = (*Store)(nil)
	_ store.Points        = (*Store)(nil)
	_ store.CallerFinder  = (*Store)(nil)
	_ store.AddressLister = (*Store)(nil)
	_ store.Forgetter     = (*Store)(nil)
	_ store.Pruner        = (*Store)(nil)
)

// Option configures [New].
type Option func(*Store)

// WithClock sets the store's clock, [time.Now] by default. The function must be
// safe for concurrent use and must not call the store. Nil is ignored.
func WithClock(now func() time.Time) Option {
	return func(s *Store) {
		if now != nil {
			s.now = now
		}
	}
}

// New returns a store that is empty except for the initial values of human
// points (store.InitialPointValues).
func New(options ...Option) *Store {
	s := &Store{now: time.Now, data: newData()}
	s.data.values = store.InitialPointValues()
	problems.Apply(s, options)
	return s
}

// view returns the result of the function, which must only read, under the
// lock, or the fault of the method's arguments, if there is one.
func view[T any](
	ctx context.Context, s *Store, op string, fault error, read func(d *data) (T, error),
) (result T, err error) {
	if fault != nil {
		return result, named(op, fault)
	}
	if err := acquire(ctx, op, s.mu.RLocker()); err != nil {
		return result, err
	}
	defer s.mu.RUnlock()
	result, err = read(s.data)
	return result, named(op, err)
}

// viewOf is view for a method about an address, which may be in any letter
// case.
func viewOf[T any](
	ctx context.Context, s *Store, op string, address store.Address, read func(d *data, address store.Address) (T, error),
) (T, error) {
	lower, fault := store.ParseAddress(string(address))
	return view(ctx, s, op, fault, func(d *data) (T, error) { return read(d, lower) })
}

// update is view for a function that writes. It must check everything before it
// changes anything, and gets the time at which it holds the lock.
func (s *Store) update(ctx context.Context, op string, fault error, write func(d *data, now time.Time) error) error {
	if fault != nil {
		return named(op, fault)
	}
	if err := acquire(ctx, op, &s.mu); err != nil {
		return err
	}
	defer s.mu.Unlock()
	now, err := s.clock()
	if err == nil {
		err = write(s.data, now)
	}
	return named(op, err)
}

// acquire locks, unless the context has ended once the lock is free.
func acquire(ctx context.Context, op string, lock sync.Locker) error {
	if ctx.Err() == nil {
		lock.Lock()
		if ctx.Err() == nil {
			return nil
		}
		lock.Unlock()
	}
	return fmt.Errorf("%s: %w", op, ctx.Err())
}

func (s *Store) clock() (time.Time, error) {
	now := store.Microseconds(s.now())
	if err := store.CheckTime(now); err != nil {
		return time.Time{}, fail(store.ErrInternal, "the clock returned %v: %w", now, err)
	}
	return now, nil
}

// fail returns an error to which [named] adds the operation.
func fail(kind error, format string, args ...any) error {
	return store.Errorf("", kind, format, args...)
}

// named returns the error as one of the operation, a plain one as an
// ErrInvalid.
func named(op string, err error) error {
	if detail, is := errors.AsType[*store.Error](err); is {
		detail.Op = op
	} else if err != nil {
		err = store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return err
}
