package storetest_test

import (
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// loadsPoints is a store whose snapshots of points are changed.
func loadsPoints(change func(*store.PointsQuery, *store.PointsSnapshot)) broken {
	return snapshots(func(q store.Query, s *store.Snapshot) {
		if s.Points != nil {
			change(q.Points, s.Points)
		}
	})
}

// overlooksPoints is a store that does not see some of the points.
func overlooksPoints(which func(q store.Query, p store.StoredPoint) bool) broken {
	return sees(func(q store.Query, s *store.State) {
		s.Points = slices.DeleteFunc(s.Points, func(p store.StoredPoint) bool { return which(q, p) })
	})
}

// pointsQueries is a store that loads the answer to another query about points.
func pointsQueries(change func(q *store.PointsQuery)) broken {
	return queries(func(q *store.Query) {
		if q.Points != nil {
			other := *q.Points
			change(&other)
			q.Points = &other
		}
	})
}

// repeated returns the texts that were there before.
func repeated(texts []string) []string {
	var again []string
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			again = append(again, text)
		}
	}
	return again
}

const oddNames = "snapshot points/nothing for a name that no store can hold"

// brokenPoints are stores that load other points than there are.
var brokenPoints = map[string]fault{
	"makes a point up": {"snapshot points/nothing for an address without history", loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
		for i := range p.Wallets {
			p.Wallets[i].Points = append(p.Wallets[i].Points, store.HumanPoint{})
		}
	})},
	"has points of nobody": {"snapshot points/none without an address", brokenstore.Loads(func(q store.Query, s *store.Snapshot) {
		if q.Points != nil && len(q.Addresses) == 0 {
			s.Points = &store.PointsSnapshot{Given: map[string]int{"MM2": 0}, Values: map[string]int{}}
		}
	})},
	"loads points backwards": {
		"snapshot points/the points of each address in the order of the wallets",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) { slices.Reverse(p.Wallets) }),
	},
	"loads points without their chain": {
		"snapshot points/the points of each address in the order of the wallets",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
			for i := range p.Wallets {
				for j := range p.Wallets[i].Points {
					p.Wallets[i].Points[j].ChainID = 0
				}
			}
		}),
	},
	"knows one community of an address": {"snapshot points/every community in which an address has qualified", sees(func(q store.Query, s *store.State) {
		s.Qualified = slices.DeleteFunc(s.Qualified, func(o store.Qualification) bool { return o.Community != q.Community })
	})},
	"returns lists unasked": {
		"snapshot points/the queried lists that an address is on",
		pointsQueries(func(q *store.PointsQuery) { q.Lists = append(slices.Clone(q.Lists), "other") }),
	},
	"counts the points of the address": {
		"snapshot points/the number of points of the queried actions over all addresses",
		overlooksPoints(func(q store.Query, p store.StoredPoint) bool { return p.Address != q.Addresses[0] }),
	},
	"counts actions unasked": {
		"snapshot points/the number of points of the queried actions over all addresses",
		pointsQueries(func(q *store.PointsQuery) { q.Counted = append(slices.Clone(q.Counted), "SOG") }),
	},
	"counts twice what is queried twice": {
		"snapshot points/one answer for an action or a list that is queried twice",
		loadsPoints(func(q *store.PointsQuery, p *store.PointsSnapshot) {
			for _, action := range repeated(q.Counted) {
				p.Given[action] *= 2
			}
		}),
	},
	"names a list twice that is queried twice": {
		"snapshot points/one answer for an action or a list that is queried twice",
		loadsPoints(func(q *store.PointsQuery, p *store.PointsSnapshot) {
			p.Wallets[0].Lists = append(p.Wallets[0].Lists, repeated(q.Lists)...)
		}),
	},
	"refuses the odd name of a list": {
		oddNames,
		refusesLoads(store.ErrInvalid, func(q store.Query) bool { return q.Points != nil && slices.ContainsFunc(q.Points.Lists, unkept) }),
	},
	"refuses the odd name of an action": {
		oddNames,
		refusesLoads(store.ErrInvalid, func(q store.Query) bool { return q.Points != nil && slices.ContainsFunc(q.Points.Counted, unkept) }),
	},
	"counts no action of an odd name": {oddNames, loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
		maps.DeleteFunc(p.Given, func(action string, _ int) bool { return unkept(action) })
	})},
	"returns inactive actions": {
		"snapshot points/the values of the active actions",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) { p.Values["HPH"] = 5 }),
	},
	"drops actions without a value": {
		"snapshot points/the values of the active actions",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
			maps.DeleteFunc(p.Values, func(_ string, value int) bool { return value == 0 })
		}),
	},
}

// awarding is a store that writes other awards.
func awarding(change func(w *store.WalletChanges)) broken {
	return applies(func(c *store.Changes) {
		for i := range c.Wallets {
			c.Wallets[i].Awards = slices.Clone(c.Wallets[i].Awards)
			change(&c.Wallets[i])
		}
	})
}

