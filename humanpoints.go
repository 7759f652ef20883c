package passport

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/store"
)

// HumanPoints configures the human points program: what a passing address
// earns beyond its score. The actions and their codes are the service's.
type HumanPoints struct {
	// Start is the moment from which points are awarded; zero means always.
	Start time.Time
	// Capped is the award for the members of a list that is limited in number;
	// nil means that it is not given. [MetaMaskOG] is today's.
	Capped *CappedAward
}

// CappedAward is an award for the members of an address list of which only so
// many are given, over all addresses.
type CappedAward struct {
	// List is the name of the address list.
	List string
	// Action is the code under which the award is recorded, three characters.
	Action string
	// Limit is the number of awards given at most.
	Limit int
}

// MetaMaskOG is the capped award that the service gives today. The older pair
// of list and action was "MetaMaskOG" and "MTA".
func MetaMaskOG() *CappedAward {
	return &CappedAward{List: "MetaMaskOG2", Action: "MM2", Limit: 5000}
}

func (p *HumanPoints) validate(fault func(format string, args ...any)) {
	if p.Capped == nil {
		return
	}
	if p.Capped.List == "" {
		fault("the capped award has no list")
	}
	if n := utf8.RuneCountInString(p.Capped.List); n > store.MaxListName {
		fault("the list of the capped award has %d characters, at most %d", n, store.MaxListName)
	}
	for _, text := range []string{p.Capped.List, p.Capped.Action} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			fault("no column holds %.100q, of the capped award", text)
		}
	}
	if n := utf8.RuneCountInString(p.Capped.Action); n != store.MaxAction {
		fault("the action %q of the capped award has %d characters, want %d", p.Capped.Action, n, store.MaxAction)
	}
	if isEarnedOtherwise(p.Capped.Action) {
		fault("the action %q of the capped award is earned otherwise", p.Capped.Action)
	}
	if p.Capped.Limit <= 0 {
		fault("the limit %d of the capped award is not above 0", p.Capped.Limit)
	}
}

// Actions that are not earned by a provider of their own.
const (
	actionHumanKey       = "HKY" // once per provider, for its nullifier
	actionCommunityBonus = "SCB" // for qualifying in bonusCommunities
	bonusCommunities     = 4
)

// providerActions are the actions that a counting credential earns, by provider.
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

// listAction is an award for the members of an address list, not limited in
// number.
type listAction struct{ list, action string }

func listActions() []listAction {
	return []listAction{{"SeasonedPassportOGs", "SOG"}, {"TheChosenOnes", "TCO"}}
}

// isEarnedOtherwise tells whether an action stands for another award than the
// capped one.
func isEarnedOtherwise(action string) bool {
	actions := slices.AppendSeq([]string{actionHumanKey, actionCommunityBonus}, maps.Values(providerActions()))
	for _, l := range listActions() {
		actions = append(actions, l.action)
	}
	return slices.Contains(actions, action)
}

// query asks for what award looks at.
func (p *HumanPoints) query() *store.PointsQuery {
	if p == nil {
		return nil
	}
	var q store.PointsQuery
	for _, l := range listActions() {
		q.Lists = append(q.Lists, l.list)
	}
	if p.Capped != nil {
		q.Lists = append(q.Lists, p.Capped.List)
		q.Counted = append(q.Counted, p.Capped.Action)
	}
	return &q
}

// earner is a counting credential, as the points program sees it.
type earner struct {
	provider   string
	nullifiers []string
	legacy     bool
}

// award decides what a passing address has earned and does not have yet. It is
// pure: whether a limited award is still there, and in how many communities
// the address qualifies in the end, is for the store to say when it writes.
func (p *HumanPoints) award(community int64, earners []earner, history *store.PointsHistory, given map[string]int) (qualified bool, awards []store.Award) {
	type once struct{ action, provider string }
	has := make(map[once]bool, len(history.Awards)+len(earners))
	for _, a := range history.Awards {
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
		// Legacy credentials earn no key, and a provider whose name no points
		// row can hold earns none either: it must not cost the score.
		if !e.legacy && utf8.RuneCountInString(e.provider) <= store.MaxPointsProvider {
			last := e.nullifiers[len(e.nullifiers)-1]
			earn(store.Award{Action: actionHumanKey, Provider: e.provider, TxHash: last})
		}
		if action, found := actions[e.provider]; found {
			earn(store.Award{Action: action})
		}
	}

	qualified = !slices.Contains(history.Communities, community)
	// One that qualifies elsewhere at the same moment must not lose the bonus
	// to the race, so a new qualification always asks for it.
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

// foresee returns those of the awards that the store would give now.
func foresee(awards []store.Award, qualified bool, history *store.PointsHistory, given map[string]int) []store.Award {
	communities := len(history.Communities)
	if qualified {
		communities++
	}
	return slices.DeleteFunc(slices.Clone(awards), func(a store.Award) bool {
		return (a.Limit > 0 && given[a.Action] >= a.Limit) || communities < a.Communities
	})
}

// points tells what awards are worth.
func points(awards []store.Award, values map[string]int) []Award {
	var earned []Award
	for _, award := range awards {
		earned = append(earned, Award{Action: award.Action, Provider: award.Provider, Points: values[award.Action]})
	}
	return earned
}
