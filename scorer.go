package passport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/store"
)

// Engine scores addresses on a store. Make it with [New]; it is safe for
// concurrent use and is meant to live as long as the host.
type Engine struct {
	store    Store
	settings settings
	examiner *examiner
}

var _ Scorer = (*Engine)(nil)

// New returns an engine that keeps its rows in the store. It reports every
// fault of the configuration at once, each wrapping [ErrMisconfigured].
func New(store Store, options ...Option) (*Engine, error) {
	s := newSettings(options)
	faults := s.validate()
	if isNil(store) {
		faults = errors.Join(fmt.Errorf("%w: the store is nil", ErrMisconfigured), faults)
	}
	if faults != nil {
		return nil, faults
	}
	return &Engine{store: store, settings: s, examiner: newExaminer(&s)}, nil
}

// On returns an engine with the same configuration and the same memory of
// verified credentials that keeps its rows elsewhere: in a host's transaction,
// for example. It costs next to nothing. If the store is nil, every call of the
// engine fails with [ErrMisconfigured].
func (e *Engine) On(store Store) *Engine {
	other := *e
	other.store = store
	if isNil(store) {
		other.store = noStore{}
	}
	return &other
}

// isNil reports whether there is no store, also one that is a nil pointer of
// some type.
func isNil(s Store) bool {
	value := reflect.ValueOf(s)
	return s == nil || value.Kind() == reflect.Pointer && value.IsNil()
}

// noStore is in the place of a store that is nil.
type noStore struct{}

func (noStore) Load(context.Context, store.Query) (*store.Snapshot, error) {
	return nil, store.Errorf("load_snapshot", ErrMisconfigured, "On got a nil store")
}

func (noStore) Apply(context.Context, *store.Changes) (*store.Receipt, error) {
	return nil, store.Errorf("apply_changes", ErrMisconfigured, "On got a nil store")
}

// Score weighs the stamps of the address for the community, records the
// outcome (score, claims, events, points) in one transaction, and returns it.
// Calling it again is safe; with the same stamps it changes nothing but the
// moment, and adds one event, and one more for each stamp that is
// de-duplicated, as the service does.
//
// Its errors, by errors.Is: [ErrInvalidAddress], before anything is read;
// [ErrCommunityNotFound]; a *[ScoringError] (by errors.As) when the community's
// rule or weights make a score impossible, which is recorded;
// store.ErrConflict when every attempt lost a race; store.ErrUnavailable when
// the database cannot be reached; store.ErrFault and store.ErrInvalid when its
// rows, its schema or its login make no sense; what a [Verifier] that cannot tell returns;
// and the context's own error when it ended. After all of them nothing was
// written but what is said of ScoringError. After store.ErrUnknownOutcome, which
// may be the context's error too and so is to be looked for first, everything
// may have been written or nothing; scoring again settles it.
func (e *Engine) Score(ctx context.Context, community int64, address string) (*Result, error) {
	return e.observe(ctx, community, address, false)
}

// Preview returns what Score would return now, and changes nothing. Points are
// those that would be earned if nobody else earned any meanwhile. Its errors
// are those of Score; a ScoringError is not recorded.
func (e *Engine) Preview(ctx context.Context, community int64, address string) (*Result, error) {
	return e.observe(ctx, community, address, true)
}

// observe scores and calls the observers.
func (e *Engine) observe(ctx context.Context, community int64, address string, preview bool) (*Result, error) {
	parsed, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	seen := Observation{Community: community, Address: parsed, Preview: preview}
	seen.Result, seen.Err = e.score(ctx, &seen)
	e.notify(ctx, seen)
	return seen.Result, seen.Err
}

func (e *Engine) notify(ctx context.Context, seen Observation) {
	for _, observer := range e.settings.observers {
		observer(ctx, seen)
	}
}

// score repeats attempts while they lose races and the retry policy allows it.
func (e *Engine) score(ctx context.Context, seen *Observation) (*Result, error) {
	result, err := retry.DoValue(ctx, e.backoff(), func(ctx context.Context) (*Result, error) {
		seen.Attempts++
		result, err := e.attempt(ctx, seen)
		if store.Retryable(err) {
			e.logger(seen).DebugContext(ctx, "scoring lost a race", slog.Int("attempt", seen.Attempts))
			return nil, retry.RetryableError(err)
		}
		return result, err
	})
	if err == nil {
		return result, nil
	}
	// Between attempts go-retry returns the cause that the host has given the
	// context, and that alone. While the context lives there is neither.
	if errors.Is(err, context.Cause(ctx)) && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	var impossible *ScoringError
	if errors.As(err, &impossible) && impossible.Unrecorded == nil {
		e.logger(seen).WarnContext(ctx, "community cannot be scored", slog.Any("error", impossible.Err))
		return nil, err
	}
	e.report(ctx, "scoring failed", seen, err)
	if impossible != nil {
		return nil, err
	}
	if seen.Attempts > 1 {
		err = fmt.Errorf("attempt %d: %w", seen.Attempts, err)
	}
	return nil, fmt.Errorf("scoring %s in community %d: %w", seen.Address, seen.Community, err)
}

