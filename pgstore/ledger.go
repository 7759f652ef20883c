package pgstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// LoadPoints implements [store.Points].
func (s *Store) LoadPoints(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
	const op = "load_points"
	of, err := parse(op, address)
	if err != nil {
		return nil, err
	}
	return lagging(ctx, s, func(ctx context.Context, on executor) (*store.PointsLedger, error) {
		ledger := ledgerReader{store.PointsLedger{Values: map[string]int{}, Multiplier: 1}}
		if err := on.read(ctx, s.texts.call(op, of).each(ledger.row)); err != nil {
			return nil, err
		}
		slices.SortFunc(ledger.result.Points, store.ComparePoints)
		return &ledger.result, nil
	})
}

// ledgerReader puts the rows of load_points together.
type ledgerReader struct{ result store.PointsLedger }

func (r *ledgerReader) row(scan scanFunc) error {
	var part string
	var point store.HumanPoint
	var number int64
	if err := scan(&part, &point.Action, &point.Provider, &point.TxHash, &number); err != nil {
		return err
	}
	switch part {
	case "award":
		point.ChainID = int(number)
		r.result.Points = append(r.result.Points, point)
	case "value":
		r.result.Values[point.Action] = int(number)
	case "multiplier":
		r.result.Multiplier = int(number)
	case "eligible":
		r.result.Eligible = true
	default:
		return fmt.Errorf("a row is of the unknown part %q", part)
	}
	return nil
}
