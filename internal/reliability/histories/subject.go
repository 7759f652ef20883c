package histories

import (
	"context"
	"errors"
	"sync"

	"github.com/passport-sdk/passport-go/store"
)

// Store is a store that the clients of a history work on.
type Store interface {
	store.Store
	store.Credentials
	store.History
	store.Points
}

// Subject is under test: a store, and the way in which a host uses it.
type Subject interface {
	// Do has one unit of work done, in a transaction of the host's if the subject
	// has such, which it begins again, work and all, when the database finds that
	// transactions collided. An error means that nothing was written, unless it
	// is a store.ErrUnknownOutcome.
	Do(ctx context.Context, work Work) error
	// Content must return the content, at least what is about the communities and
	// the plan's wallets and nullifiers.
	Content(ctx context.Context, plan *Plan) (*Content, error)
}

// Content is the content of a subject's database.
type Content struct {
	State store.State
	// Visits are the rows that the host wrote, nil if there is no host.
	Visits []string
}

// Work is a unit of work of a host.
type Work struct {
	// Visit, when not empty, is a row that the host writes itself, beside the
	// scoring: both must be there or neither.
	Visit string
	// Pause lets other clients go on. The subject must call it where they might.
	Pause func()
	// On does the work. A store that is bound to a transaction must be alone: it
	// takes one call at a time.
	On func(ctx context.Context, on Store, alone bool) error
}

// Direct is a subject without transactions of the host's.
type Direct struct {
	Store

	// State returns the content, as [Subject.Content] does.
	State func(ctx context.Context, plan *Plan) (store.State, error)
}

var _ Subject = Direct{}

// Do implements [Subject].
func (d Direct) Do(ctx context.Context, work Work) error { return work.On(ctx, d.Store, false) }

// Content implements [Subject].
func (d Direct) Content(ctx context.Context, plan *Plan) (*Content, error) {
	state, err := d.State(ctx, plan)
	return &Content{State: state}, err
}

// watched is a store as one operation sees it: with pauses around its calls,
// and with answers that get lost.
type watched struct {
	Store

	pause func()
	lose  Loss

	mu       sync.Mutex
	attempts *int
	final    error // after which a host must begin again
}

// seen keeps an error after which a host must begin again.
func (w *watched) seen(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if detail, is := errors.AsType[*store.Error](err); is && detail.Final && w.final == nil {
		w.final = err
	}
	return err
}

func (w *watched) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	w.mu.Lock()
	*w.attempts++
	w.mu.Unlock()
	w.pause()
	snapshot, err := w.Store.Load(ctx, q)
	return snapshot, w.seen(err)
}

func (w *watched) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	w.pause()
	return w.Store.LastScore(ctx, community, address)
}

func (w *watched) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	w.pause()
	if w.lose == LostBefore {
		return nil, errLost
	}
	receipt, err := w.Store.Apply(ctx, c)
	w.pause()
	if err == nil && w.lose == LostAfter {
		return nil, errLost
	}
	return receipt, w.seen(err)
}

// errLost is the error of a scoring whose answer was lost.
var errLost = &store.Error{Op: "commit", Kind: store.ErrUnknownOutcome}
