package passport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/store"
)

// scoring is one call of Score, Preview or Latest.
type scoring struct {
	engine      *Engine
	observation Observation
}

// run repeats attempts while they lose races and the retry policy allows it.
func (s *scoring) run(ctx context.Context) (*Result, error) {
	o := &s.observation
	backoff := s.engine.settings.backoff()
	if backoff == nil {
		backoff = retry.BackoffFunc(func() (time.Duration, bool) { return 0, true })
	}
	result, err := retry.DoValue(ctx, backoff, func(ctx context.Context) (*Result, error) {
		o.Attempts++
		result, err := s.attempt(ctx)
		if store.Retryable(err) {
			s.logger().DebugContext(ctx, "scoring lost a race", slog.Int("attempt", o.Attempts))
			return nil, retry.RetryableError(err)
		}
		return result, err
	})
	if err == nil {
		return result, nil
	}
	// Between attempts go-retry returns only the context's cause.
	if errors.Is(err, context.Cause(ctx)) && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	var impossible *ScoringError
	if errors.As(err, &impossible) && impossible.Unrecorded == nil {
		s.logger().WarnContext(ctx, "community cannot be scored", slog.Any("error", impossible.Err))
		return nil, err
	}
	s.report(ctx, "scoring failed", err)
	if impossible != nil {
		return nil, err
	}
	if o.Attempts > 1 {
		err = fmt.Errorf("attempt %d: %w", o.Attempts, err)
	}
	return nil, fmt.Errorf("scoring %s in community %d: %w", o.Address, o.Community, err)
}

// attempt loads, verifies, decides and applies once.
func (s *scoring) attempt(ctx context.Context) (*Result, error) {
	snapshot, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	terms, err := termsOf(&snapshot.Community)
	if err != nil {
		return nil, s.fail(ctx, snapshot, err)
	}
	candidates, err := s.verify(ctx, snapshot)
	if err != nil {
		return nil, fmt.Errorf("verifying the credentials: %w", err)
	}
	decision, err := decide(snapshot, candidates, terms, s.engine.settings.points)
	if err != nil {
		return nil, s.fail(ctx, snapshot, err)
	}
	if s.observation.Preview {
		return &decision.result, nil
	}
	receipt, err := s.apply(ctx, &decision.changes)
	if err != nil {
		return nil, err
	}
	if snapshot.Points != nil {
		decision.result.Points = points(decision.changes.Wallets[0].Awards, receipt.Wallets[0].Given, snapshot.Points.Values)
	}
	return &decision.result, nil
}

func (s *scoring) load(ctx context.Context) (*store.Snapshot, error) {
	o, settings := &s.observation, &s.engine.settings
	began := time.Now()
	snapshot, err := s.engine.store.Load(ctx, store.Query{
		Community: o.Community,
		Addresses: []Address{o.Address},
		At:        store.Microseconds(settings.clock()),
		Points:    settings.points.query(),
	})
	o.Load += time.Since(began)
	if err == nil {
		err = s.check(snapshot)
	}
	if err != nil {
		return nil, fmt.Errorf("loading: %w", err)
	}
	return snapshot, nil
}

// check returns an error if the snapshot does not answer the query.
func (s *scoring) check(snapshot *store.Snapshot) error {
	o := &s.observation
	wrong := func(problem string) error { return fmt.Errorf("%w: %s", store.ErrInternal, problem) }
	switch {
	case snapshot == nil:
		return wrong("the store returned no snapshot")
	case len(snapshot.Wallets) != 1 || snapshot.Wallets[0].Address != o.Address || snapshot.Community.ID != o.Community:
		return wrong("the snapshot is not of the queried address and community")
	case snapshot.At.IsZero():
		return wrong("the snapshot has no time")
	case snapshot.At != store.Microseconds(snapshot.At):
		return wrong("the time of the snapshot is not in UTC and whole microseconds")
	case s.engine.settings.points != nil && (snapshot.Points == nil || len(snapshot.Points.Wallets) != 1):
		return wrong("the snapshot lacks the queried points")
	}
	return nil
}

// verify returns the newest credential of each provider with its verdict.
func (s *scoring) verify(ctx context.Context, snapshot *store.Snapshot) ([]candidate, error) {
	o := &s.observation
	began := time.Now()
	candidates, err := s.engine.validator.validate(ctx, o.Address, snapshot.At, newest(snapshot.Wallets[0].Credentials), o)
	o.Verify += time.Since(began)
	return candidates, err
}

// newest returns the newest credential of each provider, by provider.
func newest(credentials []store.Credential) []store.Credential {
	sorted := slices.SortedFunc(slices.Values(credentials), func(a, b store.Credential) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(b.ID, a.ID))
	})
	return slices.CompactFunc(sorted, func(a, b store.Credential) bool { return a.Provider == b.Provider })
}

func (s *scoring) apply(ctx context.Context, changes *store.Changes) (*store.Receipt, error) {
	began := time.Now()
	receipt, err := s.engine.store.Apply(ctx, changes)
	s.observation.Apply += time.Since(began)
	if err == nil && (receipt == nil || len(receipt.Wallets) != 1 || len(receipt.Wallets[0].Given) != len(changes.Wallets[0].Awards)) {
		err = fmt.Errorf("%w: the store returned no receipt for the address", store.ErrInternal)
	}
	if err != nil {
		return nil, fmt.Errorf("applying: %w", err)
	}
	return receipt, nil
}

// fail records why the community could not be scored, and returns it.
func (s *scoring) fail(ctx context.Context, snapshot *store.Snapshot, cause error) error {
	o := &s.observation
	scoringError := &ScoringError{Community: o.Community, Address: o.Address, Err: cause}
	if o.Preview {
		return scoringError
	}
	_, err := s.apply(ctx, failure(snapshot, cause))
	if store.Retryable(err) {
		return err
	}
	scoringError.Unrecorded = err
	return scoringError
}

// report logs a failure that the caller has not caused.
func (s *scoring) report(ctx context.Context, what string, err error) {
	if ctx.Err() == nil && !errors.Is(err, ErrCommunityNotFound) {
		s.logger().ErrorContext(ctx, what, slog.Any("error", err))
	}
}

func (s *scoring) logger() *slog.Logger {
	o := &s.observation
	return s.engine.settings.logger.With(slog.Int64("community", o.Community), slog.String("address", string(o.Address)))
}

func (s *scoring) notify(ctx context.Context) {
	for _, observe := range s.engine.settings.observers {
		observe(ctx, s.observation)
	}
}
