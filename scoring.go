package passport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	b := &batch{engine: s.engine, community: s.observation.Community, addresses: []Address{s.observation.Address}, lastScores: s.observation.Bulk}
	defer s.observation.spent(b)
	d, err := b.run(ctx, s.observation.Preview)
	var impossible *ScoringError
	if errors.As(err, &impossible) && !s.observation.Preview && !s.observation.Bulk {
		return nil, s.fail(ctx, b, impossible)
	}
	if err != nil {
		return nil, err
	}
	return &d.results[0], nil
}

// spent adds what the batch cost its first wallet, and counts what was verified
// of it.
func (o *Observation) spent(b *batch) {
	o.Load += b.loading
	o.Verify += b.verifying
	o.Apply += b.applying
	if len(b.holdings) > 0 {
		o.Verified, o.Remembered = b.holdings[0].verified, b.holdings[0].remembered
	}
}

// fail records why the community could not be scored, and returns it.
func (s *scoring) fail(ctx context.Context, b *batch, cause *ScoringError) error {
	_, err := b.apply(ctx, failure(b.snapshot, cause.Err))
	if store.Retryable(err) {
		return err
	}
	cause.Unrecorded = err
	return cause
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
