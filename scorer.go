package passport

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Engine scores addresses on a store. Make it with [New]. It is safe for
// concurrent use and meant to live as long as the host.
type Engine struct {
	store     Store
	settings  settings
	validator *validator
	glossary  *glossary
	leaving   time.Duration // unchanged scores that are younger stay
	planning  *planning     // of a planner
}

var _ Scorer = (*Engine)(nil)

// New returns an engine that keeps its data in the store. It returns every
// problem of the configuration, joined, each wrapping [ErrMisconfigured].
func New(store Store, options ...Option) (*Engine, error) {
	s := newSettings(options)
	if problems := errors.Join(checkStore(store, &s), s.validate()); problems != nil {
		return nil, problems
	}
	return &Engine{store: store, settings: s, validator: newValidator(&s), glossary: newGlossary()}, nil
}

// checkStore returns an error if the engine cannot work on the store.
func checkStore(s Store, settings *settings) error {
	value := reflect.ValueOf(s)
	if s == nil || value.Kind() == reflect.Pointer && value.IsNil() {
		return fmt.Errorf("%w: the store is nil", ErrMisconfigured)
	}
	if _, has := s.(store.Points); settings.points != nil && !has {
		return fmt.Errorf("%w: WithHumanPoints needs a store with the role store.Points, which %T lacks", ErrMisconfigured, s)
	}
	if _, has := s.(store.Groups); settings.grouped && !has {
		return fmt.Errorf("%w: WithGroups needs a store with the role store.Groups, which %T lacks", ErrMisconfigured, s)
	}
	return nil
}

// On returns an engine with the same configuration and cache on another store,
// such as one bound to a host's transaction. It is cheap. If the store is nil
// or lacks a role that an option needs, every call returns [ErrMisconfigured].
func (e *Engine) On(store Store) *Engine {
	other := *e
	other.store = store
	if err := checkStore(store, &e.settings); err != nil {
		other.store = unusable{err}
	}
	return &other
}

// LeavingUnchanged returns an engine with the same configuration, store and
// cache that leaves an unchanged score alone if it is younger than the age. It
// is cheap. With an age of 0 or less every scoring is written, as by default:
// the service records an event for each.
//
// A score is unchanged if the wallet's last one in the community is equal in
// everything but its time, every claim stays as it is, there are no points to
// award, and none of the credentials was written after that score. Then nothing
// is written, also no event for a deduplicated stamp, [Result].Unchanged is set
// and Result.ScoredAt is the time of the recorded score. A recorded score that
// failed, is queued, or is in another form than this SDK's is not unchanged.
//
// Result.Before is set, so that a caller can compare.
func (e *Engine) LeavingUnchanged(age time.Duration) *Engine {
	other := *e
	other.leaving = age
	return &other
}

// unusable is a store whose methods return the error.
type unusable struct{ err error }

func (u unusable) Load(context.Context, store.Query) (*store.Snapshot, error) {
	return nil, store.Errorf("load_snapshot", ErrMisconfigured, "%w", u.err)
}

func (u unusable) Apply(context.Context, *store.Changes) (*store.Receipt, error) {
	return nil, store.Errorf("apply_changes", ErrMisconfigured, "%w", u.err)
}

func (u unusable) ListAddresses(context.Context, store.AddressQuery) ([]Address, error) {
	return nil, u.err
}

func (u unusable) LastScore(context.Context, int64, Address) (*store.RecordedScore, error) {
	return nil, u.err
}

// Score weighs the stamps of the address for the community, records the
// outcome (score, claims, events, points) in one transaction, and returns it.
// A second call with the same stamps updates the time of the score and adds one
// event, and one more for each deduplicated stamp, as the service does. With
// [WithGroups] it does so for every wallet of the address's group.
//
// Its errors, by errors.Is, are [ErrInvalidAddress]; [ErrCommunityNotFound];
// [ErrGroups]; a *[ScoringError] (by errors.As) if the community's rule or
// weights make a score impossible, which is recorded; store.ErrConflict if
// every attempt lost a race; store.ErrUnavailable if the database cannot be
// reached; store.ErrInternal and store.ErrInvalid if its data, schema or login
// are wrong; the error of a [Verifier] that could not decide; and the context's
// error.
//
// On any of these errors nothing was written, except the row described at
// ScoringError. Test for store.ErrUnknownOutcome first, since it can wrap the
// context's error: everything or nothing may have been written, and a second
// call repairs it.
func (e *Engine) Score(ctx context.Context, community int64, address string) (*Result, error) {
	return e.score(ctx, Observation{Community: community}, address)
}

// Preview returns what Score would return now, and changes nothing. Its errors
// are those of Score; a ScoringError is not recorded. A store may read a
// replica for it, which lags (store.Query.MayLag).
func (e *Engine) Preview(ctx context.Context, community int64, address string) (*Result, error) {
	return e.score(ctx, Observation{Community: community, Preview: true}, address)
}

func (e *Engine) score(ctx context.Context, o Observation, address string) (result *Result, err error) {
	if o.Address, err = ParseAddress(address); err != nil {
		return nil, err
	}
	s := scoring{engine: e, observation: o, began: time.Now()}
	ctx, end := s.begin(ctx)
	result, err = s.run(ctx)
	s.observation.Result, s.observation.Err = result, err
	s.notify(ctx)
	end(err)
	return result, err
}
