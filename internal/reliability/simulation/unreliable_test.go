package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// unreliable is the world's store as one client reaches it: a call takes time
// on the way there and on the way back, in which the others work, and it may
// fail in every way that the contract of a store allows.
type unreliable struct {
	store.Points

	client *client
}

// Load implements store.Store.
func (u *unreliable) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	c := u.client
	var snapshot *store.Snapshot
	err := c.through(ctx, "load_snapshot", func() (err error) {
		c.read, c.reading = nil, nil
		if snapshot, err = c.world.store.Load(ctx, q); err != nil {
			c.same(errors.Is(err, store.ErrCommunityNotFound) && !c.world.model.exists(q.Community), true, "a reason not to load")
			return err
		}
		c.same(c.world.model.exists(q.Community), true, "the community exists")
		c.same(snapshot.At, store.Microseconds(c.world.clock.now()), "the time of the scoring")
		c.reading = newReading(c.world.model, &q, snapshot.At)
		c.read = c.reading.decisions[0]
		return nil
	})
	if err != nil {
		return nil, err
	}
	return snapshot, nil
}

// LastScore implements store.LastScorer.
func (u *unreliable) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	c := u.client
	var score *store.RecordedScore
	err := c.through(ctx, "last_score", func() (err error) {
		exists := c.world.model.exists(community)
		c.last = c.world.model.last(place{community, address})
		if score, err = c.world.store.LastScore(ctx, community, address); err != nil {
			c.same(errors.Is(err, store.ErrCommunityNotFound), !exists, "the community exists")
			c.same(errors.Is(err, store.ErrNotFound), exists && c.last == nil, "the address was never scored")
			return err
		}
		c.same(exists && c.last != nil, true, "there is a score")
		c.same(score.ReadAt, store.Microseconds(c.world.clock.now()), "the time of reading")
		c.stands = c.world.model.stands(c.last, address, score.ReadAt)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return score, nil
}

// Apply implements store.Store.
func (u *unreliable) Apply(ctx context.Context, changes *store.Changes) (*store.Receipt, error) {
	c := u.client
	var receipt *store.Receipt
	err := c.through(ctx, "apply_changes", func() (err error) {
		if receipt, err = c.world.store.Apply(ctx, changes); err != nil {
			return err
		}
		fault := c.checkWritten(changes, receipt)
		if c.world.violated(fault); fault != nil {
			return nil //nolint:nilerr // the fault is the store's, and is noted
		}
		for k := range changes.Wallets {
			w := &changes.Wallets[k]
			s := &scoring{decision: c.reading.of(w.Address), address: w.Address}
			for i, a := range w.Awards {
				if receipt.Wallets[k].Given[i] {
					s.awards = append(s.awards, store.HumanPoint{Action: a.Action, Provider: a.Provider, TxHash: a.TxHash})
				}
			}
			c.world.model.scored(place{changes.Community, w.Address}, s)
			c.wrote = append(c.wrote, s)
		}
		return nil
	})
	if errors.Is(err, store.ErrUnknownOutcome) {
		c.doubts++
	}
	if err != nil {
		return nil, err
	}
	return receipt, nil
}

// through does the work of a call, with delays and failures before and after
// it. A call that writes is in doubt when its answer is lost; one that reads is
// not.
func (c *client) through(ctx context.Context, op string, work func() error) error {
	if c.calm {
		return c.alone(work)
	}
	if err := c.turn.wait(ctx, c.distance()); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	reads := op == "load_snapshot" || op == "last_score"
	fails := c.oneIn(c.world.trouble.fault)
	kind := c.IntN(6)
	switch {
	case !fails:
	case kind == 0:
		return &store.Error{Op: op, Kind: store.ErrUnavailable, Cause: errors.New("refused")}
	case kind == 1 && !reads:
		return &store.Error{Op: op, Kind: store.ErrConflict, Final: c.oneIn(4), Cause: errors.New("serialization failure")}
	case kind == 2 && !reads:
		return &store.Error{Op: op, Kind: store.ErrUnknownOutcome, Cause: errors.New("lost before the commit")}
	}
	if err := c.alone(work); err != nil {
		return err
	}
	switch {
	case fails && reads && kind > 2:
		return &store.Error{Op: op, Kind: store.ErrUnavailable, Cause: errors.New("reset while the answer was read")}
	case fails && !reads && kind > 2:
		return &store.Error{Op: op, Kind: store.ErrUnknownOutcome, Cause: errors.New("lost after the commit")}
	}
	switch err := c.turn.wait(ctx, c.distance()); {
	case err == nil:
		return nil
	case reads:
		return fmt.Errorf("%s: %w", op, err)
	default:
		return &store.Error{Op: op, Kind: store.ErrUnknownOutcome, Cause: err}
	}
}

// alone does the work while no other client works.
func (c *client) alone(work func() error) error {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	return work()
}

// distance is the time that a message takes to the store or back.
func (c *client) distance() time.Duration {
	if c.oneIn(c.world.trouble.slow) {
		return c.duration(0, 3*time.Second)
	}
	return c.duration(0, 20*time.Millisecond)
}
