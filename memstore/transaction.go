package memstore

import (
	"context"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// look runs the function, which must only read, on the tables as they are.
func (s *Store) look(ctx context.Context, op string, read func(d *data) error) error {
	if err := ended(ctx, op); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	// Waiting for others took its time.
	if err := ended(ctx, op); err != nil {
		return err
	}
	return read(s.data)
}

// change runs a transaction. The function must check all it needs before it
// changes anything.
func (s *Store) change(ctx context.Context, op string, write func(d *data, now time.Time) error) error {
	if err := ended(ctx, op); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ended(ctx, op); err != nil {
		return err
	}
	// Within the lock: who waits for it must not write an earlier moment than
	// those whom it waited for.
	now, err := s.clock(op)
	if err != nil {
		return err
	}
	return write(s.data, now)
}

// ended returns an error once the context has ended.
func ended(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// clock returns the moment as columns keep it.
func (s *Store) clock(op string) (time.Time, error) {
	now := microseconds(s.now())
	if err := checkMoment(now); err != nil {
		return time.Time{}, store.Errorf(op, store.ErrFault, "the clock says %v: %w", now, err)
	}
	return now, nil
}
