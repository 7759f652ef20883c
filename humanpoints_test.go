package passport

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestHumanPointsAwards(t *testing.T) {
	key := func(provider, nullifier string) store.Award {
		return store.Award{Action: "HKY", Provider: provider, TxHash: nullifier}
	}
	bonus := store.Award{Action: "SCB", Communities: 4}
	google := earner{provider: "Google", nullifiers: []string{"v0:a", "v1:b"}}

	for name, c := range map[string]struct {
		program   HumanPoints
		earners   []earner
		history   store.PointsHistory
		given     map[string]int
		qualified bool
		awards    []store.Award
	}{
		"a key is earned once per provider, for its last nullifier": {
			earners:   []earner{google},
			qualified: true,
			awards:    []store.Award{key("Google", "v1:b"), bonus},
		},
		"no second key when the nullifier rotates": {
			earners: []earner{google},
			history: store.PointsHistory{Awards: []store.Award{key("Google", "v0:older")}, Communities: []int64{1}},
		},
		"a legacy credential earns its action but no key": {
			earners: []earner{{provider: "HolonymPhone", nullifiers: []string{"v0.0.0:x"}, legacy: true}},
			history: store.PointsHistory{Communities: []int64{1}},
			awards:  []store.Award{{Action: "HPH"}},
		},
		"a provider too long for a points row earns no key": {
			earners: []earner{{provider: strings.Repeat("p", 101), nullifiers: []string{"n"}}},
			history: store.PointsHistory{Communities: []int64{1}},
		},
		"a provider that just fits a points row earns its key": {
			earners: []earner{{provider: strings.Repeat("ü", 100), nullifiers: []string{"n"}}},
			history: store.PointsHistory{Communities: []int64{1}},
			awards:  []store.Award{key(strings.Repeat("ü", 100), "n")},
		},
		"an action is earned once": {
			earners: []earner{{provider: "Biometrics", nullifiers: []string{"n"}}},
			history: store.PointsHistory{Communities: []int64{1}, Awards: []store.Award{{Action: "HBI"}, key("Biometrics", "n")}},
		},
		"the bonus is asked for from the fourth community on": {
			history: store.PointsHistory{Communities: []int64{1, 2, 3, 4}},
			awards:  []store.Award{bonus},
		},
		"the bonus is not asked for by an address that qualified here before and in too few": {
			history: store.PointsHistory{Communities: []int64{1, 2, 3}},
		},
		"lists are earned by their members": {
			history: store.PointsHistory{Communities: []int64{1}, Lists: []string{"TheChosenOnes", "SeasonedPassportOGs", "MetaMaskOG2"}},
			awards:  []store.Award{{Action: "SOG"}, {Action: "TCO"}},
		},
		"the capped award needs its switch": {
			program: HumanPoints{Capped: MetaMaskOG()},
			history: store.PointsHistory{Communities: []int64{1}, Lists: []string{"MetaMaskOG2"}},
			given:   map[string]int{"MM2": 4999},
			awards:  []store.Award{{Action: "MM2", Limit: 5000}},
		},
		"an action that two lists award is earned once": {
			program: HumanPoints{Capped: &CappedAward{List: "New", Action: "SOG", Limit: 1}},
			history: store.PointsHistory{Communities: []int64{1}, Lists: []string{"SeasonedPassportOGs", "New"}},
			awards:  []store.Award{{Action: "SOG"}},
		},
		"the capped award ends at its limit": {
			program: HumanPoints{Capped: MetaMaskOG()},
			history: store.PointsHistory{Communities: []int64{1}, Lists: []string{"MetaMaskOG2"}},
			given:   map[string]int{"MM2": 5000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			qualified, awards := c.program.award(1, c.earners, &c.history, c.given)
			assert.Equal(t, c.qualified, qualified)
			assert.ElementsMatch(t, c.awards, awards)
		})
	}
}

func TestEveryProviderActionIsTheServices(t *testing.T) {
	want := map[string]string{
		"SelfStakingBronze": "ISB", "SelfStakingSilver": "ISS", "SelfStakingGold": "ISG", "BeginnerCommunityStaker": "CSB",
		"ExperiencedCommunityStaker": "CSE", "TrustedCitizen": "CST", "HolonymGovIdProvider": "HGO", "HolonymPhone": "HPH",
		"CleanHands": "HCH", "Biometrics": "HBI",
	}
	assert.Equal(t, want, providerActions())
}

