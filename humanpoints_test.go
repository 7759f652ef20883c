package passport

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

func TestHumanPoints_Award(t *testing.T) {
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
		"a key for the last nullifier": {
			earners:   []earner{google},
			qualified: true,
			awards:    []store.Award{key("Google", "v1:b"), bonus},
		},
		"no second key for another nullifier": {
			earners: []earner{google},
			history: store.PointsHistory{Points: []store.HumanPoint{{Action: "HKY", Provider: "Google", TxHash: "v0:older"}}, Communities: []int64{1}},
		},
		"legacy: its action, no key": {
			earners: []earner{{provider: "HolonymPhone", nullifiers: []string{"v0.0.0:x"}, legacy: true}},
			history: store.PointsHistory{Communities: []int64{1}},
			awards:  []store.Award{{Action: "HPH"}},
		},
		"provider too long for a key": {
			earners: []earner{{provider: strings.Repeat("p", 101), nullifiers: []string{"n"}}},
			history: store.PointsHistory{Communities: []int64{1}},
		},
		"provider as long as may be": {
			earners: []earner{{provider: strings.Repeat("ü", 100), nullifiers: []string{"n"}}},
			history: store.PointsHistory{Communities: []int64{1}},
			awards:  []store.Award{key(strings.Repeat("ü", 100), "n")},
		},
		"an action once": {
			earners: []earner{{provider: "Biometrics", nullifiers: []string{"n"}}},
			history: store.PointsHistory{Communities: []int64{1}, Points: []store.HumanPoint{{Action: "HBI"}, {Action: "HKY", Provider: "Biometrics", TxHash: "n"}}},
		},
		"bonus: fourth community": {
			history: store.PointsHistory{Communities: []int64{1, 2, 3, 4}},
			awards:  []store.Award{bonus},
		},
		"no bonus: qualified before, too few": {
			history: store.PointsHistory{Communities: []int64{1, 2, 3}},
		},
		"lists": {
			history: store.PointsHistory{Communities: []int64{1}, Lists: []string{"TheChosenOnes", "SeasonedPassportOGs", "MetaMaskOG2"}},
			awards:  []store.Award{{Action: "SOG"}, {Action: "TCO"}},
		},
		"capped": {
			program: HumanPoints{Capped: MetaMaskOG()},
			history: store.PointsHistory{Communities: []int64{1}, Lists: []string{"MetaMaskOG2"}},
			given:   map[string]int{"MM2": 4999},
			awards:  []store.Award{{Action: "MM2", Limit: 5000}},
		},
		"an action of two lists once": {
			program: HumanPoints{Capped: &CappedAward{List: "New", Action: "SOG", Limit: 1}},
			history: store.PointsHistory{Communities: []int64{1}, Lists: []string{"SeasonedPassportOGs", "New"}},
			awards:  []store.Award{{Action: "SOG"}},
		},
		"capped, limit reached": {
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

func TestProviderActions(t *testing.T) {
	want := map[string]string{
		"SelfStakingBronze": "ISB", "SelfStakingSilver": "ISS", "SelfStakingGold": "ISG", "BeginnerCommunityStaker": "CSB",
		"ExperiencedCommunityStaker": "CSE", "TrustedCitizen": "CST", "HolonymGovIdProvider": "HGO", "HolonymPhone": "HPH",
		"CleanHands": "HCH", "Biometrics": "HBI",
	}
	assert.Equal(t, want, providerActions())
}

func TestCappedAward_ActionTaken(t *testing.T) {
	for _, action := range []string{"HKY", "SCB", "ISB", "HBI", "SOG", "TCO"} {
		_, err := New(&scriptedStore{}, WithTrustedIssuers(trusted), WithHumanPoints(HumanPoints{
			Capped: &CappedAward{List: "list", Action: action, Limit: 1},
		}))
		require.ErrorIs(t, err, ErrMisconfigured)
		require.ErrorContains(t, err, `the action "`+action+`" of the capped award is earned otherwise`)
	}
}

func TestCappedAward_Copied(t *testing.T) {
	capped := MetaMaskOG()
	engine := newEngine(t, &scriptedStore{snapshot: emptyWallet()}, WithHumanPoints(HumanPoints{Capped: capped}))
	*capped = CappedAward{}
	assert.Equal(t, MetaMaskOG(), engine.settings.points.Capped)
}

func TestHumanPoints_Query(t *testing.T) {
	var none *HumanPoints
	assert.Nil(t, none.query())
	lists := []string{"SeasonedPassportOGs", "TheChosenOnes"}
	assert.Equal(t, &store.PointsQuery{Lists: lists}, (&HumanPoints{}).query())
	assert.Equal(t, &store.PointsQuery{Lists: append(lists, "MetaMaskOG2"), Counted: []string{"MM2"}},
		(&HumanPoints{Capped: MetaMaskOG()}).query())
}

func TestCappedAward_Validate(t *testing.T) {
	for name, c := range map[string]struct {
		award CappedAward
		fault string
	}{
		"limit of 1":               {award: CappedAward{List: "L", Action: "ACT", Limit: 1}},
		"letters, not bytes":       {award: CappedAward{List: "L", Action: "äöü", Limit: 1}},
		"no list":                  {CappedAward{Action: "ACT", Limit: 1}, "the capped award has no list"},
		"no limit":                 {CappedAward{List: "L", Action: "ACT"}, "the limit 0 of the capped award is not above 0"},
		"a list as long as may be": {award: CappedAward{List: strings.Repeat("ö", 100), Action: "ACT", Limit: 1}},
		"a list too long": {
			CappedAward{List: strings.Repeat("ö", 101), Action: "ACT", Limit: 1}, "the list of the capped award has 101 characters, at most 100",
		},
		"a list that is no text":    {CappedAward{List: "a\xff", Action: "ACT", Limit: 1}, `no column holds "a\xff", of the capped award`},
		"an action that is no text": {CappedAward{List: "L", Action: "a\x00b", Limit: 1}, `no column holds "a\x00b", of the capped award`},
		"an action too short": {
			CappedAward{List: "L", Action: "AC", Limit: 1}, `the action "AC" of the capped award has 2 characters, want 3`,
		},
		"an action too long": {
			CappedAward{List: "L", Action: "ACTS", Limit: 1}, `the action "ACTS" of the capped award has 4 characters, want 3`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			program := HumanPoints{Capped: &c.award}
			found := problems.New(ErrMisconfigured)
			program.validate(found)
			if c.fault == "" {
				require.NoError(t, found.Err())
			} else {
				require.EqualError(t, found.Err(), "misconfigured: "+c.fault)
			}
		})
	}
}

func TestPreview_Awards(t *testing.T) {
	awards := []store.Award{{Action: "HBI"}, {Action: "SCB", Communities: 4}, {Action: "MM2", Limit: 10}}

	for name, c := range map[string]struct {
		writes      store.WalletChanges
		communities []int64
		given       map[string]int
		want        []bool
	}{
		"few":       {store.WalletChanges{Qualified: true, Awards: awards}, []int64{7}, map[string]int{"MM2": 10}, []bool{true, false, false}},
		"all":       {store.WalletChanges{Qualified: true, Awards: awards}, []int64{7, 8, 9}, map[string]int{"MM2": 9}, []bool{true, true, true}},
		"qualified": {store.WalletChanges{Awards: awards[1:2]}, []int64{7, 8, 9}, nil, []bool{false}},
		"limit of 1": {
			store.WalletChanges{Qualified: true, Awards: []store.Award{{Action: "ONE", Limit: 1}}}, nil, map[string]int{"ONE": 1}, []bool{false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, preview(&c.writes, &store.PointsHistory{Communities: c.communities}, c.given))
		})
	}
}

