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

// What the engine tells its caller, and what it asks of the store, held against
// the model.

// expected refuses errors that no caller should ever see.
func expected(err error) error {
	if err == nil || isOneOf(err, store.ErrUnknownOutcome) || isOneOf(err, refusals...) {
		return nil
	}
	return fmt.Errorf("an unexpected error: %w", err)
}

// refusals tell that nothing was written.
var refusals = []error{
	store.ErrUnavailable, store.ErrConflict, store.ErrCommunityNotFound, context.DeadlineExceeded, context.Canceled,
}

// checkScore compares what the caller of Score is told with what happened:
// written, not written, or unknown.
func (c *client) checkScore(result *passport.Result, err error) error {
	if (result == nil) != (err != nil) {
		return fmt.Errorf("result %v comes with error %w", result, err)
	}
	var scoringError *passport.ScoringError
	failed := errors.As(err, &scoringError)
	switch {
	case err == nil:
		if len(c.wrote) != 1 || c.wrote[0].fails != nil {
			return fmt.Errorf("a score is told, and %d are written", len(c.wrote))
		}
		if got, want := len(result.Points), len(c.wrote[0].awards); got != want {
			return fmt.Errorf("%d awards are told, and %d are written", got, want)
		}
		return c.wrote[0].told(result)
	case isOneOf(err, store.ErrUnknownOutcome):
		if len(c.wrote) > 1 {
			return fmt.Errorf("one scoring wrote %d", len(c.wrote))
		}
		return nil
	case failed && !isOneOf(err, refusals...):
		if len(c.wrote) != 1 || !errors.Is(err, c.wrote[0].fails) {
			return fmt.Errorf("the recorded failure %w is told, and %d are written", err, len(c.wrote))
		}
		return nil
	case len(c.wrote) > 0:
		return fmt.Errorf("a failure is told, and something is written: %w", err)
	case c.calm && !errors.Is(err, store.ErrCommunityNotFound):
		return fmt.Errorf("all is calm, and yet: %w", err)
	}
	return expected(err)
}

// checkPreview demands that a preview tells what was decided, and writes nothing.
func (c *client) checkPreview(result *passport.Result, err error) error {
	var scoringError *passport.ScoringError
	switch {
	case (result == nil) != (err != nil):
		return fmt.Errorf("result %v comes with error %w", result, err)
	case len(c.wrote) > 0:
		return errors.New("a preview wrote")
	case err == nil:
		return c.read.told(result)
	case errors.As(err, &scoringError):
		if !errors.Is(err, c.read.fails) {
			return fmt.Errorf("a failure is told that is not %w: %w", c.read.fails, err)
		}
		return nil
	}
	return expected(err)
}

// checkLatest compares the recorded score that the caller is told with the last
// scoring that was written when it was read.
func (c *client) checkLatest(standing *passport.Standing, err error) error {
	var scoringError *passport.ScoringError
	switch {
	case (standing == nil) != (err != nil):
		return fmt.Errorf("score %v comes with error %w", standing, err)
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
	case standing.Passing != c.stands:
		return fmt.Errorf("passing is %v", standing.Passing)
	}
	return c.last.standing(standing.Score, standing.Threshold, standing.PassedWhenScored, standing.ScoredAt, standing.ExpiresAt)
}

// told compares a result with what was decided.
func (d *decision) told(result *passport.Result) error {
	if d == nil || d.fails != nil {
		return errors.New("a result is told where there is none")
	}
	if len(result.Stamps) != len(d.fates) {
		return fmt.Errorf("%d stamps are told, want %d", len(result.Stamps), len(d.fates))
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

// checkWritten demands that what the store has just written was still true when
// it was written, and is what follows from what was read.
func (c *client) checkWritten(changes *store.Changes, receipt *store.Receipt) error {
	m, w := c.world.model, &changes.Wallets[0]
	switch {
	case c.read == nil:
		return errors.New("a scoring was written that had read nothing")
	case !m.exists(changes.Community):
		return errors.New("a scoring was written in a community that does not exist")
	case !slices.Equal(m.live(w.Address), c.read.live):
		return fmt.Errorf("a scoring of %s was written that had read older credentials", w.Address)
	case len(receipt.Wallets) != 1:
		return fmt.Errorf("the receipt is of %d wallets", len(receipt.Wallets))
	case (w.Score.Status == store.StatusError) != (c.read.fails != nil):
		return fmt.Errorf("status %s was written where the reason to fail is %w", w.Score.Status, c.read.fails)
	}
	for _, claim := range changes.Claims {
		h, claimed := m.holders[nullifier{changes.Community, claim.Nullifier}]
		mine := h.address == claim.Address && (claim.Address == w.Address || h.until.Equal(claim.ExpiresAt))
		if claimed && h.until.After(changes.At) && !mine {
			return fmt.Errorf("%q was claimed for %s until %v, and %s holds it until %v", claim.Nullifier, claim.Address, claim.ExpiresAt, h.address, h.until)
		}
		if want := c.read.claims[claim.Nullifier]; want.address != claim.Address || !want.until.Equal(claim.ExpiresAt) {
			return fmt.Errorf("%q was claimed for %s until %v, want %v", claim.Nullifier, claim.Address, claim.ExpiresAt, want)
		}
	}
	for _, held := range changes.Held {
		if h := m.holders[nullifier{changes.Community, held.Nullifier}]; h.address != held.Address || c.read.held[held.Nullifier].address != held.Address {
			return fmt.Errorf("the scoring rests on %q being held by %s, and it is by %s", held.Nullifier, held.Address, h.address)
		}
	}
	if len(changes.Claims) != len(c.read.claims) || len(changes.Held) != len(c.read.held) || len(w.Stamps) != len(c.read.counted) {
		return fmt.Errorf("%d claims, %d held, %d stamps were written; want %d, %d, %d", len(changes.Claims), len(changes.Held),
			len(w.Stamps), len(c.read.claims), len(c.read.held), len(c.read.counted))
	}
	return nil
}