func TestACappedAwardHasAnActionOfItsOwn(t *testing.T) {
	for _, action := range []string{"HKY", "SCB", "ISB", "HBI", "SOG", "TCO"} {
		_, err := New(&scriptedStore{}, WithTrustedIssuers(trusted), WithHumanPoints(HumanPoints{
			Capped: &CappedAward{List: "list", Action: action, Limit: 1},
		}))
		require.ErrorIs(t, err, ErrMisconfigured)
		require.ErrorContains(t, err, `the action "`+action+`" of the capped award is earned otherwise`)
	}
}

func TestACappedAwardStaysAsItWasConfigured(t *testing.T) {
	capped := MetaMaskOG()
	engine := newEngine(t, &scriptedStore{snapshot: emptyWallet()}, WithHumanPoints(HumanPoints{Capped: capped}))
	*capped = CappedAward{}
	assert.Equal(t, MetaMaskOG(), engine.settings.points.Capped)
}

func TestTheProgramAsksForWhatItLooksAt(t *testing.T) {
	var none *HumanPoints
	assert.Nil(t, none.query())
	lists := []string{"SeasonedPassportOGs", "TheChosenOnes"}
	assert.Equal(t, &store.PointsQuery{Lists: lists}, (&HumanPoints{}).query())
	assert.Equal(t, &store.PointsQuery{Lists: append(lists, "MetaMaskOG2"), Counted: []string{"MM2"}},
		(&HumanPoints{Capped: MetaMaskOG()}).query())
}

func TestACappedAwardHasAListAThreeLetterActionAndALimit(t *testing.T) {
	for name, c := range map[string]struct {
		award  CappedAward
		faults []string
	}{
		"one for a single address": {award: CappedAward{List: "L", Action: "ACT", Limit: 1}},
		"letters, not bytes":       {award: CappedAward{List: "L", Action: "äöü", Limit: 1}},
		"no list":                  {CappedAward{Action: "ACT", Limit: 1}, []string{"the capped award has no list"}},
		"no limit":                 {CappedAward{List: "L", Action: "ACT"}, []string{"the limit 0 of the capped award is not above 0"}},
		"a list as long as may be": {award: CappedAward{List: strings.Repeat("ö", 100), Action: "ACT", Limit: 1}},
		"a list too long": {
			CappedAward{List: strings.Repeat("ö", 101), Action: "ACT", Limit: 1}, []string{"the list of the capped award has 101 characters, at most 100"},
		},
		"a list that is no text":    {CappedAward{List: "a\xff", Action: "ACT", Limit: 1}, []string{`no column holds "a\xff", of the capped award`}},
		"an action that is no text": {CappedAward{List: "L", Action: "a\x00b", Limit: 1}, []string{`no column holds "a\x00b", of the capped award`}},
		"an action too short": {
			CappedAward{List: "L", Action: "AC", Limit: 1}, []string{`the action "AC" of the capped award has 2 characters, want 3`},
		},
		"an action too long": {
			CappedAward{List: "L", Action: "ACTS", Limit: 1}, []string{`the action "ACTS" of the capped award has 4 characters, want 3`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var faults []string
			program := HumanPoints{Capped: &c.award}
			program.validate(func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) })
			assert.Equal(t, c.faults, faults)
		})
	}
}

func TestForeseeDropsWhatTheStoreWouldPassOver(t *testing.T) {
	awards := []store.Award{{Action: "HBI"}, {Action: "SCB", Communities: 4}, {Action: "MM2", Limit: 10}}

	few := foresee(awards, true, &store.PointsHistory{Communities: []int64{7}}, map[string]int{"MM2": 10})
	assert.Equal(t, []store.Award{{Action: "HBI"}}, few)

	all := foresee(awards, true, &store.PointsHistory{Communities: []int64{7, 8, 9}}, map[string]int{"MM2": 9})
	assert.Equal(t, awards, all)

	notNew := foresee(awards[1:2], false, &store.PointsHistory{Communities: []int64{7, 8, 9}}, nil)
	assert.Empty(t, notNew, "an address that qualified here before is in three communities, not four")

	last := foresee([]store.Award{{Action: "ONE", Limit: 1}}, true, &store.PointsHistory{}, map[string]int{"ONE": 1})
	assert.Empty(t, last, "the only one is given")
}
