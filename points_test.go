package passport_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestTotalPoints(t *testing.T) {
	values := map[string]int{"HKY": 100, "ISB": 200, "PMT": 300, "HIM": 1000, "NIL": 0, "FEE": -50}
	for name, c := range map[string]struct {
		points    []store.HumanPoint
		total     int64
		breakdown map[string]int64
	}{
		"nothing earned": {
			breakdown: map[string]int64{},
		},
		"each row counts": {
			points:    []store.HumanPoint{{Action: "HKY", Provider: "Google"}, {Action: "HKY", Provider: "Github"}, {Action: "ISB"}},
			total:     400,
			breakdown: map[string]int64{"HKY": 200, "ISB": 200},
		},
		"by chain as well": {
			points:    []store.HumanPoint{{Action: "PMT", ChainID: 1}, {Action: "PMT", ChainID: 10}, {Action: "PMT", ChainID: 10, TxHash: "0x"}, {Action: "PMT"}},
			total:     1200,
			breakdown: map[string]int64{"PMT": 1200, "PMT_1": 300, "PMT_10": 600},
		},
		"chain below 0": {
			points:    []store.HumanPoint{{Action: "ISB", ChainID: -5}},
			total:     200,
			breakdown: map[string]int64{"ISB": 200, "ISB_-5": 200},
		},
		"inactive action": {
			points:    []store.HumanPoint{{Action: "HPH"}, {Action: "HPH", ChainID: 1}, {Action: "ISB"}},
			total:     200,
			breakdown: map[string]int64{"ISB": 200},
		},
		"HIM": {
			points:    []store.HumanPoint{{Action: "HIM"}, {Action: "HIM", ChainID: 10}, {Action: "ISB"}},
			total:     200,
			breakdown: map[string]int64{"ISB": 200},
		},
		"action worth 0": {
			points:    []store.HumanPoint{{Action: "NIL"}},
			breakdown: map[string]int64{"NIL": 0},
		},
		"action worth less than 0": {
			points:    []store.HumanPoint{{Action: "FEE"}, {Action: "ISB"}, {Action: "FEE", ChainID: 1}},
			total:     100,
			breakdown: map[string]int64{"FEE": -100, "FEE_1": -50, "ISB": 200},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := &store.PointsLedger{Points: c.points, Values: values, Multiplier: 3, Eligible: true}
			want := passport.PointsTotal{Total: c.total, Breakdown: c.breakdown, Multiplier: 3, Eligible: true}
			assert.Equal(t, want, passport.TotalPoints(ledger))
		})
	}
}

func TestTotalPoints_Bounds(t *testing.T) {
	const largest, least = math.MaxInt64, math.MinInt64
	for name, c := range map[string]struct {
		values []int // of one row each
		total  int64
	}{
		"at the upper bound":          {[]int{largest - 1, 1}, largest},
		"above it":                    {[]int{largest, largest, 1}, largest},
		"at the lower bound":          {[]int{least + 1, -1}, least},
		"below it":                    {[]int{least, least, -1}, least},
		"from one bound to the other": {[]int{largest, least}, -1},
		"within the type":             {[]int{math.MaxInt32, math.MaxInt32, math.MinInt32}, math.MaxInt32 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := &store.PointsLedger{Values: map[string]int{}}
			for i, value := range c.values {
				action := fmt.Sprint("A", i)
				ledger.Values[action] = value
				ledger.Points = append(ledger.Points, store.HumanPoint{Action: action})
			}
			assert.Equal(t, c.total, passport.TotalPoints(ledger).Total)
		})
	}
	ledger := &store.PointsLedger{
		Values: map[string]int{"HKY": largest},
		Points: []store.HumanPoint{{Action: "HKY", ChainID: 1}, {Action: "HKY", ChainID: 1, TxHash: "0x"}},
	}
	assert.Equal(t, map[string]int64{"HKY": largest, "HKY_1": largest}, passport.TotalPoints(ledger).Breakdown)
}

func TestPossiblePoints(t *testing.T) {
	ledger := &store.PointsLedger{
		Points: []store.HumanPoint{{Action: "HKY", Provider: "Google"}, {Action: "HPH"}},
		Values: map[string]int{"HKY": 100, "ISB": 0, "HIM": 1000}, Multiplier: 2, Eligible: true,
	}
	want := passport.PointsTotal{
		Breakdown: map[string]int64{"HKY": 100, "ISB": 0, "HIM": 1000}, Multiplier: 2, Eligible: true,
	}
	possible := passport.PossiblePoints(ledger)
	assert.Equal(t, want, possible)

	possible.Breakdown["HKY"] = 1
	assert.Equal(t, 100, ledger.Values["HKY"], "the ledger is not changed")
}

func ExampleTotalPoints() {
	const address = "0x00000000000000000000000000000000000a11ce"
	mem := memstore.New()
	err := mem.SetState(store.State{
		Points: []store.StoredPoint{
			{Address: address, HumanPoint: store.HumanPoint{Action: "HKY", Provider: "Google"}},
			{Address: address, HumanPoint: store.HumanPoint{Action: "HKY", Provider: "Github"}},
			{Address: address, HumanPoint: store.HumanPoint{Action: "PMT", ChainID: 10}},
		},
		PointValues: store.InitialPointValues(),
		Multipliers: map[store.Address]int{address: 2},
	})
	if err != nil {
		log.Fatal(err)
	}
	ledger, err := mem.LoadPoints(context.Background(), address)
	if err != nil {
		log.Fatal(err)
	}
	earned := passport.TotalPoints(ledger)
	fmt.Println("total", earned.Total, "multiplier", earned.Multiplier)
	for _, name := range slices.Sorted(maps.Keys(earned.Breakdown)) {
		fmt.Println(name, earned.Breakdown[name])
	}
	// Output:
	// total 500 multiplier 2
	// HKY 200
	// PMT 300
	// PMT_10 300
}
