package passport

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// HumanPoints configures the human points that passing addresses earn. The
// actions and their codes are the service's.
type HumanPoints struct {
	// Start is the time from which points are awarded; zero means always.
	Start time.Time
	// Capped is an award that is limited in number, such as [MetaMaskOG], or nil.
	Capped *CappedAward
}

// CappedAward is an award for the members of an address list, limited in number
// over all addresses.
type CappedAward struct {
	// List is the name of the address list.
	List string
	// Action is the code under which the award is recorded, three characters.
	Action string
	// Limit is the largest number of awards.
	Limit int
}

// MetaMaskOG is the capped award that the service gives today. The older pair
// of list and action was "MetaMaskOG" and "MTA".
func MetaMaskOG() *CappedAward {
	return &CappedAward{List: "MetaMaskOG2", Action: "MM2", Limit: 5000}
}

func (p *HumanPoints) validate(found *problems.List) {
	c := p.Capped
	if c == nil {
		return
	}
	if c.List == "" {
		found.Addf("the capped award has no list")
	}
	if n := utf8.RuneCountInString(c.List); n > store.MaxListName {
		found.Addf("the list of the capped award has %d characters, at most %d", n, store.MaxListName)
	}
	for _, text := range []string{c.List, c.Action} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			found.Addf("no column holds %.100q, of the capped award", text)
		}
	}
	if n := utf8.RuneCountInString(c.Action); n != store.MaxAction {
		found.Addf("the action %q of the capped award has %d characters, want %d", c.Action, n, store.MaxAction)
	}
	taken := slices.AppendSeq([]string{actionHumanKey, actionCommunityBonus}, maps.Values(providerActions()))
	for _, l := range listActions() {
		taken = append(taken, l.action)
	}
	if slices.Contains(taken, c.Action) {
		found.Addf("the action %q of the capped award is earned otherwise", c.Action)
	}
	if c.Limit <= 0 {
		found.Addf("the limit %d of the capped award is not above 0", c.Limit)
	}
}

// Actions that are not earned by a provider of their own.
const (
	actionHumanKey       = "HKY" // once per provider, for its nullifier
	actionCommunityBonus = "SCB" // for qualifying in bonusCommunities
	bonusCommunities     = 4
	actionExcluded       = "HIM" // not counted in totals
)

// providerActions are the actions that a counting credential earns, by
// provider.
func providerActions() map[string]string {
	return map[string]string{
		"SelfStakingBronze":          "ISB",
		"SelfStakingSilver":          "ISS",
		"SelfStakingGold":            "ISG",
		"BeginnerCommunityStaker":    "CSB",
		"ExperiencedCommunityStaker": "CSE",
		"TrustedCitizen":             "CST",
		"HolonymGovIdProvider":       "HGO",
		"HolonymPhone":               "HPH",
		"CleanHands":                 "HCH",
		"Biometrics":                 "HBI",
	}
}

// listAction is an unlimited award for the members of an address list.
type listAction struct{ list, action string }

func listActions() []listAction {
	return []listAction{{"SeasonedPassportOGs", "SOG"}, {"TheChosenOnes", "TCO"}}
}

// query returns the query for the data that award needs.
func (p *HumanPoints) query() *store.PointsQuery {
	if p == nil {
		return nil
	}
	q := &store.PointsQuery{}
	for _, l := range listActions() {
		q.Lists = append(q.Lists, l.list)
	}
	if p.Capped != nil {
		q.Lists, q.Counted = append(q.Lists, p.Capped.List), []string{p.Capped.Action}
	}
	return q
}

// earner is a counting credential, as the points program sees it.
type earner struct {
	provider   string
	nullifiers []string
	legacy     bool
}

// award returns what a passing address has earned and does not have yet. It is
// pure. The store checks the limit of an award, and the number of communities
// in which the address qualifies, when it writes.
func (p *HumanPoints) award(community int64, earners []earner, history *store.PointsHistory, given map[string]int) (qualified bool, awards []store.Award) {
	type once struct{ action, provider string }
	has := make(map[once]bool, len(history.Points)+len(earners))
	for _, a := range history.Points {
		has[once{a.Action, a.Provider}] = true
	}
	earn := func(award store.Award) {
		if key := (once{award.Action, award.Provider}); !has[key] {
			has[key] = true
			awards = append(awards, award)
		}
	}

	actions := providerActions()
	for _, e := range earners {
		// Legacy credentials earn no key, nor does a provider whose name is too
		// long for a points row.
		if !e.legacy && utf8.RuneCountInString(e.provider) <= store.MaxPointsProvider {
			last := e.nullifiers[len(e.nullifiers)-1]
			earn(store.Award{Action: actionHumanKey, Provider: e.provider, TxHash: last})
		}
		if action, found := actions[e.provider]; found {
			earn(store.Award{Action: action})
		}
	}

	qualified = !slices.Contains(history.Communities, community)
	// A new qualification always requests the bonus, which would otherwise be
	// lost if the address qualified elsewhere at the same time.
	if qualified || len(history.Communities) >= bonusCommunities {
		earn(store.Award{Action: actionCommunityBonus, Communities: bonusCommunities})
	}

	for _, l := range listActions() {
		if slices.Contains(history.Lists, l.list) {
			earn(store.Award{Action: l.action})
		}
	}
	if c := p.Capped; c != nil && slices.Contains(history.Lists, c.List) && given[c.Action] < c.Limit {
		earn(store.Award{Action: c.Action, Limit: c.Limit})
	}
	return qualified, awards
}

