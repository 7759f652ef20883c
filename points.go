package passport

import (
	"math"
	"strconv"

	"github.com/passport-sdk/passport-go/store"
)

// actionUntold is the action whose points an address's total leaves out.
const actionUntold = "HIM"

// PointsTotal tells what an address has earned in human points.
type PointsTotal struct {
	// Total is the sum of the points.
	Total int64
	// Breakdown are the points by action. Those earned on a chain are told a
	// second time, by "<action>_<chain id>".
	Breakdown map[string]int64
	// Multiplier is the address's, 1 when it has none. It is not multiplied into
	// the points.
	Multiplier int
	// Eligible tells whether the address has qualified in any community.
	Eligible bool
}

// TotalPoints computes what an address has earned, from what a store's
// LoadPoints returned ([store.Points]). Each row of the address is worth what
// its action is worth now, and nothing when that is not configured or not
// active; "HIM" is left out. It changes nothing. Sums that an int64 cannot hold
// end at its bounds. The ledger must not be nil.
func TotalPoints(ledger *store.PointsLedger) PointsTotal {
	total := newTotal(ledger)
	for _, award := range ledger.Awards {
		value, active := ledger.Values[award.Action]
		if !active || award.Action == actionUntold {
			continue
		}
		points := int64(value)
		total.Total = addBounded(total.Total, points)
		total.add(award.Action, points)
		if award.ChainID != 0 {
			total.add(award.Action+"_"+strconv.Itoa(award.ChainID), points)
		}
	}
	return total
}

// PossiblePoints tells what there is to earn: the breakdown has the points of
// each active action, and the total is 0. Multiplier and eligibility are those
// of the address. The ledger must not be nil.
func PossiblePoints(ledger *store.PointsLedger) PointsTotal {
	possible := newTotal(ledger)
	for action, points := range ledger.Values {
		possible.Breakdown[action] = int64(points)
	}
	return possible
}

func newTotal(ledger *store.PointsLedger) PointsTotal {
	return PointsTotal{
		Breakdown: map[string]int64{}, Multiplier: ledger.Multiplier, Eligible: ledger.Eligible,
	}
}

func (t *PointsTotal) add(name string, points int64) {
	t.Breakdown[name] = addBounded(t.Breakdown[name], points)
}

// addBounded adds, and ends at the bounds of the type.
func addBounded(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}
