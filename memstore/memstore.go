// Package memstore keeps everything in memory: the store to embed where no
// database is wanted, and the double to test with. It holds the tables of the
// Django service, row for row, so that what is tested on it holds on Postgres.
//
//	mem := memstore.New()
//	err := mem.PutCommunity(ctx, store.Community{ID: 1, Name: "Tea", Weights: weights, Threshold: "2.5"})
//	err = mem.AddCredentials(ctx, address, credentials...)
//
// [Store.ReadRows] and [Store.WriteRows] exchange the rows as JSON keyed by
// table and column, for fixtures, assertions and a snapshot on disk.
//
// Moments are kept in whole microseconds, decimals with the scale of their
// column, JSON documents with their keys sorted and the last of equal keys, as
// the service's columns do. Rows are never changed once they are stored; a
// change stores another row.
package memstore

import (
	"sync"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Store is a store in memory. Make it with [New]. All its methods are safe for
// concurrent use; each is one transaction: it sees and leaves whole changes
// only, and after an error it has changed nothing.
type Store struct {
	now func() time.Time

	mu   sync.RWMutex
	data *data
}

var (
	_ store.Store       = (*Store)(nil)
	_ store.Credentials = (*Store)(nil)
	_ store.Communities = (*Store)(nil)
	_ store.History     = (*Store)(nil)
	_ store.Keys        = (*Store)(nil)
	_ store.Uses        = (*Store)(nil)
	_ store.Points      = (*Store)(nil)
)

// Option configures [New].
type Option func(*Store)

// WithClock makes the store tell the time by the given function, which must be
// safe for concurrent use and must not call the store. Without it, and with nil,
// that is time.Now.
func WithClock(now func() time.Time) Option {
	return func(s *Store) {
		if now != nil {
			s.now = now
		}
	}
}

// New returns a store that holds what a fresh database of the service holds:
// the points of ten actions in registry_humanpointsconfig, and no other row.
func New(options ...Option) *Store {
	s := &Store{now: time.Now, data: newData()}
	s.data.configurePoints()
	for _, option := range options {
		if option != nil {
			option(s)
		}
	}
	return s
}

func checkAddress(op, address string) error {
	if err := store.CheckAddress(address); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	return nil
}
