package passport_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestTotalPoints(t *testing.T) {
	values := map[string]int{"HKY": 100, "ISB": 200, "PMT": 300, "HIM": 1000, "NIL": 0, "FEE": -50}
	for name, c := range map[string]struct {
		awards    []store.Award
		total     int64
		breakdown map[string]int64
	}{
		"nothing earned": {
			breakdown: map[string]int64{},
		},
		"each row counts": {
			awards:    []store.Award{{Action: "HKY", Provider: "Google"}, {Action: "HKY", Provider: "Github"}, {Action: "ISB"}},
			total:     400,
			breakdown: map[string]int64{"HKY": 200, "ISB": 200},
		},
		"what is earned on a chain is told by chain as well, and summed once": {
			awards:    []store.Award{{Action: "PMT", ChainID: 1}, {Action: "PMT", ChainID: 10}, {Action: "PMT", ChainID: 10, TxHash: "0x"}, {Action: "PMT"}},
			total:     1200,
			breakdown: map[string]int64{"PMT": 1200, "PMT_1": 300, "PMT_10": 600},
		},
		"a chain below 0 is a chain": {
			awards:    []store.Award{{Action: "ISB", ChainID: -5}},
			total:     200,
			breakdown: map[string]int64{"ISB": 200, "ISB_-5": 200},
		},
		"an action that is not active is worth nothing": {
			awards:    []store.Award{{Action: "HPH"}, {Action: "HPH", ChainID: 1}, {Action: "ISB"}},
			total:     200,
			breakdown: map[string]int64{"ISB": 200},
		},
		"HIM is left out": {
			awards:    []store.Award{{Action: "HIM"}, {Action: "HIM", ChainID: 10}, {Action: "ISB"}},
			total:     200,
			breakdown: map[string]int64{"ISB": 200},
		},
		"an active action may be worth 0": {
			awards:    []store.Award{{Action: "NIL"}},
			breakdown: map[string]int64{"NIL": 0},
		},
		"points may be below 0": {
			awards:    []store.Award{{Action: "FEE"}, {Action: "ISB"}, {Action: "FEE", ChainID: 1}},
			total:     100,
			breakdown: map[string]int64{"FEE": -100, "FEE_1": -50, "ISB": 200},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := &store.PointsLedger{Awards: c.awards, Values: values, Multiplier: 3, Eligible: true}
			want := passport.PointsTotal{Total: c.total, Breakdown: c.breakdown, Multiplier: 3, Eligible: true}
			assert.Equal(t, want, passport.TotalPoints(ledger))
		})
	}
}

func TestTotalPointsEndsAtTheBoundsOfItsType(t *testing.T) {
	const largest, least = math.MaxInt64, math.MinInt64
	for name, c := range map[string]struct {
		values []int // of one row each
		total  int64
	}{
		"at the upper bound":              {[]int{largest - 1, 1}, largest},
		"above it":                        {[]int{largest, largest, 1}, largest},
		"at the lower bound":              {[]int{least + 1, -1}, least},
		"below it":                        {[]int{least, least, -1}, least},
		"from one bound to the other":     {[]int{largest, least}, -1},
		"nothing is lost within the type": {[]int{math.MaxInt32, math.MaxInt32, math.MinInt32}, math.MaxInt32 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := &store.PointsLedger{Values: map[string]int{}}
			for i, value := range c.values {
				action := fmt.Sprint("A", i)
				ledger.Values[action] = value
				ledger.Awards = append(ledger.Awards, store.Award{Action: action})
			}
			assert.Equal(t, c.total, passport.TotalPoints(ledger).Total)
		})
	}
	ledger := &store.PointsLedger{
		Values: map[string]int{"HKY": largest},
		Awards: []store.Award{{Action: "HKY", ChainID: 1}, {Action: "HKY", ChainID: 1, TxHash: "0x"}},
	}
	assert.Equal(t, map[string]int64{"HKY": largest, "HKY_1": largest}, passport.TotalPoints(ledger).Breakdown)
}

func TestPossiblePointsAreTheActiveConfiguration(t *testing.T) {
	ledger := &store.PointsLedger{
		Awards: []store.Award{{Action: "HKY", Provider: "Google"}, {Action: "HPH"}},
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
	err := mem.ReadRows(strings.NewReader(`{
		"registry_humanpoints": [
			{"address": "` + address + `", "action": "HKY", "provider": "Google"},
			{"address": "` + address + `", "action": "HKY", "provider": "Github"},
			{"address": "` + address + `", "action": "PMT", "chain_id": 10}
		],
		"registry_humanpointsmultiplier": [{"address": "` + address + `", "multiplier": 2}]
	}`))
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