// preview reports for each award whether the store would give it now.
func preview(writes *store.WalletChanges, history *store.PointsHistory, given map[string]int) []bool {
	communities := len(history.Communities)
	if writes.Qualified {
		communities++
	}
	gives := make([]bool, len(writes.Awards))
	for i, a := range writes.Awards {
		gives[i] = (a.Limit <= 0 || given[a.Action] < a.Limit) && communities >= a.Communities
	}
	return gives
}

// points returns the given ones of the awards with their points.
func points(awards []store.Award, given []bool, values map[string]int) []Award {
	var earned []Award
	for i, award := range awards {
		if given[i] {
			earned = append(earned, Award{Action: award.Action, Provider: award.Provider, Points: values[award.Action]})
		}
	}
	return earned
}

// credit sets what the wallet at that place of the snapshot has earned, when
// the store has reported which of its awards were given.
func (r *Result) credit(snapshot *store.PointsSnapshot, at int, writes *store.WalletChanges, given []bool) {
	history := &snapshot.Wallets[at]
	r.Points = points(writes.Awards, given, snapshot.Values)
	r.Ledger = &store.PointsLedger{
		Points: slices.Clone(history.Points), Values: snapshot.Values, Multiplier: history.Multiplier,
		Eligible: writes.Qualified || len(history.Communities) > 0,
	}
	expected := preview(writes, history, snapshot.Given)
	for i, award := range writes.Awards {
		// An award without a limit that was expected and not given is one that
		// another scoring has given since the snapshot.
		if given[i] || expected[i] && award.Limit <= 0 {
			point := store.HumanPoint{Action: award.Action, Provider: award.Provider, TxHash: award.TxHash}
			r.Ledger.Points = append(r.Ledger.Points, point)
		}
	}
	slices.SortFunc(r.Ledger.Points, store.ComparePoints)
}

// PointsTotal is what an address has earned in human points.
type PointsTotal struct {
	// Total is the sum of the points.
	Total int64
	// Breakdown holds the points by action, and those earned on a chain also by
	// "<action>_<chain id>".
	Breakdown map[string]int64
	// Multiplier is the address's, 1 if it has none. The points do not include
	// it.
	Multiplier int
	// Eligible reports whether the address has qualified in any community.
	Eligible bool
}

// TotalPoints returns what an address has earned, from [Result].Ledger, or the
// ledger that LoadPoints of [store.Points] returned. Each row is worth the
// present points of its action, 0 if that is not configured or not active.
// "HIM" is left out. Sums that an int64 cannot hold end at its bounds. The
// ledger must not be nil.
func TotalPoints(ledger *store.PointsLedger) PointsTotal {
	total := newTotal(ledger)
	for _, point := range ledger.Points {
		value, active := ledger.Values[point.Action]
		if !active || point.Action == actionExcluded {
			continue
		}
		names := []string{point.Action}
		if point.ChainID != 0 {
			names = append(names, point.Action+"_"+strconv.Itoa(point.ChainID))
		}
		total.Total = addBounded(total.Total, int64(value))
		for _, name := range names {
			total.Breakdown[name] = addBounded(total.Breakdown[name], int64(value))
		}
	}
	return total
}

// PossiblePoints returns the points of each active action as the breakdown, and
// a total of 0. Multiplier and eligibility are those of the address. The ledger
// must not be nil.
func PossiblePoints(ledger *store.PointsLedger) PointsTotal {
	possible := newTotal(ledger)
	for action, points := range ledger.Values {
		possible.Breakdown[action] = int64(points)
	}
	return possible
}

func newTotal(ledger *store.PointsLedger) PointsTotal {
	return PointsTotal{Breakdown: map[string]int64{}, Multiplier: ledger.Multiplier, Eligible: ledger.Eligible}
}

// addBounded returns the sum, or the bound of the type that it exceeds.
func addBounded(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}
