// Package brokenstore makes stores that break a promise of package store, each
// in one thing, for tests of suites and checkers: a suite that passes such a
// store proves nothing.
package brokenstore

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// Store is a store in memory with functions in place of its methods. Made by
// [New] it works; a test breaks it by replacing functions before its first use:
//
//	b := brokenstore.New()
//	load := b.On.Load
//	b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
//		snapshot, err := load(ctx, q)
//		// change it
//		return snapshot, err
//	}
//
// It has every role, and is a harness of package storetest.
type Store struct {
	// Good is the store that works.
	Good *memstore.Store
	// On are the functions that the methods call, at first those of Good.
	On Methods
	// Errors, unless it is nil, replaces each error that a method returns.
	Errors func(error) error
}

// Methods are the methods of a store with every role.
type Methods struct {
	Seed  func(context.Context, store.State) error
	State func(context.Context) (store.State, error)

	Load       func(context.Context, store.Query) (*store.Snapshot, error)
	Apply      func(context.Context, *store.Changes) (*store.Receipt, error)
	LoadPoints func(context.Context, store.Address) (*store.PointsLedger, error)

	AddCredentials    func(context.Context, store.Address, ...store.CredentialInput) error
	DeleteCredentials func(context.Context, store.Address, ...string) (int, error)
	RevokeCredentials func(context.Context, ...string) (int, error)
	ListCredentials   func(context.Context, store.Address, store.Page) (*store.CredentialPage, error)

	PutCommunity    func(context.Context, store.Community) error
	DeleteCommunity func(context.Context, int64) error
	FindCommunity   func(context.Context, int64, string) (int64, error)
	PutAccount      func(context.Context, string) (int64, error)
	PutAddressList  func(context.Context, string, ...store.Address) error

	LastScore  func(context.Context, int64, store.Address) (*store.RecordedScore, error)
	ScoreAt    func(context.Context, int64, store.Address, time.Time) (*store.RecordedEvent, error)
	ListEvents func(context.Context, int64, store.Address, store.Page) ([]store.RecordedEvent, error)
	ListClaims func(context.Context, int64, store.Address) ([]store.Claim, error)

	ListGroupClaims func(context.Context, int64, store.Address) ([]store.GroupClaim, error)

	ListAddresses func(context.Context, store.AddressQuery) ([]store.Address, error)

	FindKey    func(context.Context, string) (*store.Key, error)
	FindCaller func(context.Context, string, string) (*store.Caller, error)
	AddKey     func(context.Context, store.Key) error
	MigrateKey func(context.Context, string, string) error
	RevokeKey  func(context.Context, string) error
	ListKeys   func(context.Context, store.KeyQuery) ([]store.Key, error)
	AddUsage   func(context.Context, ...store.Usage) error

	Forget func(context.Context, store.Forgetting) (*store.ForgetReceipt, error)
	Prune  func(context.Context, store.Pruning) (*store.Pruned, error)
}

// New returns a store that works.
func New(options ...memstore.Option) *Store {
	good := memstore.New(options...)
	return &Store{Good: good, On: Methods{
		Seed:  func(_ context.Context, state store.State) error { return good.SetState(state) },
		State: func(context.Context) (store.State, error) { return good.State(), nil },

		Load: good.Load, Apply: good.Apply, LoadPoints: good.LoadPoints,
		AddCredentials: good.AddCredentials, DeleteCredentials: good.DeleteCredentials,
		RevokeCredentials: good.RevokeCredentials, ListCredentials: good.ListCredentials,
		PutCommunity: good.PutCommunity, DeleteCommunity: good.DeleteCommunity, FindCommunity: good.FindCommunity,
		PutAccount: good.PutAccount, PutAddressList: good.PutAddressList,
		LastScore: good.LastScore, ScoreAt: good.ScoreAt, ListEvents: good.ListEvents, ListClaims: good.ListClaims,
		ListGroupClaims: good.ListGroupClaims, ListAddresses: good.ListAddresses,
		FindKey: good.FindKey, FindCaller: good.FindCaller, AddKey: good.AddKey, MigrateKey: good.MigrateKey, RevokeKey: good.RevokeKey,
		ListKeys: good.ListKeys, AddUsage: good.AddUsage,
		Forget: good.Forget, Prune: good.Prune,
	}}
}

// Edit changes the content of the store that works. It panics if the content
// can be of no store: then it is not the store under test that is broken.
func (s *Store) Edit(change func(state *store.State)) {
	state := s.Good.State()
	change(&state)
	if err := s.Good.SetState(state); err != nil {
		panic(err)
	}
}

// Like returns a store that works, with the content of this one changed.
func (s *Store) Like(change func(state *store.State)) *Store {
	other := New()
	other.Edit(func(state *store.State) {
		*state = s.Good.State()
		change(state)
	})
	return other
}

func (s *Store) error(err error) error {
	if err != nil && s.Errors != nil {
		return s.Errors(err)
	}
	return err
}
