package memstore

import (
	"context"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// LoadPoints implements [store.Points].
func (s *Store) LoadPoints(ctx context.Context, address string) (*store.PointsLedger, error) {
	const op = "load_points"
	if err := checkAddress(op, address); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := ended(ctx, op); err != nil {
		return nil, err
	}
	history := s.data.history(address, nil)
	slices.SortFunc(history.Awards, store.CompareAwards)
	ledger := &store.PointsLedger{
		Awards: history.Awards, Values: s.data.pointsValues(), Multiplier: 1, Eligible: len(history.Communities) > 0,
	}
	if row, found := s.data.Multipliers.rows[address]; found {
		ledger.Multiplier = int(row.Multiplier)
	}
	return ledger, nil
}
