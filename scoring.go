package passport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/store"
)

// scoring is one call of Score, Preview or Latest.
type scoring struct {
	engine      *Engine
	observation Observation
	began       time.Time
}

// begin begins the step of the call.
func (s *scoring) begin(ctx context.Context) (within context.Context, end func(error)) {
	o := &s.observation
	return s.engine.settings.begin(ctx, Step{Name: o.Call(), Community: o.Community, Address: o.Address, Wallets: 1})
}

// run repeats attempts while they lose races and the retry policy allows it.
func (s *scoring) run(ctx context.Context) (*Result, error) {
	o := &s.observation
	again := func(err error) bool {
		if store.Retryable(err) && !errors.Is(err, ErrGroups) { // whatever the source's own error is
			s.log(ctx, slog.LevelDebug, "scoring lost a race", err)
			return true
		}
		return o.Bulk && isAway(err)
	}
	result, err := repeat(ctx, s.engine.settings.backoff, again, func(ctx context.Context) (*Result, error) {
		o.Attempts++
		return s.attempt(ctx)
	})
	if err == nil {
		return result, nil
	}
	var impossible *ScoringError
	if errors.As(err, &impossible) && impossible.Unrecorded == nil {
		s.log(ctx, slog.LevelWarn, "community cannot be scored", impossible.Err)
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

// repeat repeats the attempt while its error is worth it, which nil is not, and
// the retry policy allows it.
func repeat[T any](
	ctx context.Context, policy func() retry.Backoff, again func(error) bool, attempt func(context.Context) (T, error),
) (T, error) {
	backoff := policy()
	if backoff == nil {
		backoff = retry.BackoffFunc(func() (time.Duration, bool) { return 0, true })
	}
	result, err := retry.DoValue(ctx, backoff, func(ctx context.Context) (T, error) {
		result, err := attempt(ctx)
		if again(err) {
			return result, retry.RetryableError(err)
		}
		return result, err
	})
	// Between attempts go-retry returns only the context's cause.
	if err != nil && errors.Is(err, context.Cause(ctx)) && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return result, err
}

// attempt loads, verifies, decides and applies once.
func (s *scoring) attempt(ctx context.Context) (*Result, error) {
	o := &s.observation
	b := &batch{engine: s.engine, community: o.Community, asked: []Address{o.Address}, lastScores: o.Bulk, attempt: o.Attempts}
	b.mayLag = o.Preview || s.engine.mayLag(o.Attempts)
	defer o.spent(b, 0)
	d, err := b.run(ctx, o.Preview)
	var impossible *ScoringError
	if errors.As(err, &impossible) && !o.Preview && !o.Bulk {
		return nil, s.fail(ctx, b, impossible)
	}
	if err != nil {
		return nil, err
	}
	return &d.results[b.placeOf(0)], nil
}

// spent adds the share of the times of a batch that is due to one of its
// addresses, and counts what was verified of it.
func (o *Observation) spent(b *batch, asked int) {
	n := time.Duration(len(b.asked))
	o.Load += b.loading / n
	o.Verify += b.verifying / n
	o.Apply += b.applying / n
	if at := b.placeOf(asked); at < len(b.holdings) {
		o.Verified, o.Remembered = b.holdings[at].verified, b.holdings[at].remembered
	}
}

// fail records why the community could not be scored, and returns it.
func (s *scoring) fail(ctx context.Context, b *batch, cause *ScoringError) error {
	_, err := b.apply(ctx, failure(b.snapshot, &b.snapshot.Wallets[b.placeOf(0)], cause.Err))
	if store.Retryable(err) {
		return err
	}
	cause.Unrecorded = err
	return cause
}

// report logs a failure that the caller has not caused.
func (s *scoring) report(ctx context.Context, what string, err error) {
	if ctx.Err() == nil && !errors.Is(err, ErrCommunityNotFound) {
		s.log(ctx, slog.LevelError, what, err)
	}
}

func (s *scoring) log(ctx context.Context, level slog.Level, what string, err error) {
	o := &s.observation
	s.engine.settings.logger.LogAttrs(ctx, level, what,
		slog.String("operation", string(o.Call())), slog.Int64("community", o.Community), slog.String("address", string(o.Address)),
		slog.Int("attempts", o.Attempts), logattr.Duration(time.Since(s.began)), logattr.Error(err))
}

func (s *scoring) notify(ctx context.Context) {
	for _, observe := range s.engine.settings.observers {
		observe(ctx, s.observation)
	}
}