// report tells the log of a failure that is not the caller's doing.
func (e *Engine) report(ctx context.Context, what string, seen *Observation, err error) {
	if ctx.Err() == nil && !errors.Is(err, ErrCommunityNotFound) {
		e.logger(seen).ErrorContext(ctx, what, slog.Any("error", err))
	}
}

func (e *Engine) logger(seen *Observation) *slog.Logger {
	return e.settings.logger.With(slog.Int64("community", seen.Community), slog.String("address", string(seen.Address)))
}

func (e *Engine) backoff() retry.Backoff {
	if backoff := e.settings.backoff(); backoff != nil {
		return backoff
	}
	return retry.BackoffFunc(func() (time.Duration, bool) { return 0, true })
}

// attempt is one pass: read, decide, write.
func (e *Engine) attempt(ctx context.Context, seen *Observation) (*Result, error) {
	snapshot, err := e.load(ctx, seen)
	if err != nil {
		return nil, err
	}
	terms, err := termsOf(&snapshot.Community)
	if err != nil {
		return nil, e.fail(ctx, snapshot, err, seen)
	}

	began := time.Now()
	candidates, err := e.examiner.examine(ctx, seen.Address, snapshot.At, snapshot.Wallets[0].Credentials, seen)
	seen.Verify += time.Since(began)
	if err != nil {
		return nil, fmt.Errorf("verifying the credentials: %w", err)
	}
	decision, err := decide(snapshot, candidates, terms, e.settings.points)
	if err != nil {
		return nil, e.fail(ctx, snapshot, err, seen)
	}
	if seen.Preview {
		return &decision.result, nil
	}

	receipt, err := e.apply(ctx, &decision.changes, seen)
	if err != nil {
		return nil, err
	}
	if snapshot.Points != nil {
		decision.result.Points = points(receipt.Wallets[0].Awards, snapshot.Points.Values)
	}
	return &decision.result, nil
}

func (e *Engine) load(ctx context.Context, seen *Observation) (*store.Snapshot, error) {
	began := time.Now()
	snapshot, err := e.store.Load(ctx, store.Query{
		Community: seen.Community,
		Addresses: []string{string(seen.Address)},
		At:        microseconds(e.settings.clock()),
		Points:    e.settings.points.query(),
	})
	seen.Load += time.Since(began)
	if err != nil {
		return nil, fmt.Errorf("loading: %w", err)
	}
	if err := answers(snapshot, seen, e.settings.points != nil); err != nil {
		return nil, fmt.Errorf("loading: %w", err)
	}
	return snapshot, nil
}

// answers checks that a snapshot is one of what was asked for: a store is
// somebody else's code.
func answers(snapshot *store.Snapshot, seen *Observation, points bool) error {
	switch {
	case snapshot == nil:
		return fmt.Errorf("%w: the store returned no snapshot", store.ErrFault)
	case len(snapshot.Wallets) != 1 || snapshot.Wallets[0].Address != string(seen.Address) || snapshot.Community.ID != seen.Community:
		return fmt.Errorf("%w: the snapshot is not of the queried address and community", store.ErrFault)
	case snapshot.At.IsZero():
		return fmt.Errorf("%w: the snapshot has no moment", store.ErrFault)
	case snapshot.At != microseconds(snapshot.At):
		return fmt.Errorf("%w: the moment of the snapshot is not in UTC and whole microseconds", store.ErrFault)
	case hasTwins(snapshot.Wallets[0].Credentials):
		return fmt.Errorf("%w: the snapshot has two credentials of one provider", store.ErrFault)
	case points && (snapshot.Points == nil || len(snapshot.Points.Wallets) != 1):
		return fmt.Errorf("%w: the snapshot lacks the queried points", store.ErrFault)
	}
	return nil
}

// hasTwins tells whether two of the credentials, which are in no order, are of
// one provider: both would count.
func hasTwins(credentials []store.Credential) bool {
	seen := make(map[string]bool, len(credentials))
	for i := range credentials {
		if seen[credentials[i].Provider] {
			return true
		}
		seen[credentials[i].Provider] = true
	}
	return false
}

func (e *Engine) apply(ctx context.Context, changes *store.Changes, seen *Observation) (*store.Receipt, error) {
	began := time.Now()
	receipt, err := e.store.Apply(ctx, changes)
	seen.Apply += time.Since(began)
	if err != nil {
		return nil, fmt.Errorf("applying: %w", err)
	}
	if receipt == nil || len(receipt.Wallets) != 1 {
		return nil, fmt.Errorf("applying: %w: the store returned no receipt for the address", store.ErrFault)
	}
	return receipt, nil
}

// fail records why the community could not be scored, and returns it.
func (e *Engine) fail(ctx context.Context, snapshot *store.Snapshot, cause error, seen *Observation) error {
	scoringError := &ScoringError{Community: seen.Community, Address: seen.Address, Err: cause}
	if seen.Preview {
		return scoringError
	}
	_, err := e.apply(ctx, failure(snapshot, cause), seen)
	if store.Retryable(err) {
		return err
	}
	scoringError.Unrecorded = err
	return scoringError
}
