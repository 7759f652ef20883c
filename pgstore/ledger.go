package pgstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// LoadPoints implements [store.Points].
func (s *Store) LoadPoints(ctx context.Context, address string) (*store.PointsLedger, error) {
	load := s.statements.loadLedger
	if err := store.CheckAddress(address); err != nil {
		return nil, store.Errorf(load.name, store.ErrInvalid, "%w", err)
	}
	ledger := ledgerReader{store.PointsLedger{Values: map[string]int{}, Multiplier: 1}}
	if err := s.on.read(ctx, load.with(address).each(ledger.row)); err != nil {
		return nil, err
	}
	slices.SortFunc(ledger.result.Awards, store.CompareAwards)
	return &ledger.result, nil
}

// ledgerReader puts the rows of loadLedger together.
type ledgerReader struct{ result store.PointsLedger }

func (r *ledgerReader) row(scan scanFunc) error {
	var part string
	var award store.Award
	var number int64
	if err := scan(&part, &award.Action, &award.Provider, &award.TxHash, &number); err != nil {
		return err
	}
	switch part {
	case "award":
		award.ChainID = int(number)
		r.result.Awards = append(r.result.Awards, award)
	case "value":
		r.result.Values[award.Action] = int(number)
	case "multiplier":
		r.result.Multiplier = int(number)
	case "eligible":
		r.result.Eligible = true
	default:
		return fmt.Errorf("a row is of the unknown part %q", part)
	}
	return nil
}
