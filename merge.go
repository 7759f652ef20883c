package passport

import (
	"slices"
	"strings"
	"time"
)

// LinkedScore is the score that the linked wallets of one person have together.
// It is shared by the results of all of them, and must not be modified.
type LinkedScore struct {
	// GroupID is the host's name for the group; it may be empty.
	GroupID string
	// Canonical is the wallet that carries the score. It is empty if the group is
	// unknown; see [WithholdPassing].
	Canonical Address
	// Why explains in words why it is the canonical wallet.
	Why string
	// Passing, Score, Threshold, ScoredAt and ExpiresAt are the canonical
	// wallet's, as in [Result].
	Passing             bool
	Score, Threshold    Decimal
	ScoredAt, ExpiresAt time.Time
	// Stamps are those that count, one of each provider, sorted by provider. Their
	// Source is the wallet that has them.
	Stamps []Stamp
	// Members are the wallets of the group, in the host's order.
	Members []Member
}

// Member is a wallet of a group, by its own stamps.
type Member struct {
	Address Address
	Score   Decimal // the sum of those that count
	// Stamps has an entry for the newest credential of each provider. One that
	// counts is not merged if a wallet before this one has one of that provider.
	Stamps []Stamp
}

// withheld returns the answer of a wallet whose group is unknown, by its own
// result.
func withheld(own *Result) Result {
	return Result{
		Community: own.Community, Address: own.Address, Threshold: own.Threshold, ScoredAt: own.ScoredAt, ExpiresAt: own.ExpiresAt,
		Unchanged: own.Unchanged, Before: own.Before,
		Linked: &LinkedScore{
			Why: "the source of groups failed", Threshold: own.Threshold, ScoredAt: own.ScoredAt, ExpiresAt: own.ExpiresAt,
			Members: []Member{{own.Address, own.Score, own.Stamps}},
		},
	}
}

// group is the decision about the wallets of a unit, two or more.
type group struct {
	rules
	election

	id      string
	members []settling // in the host's order
	first   *settling  // the canonical one
	own     []Result   // of the members, by their own stamps
	merged  Result     // of the canonical one
}

// settle decides, and leaves the claims of the group in the book.
func (g *group) settle(claims *book) error {
	stated, changes := len(claims.stated), claims.changes
	if err := g.weigh(claims); err != nil {
		return err
	}
	if err := g.merge(); err != nil {
		return err
	}
	g.first.result = &g.merged
	g.first.award()
	unchanged := g.kept && claims.changes == changes
	for i := range g.members {
		s := &g.members[i]
		var err error
		if s.writes.Score, err = scoreOf(s.result); err != nil {
			return err
		}
		repeated, err := s.compare()
		if err != nil {
			return err
		}
		unchanged = unchanged && repeated && s.unchanged()
	}
	if unchanged {
		claims.unstate(stated)
	}
	for i := range g.members {
		if unchanged {
			g.members[i].leave()
		} else if err := g.members[i].record(); err != nil {
			return err
		}
	}
	g.answer()
	return nil
}

// weigh decides about the stamps of each wallet. The canonical one claims
// first, then the others by address: the score does not depend on the order in
// which the host lists them.
func (g *group) weigh(claims *book) error {
	g.own = make([]Result, len(g.members))
	order := make([]*settling, 0, len(g.members))
	for i := range g.members {
		s := &g.members[i]
		s.result = &g.own[i]
		if s != g.first {
			order = append(order, s)
		}
	}
	slices.SortFunc(order, func(a, b *settling) int { return strings.Compare(string(a.address()), string(b.address())) })
	for _, s := range slices.Insert(order, 0, g.first) {
		if err := s.weigh(claims); err != nil {
			return err
		}
		s.result.Passing = false // only the canonical wallet passes
	}
	for i := range g.members {
		g.explain(&g.members[i], claims)
	}
	return nil
}

// explain completes what is said of the member's deduplicated stamps, when all
// wallets of the group have made their claims.
func (g *group) explain(s *settling, claims *book) {
	for i := range s.rulings {
		if !s.rulings[i].deduplicated {
			continue
		}
		stamp, nullifiers := &s.result.Stamps[i], s.candidates[i].content.Nullifiers
		stamp.ClaimedUntil = claims.lastEnd(s.address(), s.snapshot.At, nullifiers)
		by := "another wallet"
		if owner, _ := claims.firstClash(s.address(), s.snapshot.At, nullifiers); g.has(owner.Address) {
			by = string(owner.Address) + " of the same group"
		}
		stamp.Why = "claimed by " + by + " until " + day(stamp.ClaimedUntil)
	}
}

func (g *group) has(address Address) bool {
	return slices.ContainsFunc(g.members, func(s settling) bool { return s.address() == address })
}

// merge makes the result of the canonical wallet. The first stamp of each
// provider counts: the canonical wallet's, or else that of the first wallet
// which has one. Points for them are the canonical wallet's.
func (g *group) merge() error {
	r := &g.merged
	*r = Result{Community: g.first.result.Community, Address: g.first.address(), Threshold: g.terms.threshold, ScoredAt: g.first.result.ScoredAt}
	var earners []earner
	take := func(s *settling) {
		earned := s.earners
		for i := range s.result.Stamps {
			stamp := s.result.Stamps[i]
			if stamp.Outcome != Counted {
				continue
			}
			if provided := slices.ContainsFunc(r.Stamps, func(other Stamp) bool { return other.Provider == stamp.Provider }); !provided {
				stamp.Source = s.address()
				r.Stamps = append(r.Stamps, stamp)
				if g.program != nil {
					earners = append(earners, earned[0])
				}
			}
			if g.program != nil {
				earned = earned[1:] // they are those of the stamps that count, in their order
			}
		}
	}
	take(g.first)
	for i := range g.members {
		if s := &g.members[i]; s != g.first {
			take(s)
		}
	}
	g.first.earners = earners
	slices.SortFunc(r.Stamps, func(a, b Stamp) int { return strings.Compare(a.Provider, b.Provider) })
	for i := range r.Stamps {
		if err := r.count(&r.Stamps[i], g.terms.weights); err != nil {
			return err
		}
	}
	r.Passing = r.Score.Cmp(r.Threshold) >= 0
	r.Linked = &LinkedScore{
		GroupID: g.id, Canonical: r.Address, Why: g.why, Passing: r.Passing, Score: r.Score, Threshold: r.Threshold,
		ExpiresAt: r.ExpiresAt, Stamps: r.Stamps, Members: make([]Member, len(g.own)),
	}
	for i := range g.own {
		r.Linked.Members[i] = Member{g.own[i].Address, g.own[i].Score, g.own[i].Stamps}
	}
	return nil
}

// answer sets the results of the wallets.
func (g *group) answer() {
	linked := g.merged.Linked
	linked.ScoredAt = g.merged.ScoredAt
	for i := range g.members {
		s, own := &g.members[i], &g.own[i]
		if s == g.first {
			*s.answer = g.merged
			continue
		}
		*s.answer = Result{
			Community: own.Community, Address: own.Address, Threshold: linked.Threshold,
			ScoredAt: linked.ScoredAt, ExpiresAt: linked.ExpiresAt, Linked: linked, Unchanged: own.Unchanged, Before: own.Before,
		}
	}
}
