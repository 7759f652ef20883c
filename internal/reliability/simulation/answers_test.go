package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// The engine's answers and its calls of the store, compared with the model.

// expected returns an error for those that no caller should ever get.
func expected(err error) error {
	if err == nil || isOneOf(err, store.ErrUnknownOutcome) || isOneOf(err, refusals...) {
		return nil
	}
	return fmt.Errorf("an unexpected error: %w", err)
}

// refusals are the errors after which nothing was written.
var refusals = []error{
	store.ErrUnavailable, store.ErrConflict, store.ErrCommunityNotFound, context.DeadlineExceeded, context.Canceled,
}

// checkScore compares the answer of Score with the scorings that were written:
// one, none, or unknown.
func (c *client) checkScore(result *passport.Result, err error) error {
	if (result == nil) != (err != nil) {
		return fmt.Errorf("result %v comes with error %w", result, err)
	}
	var scoringError *passport.ScoringError
	failed := errors.As(err, &scoringError)
	switch {
	case err == nil && result.Unchanged:
		if len(c.wrote) > 0 {
			return errors.New("a score is left alone, and something is written")
		}
		return c.reading.unchanged(result, c.age)
	case err == nil:
		if len(c.wrote) != 1 || c.wrote[0].fails != nil {
			return fmt.Errorf("a score is returned, and %d are written", len(c.wrote))
		}
		if got, want := len(result.Points), len(c.wrote[0].awards); got != want {
			return fmt.Errorf("%d awards are returned, and %d are written", got, want)
		}
		return c.wrote[0].matches(result)
	case isOneOf(err, store.ErrUnknownOutcome):
		if len(c.wrote) > 1 {
			return fmt.Errorf("one scoring wrote %d", len(c.wrote))
		}
		return nil
	case failed && !isOneOf(err, refusals...):
		if len(c.wrote) != 1 || !errors.Is(err, c.wrote[0].fails) {
			return fmt.Errorf("the recorded failure %w is returned, and %d are written", err, len(c.wrote))
		}
		return nil
	case len(c.wrote) > 0:
		return fmt.Errorf("a failure is returned, and something is written: %w", err)
	case c.calm && !errors.Is(err, store.ErrCommunityNotFound):
		return fmt.Errorf("all is calm, and yet: %w", err)
	}
	return expected(err)
}

// checkPreview demands that a preview returns the decision, and writes nothing.
func (c *client) checkPreview(result *passport.Result, err error) error {
	var scoringError *passport.ScoringError
	switch {
	case (result == nil) != (err != nil):
		return fmt.Errorf("result %v comes with error %w", result, err)
	case len(c.wrote) > 0:
		return errors.New("a preview wrote")
	case err == nil:
		return c.read.matches(result)
	case errors.As(err, &scoringError):
		if !errors.Is(err, c.read.fails) {
			return fmt.Errorf("a failure is returned that is not %w: %w", c.read.fails, err)
		}
		return nil
	}
	return expected(err)
}

// checkLatest compares the answer of Latest with the last scoring that was
// written when it was read.
func (c *client) checkLatest(last *passport.LastScore, err error) error {
	var scoringError *passport.ScoringError
	switch {
	case (last == nil) != (err != nil):
		return fmt.Errorf("score %v comes with error %w", last, err)
	case errors.Is(err, passport.ErrNeverScored):
		if c.last != nil {
			return errors.New("it was scored")
		}
		return nil
	case errors.As(err, &scoringError):
		if c.last == nil || c.last.fails == nil {
			return fmt.Errorf("its last scoring did not fail: %w", err)
		}
		return nil
	case err != nil:
		return expected(err)
	case c.last == nil || c.last.fails != nil:
		return errors.New("it has no score")
	case last.Passing != c.stands:
		return fmt.Errorf("passing is %v", last.Passing)
	}
	return c.last.standing(last.Score, last.Threshold, last.PassedWhenScored, last.ScoredAt, last.ExpiresAt)
}

