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
	var ledger *store.PointsLedger
	err := s.look(ctx, op, func(d *data) error {
		ledger = d.ledger(address)
		return nil
	})
	return ledger, err
}

func (d *data) ledger(address string) *store.PointsLedger {
	history := d.history(address, nil)
	slices.SortFunc(history.Awards, store.CompareAwards)
	ledger := &store.PointsLedger{
		Awards: history.Awards, Values: d.pointsValues(), Multiplier: 1, Eligible: len(history.Communities) > 0,
	}
	if row, found := d.Multipliers.rows[address]; found {
		ledger.Multiplier = int(row.Multiplier)
	}
	return ledger
}
