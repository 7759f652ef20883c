package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// scoreAll scores the addresses together, in one batch: two batches would be at
// work at once.
func (c *client) scoreAll(ctx context.Context, community int64, addresses []store.Address) {
	if len(addresses) == 0 {
		return
	}
	engine := c.bulk
	if c.oneIn(2) {
		engine = engine.LeavingUnchanged(c.age)
	}
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = string(address)
	}
	c.begin(&place{community, addresses[0]})
	outcomes := 0
	for scored, err := range engine.ScoreAll(ctx, community, slices.Values(texts), passport.WithWorkers(1), passport.WithBatchSize(len(texts))) {
		if err != nil {
			c.notef("score all in %d, ended: %s", community, class(err))
			c.checkf(c.checkEnd(err), "scoring all in community %d", community)
			break
		}
		c.notef("score all in %d, %s: %s", community, scored.Address[:6], outcome(scored.Result, scored.Err))
		c.checkf(c.checkScored(addresses[outcomes], scored), "scoring all in community %d", community)
		outcomes++
	}
	_ = c.alone(func() error {
		c.under = nil
		return nil
	})
}

// checkScored compares an outcome with the scorings of the address that were
// written: one, or none if it was left alone or has failed. A batch is written
// again if its outcome was in doubt.
func (c *client) checkScored(address store.Address, scored passport.Scored) error {
	wrote := c.wroteOf(address)
	switch result := scored.Result; {
	case scored.Address != string(address) || (result == nil) != (scored.Err != nil):
		return fmt.Errorf("the outcome %+v is not of %s", scored, address)
	case scored.Err != nil && len(wrote) > 0 && c.doubts == 0:
		return fmt.Errorf("a failure of %s is returned, and something is written: %w", address, scored.Err)
	case scored.Err != nil:
		return expected(scored.Err)
	case len(wrote) > 1+c.doubts:
		return fmt.Errorf("%d scorings of %s were written, with %d doubts", len(wrote), address, c.doubts)
	case result.Unchanged && len(wrote) > 0 && c.doubts == 0:
		return fmt.Errorf("the score of %s is left alone, and something is written", address)
	case result.Unchanged && c.reading.of(address) == nil:
		return nil // its half was read before another
	case result.Unchanged:
		return c.reading.unchanged(result, c.age)
	case len(wrote) == 0:
		return fmt.Errorf("a score of %s is returned, and none is written", address)
	case len(result.Points) != len(wrote[len(wrote)-1].awards):
		return fmt.Errorf("%d awards are returned, and %d are written", len(result.Points), len(wrote[len(wrote)-1].awards))
	default:
		return wrote[len(wrote)-1].matches(result)
	}
}

// wroteOf returns what the call has written about the address.
func (c *client) wroteOf(address store.Address) []*scoring {
	return slices.DeleteFunc(slices.Clone(c.wrote), func(s *scoring) bool { return s.address != address })
}

// checkEnd checks the error that ends a run. The fault of a community is not
// recorded.
func (c *client) checkEnd(err error) error {
	var scoringError *passport.ScoringError
	switch {
	case errors.As(err, &scoringError):
		if c.read == nil || !errors.Is(err, c.read.fails) {
			return fmt.Errorf("a failure is returned that is not that of the community: %w", err)
		}
		return nil
	case c.calm && !errors.Is(err, store.ErrCommunityNotFound):
		return fmt.Errorf("all is calm, and yet: %w", err)
	}
	return expected(err)
}
