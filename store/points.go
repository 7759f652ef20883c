package store

import (
	"cmp"
	"context"
)

// Points is the role that awards and reads human points. A store that has it
// must honour [Query].Points in Load, and Qualified and Awards in Apply.
type Points interface {
	// LoadPoints must return the data from which the points of the address are
	// computed; an address without any is no error. It must return [ErrInvalid]
	// for a malformed address.
	LoadPoints(ctx context.Context, address Address) (*PointsLedger, error)
}

// PointsLedger is the data from which the points of an address are computed.
// The root package's TotalPoints computes them.
type PointsLedger struct {
	Points     []HumanPoint   // in the order of [ComparePoints]
	Values     map[string]int // the points of each active action
	Multiplier int            // 1 when the address has none
	Eligible   bool           // whether the address has qualified in any community
}

// ComparePoints orders points by action, provider and transaction hash, each in
// bytes, and chain; it is for [slices.SortFunc].
func ComparePoints(a, b HumanPoint) int {
	return cmp.Or(
		cmp.Compare(a.Action, b.Action),
		cmp.Compare(a.Provider, b.Provider),
		cmp.Compare(a.TxHash, b.TxHash),
		cmp.Compare(a.ChainID, b.ChainID),
	)
}

// InitialPointValues returns the points of each action with which a fresh store
// starts.
func InitialPointValues() map[string]int {
	return map[string]int{
		"CSB": 100, "CSE": 200, "CST": 500, "HIM": 1000, "HKY": 100,
		"ISB": 100, "ISG": 500, "ISS": 200, "PMT": 300, "SCB": 500,
	}
}