// limits is a store that writes limited awards on other conditions.
func limits(change func(*store.Award)) broken {
	return awarding(func(w *store.WalletChanges) {
		for i := range w.Awards {
			if a := &w.Awards[i]; a.Limit > 0 || a.Communities > 0 {
				change(a)
			}
		}
	})
}

// pretends is a store that writes points as if there were others.
func pretends(change func(c *store.Changes, p *store.StoredPoint)) broken {
	return beforeApply(func(c *store.Changes, s *store.State) {
		for i := range s.Points {
			change(c, &s.Points[i])
		}
	})
}

// brokenAwards are stores that give other awards than they should.
var brokenAwards = map[string]fault{
	"loses awards":                         {"points/a point as it is awarded", afterApply(func(_ *store.Changes, s *store.State) { s.Points = nil })},
	"writes points without their provider": {"points/a point as it is awarded", afterPoints(func(p *store.StoredPoint) { p.Provider = "" })},
	"writes a hash of its own":             {"points/a point without provider and hash", afterPoints(func(p *store.StoredPoint) { p.TxHash = "0x" + p.TxHash })},
	"has a clock for points":               {"points/a point as it is awarded", afterPoints(func(p *store.StoredPoint) { p.At = time.Unix(0, 0) })},
	"has the score's time for points":      {"points/a point as it is awarded", applies(func(c *store.Changes) { c.At = c.Wallets[0].Score.ScoredAt })},
	"loses qualifications":                 {"points/a qualification once", awarding(func(w *store.WalletChanges) { w.Qualified = false })},
	"qualifies for every score":            {"points/no qualification without one", awarding(func(w *store.WalletChanges) { w.Qualified = w.Score.Status == store.StatusDone })},
	"awards once for a hash": {"points/an action once for a provider with any hash", beforeApply(func(c *store.Changes, s *store.State) {
		s.Points = slices.DeleteFunc(s.Points, func(p store.StoredPoint) bool {
			return !slices.ContainsFunc(c.Wallets[0].Awards, func(a store.Award) bool { return a.TxHash == p.TxHash })
		})
	})},
	"awards once for a chain": {"points/an action once for a provider on any chain", pretends(func(_ *store.Changes, p *store.StoredPoint) {
		if p.ChainID != 0 {
			p.Action = "CHN"
		}
	})},
	"awards an action once": {"points/an action for each provider", receives(func(_ *store.Changes, r *store.Receipt) {
		for i := range r.Wallets[0].Given {
			r.Wallets[0].Given[i] = i == 0
		}
	})},
	"awards once for all addresses":    {"points/an action for each address", pretends(func(c *store.Changes, p *store.StoredPoint) { p.Address = c.Wallets[0].Address })},
	"has a receipt of what was wanted": {"points/a receipt of the points that are new", receives(allGiven)},
	"has a receipt without an order": {"points/a receipt of the points that are new", receives(func(_ *store.Changes, r *store.Receipt) {
		slices.SortFunc(r.Wallets[0].Given, func(a, b bool) int { return map[bool]int{true: 0, false: 1}[a] - map[bool]int{true: 0, false: 1}[b] })
	})},
	"wipes points of a failure": {"points/no point and no qualification of a failed scoring", afterApply(func(c *store.Changes, s *store.State) {
		if c.Wallets[0].Score.Status == store.StatusError {
			s.Points, s.Qualified = nil, nil
		}
	})},
	"has a limit too low by one":  {"points/a limited award below its limit", limits(func(a *store.Award) { a.Limit-- })},
	"has a limit too high by one": {"points/no limited award at its limit", limits(func(a *store.Award) { a.Limit++ })},
	"counts every action for a limit": {"points/points of other actions do not use up a limit", pretends(func(c *store.Changes, p *store.StoredPoint) {
		p.Action, p.Provider = c.Wallets[0].Awards[0].Action, p.Action
	})},
	"counts a limit for each wallet": {"points/a limit over the wallets of one change set", limits(func(a *store.Award) { a.Limit++ })},
	"counts other communities":       {"points/an award for communities counts this one", limits(func(a *store.Award) { a.Communities++ })},
	"counts communities too low":     {"points/no award for communities below their number", limits(func(a *store.Award) { a.Communities = max(0, a.Communities-1) })},
	"counts a community twice":       {"points/an award for communities counts this one once", limits(func(a *store.Award) { a.Communities = max(0, a.Communities-1) })},
	"counts communities of everyone": {"points/an award for communities counts none of others", beforeApply(func(c *store.Changes, s *store.State) {
		for i := range s.Qualified {
			s.Qualified[i].Address = c.Wallets[0].Address
		}
	})},
}

func allGiven(_ *store.Changes, r *store.Receipt) {
	for i := range r.Wallets[0].Given {
		r.Wallets[0].Given[i] = true
	}
}

// afterPoints is a store that writes other points.
func afterPoints(change func(p *store.StoredPoint)) broken {
	return afterApply(func(_ *store.Changes, s *store.State) {
		for i := range s.Points {
			change(&s.Points[i])
		}
	})
}
