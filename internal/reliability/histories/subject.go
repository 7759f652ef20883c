package histories

import (
	"context"

	"github.com/passport-sdk/passport-go/store"
)

// Store is what the clients of a history work on.
type Store interface {
	store.Store
	store.Credentials
	store.History
}

// Subject is what is under test: a store, and the way in which a host uses it.
type Subject interface {
	// Do has one unit of work done, in a transaction of the host's if the subject
	// has such, which it begins anew, work and all, when the database finds that
	// transactions collided. An error means that nothing was written, unless it
	// is a store.ErrUnknownOutcome.
	Do(ctx context.Context, work Work) error
	// Rows must return the tables of Rows as JSON, each a list of rows by column:
	// at least those that are about the plan's wallets and nullifiers.
	Rows(ctx context.Context, plan *Plan) ([]byte, error)
}

// Work is a unit of work of a host.
type Work struct {
	// Visit, when not empty, is a row that the host writes itself, beside the
	// scoring: both are to be there or neither.
	Visit string
	// Pause lets other clients go on. The subject is to call it where they might.
	Pause func()
	// On does the work.
	On func(ctx context.Context, on Store) error
}

// Direct is a subject without transactions of the host's.
type Direct struct {
	Store

	// Tables returns what [Subject.Rows] does.
	Tables func(ctx context.Context, plan *Plan) ([]byte, error)
}

var _ Subject = Direct{}

// Do implements [Subject].
func (d Direct) Do(ctx context.Context, work Work) error { return work.On(ctx, d.Store) }

// Rows implements [Subject].
func (d Direct) Rows(ctx context.Context, plan *Plan) ([]byte, error) { return d.Tables(ctx, plan) }

// watched is a store as one scoring sees it: with pauses around what it does,
// and with answers that get lost.
type watched struct {
	store.Store

	pause    func()
	attempts *int
	lose     Loss
}

func (w watched) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	*w.attempts++
	w.pause()
	return w.Store.Load(ctx, q)
}

func (w watched) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	w.pause()
	if w.lose == LostBefore {
		return nil, errLost
	}
	receipt, err := w.Store.Apply(ctx, c)
	w.pause()
	if err == nil && w.lose == LostAfter {
		return nil, errLost
	}
	return receipt, err
}

// errLost is what a scoring is told whose answer was lost.
var errLost = &store.Error{Op: "commit", Kind: store.ErrUnknownOutcome}