// A ledger has what the store has given, and what another scoring has given
// since the snapshot.
func TestResult_Credit(t *testing.T) {
	minted := store.HumanPoint{Action: "PMT", TxHash: "0x1", ChainID: 10}
	point := func(action, provider string) store.HumanPoint {
		return store.HumanPoint{Action: action, Provider: provider}
	}
	snapshot := &store.PointsSnapshot{
		Wallets: []store.PointsHistory{{}, {Points: []store.HumanPoint{minted}, Communities: []int64{2}, Multiplier: 3}},
		Given:   map[string]int{"MM2": 4}, Values: map[string]int{"HKY": 100},
	}
	awards := []store.Award{
		{Action: "HKY", Provider: "Google"},
		{Action: "HKY", Provider: "Github"},
		{Action: "SCB", Communities: 4},
		{Action: "MM2", Limit: 5},
		{Action: "HPH"},
	}
	for name, c := range map[string]struct {
		given []bool
		want  []store.HumanPoint
	}{
		"all given":            {[]bool{true, true, true, true, true}, []store.HumanPoint{point("HKY", "Github"), point("HKY", "Google"), point("HPH", ""), point("MM2", ""), minted, point("SCB", "")}},
		"some given elsewhere": {[]bool{true, false, false, false, false}, []store.HumanPoint{point("HKY", "Github"), point("HKY", "Google"), point("HPH", ""), minted}},
	} {
		t.Run(name, func(t *testing.T) {
			var result Result
			result.credit(snapshot, 1, &store.WalletChanges{Qualified: true, Awards: awards}, c.given)
			assert.Equal(t, &store.PointsLedger{Points: c.want, Values: snapshot.Values, Multiplier: 3, Eligible: true}, result.Ledger)
			assert.Equal(t, []store.HumanPoint{minted}, snapshot.Wallets[1].Points)
			assert.Len(t, result.Points, countTrue(c.given))
		})
	}
	var result Result
	result.credit(snapshot, 0, &store.WalletChanges{}, nil)
	assert.Equal(t, &store.PointsLedger{Values: snapshot.Values}, result.Ledger)
}

func countTrue(all []bool) (n int) {
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}