// matches compares a result with the decision.
func (d *decision) matches(result *passport.Result) error {
	if d == nil || d.fails != nil {
		return errors.New("a result is returned where there is none")
	}
	if len(result.Stamps) != len(d.fates) {
		return fmt.Errorf("%d stamps are returned, want %d", len(result.Stamps), len(d.fates))
	}
	for _, s := range result.Stamps {
		want := d.fates[s.Provider]
		if s.Outcome != want.outcome || s.Reason != want.reason {
			return fmt.Errorf("%s is %s %s, want %s %s", s.Provider, s.Outcome, s.Reason, want.outcome, want.reason)
		}
		if want.weight != nil && number(s.Weight.String()).Cmp(want.weight) != 0 {
			return fmt.Errorf("%s weighs %s, want %v", s.Provider, s.Weight, want.weight)
		}
	}
	return d.standing(result.Score, result.Threshold, result.Passing, result.ScoredAt, result.ExpiresAt)
}

func (d *decision) standing(score, threshold passport.Decimal, passing bool, at, expires time.Time) error {
	if number(score.String()).Cmp(d.raw) != 0 || number(threshold.String()).Cmp(d.threshold) != 0 || passing != d.passing {
		return fmt.Errorf("score %s of %s, passing %v; want %v of %v, %v", score, threshold, passing, d.raw, d.threshold, d.passing)
	}
	if !at.Equal(d.at) || !expires.Equal(d.expires) {
		return fmt.Errorf("scored at %v until %v, want %v until %v", at, expires, d.at, d.expires)
	}
	return nil
}

// checkWritten demands that a change set that the store has just written was
// still right when it was written, and is that of the decision.
func (c *client) checkWritten(changes *store.Changes, receipt *store.Receipt) error {
	m := c.world.model
	switch {
	case c.reading == nil:
		return errors.New("a scoring was written that had read nothing")
	case !m.exists(changes.Community):
		return errors.New("a scoring was written in a community that does not exist")
	case len(receipt.Wallets) != len(changes.Wallets):
		return fmt.Errorf("the receipt is of %d wallets, the change set of %d", len(receipt.Wallets), len(changes.Wallets))
	}
	for k := range changes.Wallets {
		w := &changes.Wallets[k]
		read := c.reading.of(w.Address)
		switch {
		case read == nil:
			return fmt.Errorf("a scoring of %s was written, which was not read", w.Address)
		case !slices.Equal(m.live(w.Address), read.live):
			return fmt.Errorf("a scoring of %s was written that had read older credentials", w.Address)
		case len(receipt.Wallets[k].Given) != len(w.Awards):
			return fmt.Errorf("the receipt %v is of other awards than %v", receipt.Wallets[k], w.Awards)
		case (w.Score.Status == store.StatusError) != (read.fails != nil):
			return fmt.Errorf("status %s was written where the reason to fail is %w", w.Score.Status, read.fails)
		case len(w.Counted) != len(read.counted):
			return fmt.Errorf("%d counted were written, want %d", len(w.Counted), len(read.counted))
		}
	}
	claims := c.reading.claims(changes)
	if len(changes.Claims) != len(claims) {
		return fmt.Errorf("%d claims were written, want %d", len(changes.Claims), len(claims))
	}
	for _, swap := range changes.Claims {
		now, claimed := m.holders[nullifier{changes.Community, swap.Nullifier}]
		if !now.Equal(swap.From) && !now.Equal(swap.To) {
			return fmt.Errorf("%q was swapped from %v to %v, and is %v", swap.Nullifier, swap.From, swap.To, now)
		}
		if claimed && now.ExpiresAt.After(changes.At) && now.Address != swap.To.Address {
			return fmt.Errorf("%q was claimed for %v, and is live: %v", swap.Nullifier, swap.To, now)
		}
		from, to := c.reading.holders[nullifier{changes.Community, swap.Nullifier}], claims[swap.Nullifier]
		if !from.Equal(swap.From) || !to.Equal(swap.To) {
			return fmt.Errorf("%q was swapped from %v to %v, want %v to %v", swap.Nullifier, swap.From, swap.To, from, to)
		}
	}
	return nil
}
